"""Room → broker → centre with real processes: whatever dies, what was put is stored, exactly once."""

import asyncio
import signal
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from gateway_parts import SITE, Broker, CentreProcess, a_session, running, until, whole_session

from gateway import topics
from gateway.centre import Centre
from gateway.link import Link
from gateway.messages import Lane, Receipt, encode
from gateway.outbox import Outbox
from gateway.rows import DeadLetter, Rows
from gateway.uplink import Uplink


async def put(outbox: Outbox, session: UUID, chunks: int) -> set[UUID]:
    return {
        await asyncio.to_thread(outbox.put, body, made_utc_ns=number)
        for number, body in enumerate(whole_session(session, chunks))
    }


def stored(data: Path) -> list[UUID]:
    with Rows.for_reading(data) as rows:
        return sorted(rows.record_ids())


async def empty(outbox: Outbox) -> None:
    await until(lambda: outbox.counts().waiting == 0, "everything is receipted")


async def test_what_is_put_is_stored_and_leaves_the_outbox(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    uplink = Uplink(outbox, broker.address)
    async with running(uplink.run()):
        ids = await put(outbox, a_session(), 20)
        await empty(outbox)
        await until(lambda: uplink.up, "the uplink says up")
    assert stored(tmp_path / "centre") == sorted(ids)
    assert outbox.counts() == (22, 22, 0, 0, 0)


async def test_a_killed_broker_loses_nothing(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    uplink = Uplink(outbox, broker.address, resend_s=0.5)
    ids: set[UUID] = set()
    async with running(uplink.run()):
        for _ in range(3):
            ids |= await put(outbox, a_session(), 30)
            broker.kill()
            await until(lambda: not uplink.connected, "the uplink notices")
            ids |= await put(outbox, a_session(), 5)
            await broker.start()
        await empty(outbox)
    assert stored(tmp_path / "centre") == sorted(ids)


async def test_a_killed_centre_loses_nothing_and_stores_once(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    uplink = Uplink(outbox, broker.address, window=16, resend_s=0.5)
    ids: set[UUID] = set()
    async with running(uplink.run()):
        for _ in range(3):
            before = outbox.counts().receipted
            ids |= await put(outbox, a_session(), 60)
            await until(lambda seen=before: outbox.counts().receipted > seen, "some are receipted")
            centre.kill()
            await centre.start()
        await empty(outbox)
    with Rows.for_reading(tmp_path / "centre") as rows:
        assert rows.record_ids() == ids
        assert rows.sequence_gaps() == []
        assert rows.dead_letters() == []


async def test_an_alert_overtakes_a_long_queue(outbox: Outbox) -> None:
    session = a_session()
    await put(outbox, session, 50)
    alert = outbox.put(whole_session(session, 0)[0], made_utc_ns=99, lane=Lane.ALERT)
    assert outbox.pending(4)[0] == alert


async def test_the_uplink_says_down_while_the_centre_is_away(outbox: Outbox, broker: Broker) -> None:
    uplink = Uplink(outbox, broker.address, resend_s=0.2)
    async with running(uplink.run()):
        await until(lambda: uplink.connected, "connected to the broker")
        await put(outbox, a_session(), 1)
        await until(lambda: uplink.overdue, "receipts are overdue")
        assert not uplink.up
        assert outbox.counts().waiting == 3


async def test_a_receipt_that_nobody_understands_does_not_stop_the_uplink(
    outbox: Outbox, broker: Broker, centre: CentreProcess
) -> None:
    uplink = Uplink(outbox, broker.address)
    async with (
        running(uplink.run()),
        Link(broker.address, "other", username="centre", on_message=print, window=10) as link,
    ):
        await until(lambda: uplink.connected, "connected")
        for payload in (b"\xc1", b"", encode(Receipt("site", [a_session()]))):
            link.publish(topics.receipt(SITE, "room"), payload)
        await put(outbox, a_session(), 3)
        await empty(outbox)
    assert outbox.counts() == (5, 5, 0, 0, 0)


async def test_poisoned_records_become_dead_letters_and_block_nobody(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = a_session()
    with monkeypatch.context() as patch:
        patch.setattr("gateway.outbox.encode", lambda _: b"no body of ours")
        poisoned = {outbox.put(body, made_utc_ns=0) for body in whole_session(a_session(), 3)}
    good = await put(outbox, session, 3)
    async with running(Uplink(outbox, broker.address, window=4).run()):
        await empty(outbox)
    with Rows.for_reading(tmp_path / "centre") as rows:
        assert {letter.id for letter in rows.dead_letters()} == poisoned
        assert {letter.reason.split(":")[0] for letter in rows.dead_letters()} == {
            "body of session_opened does not decode",
            "body of session_chunk does not decode",
            "body of session_closed does not decode",
        }
        assert rows.record_ids() == good


async def test_a_message_that_is_not_even_a_record_is_a_dead_letter(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    async with running(Uplink(outbox, broker.address).run()):
        await put(outbox, a_session(), 1)
        await empty(outbox)
        async with Link(broker.address, "stranger", username="room", on_message=print, window=10) as link:
            link.publish(topics.up(SITE, Lane.NORMAL, "room"), b"hello")
            await until(lambda: [each.payload for each in letters(tmp_path)] == [b"hello"], "the dead letter")
        await put(outbox, a_session(), 1)
        await empty(outbox)


def letters(tmp_path: Path) -> list[DeadLetter]:
    with Rows.for_reading(tmp_path / "centre") as rows:
        return rows.dead_letters()


async def test_while_rows_cannot_be_written_nothing_is_receipted_and_then_everything(
    outbox: Outbox, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.database.BUSY_S", 0.05)
    stop, data = asyncio.Event(), tmp_path / "centre"
    centre, uplink = Centre(SITE, broker.address, data), Uplink(outbox, broker.address, resend_s=0.3)
    async with running(centre.run(stop)), running(uplink.run()):
        await until(centre.connected.is_set, "the centre listens")
        holder = sqlite3.connect(data / "rows.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        ids = await put(outbox, a_session(), 5)
        await until(lambda: uplink.overdue, "receipts are overdue")
        assert outbox.counts().receipted == 0
        holder.execute("ROLLBACK")
        holder.close()
        await empty(outbox)
        await until(lambda: uplink.up, "up again")
        stop.set()
    assert stored(data) == sorted(ids)


async def test_a_second_uplink_starts_where_a_killed_process_stopped(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    ids = await put(outbox, a_session(), 40)
    for window in (2, 64):
        async with running(Uplink(outbox, broker.address, window=window).run()):
            before = outbox.counts().receipted
            await until(lambda seen=before: outbox.counts().receipted > seen, "some are receipted")
    async with running(Uplink(outbox, broker.address).run()):
        await empty(outbox)
    assert stored(tmp_path / "centre") == sorted(ids)


async def test_a_broker_that_freezes_is_noticed_and_loses_nothing(
    outbox: Outbox, broker: Broker, centre: CentreProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.link.KEEPALIVE_S", 1)
    uplink = Uplink(outbox, broker.address)
    async with running(uplink.run()):
        ids = await put(outbox, a_session(), 2)
        await empty(outbox)
        broker.signal(signal.SIGSTOP)
        ids |= await put(outbox, a_session(), 2)
        await until(lambda: not uplink.connected, "the silence is noticed")
        broker.signal(signal.SIGCONT)
        await empty(outbox)
    assert stored(tmp_path / "centre") == sorted(ids)
