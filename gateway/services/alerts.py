"""Alerts: which are open, their steps, and the answers of staff. An answer is a step like any other, stored by the
centre; its version is one more than the newest that whoever answers has seen. It goes up like every step, and down to
the site where the alert was raised: there somebody may be waiting.
"""

import contextlib
import logging
import time
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from care.alerts import AlertEvent, AlertState, AlertStep, alert_state, in_order
from gateway import tables as t
from gateway.arrivals import within
from gateway.believed import Written, believed
from gateway.called import Post, pages
from gateway.errors import KeyLost, NotAllowed, SealBroken, StoreCorrupt, StoreError, UnknownAlert
from gateway.keeping.asking import Place, have_stored
from gateway.keeping.audit import note
from gateway.messages import RecordKind, decode_body
from gateway.rows import Rows
from gateway.sealing import of_record

__all__ = [
    "AlertRow",
    "StandingAlert",
    "Timeliness",
    "acknowledge_alert",
    "alert_steps",
    "close_alert",
    "find_alerts",
    "resolve_alert",
    "standing_alerts",
    "timeliness",
]


UNREADABLE = (KeyLost, SealBroken, StoreCorrupt, UnknownAlert)
"""Why one alert cannot be read; whoever works on several goes on with the others."""

STANDING = ("open", "incomplete", "acknowledged")
"""Nobody has closed it."""
_REMEDY = "list them with: xinyi duty"

log = logging.getLogger(__name__)


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


def find_alerts(rows: Rows, *, statuses: tuple[str, ...] = STANDING, limit: int = 200) -> list[AlertRow]:
    """Alerts with one of these statuses, the most urgent deadline first."""
    a = t.alerts.c
    order = (a.next_deadline_utc_ns.asc().nulls_last(), a.raised_utc_ns.desc().nulls_last())
    question = sa.select(*(a[name] for name in AlertRow._fields)).where(a.status.in_(statuses))
    with rows.reading() as db:
        return [AlertRow(*row) for row in db.execute(question.order_by(*order).limit(limit))]


class StandingAlert(NamedTuple):
    """An alert that somebody has to see to, and the site where it was raised."""

    site: str
    state: AlertState


def standing_alerts(rows: Rows, *, post: Post | None = None, now_utc_ns: int = 0) -> list[StandingAlert]:
    """Alerts that somebody has to see to: not closed, also those whose first step has not come. Those that nobody has
    answered first, the most urgent deadline on top.

    Args:
        rows: of a site.
        post: only what calls somebody there; None for everything that the site holds.
        now_utc_ns: with a post, the time.
    """
    a = t.alerts.c
    question = sa.select(a.alert, a.site, a.level, a.next_deadline_utc_ns).where(a.status.in_(STANDING))
    with rows.reading() as db:
        found = db.execute(question).all()
    standing: list[StandingAlert] = []
    for row in found:
        if post and post.is_surely_not_called(row.site, row.level, row.next_deadline_utc_ns, now_utc_ns):
            continue
        with contextlib.suppress(*UNREADABLE):  # alert_steps has said so; the others must be seen
            state = alert_state(alert_steps(rows, row.alert))
            if post is None or post.is_called(row.site, state, now_utc_ns):
                standing.append(StandingAlert(row.site, state))
    return sorted(standing, key=lambda each: _urgency(each.state))


def _urgency(state: AlertState) -> tuple[bool, int, int]:
    deadline = state.next_deadline
    return _is_answered(state), deadline.until_utc_ns if deadline else 1 << 62, -(state.raised_utc_ns or 0)


def _is_answered(state: AlertState) -> bool:
    return state.status in {"acknowledged", "closed"}


def alert_steps(rows: Rows, alert: UUID) -> list[AlertEvent]:
    """The steps of an alert that count, in order; a single one that cannot be opened keeps nobody from the others.

    Raises:
        UnknownAlert: there is none with this id.
        KeyLost, SealBroken, StoreCorrupt: none of them can be opened.
    """
    r = t.records.c
    with rows.reading() as db:
        found = db.execute(
            sa.select(r.id, r.site, r.body).where(r.about == alert, r.kind == RecordKind.ALERT_EVENT)
        ).all()
    if not found:
        raise UnknownAlert(rows.where, f"there is no alert {alert}", "list them with: xinyi duty")
    steps: list[Written] = []
    problem: StoreError | None = None
    for row in found:
        try:
            body = decode_body(RecordKind.ALERT_EVENT, rows.keyring.open_sealed(row.body, of_record(row.id)))
        except (KeyLost, SealBroken) as error:
            problem = error
        except (msgspec.DecodeError, ValueError) as error:
            said = f"record {row.id} is not understood ({error})"
            problem = StoreCorrupt(rows.where, said, "open it with the xinyi that wrote it")
        else:
            assert isinstance(body, AlertEvent)
            steps.append((row.site, body))
    if problem:
        log.warning("a step of alert %s cannot be read: %s", alert, problem)
        if not steps:
            raise problem
    return in_order(step for _, step in believed(steps))


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


