"""A bounded outbox: puts that come together share a commit, bulk goes first, and what is given up is said."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from gateway_parts import SITE, a_session, chunk, closed, opened, waiting

from care.alerts import AlertEvent, AlertStep
from gateway.box import new_id
from gateway.errors import RecordTooLarge, StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import Envelope, Lane, RecordKind, SessionWave, Tombstone, decode_body
from gateway.outbox import Outbox

MOST = 100_000


@pytest.fixture
def small(tmp_path: Path, keyring: Keyring) -> Iterator[Outbox]:
    path = tmp_path / "room" / "small.sqlite"
    with Outbox(path, keyring, site=SITE, producer="room", boot="boot-1", max_bytes=MOST) as box:
        yield box


def wave(session: UUID, number: int, size: int = 5000) -> SessionWave:
    return SessionWave(session, "ecg", number, number * 10**10, 250.0, "mV", 0.001, 0.0, b"\x01" * size)


def alert() -> AlertEvent:
    return AlertEvent(new_id(), 1, AlertStep.RAISED, 1, "room", "system", "red", "seat 3", "help_button")


def stones(envelopes: list[Envelope]) -> list[Tombstone]:
    bodies = [decode_body(each.record.kind, each.record.body) for each in envelopes]
    return [body for body in bodies if isinstance(body, Tombstone)]


def numbers(envelopes: list[Envelope], lane: Lane) -> set[int]:
    return {each.seq for each in envelopes if each.lane is lane}


def test_puts_of_many_threads_are_all_there_and_numbered_without_holes(outbox: Outbox) -> None:
    session = a_session()
    with ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(lambda n: outbox.put(chunk(session, n), made_utc_ns=n), range(1, 401)))
    envelopes = waiting(outbox)
    assert {each.record.id for each in envelopes} == set(ids)
    assert sorted(each.seq for each in envelopes) == list(range(1, 401))
    assert outbox.counts() == (400, 0, 400, 0, 0)


def test_a_disk_that_refuses_is_told_to_every_thread_that_waited(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "_insert", full)
    with ThreadPoolExecutor(4) as threads:
        puts = [threads.submit(outbox.put, opened(a_session()), made_utc_ns=0) for _ in range(8)]
        for each in puts:
            with pytest.raises(StoreUnwritable, match="disk is full"):
                each.result()
    monkeypatch.undo()
    outbox.put(opened(a_session()), made_utc_ns=0)
    assert outbox.counts() == (1, 0, 1, 0, 0)


def test_a_file_that_does_not_answer_is_told_in_one_line_whatever_is_asked(outbox: Outbox) -> None:
    good, outbox._db = outbox._db, sqlite3.connect(":memory:")
    outbox._db.close()
    for ask in (outbox.depth, outbox.counts, lambda: outbox.is_receipted(a_session())):
        with pytest.raises(StoreUnwritable, match="outbox"):
            ask()
    outbox._db = good


def test_the_oldest_waves_go_first_and_a_tombstone_has_their_numbers(small: Outbox) -> None:
    session = a_session()
    for number in range(1, 61):
        small.put(wave(session, number), made_utc_ns=number)
    envelopes = waiting(small)
    kept = numbers(envelopes, Lane.BULK)
    (stone,) = stones(envelopes)
    gone = {number for first, last in stone.ranges for number in range(first, last + 1)}
    assert small.depth().bytes <= MOST
    assert kept | gone == set(range(1, max(kept) + 1)), "every number stands for a wave, a tombstone, or is in one"
    assert not kept & gone
    newest = [each for each in envelopes if each.record.kind is RecordKind.SESSION_WAVE]
    assert len(newest) > 10
    assert {each.record.made_utc_ns for each in newest} == set(range(61 - len(newest), 61)), "the newest are kept"
    assert stone.kinds == {"session_wave": 60 - len(newest)}
    assert stone.reason == "bounds"


def test_summaries_and_alerts_are_kept_beyond_the_bound(small: Outbox) -> None:
    session = a_session()
    bodies = [opened(session), *(chunk(session, n) for n in range(1, 301)), closed(session, 300), alert()]
    ids = {small.put(body, made_utc_ns=n) for n, body in enumerate(bodies)}
    small.put(wave(session, 1), made_utc_ns=999)
    envelopes = waiting(small)
    assert ids <= {each.record.id for each in envelopes}
    assert small.depth().bytes > MOST
    assert [stone.kinds for stone in stones(envelopes)] == [{"session_wave": 1}]


def test_an_alert_goes_before_a_month_of_everything_else(small: Outbox) -> None:
    session = a_session()
    for number in range(1, 30):
        small.put(wave(session, number), made_utc_ns=number)
        small.put(chunk(session, number), made_utc_ns=number)
    record = small.put(alert(), made_utc_ns=99)
    assert small.pending(1) == [record]
    lanes = [each.lane for each in small.take(small.pending(100))]
    assert lanes == sorted(lanes, key=[Lane.ALERT, Lane.NORMAL, Lane.BULK].index)


def test_erasing_a_session_leaves_numbers_but_nothing_of_it(small: Outbox) -> None:
    mine, other = a_session(), a_session()
    for session in (mine, other):
        small.put(opened(session), made_utc_ns=1)
        small.put(chunk(session, 1), made_utc_ns=2)
        small.put(wave(session, 1, 500), made_utc_ns=3)
    assert small.erase([mine]) == 3
    envelopes = waiting(small)
    left = [each for each in envelopes if each.record.kind is not RecordKind.TOMBSTONE]
    assert {decode_body(each.record.kind, each.record.body).session for each in left} == {other}
    assert {stone.reason for stone in stones(envelopes)} == {"erased"}
    for lane in (Lane.NORMAL, Lane.BULK):
        gone = {n for s in stones(envelopes) if s.lane is lane for f, t in s.ranges for n in range(f, t + 1)}
        own = numbers(envelopes, lane)
        assert own | gone == set(range(1, max(own | gone) + 1))


def test_the_depth_is_the_same_after_a_restart(small: Outbox, tmp_path: Path, keyring: Keyring) -> None:
    session = a_session()
    for number in range(1, 61):
        small.put(wave(session, number), made_utc_ns=number)
    small.receipted(small.pending(3))
    before = small.depth()
    small.close()
    path = tmp_path / "room" / "small.sqlite"
    with Outbox(path, keyring, site=SITE, producer="room", boot="boot-2", max_bytes=MOST) as again:
        assert again.depth() == before


def test_what_no_broker_would_take_is_refused_at_once(outbox: Outbox) -> None:
    with pytest.raises(RecordTooLarge, match=r"session_wave of .* cut it into several"):
        outbox.put(wave(a_session(), 1, 1 << 20), made_utc_ns=1)
    assert outbox.counts().put == 0
