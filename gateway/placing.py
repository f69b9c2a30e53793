"""How a batch of arrivals becomes rows: which columns each kind of record fills, and what happens to the rest.

Everything is written in the caller's one transaction: records, what the other tables say of them, their place in the
queue for points and on their next hops, dead letters, and notes about sequence numbers. A record id that is there
already changes nothing; neither does the order in which records come. Several centres may do this on one PostgreSQL.
"""

import logging
from collections.abc import Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import Good, Poison
from gateway.keys import Keyring
from gateway.messages import RecordKind, session_of
from gateway.outgoing import enqueue
from gateway.placement import Placement
from gateway.places_of_kinds import AFTER, BEFORE, about_of, claim_chunks, know_sessions, subject_of
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


def context(what: str, record: UUID) -> bytes:
    """What a sealed body belongs to, so that it opens nowhere else."""
    return what.encode() + b"\0" + record.bytes


def place_batch(db: sa.Connection, placement: Placement, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> None:
    """Write a batch within the transaction of `db`."""
    good: dict[UUID, Good] = {}
    for arrival in arrivals:
        if isinstance(arrival, Good):
            good.setdefault(arrival.record.id, arrival)
    fresh = _fresh(db, good)
    taken = _claim(db, fresh)
    for record, reason in taken.items():
        arrival = fresh.pop(record)
        bury(db, placement.keyring, "record", Poison(record, reason, arrival.payload), now_utc_ns)
    stored = _insert(db, placement, list(fresh.values()), now_utc_ns)
    follows: list[Good] = []
    for arrival in stored:
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
    for poison in arrivals:
        if isinstance(poison, Poison):
            bury(db, placement.keyring, "record", poison, now_utc_ns)
    note_sequences(db, arrivals, now_utc_ns)
    if follows:
        place_batch(db, placement, follows, now_utc_ns)


def bury(db: sa.Connection, keyring: Keyring, what: str, poison: Poison, now_utc_ns: int) -> None:
    """Keep a dead letter, once."""
    letter = poison.id or uuid5(NAMESPACE_OID, f"{what} {poison.payload!r}")
    sealed = keyring.seal(poison.payload, context("dead", letter))
    values = {"id": letter, "what": what, "reason": poison.reason, "noticed_utc_ns": now_utc_ns, "body": sealed}
    if db.execute(insert_new(db, t.dead_letters).values(values)).rowcount:
        log.warning("dead letter %s: %s", letter, poison.reason)


def _fresh(db: sa.Connection, good: dict[UUID, Good]) -> dict[UUID, Good]:
    """Those that are neither here nor erased."""
    if not good:
        return {}
    known = set(db.scalars(sa.select(t.records.c.id).where(t.records.c.id.in_(good))))
    things = {thing for each in good.values() for thing in (session_of(each.body), about_of(each.body)) if thing}
    gone = set(db.scalars(sa.select(t.erased.c.id).where(t.erased.c.id.in_({*good, *things}))))
    return {
        record: arrival
        for record, arrival in good.items()
        if record not in known and not (gone and {record, session_of(arrival.body), about_of(arrival.body)} & gone)
    }


def _claim(db: sa.Connection, fresh: dict[UUID, Good]) -> dict[UUID, str]:
    """Take the places that only one record can have; those that are another's already, and whose."""
    know_sessions(db, fresh.values())
    taken = claim_chunks(db, fresh.values())
    for record, arrival in fresh.items():
        if (before := BEFORE.get(arrival.record.kind)) and (reason := before(db, arrival)):
            taken[record] = reason
    return taken


def _insert(db: sa.Connection, placement: Placement, arrivals: list[Good], now_utc_ns: int) -> list[Good]:
    """Write the records; those that another centre has written in this moment are left out of the answer."""
    if not arrivals:
        return []
    seal, hashed = placement.keyring.seal, placement.keyring.pseudonym
    rows = []
    for arrival in arrivals:
        record, envelope, body = arrival.record, arrival.envelope, arrival.body
        subject = subject_of(body)
        rows.append(
            {
                "id": record.id,
                "kind": record.kind,
                "site": record.site,
                "producer": record.producer,
                "boot": envelope.boot,
                "lane": envelope.lane,
                "seq": envelope.seq,
                "made_utc_ns": record.made_utc_ns,
                "stored_utc_ns": now_utc_ns,
                "session": session_of(body),
                "body": seal(record.body, context("record", record.id)),
                "target": record.target,
                "about": about_of(body),
                "subject": hashed(subject) if subject else "",
            }
        )
    if db.dialect.name == "sqlite":  # one writer: what was not there a moment ago is not there now
        db.execute(t.records.insert(), rows)
        stored = arrivals
    else:
        new = set(db.scalars(insert_new(db, t.records).returning(t.records.c.id), rows))
        stored = [arrival for arrival in arrivals if arrival.record.id in new]
    queue = [
        {"record": arrival.record.id, "session": session_of(arrival.body)}
        for arrival in stored
        if arrival.record.kind in DRAWN
    ]
    if queue:
        db.execute(t.to_project.insert(), queue)
    return stored
