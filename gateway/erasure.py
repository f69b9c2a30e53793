"""Erasing what is held about a person: rows, picture, what still waits to go on; and looking again that it is gone.

It happens in the transaction that stores the `Deletion`, so a receipt for it means that it is done here. Ids of what
went stay behind, and the hashed code with the time of the request, so that nothing of it can come back with a late
message; what the person does after the request is theirs again. Alerts stay: they hold a seat and what staff did, no
answers and no person. SQLite overwrites what it deletes (secure_delete).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import Good
from gateway.errors import KeyLost, SealBroken
from gateway.messages import Deletion, RecordKind, about_of, session_of, subject_of
from gateway.outgoing import drop
from gateway.placement import Placement
from gateway.sealing import of_letter
from gateway.upsert import insert_new

_KEPT_KINDS = (RecordKind.DELETION, RecordKind.DELETION_DONE)
_LONGEST_NS = 24 * 3600 * 1_000_000_000
"""How far the picture of a session whose end is not known may reach."""
_IN_ONE = 500
"""Ids in one statement: databases bound the number of values."""
_TURN = 7894656


class Held(NamedTuple):
    """What is held about a person or about things of theirs: ids."""

    records: set[UUID]
    sessions: set[UUID]
    things: set[UUID]
    letters: set[UUID]

    @property
    def everything(self) -> set[UUID]:
        return self.records | self.sessions | self.things


def take_turn(db: sa.Connection, *, erases: bool) -> None:
    """Centres on one PostgreSQL store beside each other, but nobody stores while one erases: what is on its way into
    the rows in that moment would be missed by the search, and would not see that it is erased.
    """
    if db.dialect.name == "postgresql":
        how = "pg_advisory_xact_lock" if erases else "pg_advisory_xact_lock_shared"
        db.execute(sa.text(f"SELECT {how}({_TURN})"))


def find_held(
    db: sa.Connection, placement: Placement, subject: str, sessions: Iterable[UUID] = (), things: Iterable[UUID] = ()
) -> Held:
    """Everything of a person (their pseudonym, "" for nobody) and of these sessions, assessments and appointments."""
    r = t.records.c
    hashed = placement.keyring.pseudonym(subject) if subject else ""
    ours = r.kind.not_in(_KEPT_KINDS)
    named = db.execute(sa.select(r.id, r.session, r.about).where(r.subject == hashed, ours)).all() if subject else []
    all_sessions = {*sessions, *(row.session for row in named if row.session)}
    all_things = {*things, *(row.about for row in named if row.about)}
    records = {row.id for row in named}
    for column, ids in ((r.session, all_sessions), (r.about, all_things)):
        for part in _parts(ids):
            records |= set(db.scalars(sa.select(r.id).where(column.in_(part), ours)))
    return Held(records, all_sessions, all_things, _letters(db, placement, subject, all_sessions | all_things))


def erase(
    db: sa.Connection, placement: Placement, record: UUID, deletion: Deletion, now_utc_ns: int
) -> tuple[dict[str, int], int, set[str]]:
    """Erase within the transaction of `db`.

    Args:
        db: the connection.
        placement: of this centre.
        record: that of the deletion.
        deletion: what is to go.
        now_utc_ns: UTC, ns.

    Returns:
        How many rows went, by table; how many a second search still finds (0); and the sites they had come from.
    """
    held = find_held(db, placement, deletion.subject, deletion.sessions, deletion.assessments)
    r = t.records.c
    sites = {
        site for part in _parts(held.records) for site in db.scalars(sa.select(r.site).where(r.id.in_(part)).distinct())
    }
    removed = _remove(db, placement, held, now_utc_ns)
    gone = (held.everything | set(deletion.sessions) | set(deletion.assessments)) - {record}
    _remember(db, deletion.deletion, gone, now_utc_ns)
    if deletion.subject:
        tries = t.wrong_tries.c.subject == placement.keyring.pseudonym(deletion.subject)
        removed["wrong_tries"] = db.execute(t.wrong_tries.delete().where(tries)).rowcount
        _remember(db, deletion.deletion, {_person(placement, deletion.subject)}, deletion.asked_utc_ns)
    again = find_held(db, placement, deletion.subject, deletion.sessions, deletion.assessments)
    return removed, len(again.records) + len(again.letters), sites


def of_the_erased(db: sa.Connection, placement: Placement, arrivals: Iterable[Good], now_utc_ns: int) -> set[UUID]:
    """Records among these that are erased, or of something or somebody erased: they come late and are not stored.

    A session or sitting whose opening comes late drags along what of it had come before.
    """
    if db.scalar(sa.select(t.erased.c.id).limit(1)) is None:
        return set()
    wanted: dict[UUID, set[UUID]] = {}
    people: dict[UUID, UUID] = {}
    asked: set[UUID] = set()
    all_arrivals = [each for each in arrivals if each.record.kind not in _KEPT_KINDS]
    for each in all_arrivals:
        things = {thing for thing in (session_of(each.body), about_of(each.body)) if thing}
        wanted[each.record.id] = {each.record.id, *things}
        if subject := subject_of(each.body):
            people[each.record.id] = _person(placement, subject)
        asked |= wanted[each.record.id]
    if not asked:
        return set()
    e = t.erased.c
    found = {
        row.id: row
        for part in _parts(asked | set(people.values()))
        for row in db.execute(sa.select(e.id, e.deletion, e.erased_utc_ns).where(e.id.in_(part)))
    }
    late: set[UUID] = set()
    for each in all_arrivals:
        record = each.record
        if wanted[record.id] & found.keys():
            late.add(record.id)
        elif (row := found.get(people.get(record.id, record.id))) and record.made_utc_ns <= row.erased_utc_ns:
            late.add(record.id)
            things = wanted[record.id]
            _remove(db, placement, find_held(db, placement, "", things, things), now_utc_ns)
            _remember(db, row.deletion, things, now_utc_ns)
    for each in all_arrivals:  # of a session whose opening has just turned out to be late
        if any(wanted[each.record.id] & wanted[other] - {other} for other in late):
            late.add(each.record.id)
    return late


def _person(placement: Placement, subject: str) -> UUID:
    """What stands in `erased` for a person: the hash of their code."""
    return UUID(hex=placement.keyring.pseudonym(subject))


def _remember(db: sa.Connection, deletion: UUID, gone: set[UUID], until_utc_ns: int) -> None:
    rows = [{"id": each, "deletion": deletion, "erased_utc_ns": until_utc_ns} for each in sorted(gone)]
    if not rows:
        return
    statement = insert_new(db, t.erased)
    db.execute(statement, rows)
    later = t.erased.c.erased_utc_ns < until_utc_ns
    for part in _parts(gone):
        db.execute(t.erased.update().where(t.erased.c.id.in_(part), later).values(erased_utc_ns=until_utc_ns))


def _remove(db: sa.Connection, placement: Placement, held: Held, now_utc_ns: int) -> dict[str, int]:
    """Rows that went, by table."""
    _note_picture(db, held.sessions)
    removed = {"outgoing": 0}
    for part in _parts(held.records):
        removed["outgoing"] += drop(db, placement, t.outgoing.c.record.in_(part), "erased", now_utc_ns)
    for table, column, ids in (
        (t.to_project, t.to_project.c.record, held.records),
        (t.chunks, t.chunks.c.session, held.sessions),
        (t.sessions, t.sessions.c.session, held.sessions),
        (t.assessments, t.assessments.c.assessment, held.things),
        (t.incidents, t.incidents.c.id, held.records),
        (t.appointments, t.appointments.c.appointment, held.things),
        (t.receipts, t.receipts.c.record, held.records),
        (t.dead_letters, t.dead_letters.c.id, held.letters),
        (t.records, t.records.c.id, held.records),
    ):
        removed[table.name] = sum(db.execute(table.delete().where(column.in_(part))).rowcount for part in _parts(ids))
    return removed


def _parts(ids: set[UUID]) -> Iterator[list[UUID]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _IN_ONE):
        yield ordered[start : start + _IN_ONE]


def _note_picture(db: sa.Connection, sessions: set[UUID]) -> None:
    """Which stretches of the picture have to go, while it is still known where they are."""
    c = t.sessions.c
    columns = (c.session, c.site, c.device, c.began_utc_ns, c.ended_ns)
    spans = [
        {
            "session": row.session,
            "site": row.site,
            "device": row.device or "",
            "from_utc_ns": row.began_utc_ns,
            "to_utc_ns": row.began_utc_ns + (_LONGEST_NS if row.ended_ns is None else row.ended_ns + 1_000_000_000),
        }
        for part in _parts(sessions)
        for row in db.execute(sa.select(*columns).where(c.session.in_(part), c.began_utc_ns.is_not(None)))
    ]
    if spans:
        db.execute(insert_new(db, t.picture_erasures), spans)


def _letters(db: sa.Connection, placement: Placement, subject: str, things: set[UUID]) -> set[UUID]:
    """Dead letters that mention them, also those that are no record of ours: ids and codes travel as plain text."""
    needles = [str(thing).encode() for thing in things] + ([subject.encode()] if subject else [])
    if not needles:
        return set()
    found: set[UUID] = set()
    d = t.dead_letters.c
    for row in db.execute(sa.select(d.id, d.body).where(d.what == "record")):
        try:
            payload = placement.keyring.open_sealed(row.body, of_letter(row.id))
        except (KeyLost, SealBroken):
            continue
        if any(needle in payload for needle in needles):
            found.add(row.id)
    return found
