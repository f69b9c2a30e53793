"""The kiosk's line to its centre, over a real broker and the centre's counter, while parts of the site die."""

import asyncio
import logging
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from counter_parts import BEGAN, ROOT, Room, answered, raised, until

from gateway.arrivals import Good
from gateway.box import new_id
from gateway.broker import free_port
from gateway.centre import Centre
from gateway.client import KioskLine
from gateway.counter.messages import AlertAnswer, AlertStanding, DutyAnswer, WhoIsOnDuty
from gateway.documents import stored_since
from gateway.errors import StoreBusy, StoreUnwritable
from gateway.messages import Assessment, ContentViewed, RecordKind
from gateway.outbox import Outbox

VIEWED = ContentViewed("sleep", 1, "zh", BEGAN, 60)


def files_of(room: Room) -> bytes:
    """Every byte of the outbox and its log."""
    return b"".join(file.read_bytes() for file in room.config.data.glob("outbox-kiosk-1.sqlite*"))


async def test_what_is_kept_is_delivered_and_an_alert_stands_as_it_was_raised(room: Room) -> None:
    alert = raised()
    async with room.line() as line:
        kept = [line.keep(alert), line.keep(VIEWED)]
        await until(lambda: all(map(line.is_delivered, kept)), "both are delivered")
        await until(lambda: line.waiting == 0, "nothing waits any more")
        answer = await answered(line, AlertStanding(alert.alert))
    assert answer == AlertAnswer(
        known=True,
        status="open",
        level="room",
        delivered=False,
        next_level="town",
        next_deadline_utc_ns=alert.deadlines[0].until_utc_ns,
    )


