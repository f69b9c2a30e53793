"""What each kind of record says in the tables beside `records`: claims before it is stored, entries after.

`BEFORE` names kinds that need a place of their own (a session is opened once) or a writer who has a say; its functions
give the reason why one is not stored. `AFTER` names kinds that change what a table says; newest version wins, in
whatever order they come. Adding a kind: its struct in `messages.py`, and a line here if somebody asks for it by more
than its id.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from care.alerts import AlertEvent, alert_state
from gateway import tables as t
from gateway.arrivals import Good, within
from gateway.believed import believed, has_a_say, home_of
from gateway.erasure import erase
from gateway.errors import KeyLost, SealBroken
from gateway.messages import (
    Appointment,
    Assessment,
    ContentViewed,
    Deletion,
    DeletionDone,
    DutyRoster,
    LibraryPiece,
    RecordKind,
    Revocation,
    SessionChunk,
    SiteCounts,
    SiteSettings,
    decode_body,
    session_of,
)
from gateway.placement import Placement
from gateway.scoring import note_incident
from gateway.sealing import of_record
from gateway.upsert import insert, insert_new, put_newest

log = logging.getLogger(__name__)

_OPENED = ("programme", "device", "began_utc_ns")
_CLOSED = ("ended_ns", "outcome", "chunks", "beats", "mean_hr_bpm", "rmssd_ms", "artefact_share", "relaxation")


def know_sessions(db: sa.Connection, arrivals: Iterable[Good]) -> None:
    """A row for each session that is named, however little is known of it yet."""
    named = {session: each.record.site for each in arrivals if (session := session_of(each.body))}
    if named:
        rows = [{"session": session, "site": named[session]} for session in sorted(named)]
        db.execute(insert_new(db, t.sessions), rows)


def claim_chunks(db: sa.Connection, arrivals: Iterable[Good]) -> dict[UUID, str]:
    """Give chunks their places; those whose place another record has, and why."""
    chunks = [(each.record.id, each.body) for each in arrivals if isinstance(each.body, SessionChunk)]
    if not chunks:
        return {}
    c = t.chunks.c
    rows = [
        {
            "session": body.session,
            "number": body.number,
            "version": body.version,
            "record": record,
            "from_ns": body.from_ns,
            "to_ns": body.to_ns,
        }
        for record, body in chunks
    ]
    rows.sort(key=lambda row: (str(row["session"]), row["number"], row["version"]))
    done = db.execute(insert_new(db, t.chunks), rows)
    if done.rowcount == len(rows):
        return {}
    taken: dict[UUID, str] = {}
    for record, body in chunks:
        place = (c.session == body.session, c.number == body.number, c.version == body.version)
        other = db.scalar(sa.select(c.record).where(*place))
        if other != record:
            what = f"chunk {body.number} version {body.version} of session {body.session}"
            taken[record] = f"{what} came by record {other} already"
    return taken


def _open_session(db: sa.Connection, arrival: Good) -> str:
    return _claim_session(db, arrival, "opened_record", _OPENED, "opened")


def _close_session(db: sa.Connection, arrival: Good) -> str:
    return _claim_session(db, arrival, "closed_record", _CLOSED, "closed")


def _claim_session(db: sa.Connection, arrival: Good, column: str, names: tuple[str, ...], what: str) -> str:
    c = t.sessions.c
    session = session_of(arrival.body)
    values: dict[str, Any] = {column: arrival.record.id} | {name: getattr(arrival.body, name) for name in names}
    done = db.execute(t.sessions.update().where(c.session == session, c[column].is_(None)).values(**values))
    if done.rowcount:
        return ""
    other = db.scalar(sa.select(c[column]).where(c.session == session))
    return "" if other == arrival.record.id else f"session {session} was {what} by record {other} already"


def _by_a_stranger(db: sa.Connection, arrival: Good) -> str:
    """A step of an alert whose home is known, by a site that is neither it nor above it."""
    body, a = arrival.body, t.alerts.c
    assert isinstance(body, AlertEvent)
    home = db.scalar(sa.select(a.site).where(a.alert == body.alert, a.raised_utc_ns.is_not(None)))
    if home is None or has_a_say(arrival.record.site, home):
        return ""
    return f"{arrival.record.site} says {body.step} of alert {body.alert}, which was raised at {home}"


BEFORE: dict[RecordKind, Callable[[sa.Connection, Good], str]] = {
    RecordKind.ALERT_EVENT: _by_a_stranger,
    RecordKind.SESSION_OPENED: _open_session,
    RecordKind.SESSION_CLOSED: _close_session,
}


def _assessment(db: sa.Connection, placement: Placement, arrival: Good, now_utc_ns: int) -> list[Good]:
    """What this centre makes of the answers; what the kiosk said only where it cannot make anything of them."""
    body = arrival.body
    assert isinstance(body, Assessment)
    names = (
        "assessment",
        "version",
        "instrument",
        "ended_utc_ns",
        "complete",
        "score",
        "band",
        "tier",
        "instrument_version",
        "rules_version",
    )
    values = {name: getattr(body, name) for name in names}
    verdict = placement.scorer.judge(body)
    values |= verdict.columns if verdict else {"scored": False}
    record = arrival.record
    put_newest(db, t.assessments, values | {"record": record.id, "site": record.site})
    if verdict and verdict.differences:
        note_incident(db, placement.keyring, record.id, record.site, verdict.differences, now_utc_ns)
    return []


def _alert(db: sa.Connection, placement: Placement, arrival: Good, _now: int) -> list[Good]:
    """The alert as all its steps that are here say."""
    body = arrival.body
    assert isinstance(body, AlertEvent)
    if db.dialect.name != "sqlite":  # two centres that store steps of one alert do it one after the other
        db.execute(sa.text("SELECT pg_advisory_xact_lock(:alert)"), {"alert": body.alert.int % (1 << 62)})
    r = t.records.c
    rows = db.execute(
        sa.select(r.id, r.body, r.site).where(r.about == body.alert, r.kind == RecordKind.ALERT_EVENT).order_by(r.id)
    ).all()
    steps: list[tuple[str, AlertEvent]] = []
    for row in rows:
        try:
            sealed = placement.keyring.open_sealed(row.body, of_record(row.id))
            step = decode_body(RecordKind.ALERT_EVENT, sealed)
        except (KeyLost, SealBroken, msgspec.DecodeError, ValueError) as error:
            log.warning("a step of alert %s cannot be read: %s", body.alert, error)  # the others must go on
            continue
        assert isinstance(step, AlertEvent)
        steps.append((row.site, step))
    steps = believed(steps)
    state = alert_state(step for _, step in steps)
    site = home_of(steps)  # whoever of its steps came last
    deadline = state.next_deadline
    values = {
        "alert": body.alert,
        "site": site,
        "status": state.status,
        "tier": state.tier,
        "level": state.level,
        "owner": state.owner,
        "version": state.version,
        "raised_utc_ns": state.raised_utc_ns,
        "next_level": deadline.level if deadline else "",
        "next_deadline_utc_ns": deadline.until_utc_ns if deadline else None,
    }
    statement = insert(db, t.alerts).values(values)
    rest = {name: statement.excluded[name] for name in values if name != "alert"}
    db.execute(statement.on_conflict_do_update(index_elements=["alert"], set_=rest))
    return []


def _appointment(db: sa.Connection, _: Placement, arrival: Good, _now: int) -> list[Good]:
    body = arrival.body
    assert isinstance(body, Appointment)
    values = {name: getattr(body, name) for name in ("appointment", "version", "state", "at_utc_ns")}
    site = arrival.record.target or arrival.record.site
    put_newest(db, t.appointments, values | {"record": arrival.record.id, "site": site})
    return []


def _counts(db: sa.Connection, _: Placement, arrival: Good, _now: int) -> list[Good]:
    body = arrival.body
    assert isinstance(body, SiteCounts)
    counts = msgspec.json.encode(dict(sorted(body.counts.items()))).decode()
    values = {"site": arrival.record.site, "day": body.day, "version": body.version, "counts": counts}
    put_newest(db, t.site_counts, values, tie="counts")
    return []


def _document(db: sa.Connection, _: Placement, arrival: Good, _now: int) -> list[Good]:
    """What stands for a site, if it says so itself or a site above it does."""
    record, body = arrival.record, arrival.body
    if not _has_a_say(arrival):
        return []
    match body:
        case DutyRoster() | SiteSettings():
            version = body.version
        case Revocation():
            version = body.number
        case _:
            version = record.made_utc_ns
    values = {"kind": record.kind, "target": record.target or record.site, "version": version, "record": record.id}
    put_newest(db, t.documents, values)
    return []


def _library(db: sa.Connection, _: Placement, arrival: Good, _now: int) -> list[Good]:
    """A piece that stands for a site, under the rule of documents."""
    record, body = arrival.record, arrival.body
    assert isinstance(body, LibraryPiece)
    if _has_a_say(arrival):
        values = {"target": record.target or record.site, "piece": body.key, "version": body.version}
        put_newest(db, t.library, values | {"record": record.id, "withdrawn": body.withdrawn})
    return []


def _viewed(db: sa.Connection, _: Placement, arrival: Good, _now: int) -> list[Good]:
    body = arrival.body
    assert isinstance(body, ContentViewed)
    values = {"record": arrival.record.id, "site": arrival.record.site, "piece": body.piece}
    db.execute(insert_new(db, t.content_views).values(values | {"at_utc_ns": body.at_utc_ns}))
    return []


def _has_a_say(arrival: Good) -> bool:
    """Whether a site says something of itself or of one below it: a neighbour has no say."""
    record = arrival.record
    if within(record.target or record.site, record.site):
        return True
    log.warning("%s of %s says what is to stand at %s; it stands aside", record.kind, record.site, record.target)
    return False


def _deletion(db: sa.Connection, placement: Placement, arrival: Good, now_utc_ns: int) -> list[Good]:
    """Erase here, tell whoever asked what went, and pass it down to those who may hold something.

    What was asked here or above goes to every site below; what a site below asks goes to another one below only when
    something here had come from there.
    """
    body = arrival.body
    assert isinstance(body, Deletion)
    if placement.is_onward(arrival):
        return []  # done here already; it only passes on
    removed, left, sites = erase(db, placement, arrival.record.id, body, now_utc_ns)
    done = DeletionDone(body.deletion, placement.site, now_utc_ns, removed, left)
    answers = [placement.own(done, now_utc_ns, target="" if body.origin == placement.site else body.origin)]
    sender = arrival.hop.sender
    asked_below = sender != placement.site and within(sender, placement.site)
    targets = _top(sites if asked_below else sites | _sites_below(db), placement.site)
    if asked_below:
        targets = {target for target in targets if not within(target, sender)}
    return answers + [placement.onward(arrival, target) for target in sorted(targets)]


def _sites_below(db: sa.Connection) -> set[str]:
    """Whoever was heard at this broker, or sent something that is here."""
    return {*db.scalars(sa.select(t.sites.c.site)), *db.scalars(sa.select(t.records.c.site).distinct())}


def _top(sites: set[str], own: str) -> set[str]:
    """Those below `own` that are not below another of them: each passes on to its own."""
    below = {site for site in sites if site != own and within(site, own)}
    return {site for site in below if not any(site != other and within(site, other) for other in below)}


AFTER: dict[RecordKind, Callable[[sa.Connection, Placement, Good, int], list[Good]]] = {
    RecordKind.ASSESSMENT: _assessment,
    RecordKind.ALERT_EVENT: _alert,
    RecordKind.APPOINTMENT: _appointment,
    RecordKind.SITE_COUNTS: _counts,
    RecordKind.DUTY_ROSTER: _document,
    RecordKind.SITE_SETTINGS: _document,
    RecordKind.REVOCATION: _document,
    RecordKind.RELEASE_MANIFEST: _document,
    RecordKind.LIBRARY_PIECE: _library,
    RecordKind.CONTENT_VIEWED: _viewed,
    RecordKind.DELETION: _deletion,
}
