"""The clock of alerts: when a level has not answered by its deadline, the next one is called, and that is a step.

Deadlines are absolute and stand in the first step, so every level that holds it counts for itself: the room's centre
at once, a site above a few seconds later, so that as a rule only one of them writes the step. Whatever several of them
write folds to the same state. A wall clock that is set back stops nobody's time: since an alert was seen first, our own
seconds count beside it, and whichever is ahead is the time of that alert. After a restart the rows say the rest.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from care.alerts import AlertEvent, AlertState, AlertStep, alert_state
from devices.clock import Clock
from gateway import tables as t
from gateway.arrivals import within
from gateway.rows import Rows
from gateway.services.alerts import UNREADABLE, alert_steps

GRACE_S = 5.0
"""How much later than the level below a site above writes for it."""
_S = 1_000_000_000

Put = Callable[[AlertEvent, str], Awaitable[object]]

log = logging.getLogger(__name__)


class _Due(NamedTuple):
    alert: UUID
    site: str
    until_utc_ns: int
    time_utc_ns: int
    """The time of this alert now: that of the wall, or later."""


class _First(NamedTuple):
    """When an alert was seen first, by its own time and by our seconds."""

    time_utc_ns: int
    seen_ns: int


class Escalation:
    """Of one centre; made anew with every lease.

    Args:
        site: whose centre.
        level: what it is called in ladders.
        rows: where alerts are.
        put: stores a step, on its way to a site ("" for up only).
        clock: for seconds that nobody sets back.
    """

    def __init__(self, site: str, level: str, rows: Rows, put: Put, clock: Clock) -> None:
        self._site, self._level, self._rows, self._put, self._clock = site, level, rows, put, clock
        self._left: set[UUID] = set()
        self._first: dict[UUID, _First] = {}

    async def turn(self, now_utc_ns: int) -> int | None:
        """Call whoever has to be called now. When the next deadline is, UTC ns; None: nothing runs.

        Raises:
            StoreError: a step was not stored; the next turn does it.
        """
        ours = self._clock.now_ns()
        for each in await asyncio.to_thread(self._running, now_utc_ns, ours):
            if self._left_ns(each) <= 0:
                await self._call(each, now_utc_ns)
        running = await asyncio.to_thread(self._running, now_utc_ns, ours)
        left = min((self._left_ns(each) for each in running), default=None)
        return None if left is None else now_utc_ns + left

    async def _call(self, due: _Due, now_utc_ns: int) -> None:
        try:
            steps = await asyncio.to_thread(alert_steps, self._rows, due.alert)
        except UNREADABLE:  # a lost key; it must not stop the clocks of the others
            self._left.add(due.alert)
            return
        state = alert_state(steps)
        calls = state.calls_at(due.time_utc_ns - self._grace_ns(due.site))
        is_ours = due.site == self._site or (self._level in state.ladder and within(due.site, self._site))
        if not is_ours:
            calls = []
        for version, level in enumerate(calls, state.version + 1):
            said = f"{self._site}: {missed(state, level)} has not answered in time"
            step = AlertEvent(due.alert, version, AlertStep.ESCALATED, now_utc_ns, level, "system", detail=said)
            await self._put(step, target_of(due.site, self._site))
            log.info("alert %s of %s calls the %s", due.alert, due.site, level)
        if not calls:
            self._left.add(due.alert)  # everybody was called, or it is not ours; until it is answered

    def _running(self, now_utc_ns: int, ours_ns: int) -> list[_Due]:
        """The open alerts whose clocks are ours, the next deadline first."""
        a = t.alerts.c
        question = sa.select(a.alert, a.site, a.next_deadline_utc_ns, a.raised_utc_ns).where(
            a.next_deadline_utc_ns.is_not(None), a.status == "open"
        )
        with self._rows.reading() as db:
            found = db.execute(question.order_by(a.next_deadline_utc_ns)).all()
        self._left &= {row.alert for row in found}
        self._first = {row.alert: self._first[row.alert] for row in found if row.alert in self._first}
        return [
            _Due(
                row.alert,
                row.site,
                row.next_deadline_utc_ns,
                self._time(row.alert, row.raised_utc_ns, now_utc_ns, ours_ns),
            )
            for row in found
            if row.alert not in self._left
        ]

    def _time(self, alert: UUID, raised_utc_ns: int, now_utc_ns: int, ours_ns: int) -> int:
        """Never before it was raised, and never slower than our seconds."""
        first = self._first.setdefault(alert, _First(max(now_utc_ns, raised_utc_ns), ours_ns))
        return max(now_utc_ns, first.time_utc_ns + ours_ns - first.seen_ns)

    def _left_ns(self, each: _Due) -> int:
        return each.until_utc_ns + self._grace_ns(each.site) - each.time_utc_ns

    def _grace_ns(self, site: str) -> int:
        apart = max(0, site.count(".") - self._site.count("."))
        return int(apart * GRACE_S * _S)


def missed(state: AlertState, level: str) -> str:
    """The level below one in the ladder of an alert: the one that has not answered."""
    return state.ladder[state.ladder.index(level) - 1]


def target_of(site: str, own: str) -> str:
    """Where a step has to travel besides up: to the site of its alert, when that is another one."""
    return "" if site == own else site