async def test_nothing_of_it_can_be_read_on_the_disk_before_and_nothing_is_left_after(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await room.centre.stop()
    sitting = Assessment(new_id(), "phq9", 1, "zh", BEGAN, BEGAN, {"phq9.9": 3}, False, subject="ABCD2345")
    async with room.line() as line:
        record = line.keep(sitting)
        before = files_of(room)
        assert record.bytes in before
        assert b"phq9" not in before
        assert b"ABCD2345" not in before
        with line._outbox._turn:
            (sealed,) = line._outbox._db.execute("SELECT body FROM waiting").fetchone()
        assert sealed[:40] in before
        await room.centre.start()
        await until(lambda: line.is_delivered(record), "it is delivered")
        assert sealed[:40] not in files_of(room)
        assert RecordKind.ASSESSMENT.value.encode() not in files_of(room)
    assert caplog.text
    assert not [word for word in ("phq9", "ABCD2345") if word in caplog.text]


async def test_what_was_answered_before_a_crash_is_sent_on_when_the_kiosk_comes_back(room: Room) -> None:
    sitting = Assessment(new_id(), "phq9", 1, "zh", BEGAN, BEGAN, {"phq9.1": 2}, complete=False)
    file = room.config.data / "draft-kiosk-1"
    async with room.line() as line:
        line.draft(msgspec.structs.replace(sitting, answers={}, version=1))
        line.draft(msgspec.structs.replace(sitting, version=2))
        assert b"phq9" not in file.read_bytes()
        assert line.waiting == 0
    async with room.line() as line:  # nobody has ended it
        assert not file.exists()
        await until(lambda: line.waiting == 0, "the partial form is delivered")
    with room.reading() as rows:
        (found,) = stored_since(rows, RecordKind.ASSESSMENT, 0)
    assert found.body == msgspec.structs.replace(sitting, version=2)


async def test_a_form_that_came_to_its_end_leaves_no_draft(room: Room) -> None:
    async with room.line() as line:
        line.draft(VIEWED)
        line.draft(None)
        line.draft(None)
    async with room.line() as line:
        assert line.waiting == 0


async def test_a_draft_that_cannot_be_opened_stops_nobody(room: Room) -> None:
    (room.config.data / "draft-kiosk-1").write_bytes(b"torn")
    async with room.line() as line:
        assert line.waiting == 0


async def test_an_alert_goes_through_the_counter_when_the_broker_is_dead(room: Room) -> None:
    room.broker.kill()
    alert = raised()
    async with room.line() as line:
        viewed = line.keep(VIEWED)
        record = line.keep(alert)
        await until(lambda: line.is_delivered(record), "the alert is delivered")
        assert not line.is_delivered(viewed)
        assert (await answered(line, AlertStanding(alert.alert))).known
        await room.broker.start()
        await until(lambda: line.is_delivered(viewed), "the rest follows")
    assert room.stored(RecordKind.ALERT_EVENT) == room.stored(RecordKind.CONTENT_VIEWED) == 1


async def test_while_the_centre_is_dead_everything_waits_and_then_comes_once(room: Room) -> None:
    await room.centre.stop()
    alert = raised()
    async with room.line() as line:
        kept = [line.keep(alert), *(line.keep(VIEWED) for _ in range(5))]
        assert await line.ask(WhoIsOnDuty()) is None
        await until(lambda: line.waiting == 6, "it is counted")
        await room.centre.start()
        await until(lambda: all(map(line.is_delivered, kept)), "all are delivered")
    assert (room.stored(RecordKind.ALERT_EVENT), room.stored(RecordKind.CONTENT_VIEWED)) == (1, 5)


async def test_a_centre_that_is_killed_comes_back_to_what_it_had(room: Room) -> None:
    await room.centre.stop()
    process = room.centre_process()
    try:
        await process.start()
        async with room.line() as line:
            first = line.keep(raised())
            await until(lambda: line.is_delivered(first), "it is delivered")
            process.kill()
            second = line.keep(raised())
            room.config.centre_socket.unlink()  # whoever is killed leaves its socket behind
            await process.start()
            await until(lambda: line.is_delivered(second), "the second follows")
    finally:
        process.kill()
    assert room.stored(RecordKind.ALERT_EVENT) == 2


async def test_a_line_that_begins_finds_what_the_one_before_has_left(room: Room) -> None:
    await room.centre.stop()
    async with room.line() as line:
        kept = [line.keep(raised()), line.keep(VIEWED)]
    await room.centre.start()
    async with room.line() as line:
        await until(lambda: all(map(line.is_delivered, kept)), "both are delivered")


async def test_an_alert_of_a_line_before_goes_through_the_counter_at_once(room: Room) -> None:
    nowhere = free_port()
    await room.centre.stop()
    async with room.line(nowhere) as line:
        record = line.keep(raised())
    await room.centre.start()
    async with room.line(nowhere) as line:
        await until(lambda: line.is_delivered(record), "it is delivered", 5.0)


async def test_a_second_kiosk_of_the_same_name_is_told_in_one_line(room: Room) -> None:
    async with room.line():
        with pytest.raises(StoreBusy, match=r"outbox-kiosk-1\.sqlite: another process is writing to it"):
            await room.line().__aenter__()


async def test_a_kiosk_that_is_killed_between_keep_and_receipt_loses_nothing_and_sends_nothing_twice(
    room: Room,
) -> None:
    script = Path(__file__).with_name("run_kiosk_line.py")
    await room.centre.stop()
    kept: list[str] = []
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, str(script), str(room.file), "20"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        while len(line := child.stdout.readline().strip()) == 36:
            kept.append(line)
            if len(kept) % 20 == 7:
                await room.centre.start()
            if len(kept) % 20 == 15:
                child.send_signal(signal.SIGKILL)
        child.wait()
        await room.centre.stop()
    await room.centre.start()
    async with room.line() as line:
        await until(lambda: line.waiting == 0, "nothing waits any more")
    with room.reading() as rows, rows.reading() as db:
        stored = [row[0] for row in db.exec_driver_sql("SELECT id FROM records WHERE kind='content_viewed'")]
    assert {record.replace("-", "") for record in kept} <= set(stored)
    assert len(stored) <= len(kept) + 2  # one may have been on the disk of a kiosk that died before it said so
    with room.reading() as rows:
        assert rows.sequence_gaps() == []


async def test_keeping_does_not_wait_for_a_broker_that_hangs(room: Room) -> None:
    room.broker.signal(signal.SIGSTOP)
    try:
        async with room.line() as line:
            record = line.keep(raised())
            await until(lambda: line.is_delivered(record), "the counter has taken it")
            assert await line.ask(WhoIsOnDuty()) == DutyAnswer(known=False)
    finally:
        room.broker.signal(signal.SIGCONT)


class Disk:
    """The outbox's database as a disk shows it: it refuses while `full` is set."""

    def __init__(self, line: KioskLine) -> None:
        self._line, self._good = line, line._outbox._db
        line._outbox._db = self
        self.full = threading.Event()
        self.full.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._good, name)

    def execute(self, *words: object) -> sqlite3.Cursor:
        if self.full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return self._good.execute(*words)


async def test_a_screen_waits_for_no_disk_and_alerts_go_first(room: Room) -> None:
    async with room.line(free_port()) as line:
        with line._outbox._turn:  # somebody else waits for the disk
            kept = [line.keep_soon(VIEWED), line.draft_soon(VIEWED), line.keep_soon(VIEWED), line.draft_soon(None)]
            alerts = [line.keep_soon(raised()), line.keep_soon(raised())]
            assert not any(each.done() for each in kept + alerts)
            assert line.waiting == 4
        await until(lambda: all(each.done() for each in kept + alerts), "all is written")
        order = [row[0] for row in line._outbox._db.execute("SELECT id FROM waiting ORDER BY place")]
        first, *rest = [each.result().bytes for each in (kept[0], *alerts, kept[2])]
        assert order in ([first, *rest], [*rest[:2], first, rest[2]])  # the first may have been on its way
        assert not (room.config.data / "draft-kiosk-1").exists()


