"""The door for sites below, with real attempts on a real mosquitto: a site reaches what is its own and nothing else."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway_parts import until
from trust_parts import MINE, NEIGHBOUR, UPPER, UpperSite, enrolled, now

from gateway import topics
from gateway.broker import MAX_PACKET_BYTES, reload_broker
from gateway.link import Link, LinkLost, Message, Will
from gateway.messages import Lane
from gateway.trust.authority import Authority
from gateway.trust.tls import TlsFiles

LAST = b"the last"


@contextlib.asynccontextmanager
async def seen_by_centre(upper: UpperSite, *filters: str) -> AsyncIterator[list[tuple[str, bytes]]]:
    got: list[tuple[str, bytes]] = []
    async with upper.centre(lambda message: got.append((message.topic, message.payload))) as link:
        await link.subscribe(*(filters or ("xinyi/1/#",)))
        yield got


async def refused(link: Link) -> str:
    """The one line with which the broker, or we, end it."""
    try:
        async with link:
            said = await link.lost()
    except LinkLost as error:
        said = str(error)
    assert "\n" not in said
    return said


async def test_a_site_writes_its_own_topics(upper: UpperSite) -> None:
    own = [topics.up(MINE, Lane.ALERT, "relay"), topics.state(MINE, "centre"), topics.live(MINE, "chair-1")]
    async with seen_by_centre(upper) as got, upper.link(upper.site(MINE)) as link:
        for topic in own:
            link.publish(topic, b"mine")
        await until(lambda: len(got) == len(own), "all of its own")
    assert sorted(topic for topic, _ in got) == sorted(own)


async def test_a_site_cannot_write_a_neighbours_topics_nor_its_own_receipts(upper: UpperSite) -> None:
    async with seen_by_centre(upper) as got, upper.link(upper.site(MINE)) as link:
        for topic in (
            topics.up(NEIGHBOUR, Lane.ALERT, "relay"),
            topics.state(NEIGHBOUR, "centre"),
            topics.live(NEIGHBOUR, "chair-1"),
            topics.down(NEIGHBOUR, Lane.NORMAL, "relay"),
            topics.receipt(MINE, "relay"),
            topics.state(UPPER, "centre"),
            "xinyi/1/room/up/normal/room",
            f"xinyi/2/{MINE}/up/normal/relay",
            "anything",
        ):
            link.publish(topic, b"not mine")
        link.publish(topics.up(MINE, Lane.NORMAL, "relay"), LAST)
        await until(lambda: bool(got), "its own after all that is not")
    assert [payload for _, payload in got] == [LAST]


async def test_a_site_cannot_leave_a_retained_message_in_a_neighbours_state(upper: UpperSite) -> None:
    async with upper.link(upper.site(MINE)) as link, seen_by_centre(upper) as got:
        link.publish(topics.state(NEIGHBOUR, "centre"), b"offline", retain=True)
        link.publish(topics.state(MINE, "centre"), b"online", retain=True)
        await until(lambda: bool(got), "its own state")
    late: list[Message] = []
    async with upper.centre(late.append, "late viewer") as viewer:
        await viewer.subscribe("xinyi/1/+/state/+")
        await until(lambda: bool(late), "what is retained")
    assert [message.topic for message in late] == [topics.state(MINE, "centre")]


async def test_a_site_cannot_leave_its_will_in_a_neighbours_state(
    upper: UpperSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.link.WILL_DELAY_S", 1)
    async with seen_by_centre(upper) as got:
        for site, target in ((MINE, NEIGHBOUR), (MINE, UPPER), (NEIGHBOUR, NEIGHBOUR)):
            will = Will(topics.state(target, "room"), site.encode())
            async with upper.link(upper.site(site), will=will) as link:
                link._client.socket().shutdown(socket.SHUT_RDWR)  # as if the process was killed
                await link.lost()
        await until(lambda: bool(got), "the will that is allowed, the last of all")
    assert got == [(topics.state(NEIGHBOUR, "room"), NEIGHBOUR.encode())]


async def test_a_site_reads_what_comes_down_to_it_and_the_upper_centres_state_and_nothing_else(
    upper: UpperSite,
) -> None:
    got: list[Message] = []
    async with upper.centre(print) as centre, upper.link(upper.site(MINE), got.append) as link:
        await link.subscribe("xinyi/1/#", "$SYS/#", "#", "$share/centre/xinyi/1/+/up/+/+", "xinyi/1/+/down/+/relay")
        for topic in (
            topics.down(NEIGHBOUR, Lane.NORMAL, "relay"),
            topics.up(NEIGHBOUR, Lane.NORMAL, "relay"),
            topics.state(NEIGHBOUR, "centre"),
            topics.live(NEIGHBOUR, "chair-1"),
            topics.state(UPPER, "room"),
            topics.state(UPPER, "centre"),
        ):
            centre.publish(topic, b"for somebody")
        centre.publish(topics.down(MINE, Lane.NORMAL, "relay"), LAST)
        await until(lambda: any(message.payload == LAST for message in got), "what is for it")
    assert {message.topic for message in got} == {
        topics.down(MINE, Lane.NORMAL, "relay"),
        topics.state(UPPER, "centre"),
    }


async def test_a_site_cannot_take_a_neighbours_session_by_its_client_id(upper: UpperSite) -> None:
    got: list[Message] = []
    async with upper.centre(print) as centre, upper.link(upper.site(NEIGHBOUR), got.append) as neighbour:
        await neighbour.subscribe(topics.all_down(NEIGHBOUR, "relay"))
        address = upper.address_for(upper.site(MINE))
        for client_id in (NEIGHBOUR, "relay", "centre"):
            async with Link(address, client_id, username="relay", on_message=print, window=1):
                pass
        neighbour.check()
        centre.check()
        centre.publish(topics.down(NEIGHBOUR, Lane.NORMAL, "relay"), LAST)
        await until(lambda: bool(got), "the neighbour's message")


async def test_a_certificate_with_the_password_of_a_process_is_still_only_its_site(upper: UpperSite) -> None:
    address = replace(upper.address_for(upper.site(MINE)), password=upper.address.password)
    async with (
        seen_by_centre(upper) as got,
        Link(address, "x", username=topics.CENTRE, on_message=print, window=10) as link,
    ):
        link.publish(topics.up(NEIGHBOUR, Lane.NORMAL, "relay"), b"as centre")
        link.publish(topics.up(MINE, Lane.NORMAL, "relay"), LAST)
        await until(lambda: bool(got), "its own")
    assert [payload for _, payload in got] == [LAST]


async def test_no_certificate_no_entry_whatever_the_password(upper: UpperSite) -> None:
    context = ssl.create_default_context(cafile=str(upper.authority.ca_path))

    def connect() -> bytes:
        with (
            socket.create_connection(("127.0.0.1", upper.port_below)) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            return tls.recv(1)

    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        await asyncio.to_thread(connect)
    plain = replace(upper.address, port=upper.port_below)
    with pytest.raises(LinkLost):
        await Link(plain, "x", username=topics.CENTRE, on_message=print, window=1).__aenter__()


async def test_a_certificate_of_another_authority_is_refused(upper: UpperSite, tmp_path: Path) -> None:
    stranger = enrolled(Authority.open(tmp_path / "other", site=UPPER), tmp_path / "o", MINE)
    files = replace(stranger.tls_files, ca=upper.authority.ca_path)
    said = await refused(
        Link(
            replace(upper.address, port=upper.port_below, password="", tls=files),
            "x",
            username="r",
            on_message=print,
            window=1,
        )
    )
    assert "not from its authority" in said


async def test_a_broker_of_another_authority_gets_nothing_from_us(upper: UpperSite, tmp_path: Path) -> None:
    other = Authority.open(tmp_path / "other", site=UPPER)
    mine = upper.site(MINE).tls_files
    files = TlsFiles(other.ca_path, mine.certificate, mine.key)
    link = Link(replace(upper.address_for(upper.site(MINE)), tls=files), "x", username="r", on_message=print, window=1)
    assert "its certificate is not good (self-signed" in await refused(link)


async def test_a_broker_under_another_name_gets_nothing_from_us(upper: UpperSite) -> None:
    address = replace(upper.address_for(upper.site(MINE)), host="localhost")
    said = await refused(Link(address, "x", username="r", on_message=print, window=1))
    assert "is not valid for 'localhost'" in said


async def test_an_expired_certificate_is_refused_by_us_with_the_remedy_and_by_the_broker(
    upper: UpperSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = enrolled(upper.authority, upper.folder, MINE, at=now() - dt.timedelta(days=31))
    assert "expired on" in (said := await refused(upper.link(old)))
    assert said.endswith("run: xinyi enrol renew")
    context = ssl.create_default_context(cafile=str(upper.authority.ca_path))
    context.load_cert_chain(old.tls_files.certificate, old.tls_files.key)
    for module in ("gateway.link", "gateway.trust.tls"):
        monkeypatch.setattr(f"{module}.client_context", lambda _: context)
    assert "our certificate has expired; run: xinyi enrol renew" in await refused(upper.link(old))


async def test_a_revoked_site_loses_its_connection_and_gets_no_new_one(upper: UpperSite) -> None:
    mine, neighbour = upper.site(MINE), upper.site(NEIGHBOUR)
    async with upper.link(mine) as link, upper.link(neighbour) as other:
        (serial,) = await upper.gate.revoke(MINE)
        await link.lost()
        other.check()
    assert int(serial, 16) == mine.certificate.serial_number
    assert "our certificate was revoked" in await refused(upper.link(mine))
    async with upper.link(neighbour):
        pass


async def test_a_revocation_outlives_a_restart_of_the_broker(upper: UpperSite) -> None:
    mine = upper.site(MINE)
    upper.broker.kill()
    assert await upper.gate.revoke(MINE)
    await upper.broker.start()
    assert "our certificate was revoked" in await refused(upper.link(mine))


async def test_a_site_that_was_held_comes_back_to_its_session(upper: UpperSite) -> None:
    mine, got = upper.site(MINE), []
    for _ in range(3):
        async with upper.link(mine) as link:
            await link.subscribe(topics.all_down(MINE, "relay"))
            await upper.gate.hold(MINE)
            await link.lost()
        assert "is held for a while" in await refused(upper.link(mine))
        await upper.gate.release(MINE)
        await upper.lets_in(mine)
    async with upper.centre(print) as centre, upper.link(mine, got.append) as link:
        await link.subscribe(topics.all_down(MINE, "relay"))
        centre.publish(topics.down(MINE, Lane.NORMAL, "relay"), LAST)
        await until(lambda: bool(got), "a message after the release")


async def test_an_oversize_message_is_refused_by_the_broker_and_reaches_nobody(
    upper: UpperSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = upper.site(MINE)
    async with seen_by_centre(upper) as got:
        async with upper.link(mine) as link:
            link.max_packet_bytes = None  # as a sender that does not look
            link.publish(topics.up(MINE, Lane.NORMAL, "relay"), bytes(MAX_PACKET_BYTES + 1))
            await link.lost()
        async with upper.link(mine) as link:
            link.publish(topics.up(MINE, Lane.NORMAL, "relay"), LAST)
            await until(lambda: bool(got), "the next one")
    assert [payload for _, payload in got] == [LAST]


async def test_our_own_link_does_not_send_what_the_broker_would_refuse(upper: UpperSite) -> None:
    async with seen_by_centre(upper) as got, upper.link(upper.site(MINE)) as link:
        assert link.max_packet_bytes == MAX_PACKET_BYTES
        link.publish(topics.up(MINE, Lane.NORMAL, "relay"), bytes(MAX_PACKET_BYTES))
        link.publish(topics.up(MINE, Lane.NORMAL, "relay"), LAST)
        await until(lambda: bool(got), "the small one")
        link.check()
    assert [payload for _, payload in got] == [LAST]


async def test_many_large_messages_come_whole_through_tls(upper: UpperSite) -> None:
    got: list[bytes] = []
    sent = [bytes([number]) * (60_000 + number) for number in range(60)]
    async with (
        upper.centre(print) as centre,
        upper.link(upper.site(MINE), lambda message: got.append(message.payload)) as link,
    ):
        await link.subscribe(topics.all_down(MINE, "relay"))
        for payload in sent:
            centre.publish(topics.down(MINE, Lane.BULK, "relay"), payload)
        await until(lambda: len(got) == len(sent), "all of them")
    assert got == sent


async def test_a_broker_that_does_not_run_cannot_be_told(upper: UpperSite) -> None:
    assert reload_broker(upper.folder / "broker")
    upper.broker.kill()
    assert not reload_broker(upper.folder / "broker")
