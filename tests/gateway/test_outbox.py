"""The outbox: durable when put returns, numbered without holes, never the same record twice."""

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from gateway_parts import ROOT, SITE, a_session, chunk, opened, waiting, whole_session

from gateway import outbox as module
from gateway.box import Counts, new_id
from gateway.errors import StoreBusy
from gateway.keys import Keyring
from gateway.messages import DutyRoster, Lane, decode_body
from gateway.outbox import Outbox


def reopen(tmp_path: Path, keyring: Keyring, boot: str) -> Outbox:
    return Outbox(tmp_path / "room" / "outbox.sqlite", keyring, site=SITE, producer="room", boot=boot)


def test_a_record_carries_what_the_contract_wants(outbox: Outbox) -> None:
    body = chunk(a_session(), 1)
    record_id = outbox.put(body, made_utc_ns=5)
    (envelope,) = waiting(outbox, 10)
    record = envelope.record
    assert decode_body(record.kind, record.body) == body
    assert (record.id, record.kind, record.site, record.producer) == (record_id, "session_chunk", SITE, "room")
    assert (envelope.boot, envelope.lane, envelope.seq, record.made_utc_ns) == ("boot-1", Lane.NORMAL, 1, 5)
    assert record_id.version == 7


def test_each_lane_and_each_boot_counts_from_one(outbox: Outbox, tmp_path: Path, keyring: Keyring) -> None:
    body = opened(a_session())
    for lane in (Lane.NORMAL, Lane.ALERT, Lane.NORMAL):
        outbox.put(body, made_utc_ns=0, lane=lane)
    outbox.close()
    with reopen(tmp_path, keyring, "boot-2") as again:
        again.put(body, made_utc_ns=0)
        found = [(record.lane, record.boot, record.seq) for record in waiting(again, 10)]
    assert found == [("alert", "boot-1", 1), ("normal", "boot-1", 1), ("normal", "boot-1", 2), ("normal", "boot-2", 1)]


def test_the_same_id_again_changes_nothing_even_after_its_receipt(
    outbox: Outbox, tmp_path: Path, keyring: Keyring
) -> None:
    body, record = opened(a_session()), new_id()
    for _ in range(2):
        assert outbox.put(body, made_utc_ns=0, id=record) == record
    assert outbox.counts() == Counts(1, 0, 1)
    assert outbox.receipted([record, record, new_id()]) == 1
    outbox.put(body, made_utc_ns=0, id=record)
    outbox.close()
    with reopen(tmp_path, keyring, "boot-2") as again:
        again.put(body, made_utc_ns=0, id=record)
        assert waiting(again, 10) == []
        assert again.counts() == Counts(1, 1, 0)


