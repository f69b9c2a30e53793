"""The private broker: loopback, one secret, and an ACL in which nobody speaks for another."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway_parts import SITE, Broker, until

from gateway import topics
from gateway.broker import broker_command, free_port, wait_until_listening
from gateway.errors import BrokerMissing
from gateway.link import WILL_DELAY_S, BrokerAddress, Link, LinkLost, Message, Will
from gateway.messages import Lane


@contextlib.asynccontextmanager
async def linked(broker: Broker, user: str, *filters: str) -> AsyncIterator[tuple[Link, list[Message]]]:
    got: list[Message] = []
    async with Link(broker.address, f"test-{user}", username=user, on_message=got.append, window=10) as link:
        if filters:
            await link.subscribe(*filters)
        yield link, got


async def test_strangers_and_wrong_passwords_are_refused(broker: Broker) -> None:
    for password in ("", "wrong"):
        link = Link(replace(broker.address, password=password), "x", username="room", on_message=print, window=1)
        with pytest.raises(LinkLost, match="refuses us"):
            async with link:
                pass


async def test_a_producer_can_only_speak_for_itself(broker: Broker) -> None:
    mine, other = (topics.up(SITE, Lane.NORMAL, name) for name in ("kiosk-1", "room"))
    async with linked(broker, "centre", topics.all_up("normal")) as (_, got), linked(broker, "kiosk-1") as (kiosk, _):
        kiosk.publish(other, b"as room")
        kiosk.publish(topics.receipt(SITE, "room"), b"a false receipt")
        kiosk.publish(mine, b"as kiosk")
        await until(lambda: len(got) > 0, "the kiosk's own message")
    assert [(message.topic, message.payload) for message in got] == [(mine, b"as kiosk")]


async def test_a_producer_reads_only_its_own_receipts(broker: Broker) -> None:
    mine, other = (topics.receipt(SITE, name) for name in ("kiosk-1", "room"))
    async with linked(broker, "kiosk-1", mine, other) as (_, got), linked(broker, "centre") as (centre, _):
        centre.publish(other, b"for the room")
        centre.publish(mine, b"for the kiosk")
        await until(lambda: len(got) > 0, "the kiosk's receipt")
    assert [message.payload for message in got] == [b"for the kiosk"]


async def test_an_exception_while_reading_a_message_does_not_end_the_link(broker: Broker) -> None:
    got: list[bytes] = []

    def read(message: Message) -> None:
        if message.payload == b"bad":
            raise ValueError("a bug in our code")
        got.append(message.payload)

    topic = topics.receipt(SITE, "room")
    async with (
        Link(broker.address, "t", username="room", on_message=read, window=10) as link,
        linked(broker, "centre") as (centre, _),
    ):
        await link.subscribe(topic)
        for payload in (b"bad", b"bad", b"good"):
            centre.publish(topic, payload)
        await until(lambda: got == [b"good"], "the message after the bad ones")


async def test_a_clean_end_is_said_at_once_without_waiting_for_the_will(broker: Broker) -> None:
    topic = topics.state(SITE, "room")
    async with linked(broker, "centre", topic, topics.state(SITE, "kiosk-1")) as (_, got):
        will = Will(topic, b"this is the will")
        async with Link(broker.address, "r", username="room", on_message=print, window=1, will=will) as link:
            link.publish(topic, topics.ONLINE, retain=True)
            await until(lambda: [m.payload for m in got] == [topics.ONLINE], "online")
        await until(lambda: len(got) == 2, "it has left", timeout_s=WILL_DELAY_S - 1)


async def test_the_broker_says_when_somebody_vanished(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.link.WILL_DELAY_S", 1)
    topic = topics.state(SITE, "room")
    async with linked(broker, "centre", topic) as (_, got):
        link = Link(broker.address, "r", username="room", on_message=print, window=1, will=Will(topic, topics.OFFLINE))
        async with link:
            link._client.socket().close()
            link._lost.set_result("as if the process was killed")
            await until(lambda: [m.payload for m in got] == [topics.OFFLINE], "the will")


async def test_secrets_are_for_this_user_only_and_stay_the_same(tmp_path: Path) -> None:
    broker_command(tmp_path / "b", 1883)
    before = (tmp_path / "b" / "secret").read_text()
    broker_command(tmp_path / "b", 1884)
    assert (tmp_path / "b" / "secret").read_text() == before
    assert before not in (tmp_path / "b" / "passwords").read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "b").iterdir()} == {0o600}
    assert "listener 1884 127.0.0.1" in (tmp_path / "b" / "mosquitto.conf").read_text()


async def test_a_missing_mosquitto_is_one_line_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerMissing, match="is not installed; run: sudo apt install mosquitto"):
        broker_command(tmp_path, 1883)


async def test_waiting_for_a_broker_that_never_comes_ends_with_a_plain_line() -> None:
    with pytest.raises(BrokerMissing, match="no broker answers after"):
        await wait_until_listening(BrokerAddress("127.0.0.1", free_port()), timeout_s=0.2)


async def test_a_broker_that_is_away_is_a_lost_link() -> None:
    link = Link(BrokerAddress("127.0.0.1", free_port()), "x", username="room", on_message=print, window=1)
    with pytest.raises(LinkLost, match="does not answer"):
        async with link:
            pass


async def test_a_link_that_is_cancelled_while_connecting_leaves_no_socket_behind(broker: Broker) -> None:
    for _ in range(5):
        link = Link(broker.address, "c", username="room", on_message=print, window=1)
        task = asyncio.ensure_future(link.__aenter__())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await until(lambda link=link: link._client.socket() is None or link._client.socket().fileno() < 0, "closed")