def resolve_alert(rows: Rows, text: str, post: Post, now_utc_ns: int, *, taken_first: bool = False) -> UUID:
    """The alert that is meant: its id, the beginning of it, or "latest" for the most urgent one that nobody has taken
    on; when there is none, for one that somebody has.

    Args:
        rows: of a site.
        text: what was typed.
        post: where. What pages goes before what does not, its own site before others, the oldest deadline first.
        now_utc_ns: the time.
        taken_first: "latest" means first of all what somebody has taken on.

    Raises:
        UnknownAlert: none, or more than one, and of several that page nobody may guess which.
    """
    if text == "latest":
        return _most_urgent(rows, post, now_utc_ns, taken_first=taken_first)
    wanted = text.replace("-", "").lower()
    with rows.reading() as db:
        everything: list[UUID] = list(db.scalars(sa.select(t.alerts.c.alert)))
    alerts = [alert for alert in everything if wanted and alert.hex.startswith(wanted)]
    if len(alerts) != 1:
        said = f"{len(alerts)} alerts begin with {text!r}" if alerts else f"there is no alert {text!r}"
        raise UnknownAlert(rows.where, said, _REMEDY)
    return alerts[0]


def _most_urgent(rows: Rows, post: Post, now_utc_ns: int, *, taken_first: bool) -> UUID:
    standing = standing_alerts(rows)
    called = [each for each in standing if post.is_called(each.site, each.state, now_utc_ns)]
    for answered in (taken_first, not taken_first):
        several = [each for each in called or standing if _is_answered(each.state) is answered]
        paging = [each for each in several if pages(post.rules, each.state)]
        if len(paging) > 1:
            names = ", ".join(f"{str(each.state.alert)[:13]} ({each.state.seat or each.site})" for each in paging)
            how = "somebody has taken on" if answered else "wait for an answer"
            raise UnknownAlert(rows.where, f"{len(paging)} urgent alerts {how}", f"name one of {names}")
        if several:
            return min(paging or several, key=lambda each: (each.site != post.site, *_urgency(each.state))).state.alert
    raise UnknownAlert(rows.where, "no alert is open", _REMEDY)


class Timeliness(NamedTuple):
    """How alerts of a span of time were answered: all, in time (acknowledged or closed before the first deadline),
    late, and those whose first deadline has not passed yet.
    """

    alerts: int
    in_time: int
    late: int
    running: int

    @property
    def rate(self) -> float | None:
        """Share of those in time, 0-1; what still runs is not counted. None: there was nothing to answer."""
        judged = self.alerts - self.running
        return self.in_time / judged if judged else None


def timeliness(rows: Rows, since_utc_ns: int, now_utc_ns: int, *, site: str = "", tier: str = "") -> Timeliness:
    """The indicator 响应及时率: alerts that were answered within their first deadline, of all.

    Args:
        rows: of a site; those below it are counted, too.
        since_utc_ns: alerts that were raised since then.
        now_utc_ns: until when.
        site: only this one and those below it.
        tier: only this one.
    """
    a = t.alerts.c
    span = (a.raised_utc_ns >= since_utc_ns) & (a.raised_utc_ns <= now_utc_ns)
    with rows.reading() as db:
        found = db.execute(sa.select(a.alert, a.site, a.tier).where(span)).all()
    counted = [row for row in found if (not site or within(row.site, site)) and (not tier or row.tier == tier)]
    in_time = late = running = 0
    for row in counted:
        try:
            state = alert_state(alert_steps(rows, row.alert))
        except UNREADABLE:
            continue
        answered = min((at for at in (state.acknowledged_utc_ns, state.closed_utc_ns) if at is not None), default=None)
        until = state.deadlines[0].until_utc_ns if state.deadlines else None
        if answered is not None and (until is None or answered <= until):
            in_time += 1
        elif answered is None and (until is None or now_utc_ns < until):
            running += 1
        else:
            late += 1
    return Timeliness(in_time + late + running, in_time, late, running)


def _site_of(rows: Rows, alert: UUID) -> str:
    a = t.alerts.c
    with rows.reading() as db:
        return db.scalar(sa.select(a.site).where(a.alert == alert)) or ""


def _step(place: Place, alert: UUID, step: AlertStep, actor: str, level: str, detail: str) -> AlertState:
    if not actor.strip():
        raise NotAllowed(alert.hex, "nobody says who answers", "name yourself with --actor")
    with place.reading() as rows:
        steps = alert_steps(rows, alert)
        site = _site_of(rows, alert)
    note(place.data, place.keyring(), actor, f"alert.{step}", str(alert), detail)
    now = time.time_ns()
    event = AlertEvent(alert, steps[-1].version + 1, step, now, level, actor, detail=detail)
    have_stored(place, [event], now, target="" if site == place.site else site)
    return alert_state([*steps, event])