def test_only_the_newest_receipted_ids_are_remembered(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    ids = [outbox.put(opened(a_session()), made_utc_ns=0) for _ in range(5)]
    outbox.receipted(ids)
    for record in ids:
        outbox.put(opened(a_session()), made_utc_ns=0, id=record)
    assert [each.record.id for each in waiting(outbox, 10)] == ids[:2]


def test_totals_are_kept_for_everything_and_for_each_session(outbox: Outbox, tmp_path: Path, keyring: Keyring) -> None:
    first, second = a_session(), a_session()
    ids = [outbox.put(body, made_utc_ns=0) for body in whole_session(first, 2)]
    outbox.put(opened(second), made_utc_ns=0)
    outbox.receipted(ids[:3])
    outbox.close()
    with reopen(tmp_path, keyring, "boot-2") as again:
        assert again.counts() == Counts(5, 3, 2)
        assert again.counts(first) == Counts(4, 3, 1)
        assert again.counts(second) == Counts(1, 0, 1)
        assert again.counts(a_session()) == Counts(0, 0, 0)


def test_pending_gives_alerts_first_then_the_oldest(outbox: Outbox) -> None:
    ids = [outbox.put(opened(a_session()), made_utc_ns=0) for _ in range(5)]
    alerts = [outbox.put(opened(a_session()), made_utc_ns=0, lane=Lane.ALERT) for _ in range(2)]
    assert [each.record.id for each in waiting(outbox, 4)] == [*alerts, *ids[:2]]


def test_bodies_cannot_be_read_in_the_file(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(chunk(a_session(), 1), made_utc_ns=0)
    raw = b"".join(file.read_bytes() for file in (tmp_path / "room").glob("outbox.sqlite*"))
    assert b"segment_began" not in raw
    assert "呼吸".encode() not in raw


def test_a_record_whose_key_is_lost_is_held_back_and_blocks_nobody(tmp_path: Path) -> None:
    keys = tmp_path / "room" / "keys"
    keyring = Keyring.open(keys)
    with reopen(tmp_path, keyring, "boot-1") as outbox:
        outbox.put(opened(a_session()), made_utc_ns=0)
    (file,) = keys.iterdir()
    key = file.read_bytes()
    file.unlink()
    with reopen(tmp_path, Keyring.open(keys), "boot-2") as poorer:
        record = poorer.put(opened(a_session()), made_utc_ns=0)
        assert [each.record.id for each in waiting(poorer, 2)] == [record]
        assert poorer.counts() == Counts(2, 0, 2, held=1)
    file.write_bytes(key)
    file.chmod(0o600)
    with reopen(tmp_path, Keyring.open(keys), "boot-3") as richer:
        assert len(waiting(richer, 10)) == 2
        assert richer.counts().held == 0


def test_puts_from_many_threads_are_numbered_without_holes(outbox: Outbox) -> None:
    def put_some() -> None:
        for _ in range(10):
            outbox.put(opened(a_session()), made_utc_ns=0)

    threads = [threading.Thread(target=put_some) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.seq for record in waiting(outbox, 100)] == list(range(1, 51))


def test_two_processes_cannot_have_one_outbox(outbox: Outbox, tmp_path: Path, keyring: Keyring) -> None:
    with pytest.raises(StoreBusy, match=r"outbox\.sqlite: another process is writing to it; stop"):
        reopen(tmp_path, keyring, "boot-2")


def test_a_file_that_is_no_database_is_set_aside_and_the_room_goes_on(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "room" / "outbox.sqlite"
    for number in (1, 2):
        path.write_bytes(b"not a database " * 100)
        with reopen(tmp_path, keyring, f"boot-{number}") as outbox:
            assert outbox.set_aside == path.with_name(f"outbox.sqlite.damaged-{number}")
            outbox.put(opened(a_session()), made_utc_ns=0)
        path.with_name("outbox.sqlite-wal").unlink(missing_ok=True)
    with reopen(tmp_path, keyring, "boot-3") as outbox:
        assert outbox.set_aside is None
        assert outbox.counts() == Counts(1, 0, 1)


def test_records_around_the_damage_are_taken_over(outbox: Outbox, tmp_path: Path, keyring: Keyring) -> None:
    session = a_session()
    ids = [outbox.put(chunk(session, number), made_utc_ns=number) for number in range(1, 101)]
    path = tmp_path / "room" / "outbox.sqlite"
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sealed = outbox._db.execute("SELECT body FROM waiting WHERE place=50").fetchone()[0]
    outbox.close()
    data = bytearray(path.read_bytes())
    page = data.index(sealed) // 4096
    data[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with reopen(tmp_path, keyring, "boot-2") as again:
        assert again.set_aside is not None
        found = [each.record.id for each in waiting(again, 1000)]
        assert again.counts(session).waiting == len(found)
        again.put(chunk(session, 101), made_utc_ns=0)
    assert found == [record for record in ids if record in set(found)]
    assert len(found) > 80
    assert {ids[0], ids[-1]} <= set(found)
    assert ids[49] not in found


def test_commits_are_synced_to_the_disk(outbox: Outbox) -> None:
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


PUTTER = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from gateway_parts import SITE, a_session, chunk
from gateway.keys import Keyring
from gateway.outbox import Outbox

folder = Path(sys.argv[3])
outbox = Outbox(folder / "outbox.sqlite", Keyring.open(folder / "keys"), site=SITE, producer="room", boot=sys.argv[4])
session = a_session()
for number in range(1, 100_000):
    print(outbox.put(chunk(session, number), made_utc_ns=number), flush=True)
"""


def test_a_process_killed_in_the_middle_of_puts_loses_no_put_that_returned(tmp_path: Path) -> None:
    promised: list[str] = []
    here = str(Path(__file__).parent)
    for boot in ("boot-1", "boot-2"):
        command = [sys.executable, "-c", PUTTER, str(ROOT), here, str(tmp_path / "room"), boot]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        promised += [child.stdout.readline().strip() for _ in range(60)]
        child.kill()
        promised += child.stdout.read().split("\n")[:-1]
        child.wait()
    with reopen(tmp_path, Keyring.open(tmp_path / "room" / "keys"), "boot-3") as outbox:
        everything = waiting(outbox)
    assert set(promised) <= {str(each.record.id) for each in everything}
    assert len(everything) <= len(promised) + 2
    for boot in ("boot-1", "boot-2"):
        numbers = [record.seq for record in everything if record.boot == boot]
        assert numbers == list(range(1, len(numbers) + 1))


def test_the_file_is_a_plain_sqlite_database_for_tools(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(opened(a_session()), made_utc_ns=0)
    with sqlite3.connect(tmp_path / "room" / "outbox.sqlite") as db:
        assert db.execute("SELECT count(*) FROM waiting").fetchone() == (1,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_put_that_no_disk_can_take_does_not_take_its_neighbours_along(outbox: Outbox) -> None:
    """Three threads share one commit, and one of them brings a time that is no 64-bit number."""
    ids = {number: new_id() for number in range(3)}
    refused: list[int] = []

    def put(number: int) -> None:
        made = 1 << 70 if number == 1 else number
        try:
            outbox.put(chunk(a_session(), 1), made_utc_ns=made, id=ids[number])
        except OverflowError:
            refused.append(number)

    outbox._turn.acquire()
    threads = [threading.Thread(target=put, args=(number,)) for number in ids]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while len(outbox._queue) < 3:
        assert time.monotonic() < deadline
    outbox._turn.release()
    for thread in threads:
        thread.join()
    assert refused == [1]
    assert set(outbox.pending(9)) == {ids[0], ids[2]}
    assert [each.seq for each in waiting(outbox)] == [1, 2], "and its number is not a hole"


def test_what_is_live_does_not_wait_behind_a_backlog(outbox: Outbox) -> None:
    ids = [outbox.put(body, made_utc_ns=0) for body in whole_session(a_session(), 50)]
    bulk = outbox.put(opened(a_session()), made_utc_ns=0, lane=Lane.BULK)
    alert = outbox.put(opened(a_session()), made_utc_ns=0, lane=Lane.ALERT)
    assert outbox.pending(8, 2) == [alert, *ids[:5], ids[-1], ids[-2]]
    assert outbox.pending(100, 8) == [alert, *ids, bulk]
    assert len(outbox.pending(54, 3)) == len(set(outbox.pending(54, 3))) == 53


def test_what_is_for_a_site_below_says_so(outbox: Outbox) -> None:
    outbox.put(DutyRoster(1, []), made_utc_ns=1, target=f"{SITE}.a")
    outbox.put(DutyRoster(1, []), made_utc_ns=1)
    assert [each.record.target for each in waiting(outbox)] == [f"{SITE}.a", ""]


def test_a_file_that_knows_no_targets_is_brought_up_to_date(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "room" / "outbox.sqlite"
    with Outbox(path, keyring, site=SITE, producer="room", boot="b1") as box:
        record = box.put(DutyRoster(1, []), made_utc_ns=1)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE waiting DROP COLUMN target")
    for boot in ("b2", "b3"):
        with Outbox(path, keyring, site=SITE, producer="room", boot=boot) as box:
            assert [each.record.id for each in waiting(box)] == [record]
