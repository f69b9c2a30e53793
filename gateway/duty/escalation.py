"""The clock of alerts: when a level has not answered by its deadline, the next one is called, and that is a step.

Deadlines are absolute and stand in the first step, so every level that holds it counts for itself: the room's centre
at once, a site above a few seconds later, so that as a rule only one of them writes the step. Whatever several of them
write folds to the same state. Nothing is remembered but what is not ours to do; after a restart the rows say it all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from care.alerts import AlertEvent, AlertState, AlertStep, alert_state
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


class Escalation:
    """Of one centre; made anew with every lease.

    Args:
        site: whose centre.
        level: what it is called in ladders.
        rows: where alerts are.
        put: stores a step, on its way to a site ("" for up only).
    """

    def __init__(self, site: str, level: str, rows: Rows, put: Put) -> None:
        self._site, self._level, self._rows, self._put = site, level, rows, put
        self._left: set[UUID] = set()

    async def turn(self, now_utc_ns: int) -> int | None:
        """Call whoever has to be called now. When the next deadline is, UTC ns; None: nothing runs.

        Raises:
            StoreError: a step was not stored; the next turn does it.
        """
        for due in await asyncio.to_thread(self._due, now_utc_ns):
            if due.until_utc_ns + self._grace_ns(due.site) <= now_utc_ns:
                await self._call(due, now_utc_ns)
        return await asyncio.to_thread(self._next, now_utc_ns)

    async def _call(self, due: _Due, now_utc_ns: int) -> None:
        try:
            steps = await asyncio.to_thread(alert_steps, self._rows, due.alert)
        except UNREADABLE:  # a lost key; it must not stop the clocks of the others
            self._left.add(due.alert)
            return
        state = alert_state(steps)
        calls = state.calls_at(now_utc_ns - self._grace_ns(due.site))
        if self._level not in state.ladder or not within(due.site, self._site):
            calls = []
        for version, level in enumerate(calls, state.version + 1):
            said = f"{self._site}: {missed(state, level)} has not answered in time"
            step = AlertEvent(due.alert, version, AlertStep.ESCALATED, now_utc_ns, level, "system", detail=said)
            await self._put(step, target_of(due.site, self._site))
            log.info("alert %s of %s calls the %s", due.alert, due.site, level)
        if not calls:
            self._left.add(due.alert)  # everybody was called, or it is not ours; until it is answered

    def _due(self, now_utc_ns: int) -> list[_Due]:
        a = t.alerts.c
        question = sa.select(a.alert, a.site, a.next_deadline_utc_ns).where(
            a.next_deadline_utc_ns <= now_utc_ns, a.status == "open"
        )
        with self._rows.reading() as db:
            found = [_Due(*row) for row in db.execute(question.order_by(a.next_deadline_utc_ns))]
        self._left &= {due.alert for due in found}
        return [due for due in found if due.alert not in self._left]

    def _next(self, now_utc_ns: int) -> int | None:
        a = t.alerts.c
        waiting = [due.until_utc_ns + self._grace_ns(due.site) for due in self._due(now_utc_ns)]
        with self._rows.reading() as db:
            question = sa.select(a.site, a.next_deadline_utc_ns).where(a.next_deadline_utc_ns > now_utc_ns)
            row = db.execute(question.order_by(a.next_deadline_utc_ns).limit(1)).first()
        if row:
            waiting.append(row.next_deadline_utc_ns + self._grace_ns(row.site))
        return min(waiting, default=None)

    def _grace_ns(self, site: str) -> int:
        apart = max(0, site.count(".") - self._site.count("."))
        return int(apart * GRACE_S * _S)


def missed(state: AlertState, level: str) -> str:
    """The level below one in the ladder of an alert: the one that has not answered."""
    return state.ladder[state.ladder.index(level) - 1]


def target_of(site: str, own: str) -> str:
    """Where a step has to travel besides up: to the site of its alert, when that is another one."""
    return "" if site == own else site
