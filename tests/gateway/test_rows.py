"""Rows: stored once whatever arrives how often in which order; what cannot be stored is kept apart with the reason.

All of it on SQLite and on a real PostgreSQL; what is said of a file is about SQLite alone.
"""

import random
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from gateway_parts import SITE, S, a_session, chunk, closed, judge_all, opened, placement, whole_session
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import topics
from gateway.arrivals import Good, Poison, judge_up
from gateway.box import new_id
from gateway.errors import StoreBusy, StoreCorrupt, StoreUnwritable
from gateway.messages import Lane, encode
from gateway.rows import ROWS_FILE, Rows
from gateway.sequences import SequenceGap

TOPIC = topics.up(SITE, Lane.NORMAL, "room")


@pytest.fixture
def rows(tmp_path: Path, rows_url: str):
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as opened_rows:
        yield opened_rows


@pytest.fixture
def file_rows(tmp_path: Path):
    with Rows.for_writing(tmp_path, placement(tmp_path)) as opened_rows:
        yield opened_rows


def store(rows: Rows, arrivals: list[Good | Poison]) -> None:
    rows.store(arrivals, 1)


def with_fields(arrival: Good, **changes: object) -> bytes:
    """The payload of a record with other fields, in any form that msgpack allows."""
    envelope = msgspec.to_builtins(arrival.envelope, builtin_types=(bytes, UUID))
    own = {name: value for name, value in changes.items() if name in envelope}
    envelope["record"] |= {name: value for name, value in changes.items() if name not in own}
    return msgspec.msgpack.encode(envelope | own)


def with_record(arrival: Good, **changes: object) -> bytes:
    """The payload with another record inside."""
    record = msgspec.structs.replace(arrival.record, **changes)
    return encode(msgspec.structs.replace(arrival.envelope, record=record))


def test_records_may_come_in_any_order_and_any_number_of_times(rows: Rows) -> None:
    session = a_session()
    arrivals = judge_all(whole_session(session, 5))
    for _ in range(3):
        shuffled = random.Random(7).sample(arrivals, len(arrivals)) * 2
        for start in range(0, len(shuffled), 3):
            store(rows, shuffled[start : start + 3])
    assert rows.record_ids() == {arrival.record.id for arrival in arrivals}
    (row,) = rows.find()
    assert (row.session, row.site, row.device, row.outcome) == (session, SITE, "chair-1", "completed")
    assert (row.chunks, row.chunks_stored, row.beats, row.ended_ns) == (5, 5, 50, 50 * S)
    assert rows.dead_letters() == []
    assert rows.sequence_gaps() == []


def test_a_hole_in_the_numbers_is_seen_and_closes_when_the_missing_ones_come(rows: Rows) -> None:
    arrivals = judge_all(whole_session(a_session(), 8))
    store(rows, [arrivals[0], arrivals[6], arrivals[9]])
    source = (SITE, "room", "boot-1", "normal")
    assert rows.sequence_gaps() == [SequenceGap(*source, 2, 6, 1), SequenceGap(*source, 8, 9, 1)]
    store(rows, [arrivals[3]])
    assert [gap[4:6] for gap in rows.sequence_gaps()] == [(2, 3), (5, 6), (8, 9)]
    store(rows, arrivals)
    assert rows.sequence_gaps() == []


@given(order=st.permutations(range(12)), left_out=st.sets(st.integers(min_value=0, max_value=11), max_size=4))
@settings(max_examples=15, deadline=None)
def test_the_holes_are_exactly_what_is_missing_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], left_out: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    arrivals = judge_all(whole_session(a_session(), 10))
    with Rows.for_writing(folder, placement(folder)) as rows:
        come = [number for number in order if number not in left_out]
        for start in range(0, len(come), 5):
            store(rows, [arrivals[number] for number in come[start : start + 5]])
        missing = {number for gap in rows.sequence_gaps() for number in range(gap.from_seq, gap.to_seq + 1)}
    assert missing == {number + 1 for number in left_out if number < max(come)}


def test_boots_and_sites_are_counted_apart(rows: Rows) -> None:
    body = [opened(a_session())]
    store(rows, judge_all(body, 1))
    store(rows, judge_all([opened(a_session())], 1, boot="boot-2"))
    store(rows, judge_all([opened(a_session())], 2, site="a.b.c"))
    assert [(gap.site, gap.from_seq, gap.to_seq) for gap in rows.sequence_gaps()] == [("a.b.c", 1, 1)]


