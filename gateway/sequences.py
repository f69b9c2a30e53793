"""Holes in what a producer numbered: per (site, producer, boot, lane) the highest seen and what is missing.

Records may overtake each other and come twice, so a hole is a note, not an alarm: it is opened when a number is jumped
over and filled when the missing one arrives. A hole that stays is a loss, whoever lost it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from gateway.messages import Record
from gateway.tables import sequence_gaps, sequences


class SequenceGap(NamedTuple):
    """Numbers `from_seq` to `to_seq` (both included) have not arrived."""

    site: str
    producer: str
    boot: str
    lane: str
    from_seq: int
    to_seq: int
    noticed_utc_ns: int


def note_sequences(db: sa.Connection, records: Iterable[Record], now_utc_ns: int) -> None:
    """Take note of the numbers of arrived records, in the transaction that stores them. Repeats are harmless."""
    by_source: dict[tuple[str, str, str, str], set[int]] = {}
    for record in records:
        source = (record.site, record.producer, record.boot, str(record.lane))
        by_source.setdefault(source, set()).add(record.seq)
    for source, numbers in by_source.items():
        _note(db, source, sorted(numbers), now_utc_ns)


def sequence_gaps_in(db: sa.Connection) -> list[SequenceGap]:
    """All holes, oldest first."""
    order = (sequence_gaps.c.noticed_utc_ns, sequence_gaps.c.from_seq)
    return [SequenceGap(*row) for row in db.execute(sequence_gaps.select().order_by(*order))]


def _note(db: sa.Connection, source: tuple[str, str, str, str], numbers: list[int], now_utc_ns: int) -> None:
    known = db.execute(sa.select(sequences.c.highest).where(*_is(sequences, source))).scalar()
    highest = known or 0
    for number in numbers:
        if number > highest + 1:
            _open_gap(db, source, highest + 1, number - 1, now_utc_ns)
        if number <= highest:
            _fill(db, source, number)
        highest = max(highest, number)
    if known is None:
        db.execute(sequences.insert().values(_named(source) | {"highest": highest}))
    elif highest > known:
        db.execute(sequences.update().where(*_is(sequences, source)).values(highest=highest))


def _fill(db: sa.Connection, source: tuple[str, str, str, str], number: int) -> None:
    gaps = sequence_gaps
    around = (*_is(gaps, source), gaps.c.from_seq <= number, gaps.c.to_seq >= number)
    gap = db.execute(gaps.select().where(*around)).first()
    if gap is None:
        return
    db.execute(gaps.delete().where(*_is(gaps, source), gaps.c.from_seq == gap.from_seq))
    if gap.from_seq < number:
        _open_gap(db, source, gap.from_seq, number - 1, gap.noticed_utc_ns)
    if number < gap.to_seq:
        _open_gap(db, source, number + 1, gap.to_seq, gap.noticed_utc_ns)


def _open_gap(db: sa.Connection, source: tuple[str, str, str, str], first: int, last: int, now_utc_ns: int) -> None:
    values = {"from_seq": first, "to_seq": last, "noticed_utc_ns": now_utc_ns}
    db.execute(sequence_gaps.insert().values(_named(source) | values))


def _named(source: tuple[str, str, str, str]) -> dict[str, str | int]:
    return dict(zip(("site", "producer", "boot", "lane"), source, strict=True))


def _is(table: sa.Table, source: tuple[str, str, str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _named(source).items()]
