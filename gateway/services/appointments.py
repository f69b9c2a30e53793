"""Appointments: what residents have asked for, and what the site answers: a higher version of the same one."""

import time
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.errors import NotAllowed, UnknownAppointment
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import Appointment, RecordKind, decode_body
from gateway.rows import Rows
from gateway.sealing import of_record

__all__ = ["AppointmentRow", "answer_appointment", "find_appointments", "resolve_appointment"]

ASKED, OFFERED, CONFIRMED, CANCELLED = "asked", "offered", "confirmed", "cancelled"


class AppointmentRow(NamedTuple):
    """One line of the book.

    Attributes:
        made_utc_ns: when this version was written.
        body: what it says.
    """

    site: str
    made_utc_ns: int
    body: Appointment


def find_appointments(rows: Rows, *, states: tuple[str, ...] = (ASKED,), limit: int = 200) -> list[AppointmentRow]:
    """Appointments in one of these states, those that were asked for first in front.

    Raises:
        KeyLost, SealBroken: one cannot be opened.
    """
    a, r = t.appointments.c, t.records.c
    question = (
        sa.select(r.id, a.site, r.made_utc_ns, r.body)
        .join(t.records, r.id == a.record)
        .where(a.state.in_(states))
        .order_by(a.at_utc_ns.asc().nulls_first(), r.made_utc_ns)
        .limit(limit)
    )
    with rows.reading() as db:
        found = db.execute(question).all()
    keyring = rows.placement.keyring
    book = []
    for row in found:
        body = decode_body(RecordKind.APPOINTMENT, keyring.open_sealed(row.body, of_record(row.id)))
        assert isinstance(body, Appointment)
        book.append(AppointmentRow(row.site, row.made_utc_ns, body))
    return book


def resolve_appointment(rows: Rows, text: str) -> AppointmentRow:
    """The appointment that is meant by an id, or the beginning of one, or by the number on the resident's screen.

    Raises:
        UnknownAppointment: none, or more than one, is meant.
    """
    asked = text.replace("-", "").strip().lower()
    book = find_appointments(rows, states=(ASKED, OFFERED, CONFIRMED, CANCELLED), limit=100_000)
    found = [
        row
        for row in book
        if asked and (row.body.appointment.hex.startswith(asked) or row.body.subject.lower() == asked)
    ]
    waiting = [row for row in found if row.body.state == ASKED]
    if len(found) == 1 or len(waiting) == 1:
        return (waiting or found)[0]
    if found:
        raise UnknownAppointment(rows.where, f"{len(found)} appointments are meant by {text!r}", "give more of the id")
    raise UnknownAppointment(rows.where, f"there is no appointment {text!r}", "list them with: xinyi appointments")


def answer_appointment(
    place: Place, row: AppointmentRow, state: str, actor: str, *, at_utc_ns: int | None = None, person: str = ""
) -> Appointment:
    """Offer, confirm or cancel one. How it stands then.

    Raises:
        NotAllowed: nobody says who answers, or a time is missing.
        StoreError: nothing was stored.
    """
    body = row.body
    if not actor.strip():
        raise NotAllowed(body.appointment.hex, "nobody says who answers", "name yourself with --actor")
    if state in {OFFERED, CONFIRMED} and at_utc_ns is None and body.at_utc_ns is None:
        raise NotAllowed(body.appointment.hex, "an appointment has a time", 'give it with --at "2026-12-01 09:30"')
    answer = msgspec.structs.replace(
        body,
        version=body.version + 1,
        state=state,
        at_utc_ns=body.at_utc_ns if at_utc_ns is None else at_utc_ns,
        person=person or body.person,
    )
    note(place.data, place.keyring(), actor, f"appointment.{state}", str(body.appointment))
    have_stored(place, [answer], time.time_ns())
    return answer
