"""How a batch of arrivals becomes rows: which columns each kind of record fills, and what happens to the rest.

Everything is written in the caller's one transaction: records, columns of their session or chunk, their place in the
queue for points, dead letters, and notes about sequence numbers. A record id that is there already changes nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import Good, Poison
from gateway.keys import Keyring
from gateway.messages import Body, SessionChunk, SessionClosed, SessionOpened
from gateway.sequences import note_sequences

_ENVELOPE = ("id", "kind", "site", "producer", "boot", "lane", "seq", "made_utc_ns")
_OPENED = ("programme", "device", "began_utc_ns")
_CLOSED = ("ended_ns", "outcome", "chunks", "beats", "mean_hr_bpm", "rmssd_ms", "artefact_share", "relaxation")

log = logging.getLogger(__name__)


def context(what: str, record: UUID) -> bytes:
    """What a sealed body belongs to, so that it opens nowhere else."""
    return what.encode() + b"\0" + record.bytes


def place_batch(db: sa.Connection, keyring: Keyring, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> None:
    """Write a batch within the transaction of `db`."""
    good = {arrival.record.id: arrival for arrival in arrivals if isinstance(arrival, Good)}
    known = set(db.scalars(sa.select(t.records.c.id).where(t.records.c.id.in_(good))))
    for record, arrival in good.items():
        if record not in known and (taken := _place(db, keyring, arrival, now_utc_ns)):
            bury(db, keyring, "record", Poison(record, taken, arrival.payload), now_utc_ns)
    for poison in arrivals:
        if isinstance(poison, Poison):
            bury(db, keyring, "record", poison, now_utc_ns)
    note_sequences(db, (arrival.record for arrival in arrivals if isinstance(arrival, Good)), now_utc_ns)


def bury(db: sa.Connection, keyring: Keyring, what: str, poison: Poison, now_utc_ns: int) -> None:
    """Keep a dead letter, once."""
    letter = poison.id or uuid5(NAMESPACE_OID, f"{what} {poison.payload!r}")
    if db.scalar(sa.select(t.dead_letters.c.id).where(t.dead_letters.c.id == letter)):
        return
    log.warning("dead letter %s: %s", letter, poison.reason)
    sealed = keyring.seal(poison.payload, context("dead", letter))
    values = {"id": letter, "what": what, "reason": poison.reason, "noticed_utc_ns": now_utc_ns, "body": sealed}
    db.execute(t.dead_letters.insert().values(values))


def _place(db: sa.Connection, keyring: Keyring, arrival: Good, now_utc_ns: int) -> str:
    """Store one new record; the reason instead when its place is taken by another record."""
    record, body = arrival.record, arrival.body
    row = db.execute(t.sessions.select().where(t.sessions.c.session == body.session)).mappings().first()
    if taken := _taken(db, body, row or {}):
        return taken
    values = _columns(record.id, body)
    if row is None:
        db.execute(t.sessions.insert().values(session=body.session, site=record.site, **values))
    elif values:
        db.execute(t.sessions.update().where(t.sessions.c.session == body.session).values(**values))
    if isinstance(body, SessionChunk):
        span = {"record": record.id, "from_ns": body.from_ns, "to_ns": body.to_ns}
        db.execute(t.chunks.insert().values(_key(body) | span))
    fields = {name: getattr(record, name) for name in _ENVELOPE}
    sealed = keyring.seal(record.body, context("record", record.id))
    db.execute(t.records.insert().values(**fields, stored_utc_ns=now_utc_ns, session=body.session, body=sealed))
    db.execute(t.to_project.insert().values(record=record.id, session=body.session))
    return ""


def _columns(record: UUID, body: Body) -> dict[str, Any]:
    """What the session's row learns from a body."""
    match body:
        case SessionOpened():
            return {"opened_record": record} | {name: getattr(body, name) for name in _OPENED}
        case SessionClosed():
            return {"closed_record": record} | {name: getattr(body, name) for name in _CLOSED}
        case SessionChunk():
            return {}


def _taken(db: sa.Connection, body: Body, row: Mapping[Any, Any]) -> str:
    """Which other record stands where this one belongs, or ""."""
    match body:
        case SessionOpened():
            other, what = row.get("opened_record"), f"session {body.session} was opened"
        case SessionClosed():
            other, what = row.get("closed_record"), f"session {body.session} was closed"
        case SessionChunk():
            place = [t.chunks.c[name] == value for name, value in _key(body).items()]
            other = db.scalar(sa.select(t.chunks.c.record).where(*place))
            what = f"chunk {body.number} version {body.version} of session {body.session} came"
    return f"{what} by record {other} already" if other else ""


def _key(chunk: SessionChunk) -> dict[str, Any]:
    return {"session": chunk.session, "number": chunk.number, "version": chunk.version}
