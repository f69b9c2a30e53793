"""Holes in what a sender numbered: per (site, producer, boot, lane) the highest seen and what is missing.

Records may overtake each other and come twice, so a hole is a note, not an alarm: it is opened when a number is jumped
over and filled when the missing one, or a tombstone for it, arrives. A hole that stays is a loss, whoever lost it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from gateway.arrivals import Good, Poison
from gateway.messages import Tombstone
from gateway.tables import sequence_gaps, sequences
from gateway.upsert import insert_new

Source = tuple[str, str, str, str]
"""Site, producer, boot, lane."""


class SequenceGap(NamedTuple):
    """Numbers `from_seq` to `to_seq` (both included) have not arrived."""

    site: str
    producer: str
    boot: str
    lane: str
    from_seq: int
    to_seq: int
    noticed_utc_ns: int


def note_sequences(db: sa.Connection, arrivals: Iterable[Good | Poison], now_utc_ns: int) -> None:
    """Take note of the numbers of arrivals, in the transaction that stores them. Repeats are harmless."""
    by_source: dict[Source, list[tuple[int, int]]] = {}
    for arrival in arrivals:
        hop, envelope = arrival.hop, arrival.envelope
        if hop is None or envelope is None or not 0 < envelope.seq < 1 << 63:
            continue
        source = (hop.sender, hop.producer, envelope.boot, str(envelope.lane))
        by_source.setdefault(source, []).append((envelope.seq, envelope.seq))
        if isinstance(arrival, Good) and isinstance(arrival.body, Tombstone):
            stone = arrival.body
            source = (hop.sender, hop.producer, stone.boot, str(stone.lane))
            by_source.setdefault(source, []).extend(each for each in stone.ranges if 0 < each[0] <= each[1] < 1 << 63)
    for source in sorted(by_source):  # always in the same order, so that two writers do not wait for each other
        _note(db, source, _merged(by_source[source]), now_utc_ns)


def sequence_gaps_in(db: sa.Connection) -> list[SequenceGap]:
    """All holes, oldest first."""
    order = (sequence_gaps.c.noticed_utc_ns, sequence_gaps.c.from_seq)
    return [SequenceGap(*row) for row in db.execute(sequence_gaps.select().order_by(*order))]


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _note(db: sa.Connection, source: Source, ranges: list[tuple[int, int]], now_utc_ns: int) -> None:
    question = sa.select(sequences.c.highest).where(*_is(sequences, source)).with_for_update()
    known = db.scalar(question)
    if known is None:
        db.execute(insert_new(db, sequences).values(_named(source) | {"highest": 0}))
        known = db.scalar(question) or 0  # another writer may have been there first
    highest = known
    for first, last in ranges:
        if first > highest + 1:
            _open_gap(db, source, highest + 1, first - 1, now_utc_ns)
        if first <= highest:
            _fill(db, source, first, min(last, highest))
        highest = max(highest, last)
    if highest > known:
        db.execute(sequences.update().where(*_is(sequences, source)).values(highest=highest))


def _fill(db: sa.Connection, source: Source, first: int, last: int) -> None:
    gaps = sequence_gaps
    around = (*_is(gaps, source), gaps.c.from_seq <= last, gaps.c.to_seq >= first)
    for gap in db.execute(gaps.select().where(*around)).all():
        db.execute(gaps.delete().where(*_is(gaps, source), gaps.c.from_seq == gap.from_seq))
        if gap.from_seq < first:
            _open_gap(db, source, gap.from_seq, first - 1, gap.noticed_utc_ns)
        if last < gap.to_seq:
            _open_gap(db, source, last + 1, gap.to_seq, gap.noticed_utc_ns)


def _open_gap(db: sa.Connection, source: Source, first: int, last: int, now_utc_ns: int) -> None:
    values = {"from_seq": first, "to_seq": last, "noticed_utc_ns": now_utc_ns}
    db.execute(sequence_gaps.insert().values(_named(source) | values))


def _named(source: Source) -> dict[str, str | int]:
    return dict(zip(("site", "producer", "boot", "lane"), source, strict=True))


def _is(table: sa.Table, source: Source) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _named(source).items()]
