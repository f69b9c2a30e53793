"""Rings the pagers of a site when an alert reaches its level, and writes down how that ended.

What is due follows from the rows: open, this level was called, and no step yet that says a pager was reached. So a page
is never lost, and after a crash one may ring twice. Pagers run in threads of their own, outside of every transaction:
a server that hangs delays nothing. One that fails is tried again until somebody has answered; the first failure is
written down, and the success.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, Self
from uuid import UUID

import sqlalchemy as sa

from care.alerts import AlertEvent, AlertStep, alert_state
from care.handoff import Handoff
from devices.clock import Clock
from gateway import tables as t
from gateway.arrivals import within
from gateway.duty.escalation import Put, target_of
from gateway.errors import StoreError
from gateway.rows import Rows
from gateway.services.alerts import UNREADABLE, alert_steps
from gateway.services.duty import on_duty

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
TRIES = 5
"""After so many a failure is written down; trying goes on."""

log = logging.getLogger(__name__)


class PagerFailed(Exception):
    """A page did not get through; one line that says why and holds no secret."""


class Page(NamedTuple):
    """What is said: where to go, and nothing else. `reach` are the addresses of those on duty ("mailto:…")."""

    text: str
    seat: str
    site: str
    reach: tuple[str, ...] = ()


class Pager(Protocol):
    """A way to reach people.

    Attributes:
        name: as it stands in the steps of an alert.
    """

    name: str

    def send(self, page: Page) -> str:
        """Say it now; may take seconds. "" when everybody was reached, else whom it did not reach, in a few words.

        Raises:
            PagerFailed: nobody was reached.
        """
        ...


class Paging:
    """Of one centre; made anew with every lease. Use as an async context manager: tries end with it.

    Args:
        site: whose centre.
        name: of the site on faces.
        level: what it is called in ladders.
        rows: where alerts and rosters are.
        put: stores a step, on its way to a site.
        rules: which tiers page, and what a pager says.
        pagers: the ways that there are.
        clock: for pauses and times.
        language: of what is said.
    """

    def __init__(
        self,
        site: str,
        name: str,
        level: str,
        rows: Rows,
        put: Put,
        rules: Handoff,
        pagers: Sequence[Pager],
        clock: Clock,
        language: str = "zh",
    ) -> None:
        self._site, self._name, self._level, self._rows, self._put = site, name, level, rows, put
        self._rules, self._pagers, self._clock, self._language = rules, pagers, clock, language
        self._looked: set[tuple[UUID, str]] = set()
        self._ringing: dict[tuple[UUID, str], asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="pager")
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._ringing.values():
            task.cancel()
        await asyncio.gather(*self._ringing.values(), return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def turn(self) -> None:
        """Begin to ring where it is due."""
        if not self._pagers:
            return
        self._ringing = {key: task for key, task in self._ringing.items() if not task.done()}
        for alert, site, due in await asyncio.to_thread(self._due):
            for pager in due:
                key = (alert, pager.name)
                if key not in self._ringing:
                    self._ringing[key] = asyncio.create_task(self._ring(alert, site, pager))

    def _due(self) -> list[tuple[UUID, str, list[Pager]]]:
        a = t.alerts.c
        with self._rows.reading() as db:
            found = db.execute(sa.select(a.alert, a.site, a.level).where(a.status == "open")).all()
        self._looked &= {(row.alert, row.level) for row in found}
        due: list[tuple[UUID, str, list[Pager]]] = []
        for row in found:
            if (row.alert, row.level) in self._looked or not within(row.site, self._site):
                continue
            try:
                steps = alert_steps(self._rows, row.alert)
            except UNREADABLE:  # a lost key; it must not silence the others
                self._looked.add((row.alert, row.level))
                continue
            state = alert_state(steps)
            if not state.has_called(self._level) or not self._rules.pages(state.tier, state.cause):
                self._looked.add((row.alert, row.level))
                continue
            said = [step.detail for step in steps if step.step is AlertStep.NOTED and step.level == self._level]
            pagers = [pager for pager in self._pagers if not any(one.startswith(_delivered(pager)) for one in said)]
            if pagers:
                due.append((row.alert, row.site, pagers))
            else:
                self._looked.add((row.alert, row.level))
        return due

    async def _ring(self, alert: UUID, site: str, pager: Pager) -> None:
        tries, pause_s, loop = 0, FIRST_PAUSE_S, asyncio.get_running_loop()
        while True:
            try:
                page = await asyncio.to_thread(self._page, alert, site)
                if page is None:
                    return  # somebody has answered
                missed = await loop.run_in_executor(self._threads, pager.send, page)
                await self._note(alert, site, _delivered(pager) + (f", but {missed}" if missed else ""))
            except PagerFailed as error:
                tries += 1
                log.warning("pager %s: %s", pager.name, error)
                if tries == TRIES:
                    await self._note_failure(alert, site, f"pager {pager.name}: failed: {error}")
            except StoreError as error:
                log.warning("pager %s: %s", pager.name, error)
            except Exception:
                log.exception("pager %s: a fault of our own; it tries again", pager.name)
            else:
                return
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _page(self, alert: UUID, site: str) -> Page | None:
        state = alert_state(alert_steps(self._rows, alert))
        if state.status != "open":
            return None
        name = self._name if site == self._site else site
        reach = [each for entry in on_duty(self._rows, self._site, self._clock.utc_ns()) for each in entry.reach]
        return Page(self._rules.pager_text(state.seat, name, self._language), state.seat, name, tuple(reach))

    async def _note_failure(self, alert: UUID, site: str, detail: str) -> None:
        start = detail.partition(": failed")[0]
        steps = await asyncio.to_thread(alert_steps, self._rows, alert)
        if not any(step.level == self._level and step.detail.startswith(f"{start}: failed") for step in steps):
            await self._note(alert, site, detail)

    async def _note(self, alert: UUID, site: str, detail: str) -> None:
        steps = await asyncio.to_thread(alert_steps, self._rows, alert)
        now = self._clock.utc_ns()
        step = AlertEvent(
            alert, steps[-1].version + 1, AlertStep.NOTED, now, self._level, "system", detail=detail[:300]
        )
        await self._put(step, target_of(site, self._site))


def _delivered(pager: Pager) -> str:
    return f"pager {pager.name}: delivered"
