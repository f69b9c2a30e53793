"""Files of people, found by code and PIN: a counsellor opens one, its owner looks into it at the kiosk.

A wrong code and a wrong PIN are the same to whoever tries, also in time. Tries are counted in the rows, so that no
restart forgives them, and put down before they are looked at, so that no crash does. Every look is in the audit.
"""

import contextlib
import secrets
import time
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from care.codes import CodeError, new_code, new_pin, read
from gateway import tables as t
from gateway.counter.messages import AppointmentPoint, FileAnswer, TrendPoint
from gateway.errors import KeyLost, NotAllowed, SealBroken
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import PersonFile, RecordKind, decode_body
from gateway.pins import new_file, opens
from gateway.rows import Rows
from gateway.sealing import of_record

__all__ = ["NewFile", "appointments_of", "file_of", "look_into_file", "open_file", "renew_pin"]

S = 1_000_000_000
TRIES_OF_A_CODE, OF_A_CODE_S = 5, 15 * 60
TRIES_AT_A_DOOR, AT_A_DOOR_S = 20, 3600


class NewFile(NamedTuple):
    """What is handed over to the person, on paper; the PIN is stored nowhere."""

    code: str
    pin: str
    by_centre: bool


def open_file(place: Place, actor: str, *, age_band: str = "", language: str = "zh") -> NewFile:
    """A counsellor opens a file for somebody; its code and PIN are made here.

    Raises:
        NotAllowed: nobody says who asks.
        StoreError: it was not stored.
    """
    if not actor.strip():
        raise NotAllowed(place.site, "nobody says who opens a file", "name yourself with --actor")
    return _store(place, actor.strip(), new_code(secrets.randbelow), 1, age_band, language, "file.new")


def renew_pin(place: Place, code: str, actor: str) -> NewFile:
    """A new PIN for somebody who has forgotten theirs and stands before a counsellor.

    Raises:
        NotAllowed: nobody says who asks, or the code has no file here.
        StoreError: it was not stored.
    """
    if not actor.strip():
        raise NotAllowed(place.site, "nobody says who gives a new PIN", "name yourself with --actor")
    with contextlib.suppress(CodeError):  # else it is none of ours, and has no file
        code = read(code)
    with place.reading() as rows:
        file = file_of(rows, code)
    if file is None:
        raise NotAllowed(place.site, f"no file has the code {code}", "open one with: xinyi code new")
    return _store(place, actor.strip(), code, file.version + 1, file.age_band, file.language, "file.pin")


def _store(place: Place, actor: str, code: str, version: int, age_band: str, language: str, action: str) -> NewFile:
    pin, now = new_pin(secrets.randbelow), time.time_ns()
    keyring = place.keyring()
    note(place.data, keyring, actor, action, keyring.pseudonym(code))
    file = new_file(
        code,
        pin,
        age_band=age_band,
        language=language,
        opened_utc_ns=now,
        opened_by=f"counsellor:{actor}",
        version=version,
    )
    return NewFile(code, pin, have_stored(place, [file], now).by_centre)


def file_of(rows: Rows, code: str) -> PersonFile | None:
    """The file of a code at this site: the newest version, of equal ones the first that was opened."""
    r = t.records.c
    question = sa.select(r.id, r.body).where(
        r.subject == rows.keyring.pseudonym(code), r.kind == RecordKind.PERSON_FILE
    )
    with rows.reading() as db:
        found = db.execute(question).all()
    files: list[tuple[int, int, str, PersonFile]] = []
    for row in found:
        try:
            file = decode_body(RecordKind.PERSON_FILE, rows.keyring.open_sealed(row.body, of_record(row.id)))
        except (KeyLost, SealBroken, msgspec.DecodeError):
            continue
        assert isinstance(file, PersonFile)
        files.append((-file.version, file.opened_utc_ns, row.id.hex, file))
    return min(files)[3] if files else None