def poisons() -> dict[str, tuple[str, bytes]]:
    (good,) = judge_all([opened(a_session())])
    return {
        "not a record": (TOPIC, b"\xc1 no msgpack"),
        "an empty message": (TOPIC, b""),
        "half a record": (TOPIC, good.payload[:40]),
        "an unknown kind": (TOPIC, with_fields(good, kind="mood")),
        "a body that is not its kind": (TOPIC, with_record(good, kind="session_chunk")),
        "a body that does not decode": (TOPIC, with_fields(good, body=b"\x00")),
        "another site's topic": (topics.up("a.b.c", Lane.NORMAL, "room"), good.payload),
        "another lane's topic": (topics.up(SITE, Lane.ALERT, "room"), good.payload),
        "a number no database holds": (TOPIC, with_fields(good, seq=2**63)),
        "a start that no index holds": (TOPIC, with_fields(good, boot=random.Random(1).randbytes(9000).hex())),
        "a start with a zero byte": (TOPIC, with_fields(good, boot="boot\0")),
        "a site with a zero byte": (TOPIC, with_record(good, site="a\0b")),
        "a target that no index holds": (
            TOPIC,
            with_record(good, target=f"{SITE}.{random.Random(2).randbytes(9000).hex()}"),
        ),
        "a time before time": (TOPIC, with_fields(good, made_utc_ns=-1)),
        "a huge number in the body": (
            TOPIC,
            with_record(good, body=encode(msgspec.structs.replace(good.body, began_utc_ns=2**63))),
        ),
    }


@pytest.mark.parametrize("name", poisons())
def test_a_poison_is_kept_with_the_reason_and_the_good_ones_are_stored(rows: Rows, name: str) -> None:
    topic, payload = poisons()[name]
    good = judge_all(whole_session(a_session(), 1))
    poison = judge_up(topic, payload)
    assert isinstance(poison, Poison)
    for _ in range(2):
        store(rows, [good[0], poison, *good[1:]])
    (letter,) = rows.dead_letters()
    assert (letter.what, letter.payload) == ("record", payload)
    assert letter.reason
    assert len(rows.record_ids()) == 3


def test_a_poison_with_an_id_can_be_receipted() -> None:
    (good,) = judge_all([opened(a_session())])
    poison = judge_up(TOPIC, with_fields(good, kind="mood"))
    assert isinstance(poison, Poison)
    assert poison.id == good.record.id


def test_what_the_database_alone_refuses_becomes_a_dead_letter(rows: Rows) -> None:
    (bad,) = judge_all([chunk(a_session(), 1)])
    bad = replace(bad, body=msgspec.structs.replace(bad.body, number=2**70))
    good = judge_all(whole_session(a_session(), 2))
    store(rows, [good[0], bad, *good[1:]])
    assert rows.record_ids() == {arrival.record.id for arrival in good}
    (letter,) = rows.dead_letters()
    assert (letter.id, letter.payload) == (bad.record.id, bad.payload)
    assert "the store refuses it" in letter.reason


def test_a_second_record_for_the_same_place_is_kept_apart(rows: Rows) -> None:
    session = a_session()
    first = judge_all(whole_session(session, 1))
    second = judge_all([opened(session, "chair-2"), chunk(session, 1, rr_ms=700.0), closed(session, 9)], 4)
    store(rows, [*first, *second])
    assert rows.record_ids() == {arrival.record.id for arrival in first}
    assert sorted(letter.id for letter in rows.dead_letters()) == sorted(arrival.record.id for arrival in second)
    assert rows.find()[0].device == "chair-1"
    assert rows.sequence_gaps() == []


def test_bodies_are_sealed_in_the_file(file_rows: Rows, tmp_path: Path) -> None:
    store(file_rows, judge_all([chunk(a_session(), 1)]))
    raw = b"".join(file.read_bytes() for file in tmp_path.glob(f"{ROWS_FILE}*"))
    assert b"segment_began" not in raw
    assert (tmp_path / ROWS_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("file_rows")
def test_two_centres_cannot_have_one_file(tmp_path: Path) -> None:
    with pytest.raises(StoreBusy, match="another process is writing"):
        Rows.for_writing(tmp_path, placement(tmp_path))


def test_a_store_of_another_version_is_left_alone(tmp_path: Path, rows_url: str) -> None:
    Rows.for_writing(tmp_path, placement(tmp_path), rows_url).close()
    engine = sa.create_engine(rows_url or f"sqlite:///{tmp_path / ROWS_FILE}")
    with engine.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num='9999'"))
    engine.dispose()
    with pytest.raises(StoreCorrupt, match="tables of version 9999"):
        Rows.for_writing(tmp_path, placement(tmp_path), rows_url)
    with pytest.raises(StoreCorrupt, match="tables of version 9999"):
        Rows.for_reading(tmp_path, rows_url)


def test_a_reader_cannot_write(rows: Rows, tmp_path: Path, rows_url: str) -> None:
    arrivals = judge_all(whole_session(a_session(), 2))
    store(rows, arrivals)
    with Rows.for_reading(tmp_path, rows_url) as reader:
        assert len(reader.find()) == 1
        with pytest.raises(StoreUnwritable):
            reader.to_draw.draw_all_again()


def test_a_chunk_waits_for_its_opening_before_it_is_drawn(rows: Rows) -> None:
    session = a_session()
    whole = judge_all(whole_session(session, 2))
    store(rows, whole[1:])
    assert rows.to_draw.unprojected(10) == []
    store(rows, whole[:1])
    assert {item.record for item in rows.to_draw.unprojected(10)} == {arrival.record.id for arrival in whole}
    rows.to_draw.projected([whole[0].record.id], [("line", "too old")], 2)
    assert rows.waiting_for_points() == 3
    assert [(letter.what, letter.payload) for letter in rows.dead_letters()] == [("point", b"line")]


def test_ids_are_new_each_time() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
