"""Room → broker → centre with real processes: whatever dies, what was put is stored, exactly once."""

import asyncio
from pathlib import Path
from uuid import UUID

from gateway_parts import Broker, CentreProcess, a_session, running, until, whole_session

from gateway.messages import Lane
from gateway.outbox import Outbox
from gateway.rows import Rows
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
    assert outbox.counts() == (22, 22, 0, 0)


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
    assert outbox.pending(4)[0].id == alert


async def test_the_uplink_says_down_while_the_centre_is_away(outbox: Outbox, broker: Broker) -> None:
    uplink = Uplink(outbox, broker.address, resend_s=0.2)
    async with running(uplink.run()):
        await until(lambda: uplink.connected, "connected to the broker")
        await put(outbox, a_session(), 1)
        await until(lambda: uplink.overdue, "receipts are overdue")
        assert not uplink.up
        assert outbox.counts().waiting == 3