def look_into_file(
    rows: Rows, code: str, pin: str, actor: str, *, site: str, zone: ZoneInfo, now_utc_ns: int
) -> FileAnswer:
    """What the owner of a code sees of their file, when the PIN is right. One at a time: the caller sees to it.

    Args:
        rows: of the site's centre, which writes.
        code: as `care.codes.read` gives it.
        pin: four digits.
        actor: the door at which it is asked, "kiosk-1".
        site: whose sittings are shown.
        zone: in which a day begins.
        now_utc_ns: UTC, ns.

    Raises:
        StoreError: the store does not answer, or the look cannot be written down.
    """
    hashed = rows.keyring.pseudonym(code)
    retry_s = _locked_s(rows, hashed, actor, now_utc_ns)
    if retry_s:
        note(rows.data, rows.keyring, actor, "file.locked", hashed)
        return FileAnswer("locked", retry_s)
    with rows.writing() as db:
        db.execute(t.wrong_tries.insert().values(door=actor, subject=hashed, at_utc_ns=now_utc_ns))
    file = file_of(rows, code)
    if not opens(file, pin) or file is None:
        note(rows.data, rows.keyring, actor, "file.wrong", hashed)
        return FileAnswer("wrong")
    with rows.writing() as db:
        db.execute(t.wrong_tries.delete().where(t.wrong_tries.c.subject == hashed))
    note(rows.data, rows.keyring, actor, "file.open", hashed)
    trend = _trend(rows, hashed, site, zone)
    return FileAnswer("ok", 0, code, file.age_band, file.language, file.opened_utc_ns, trend)


def _locked_s(rows: Rows, hashed: str, door: str, now_utc_ns: int) -> int:
    """For how many seconds nothing is looked at; 0 when it is. What no rule counts any more is forgotten."""
    c = t.wrong_tries.c
    longest_ns = max(OF_A_CODE_S, AT_A_DOOR_S) * S
    retry_s = 0
    with rows.writing() as db:
        old = (c.at_utc_ns <= now_utc_ns - longest_ns) | (c.at_utc_ns > now_utc_ns + longest_ns)  # the clock was set
        db.execute(t.wrong_tries.delete().where(old))
        for column, value, most, window_s in (
            (c.subject, hashed, TRIES_OF_A_CODE, OF_A_CODE_S),
            (c.door, door, TRIES_AT_A_DOOR, AT_A_DOOR_S),
        ):
            since = now_utc_ns - window_s * S
            question = sa.select(c.at_utc_ns).where(column == value, c.at_utc_ns > since)
            times = list(db.scalars(question.order_by(c.at_utc_ns.desc()).limit(most)))
            if len(times) == most:
                retry_s = max(retry_s, -((now_utc_ns - times[-1] - window_s * S) // S))
    return retry_s


def _trend(rows: Rows, hashed: str, site: str, zone: ZoneInfo) -> list[TrendPoint]:
    a, r = t.assessments.c, t.records.c
    question = (
        sa.select(a.ended_utc_ns, a.instrument, a.instrument_version, a.complete, a.band)
        .join(t.records, r.id == a.record)
        .where(r.subject == hashed, a.site == site)
        .order_by(a.ended_utc_ns, a.assessment)
    )
    with rows.reading() as db:
        return [
            TrendPoint(_day(row.ended_utc_ns, zone), *row[:3], row.complete, row.band if row.complete else "")
            for row in db.execute(question)
        ]


def _day(utc_ns: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(utc_ns // S, zone).date().isoformat()


def appointments_of(rows: Rows, code: str, actor: str) -> list[AppointmentPoint]:
    """What became of what a person asked for, the newest first. The caller has seen that their file is open.

    Raises:
        StoreError: the store does not answer, or the look cannot be written down.
    """
    hashed = rows.keyring.pseudonym(code)
    note(rows.data, rows.keyring, actor, "appointments.read", hashed)
    p, r = t.appointments.c, t.records.c
    question = (
        sa.select(p.appointment, p.state, p.at_utc_ns)
        .join(t.records, r.id == p.record)
        .where(r.subject == hashed)
        .order_by(r.made_utc_ns.desc(), p.appointment)
    )
    with rows.reading() as db:
        return [AppointmentPoint(*row) for row in db.execute(question)]
