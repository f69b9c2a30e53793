"""Alerts: which are open, their steps, and the answers of staff. An answer is a step like any other, stored by the
centre; its version is one more than the newest that whoever answers has seen.
"""

import time
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from care.alerts import AlertEvent, AlertState, AlertStep, alert_state, in_order
from gateway import tables as t
from gateway.errors import NotAllowed, UnknownAlert
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import RecordKind, decode_body
from gateway.rows import Rows
from gateway.sealing import of_record

__all__ = ["AlertRow", "acknowledge_alert", "alert_steps", "close_alert", "find_alerts"]


class AlertRow(NamedTuple):
    """One line of a list of alerts."""

    alert: UUID
    site: str
    status: str
    tier: str
    level: str
    owner: str
    version: int
    raised_utc_ns: int | None
    next_level: str
    next_deadline_utc_ns: int | None


def find_alerts(
    rows: Rows, *, statuses: tuple[str, ...] = ("open", "incomplete", "acknowledged"), limit: int = 200
) -> list[AlertRow]:
    """Alerts with one of these statuses, the most urgent deadline first."""
    a = t.alerts.c
    order = (a.next_deadline_utc_ns.asc().nulls_last(), a.raised_utc_ns.desc().nulls_last())
    question = sa.select(*(a[name] for name in AlertRow._fields)).where(a.status.in_(statuses))
    with rows.reading() as db:
        return [AlertRow(*row) for row in db.execute(question.order_by(*order).limit(limit))]


def alert_steps(rows: Rows, alert: UUID) -> list[AlertEvent]:
    """The steps of an alert, in order.

    Raises:
        UnknownAlert: there is none with this id.
        KeyLost, SealBroken: they cannot be opened.
    """
    r = t.records.c
    with rows.reading() as db:
        found = db.execute(sa.select(r.id, r.body).where(r.about == alert, r.kind == RecordKind.ALERT_EVENT)).all()
    if not found:
        raise UnknownAlert(rows.where, f"there is no alert {alert}", "list them with: xinyi duty")
    keyring = rows.placement.keyring
    bodies = [decode_body(RecordKind.ALERT_EVENT, keyring.open_sealed(row.body, of_record(row.id))) for row in found]
    return in_order(body for body in bodies if isinstance(body, AlertEvent))


def acknowledge_alert(place: Place, alert: UUID, actor: str, level: str) -> AlertState:
    """Somebody of a level takes an alert on. How it stands then.

    Raises:
        UnknownAlert, NotAllowed, StoreError: it was not taken on.
    """
    return _step(place, alert, AlertStep.ACKNOWLEDGED, actor, level, "")


def close_alert(place: Place, alert: UUID, actor: str, level: str, detail: str) -> AlertState:
    """It is over; `detail` says what was done. How it stands then.

    Raises:
        UnknownAlert, NotAllowed, StoreError: it was not closed.
    """
    if not detail.strip():
        raise NotAllowed(alert.hex, "an alert is closed with a word on what was done", "say what was done")
    return _step(place, alert, AlertStep.CLOSED, actor, level, detail)


def _step(place: Place, alert: UUID, step: AlertStep, actor: str, level: str, detail: str) -> AlertState:
    if not actor.strip():
        raise NotAllowed(alert.hex, "nobody says who answers", "name yourself with --actor")
    with place.reading() as rows:
        steps = alert_steps(rows, alert)
    note(place.data, place.keyring(), actor, f"alert.{step}", str(alert), detail)
    now = time.time_ns()
    event = AlertEvent(alert, steps[-1].version + 1, step, now, level, actor, detail=detail)
    have_stored(place, [event], now)
    return alert_state([*steps, event])
