"""How a batch of arrivals becomes rows: which columns each kind of record fills, and what happens to the rest.

Everything is written in the caller's one transaction: records, what the other tables say of them, their place in the
queue for points and on their next hops, dead letters, and notes about sequence numbers. A record id that is there
already changes nothing; neither does the order in which records come. Several centres may do this on one PostgreSQL:
each takes what it locks in one order (sorted keys, table after table), so they never wait for each other in a circle.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import Good, Poison
from gateway.bulk import ids_in, insert_rows, stored_id
from gateway.erasure import of_the_erased, take_turn
from gateway.keys import Keyring
from gateway.messages import RecordKind, about_of, session_of, subject_of
from gateway.outgoing import enqueue
from gateway.placement import Placement
from gateway.places_of_kinds import AFTER, BEFORE, claim_chunks, know_sessions
from gateway.sealing import of_letter, of_record
from gateway.sequences import note_sequences
from gateway.upsert import insert_new

DRAWN = (
    RecordKind.SESSION_OPENED,
    RecordKind.SESSION_CHUNK,
    RecordKind.SESSION_CLOSED,
    RecordKind.DEVICE_MINUTES,
)
"""Kinds that become points."""


log = logging.getLogger(__name__)


def place_batch(db: sa.Connection, placement: Placement, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> None:
    """Write a batch within the transaction of `db`."""
    good: dict[UUID, Good] = {}
    for arrival in sorted((each for each in arrivals if isinstance(each, Good)), key=lambda each: each.record.id):
        good.setdefault(arrival.record.id, arrival)
    take_turn(db, erases=any(arrival.record.kind is RecordKind.DELETION for arrival in good.values()))
    fresh = _fresh(db, placement, good, now_utc_ns)
    taken = _claim(db, fresh)
    letters: list[Poison] = []
    for record, reason in taken.items():
        letters.append(Poison(record, reason, fresh.pop(record).payload))
    stored = _insert(db, placement, list(fresh.values()), now_utc_ns)
    follows: list[Good] = []
    for arrival in sorted(stored, key=_entry_of):
        if after := AFTER.get(arrival.record.kind):
            follows += after(db, placement, arrival, now_utc_ns)
    enqueue(
        db,
        placement.boot,
        [
            (hop, arrival.record, arrival.envelope.lane)
            for arrival in stored
            for hop in placement.routing.hops(arrival.record, arrival.hop.sender)
        ],
    )
    letters += [arrival for arrival in arrivals if isinstance(arrival, Poison)]
    for poison in sorted(letters, key=lambda each: _letter_of("record", each)):
        bury(db, placement.keyring, "record", poison, now_utc_ns)
    note_sequences(db, arrivals, now_utc_ns)
    if follows:
        place_batch(db, placement, follows, now_utc_ns)


def bury(db: sa.Connection, keyring: Keyring, what: str, poison: Poison, now_utc_ns: int) -> None:
    """Keep a dead letter, once."""
    letter = _letter_of(what, poison)
    sealed = keyring.seal(poison.payload, of_letter(letter))
    reason = poison.reason.replace("\0", "\\0")  # PostgreSQL has no zero bytes in text
    values = {"id": letter, "what": what, "reason": reason, "noticed_utc_ns": now_utc_ns, "body": sealed}
    if db.execute(insert_new(db, t.dead_letters).values(values)).rowcount:
        log.warning("dead letter %s: %s", letter, poison.reason)


def _letter_of(what: str, poison: Poison) -> UUID:
    return poison.id or uuid5(NAMESPACE_OID, f"{what} {poison.payload!r}")


def _entry_of(arrival: Good) -> tuple[str, str]:
    """Which entry of the other tables a record changes: taken in this order, two centres never wait for each other."""
    record, body = arrival.record, arrival.body
    return (
        record.kind,
        f"{about_of(body) or record.target or record.site} {getattr(body, 'day', '')} {getattr(body, 'key', '')}",
    )


def _fresh(db: sa.Connection, placement: Placement, good: dict[UUID, Good], now_utc_ns: int) -> dict[UUID, Good]:
    """Those that are neither here nor erased."""
    if not good:
        return {}
    known = ids_in(db, t.records.c.id, good)
    fresh = {record: arrival for record, arrival in good.items() if record not in known}
    late = of_the_erased(db, placement, fresh.values(), now_utc_ns)
    return {record: arrival for record, arrival in fresh.items() if record not in late}


def _claim(db: sa.Connection, fresh: dict[UUID, Good]) -> dict[UUID, str]:
    """Take the places that only one record can have; those that are another's already, and whose."""
    know_sessions(db, fresh.values())
    taken = claim_chunks(db, fresh.values())
    for record, arrival in sorted(fresh.items(), key=lambda each: str(session_of(each[1].body))):
        if (before := BEFORE.get(arrival.record.kind)) and (reason := before(db, arrival)):
            taken[record] = reason
    return taken


_COLUMNS = (
    "id",
    "kind",
    "site",
    "producer",
    "boot",
    "lane",
    "seq",
    "made_utc_ns",
    "stored_utc_ns",
    "session",
    "body",
    "target",
    "about",
    "subject",
)


def _insert(db: sa.Connection, placement: Placement, arrivals: list[Good], now_utc_ns: int) -> list[Good]:
    """Write the records; those that another centre has written in this moment are left out of the answer."""
    if not arrivals:
        return []
    rows = [_row(db, placement, arrival, now_utc_ns) for arrival in arrivals]
    stored = arrivals
    if db.dialect.name == "sqlite":  # one writer: what was not there a moment ago is not there now
        insert_rows(db, t.records, _COLUMNS, rows)
    else:
        named = [dict(zip(_COLUMNS, row, strict=True)) for row in sorted(rows, key=lambda row: str(row[0]))]
        new = set(db.scalars(insert_new(db, t.records).returning(t.records.c.id), named))
        stored = [arrival for arrival in arrivals if arrival.record.id in new]
    queue = [
        (stored_id(db, arrival.record.id), _stored(db, session_of(arrival.body)))
        for arrival in stored
        if arrival.record.kind in DRAWN
    ]
    insert_rows(db, t.to_project, ("record", "session"), queue)
    return stored


def _row(db: sa.Connection, placement: Placement, arrival: Good, now_utc_ns: int) -> tuple[Any, ...]:
    """What stands in `_COLUMNS`."""
    record, envelope, body = arrival.record, arrival.envelope, arrival.body
    subject = subject_of(body)
    return (
        stored_id(db, record.id),
        record.kind.value,
        record.site,
        record.producer,
        envelope.boot,
        envelope.lane.value,
        envelope.seq,
        record.made_utc_ns,
        now_utc_ns,
        _stored(db, session_of(body)),
        placement.keyring.seal(record.body, of_record(record.id)),
        record.target,
        _stored(db, about_of(body)),
        placement.keyring.pseudonym(subject) if subject else "",
    )


def _stored(db: sa.Connection, id_: UUID | None) -> Any:
    return None if id_ is None else stored_id(db, id_)