async def test_what_the_disk_refuses_is_written_when_it_takes_it_again(room: Room, caplog) -> None:
    await room.centre.stop()
    async with room.line() as line:
        disk = Disk(line)
        kept = [line.keep_soon(VIEWED), line.draft_soon(VIEWED), line.keep_soon(raised())]
        await until(lambda: "waits in memory" in caplog.text, "the disk refuses")
        assert line.waiting == 2
        assert not kept[0].done()
        disk.full.clear()
        await until(lambda: all(each.done() for each in kept), "all is written")
        assert caplog.text.count("waits in memory") == 1
        await room.centre.start()
        await until(lambda: line.is_delivered(kept[0].result()) and line.is_delivered(kept[2].result()), "delivered")
    assert (room.stored(RecordKind.ALERT_EVENT), room.stored(RecordKind.CONTENT_VIEWED)) == (1, 1)


async def test_an_alert_that_the_disk_refuses_is_handed_in_all_the_same(room: Room) -> None:
    alert = raised()
    async with room.line() as line:
        disk = Disk(line)
        viewed = line.keep_soon(VIEWED)
        record = (await asyncio.wrap_future(line.keep_soon(alert)), viewed)[0]
        assert line.is_delivered(record)
        assert (await answered(line, AlertStanding(alert.alert))).known
        assert not viewed.done()
        disk.full.clear()
        await asyncio.wrap_future(viewed)
        await until(lambda: line.waiting == 0, "the rest follows")
    assert (room.stored(RecordKind.ALERT_EVENT), room.stored(RecordKind.CONTENT_VIEWED)) == (1, 1)
    with room.reading() as rows:
        assert rows.sequence_gaps() == []


async def test_an_alert_is_handed_in_while_the_disk_hangs(room: Room) -> None:
    alerts = [raised(), raised()]
    async with room.line() as line:
        with line._outbox._turn:
            for alert in alerts:
                await asyncio.wrap_future(line.keep_soon(alert))
                assert (await answered(line, AlertStanding(alert.alert))).known
    assert room.stored(RecordKind.ALERT_EVENT) == 2


async def test_what_was_handed_over_is_written_before_the_end(room: Room) -> None:
    await room.centre.stop()
    async with room.line() as line:
        kept = [line.keep_soon(VIEWED) for _ in range(20)]
    assert all(each.done() for each in kept)
    async with room.line() as line:
        assert line.waiting == 20


async def test_a_draft_that_the_disk_refuses_holds_nothing_up(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreUnwritable("draft", "cannot be written", "free disk space")

    async with room.line() as line:
        monkeypatch.setattr(line._draft, "put", full)
        draft, kept = line.draft_soon(VIEWED), line.keep_soon(VIEWED)
        await asyncio.wrap_future(kept)
        assert isinstance(draft.exception(), StoreUnwritable)


async def test_a_kiosk_with_a_full_disk_starts_and_sends_its_draft_later(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    async with room.line() as line:
        line.draft(VIEWED)
    full = threading.Event()
    full.set()
    insert = Outbox._insert

    def refuses(self: Outbox, puts: object) -> None:
        if full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        insert(self, puts)

    monkeypatch.setattr(Outbox, "_insert", refuses)
    async with room.line() as line:
        await until(lambda: "waits in memory" in caplog.text, "one line says so")
        assert (room.config.data / "draft-kiosk-1").exists()
        full.clear()
        await until(lambda: room.stored(RecordKind.CONTENT_VIEWED) == 1, "the draft is delivered")
        await until(lambda: not (room.config.data / "draft-kiosk-1").exists(), "the draft is gone")


async def test_an_alert_that_the_centre_refuses_holds_back_no_later_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, bad = Centre.take, raised()

    async def refuses_one(self: Centre, arrivals: Sequence[Good]) -> None:
        if any(each.body == bad for each in arrivals):
            raise StoreUnwritable("rows", "cannot be written", "look")
        await take(self, arrivals)

    monkeypatch.setattr(Centre, "take", refuses_one)
    async with room.line(free_port()) as line:
        held, good = line.keep(bad), line.keep(raised())
        await until(lambda: line.is_delivered(good), "the later one is delivered")
        assert not line.is_delivered(held)
