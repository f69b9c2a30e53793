"""Erasing what is held about a person: rows, picture, what still waits to go on; and looking again that it is gone.

It happens in the transaction that stores the `Deletion`, so a receipt for it means that it is done here. Ids of what
went stay behind, so that nothing of it can come back with a late message. Alerts stay: they hold a seat and what staff
did, no answers and no person. SQLite overwrites what it deletes (secure_delete).
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.errors import KeyLost, SealBroken
from gateway.messages import Deletion, Envelope, RecordKind, decode_body, session_of
from gateway.outgoing import drop
from gateway.placement import Placement
from gateway.upsert import insert_new

_KEPT_KINDS = (RecordKind.DELETION, RecordKind.DELETION_DONE)
_LONGEST_NS = 24 * 3600 * 1_000_000_000
"""How far the picture of a session whose end is not known may reach."""


class Held(NamedTuple):
    """What is held about a person or about things of theirs: ids."""

    records: set[UUID]
    sessions: set[UUID]
    things: set[UUID]
    letters: set[UUID]

    @property
    def everything(self) -> set[UUID]:
        return self.records | self.sessions | self.things


def find_held(
    db: sa.Connection, placement: Placement, subject: str, sessions: Iterable[UUID] = (), things: Iterable[UUID] = ()
) -> Held:
    """Everything of a person (their pseudonym, "" for nobody) and of these sessions, assessments and appointments."""
    r = t.records.c
    hashed = placement.keyring.pseudonym(subject) if subject else ""
    theirs = r.subject == hashed if subject else sa.false()
    named = db.execute(sa.select(r.session, r.about).where(theirs, r.kind.not_in(_KEPT_KINDS))).all()
    all_sessions = {*sessions, *(row.session for row in named if row.session)}
    all_things = {*things, *(row.about for row in named if row.about)}
    which = (theirs | r.session.in_(all_sessions) | r.about.in_(all_things)) & r.kind.not_in(_KEPT_KINDS)
    records = set(db.scalars(sa.select(r.id).where(which)))
    return Held(records, all_sessions, all_things, _letters(db, placement, subject, all_sessions | all_things))


def erase(
    db: sa.Connection, placement: Placement, record: UUID, deletion: Deletion, now_utc_ns: int
) -> tuple[dict[str, int], int]:
    """Erase within the transaction of `db`.

    Args:
        db: the connection.
        placement: of this centre.
        record: that of the deletion.
        deletion: what is to go.
        now_utc_ns: UTC, ns.

    Returns:
        How many rows went, by table; and how many a second search still finds (0).
    """
    held = find_held(db, placement, deletion.subject, deletion.sessions, deletion.assessments)
    _note_picture(db, held.sessions)
    removed = {"outgoing": drop(db, placement, t.outgoing.c.record.in_(held.records), "erased", now_utc_ns)}
    for table, column, ids in (
        (t.to_project, t.to_project.c.record, held.records),
        (t.chunks, t.chunks.c.session, held.sessions),
        (t.sessions, t.sessions.c.session, held.sessions),
        (t.assessments, t.assessments.c.assessment, held.things),
        (t.appointments, t.appointments.c.appointment, held.things),
        (t.receipts, t.receipts.c.record, held.records),
        (t.dead_letters, t.dead_letters.c.id, held.letters),
        (t.records, t.records.c.id, held.records),
    ):
        removed[table.name] = db.execute(table.delete().where(column.in_(ids))).rowcount
    gone = held.everything | set(deletion.sessions) | set(deletion.assessments)
    if gone:
        rows = [{"id": each, "deletion": deletion.deletion, "erased_utc_ns": now_utc_ns} for each in gone - {record}]
        db.execute(insert_new(db, t.erased), rows)
    again = find_held(db, placement, deletion.subject, deletion.sessions, deletion.assessments)
    return removed, len(again.records) + len(again.letters)


def _note_picture(db: sa.Connection, sessions: set[UUID]) -> None:
    """Which stretches of the picture have to go, while it is still known where they are."""
    c = t.sessions.c
    known = c.session.in_(sessions) & c.began_utc_ns.is_not(None)
    spans = [
        {
            "session": row.session,
            "site": row.site,
            "device": row.device or "",
            "from_utc_ns": row.began_utc_ns,
            "to_utc_ns": row.began_utc_ns + (_LONGEST_NS if row.ended_ns is None else row.ended_ns + 1_000_000_000),
        }
        for row in db.execute(sa.select(c.session, c.site, c.device, c.began_utc_ns, c.ended_ns).where(known))
    ]
    if spans:
        db.execute(insert_new(db, t.picture_erasures), spans)


def _letters(db: sa.Connection, placement: Placement, subject: str, things: set[UUID]) -> set[UUID]:
    """Dead letters that speak of them, as far as they can be read."""
    found: set[UUID] = set()
    for row in db.execute(
        sa.select(t.dead_letters.c.id, t.dead_letters.c.body).where(t.dead_letters.c.what == "record")
    ):
        try:
            payload = placement.keyring.open_sealed(row.body, b"dead\0" + row.id.bytes)
            record = msgspec.msgpack.decode(payload, type=Envelope).record
            body = decode_body(record.kind, record.body)
        except (KeyLost, SealBroken, msgspec.DecodeError, UnicodeError, ValueError):
            continue
        theirs = bool(subject) and getattr(body, "subject", "") == subject
        if theirs or {session_of(body), getattr(body, "assessment", None)} & things:
            found.add(row.id)
    return found
