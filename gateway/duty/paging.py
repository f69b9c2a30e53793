"""Rings the pagers of a site when an alert reaches its level, and writes down how that ended.

What is due follows from the rows: nobody has answered, this level was called, and no step yet that says a pager was
reached. So a page is never lost, and after a crash one may ring twice. Each try has a thread of its own, outside of
every transaction: a server that hangs delays nothing. One that fails is tried again until somebody has answered; the
first failure is written down, and the success.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol, Self
from uuid import UUID

import sqlalchemy as sa

from care.alerts import AlertEvent, AlertStep, alert_state
from care.handoff import Handoff
from devices.clock import Clock
from gateway import tables as t
from gateway.called import Post, pages
from gateway.duty.escalation import Put, target_of
from gateway.errors import StoreError
from gateway.pager_notes import delivered_note, failed_note
from gateway.rows import Rows
from gateway.services.alerts import UNREADABLE, alert_steps
from gateway.services.duty import on_duty

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
TRIES = 5
"""After so many a failure is written down; trying goes on."""
SEND_S = 30.0
"""So long one try may take; a server that says a byte now and then has no end."""
INCOMPLETE_S = 5.0
"""So long the first step of an alert may be on its way behind others; then its site is paged without it. Each level
above waits as long again.
"""

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
        self._post = Post(site, level, rules)
        self._looked: set[tuple[UUID, str, str]] = set()
        self._incomplete: dict[UUID, int] = {}
        self._ringing: dict[tuple[UUID, str], asyncio.Task[None]] = {}
        self._sending: dict[tuple[UUID, str], asyncio.Future[str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._ringing.values():
            task.cancel()
        await asyncio.gather(*self._ringing.values(), return_exceptions=True)
        for sending in self._sending.values():
            sending.cancel()

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
        question = sa.select(a.alert, a.site, a.level, a.status, a.next_deadline_utc_ns)
        with self._rows.reading() as db:
            found = db.execute(question.where(a.status.in_(("open", "incomplete")))).all()
        self._looked &= {(row.alert, row.level, row.status) for row in found}
        waits = {row.alert for row in found if row.status == "incomplete"}
        self._incomplete = {alert: since for alert, since in self._incomplete.items() if alert in waits}
        now, due = self._clock.utc_ns(), list[tuple[UUID, str, list[Pager]]]()
        for row in found:
            key = (row.alert, row.level, row.status)
            if key in self._looked or self._post.is_surely_not_called(
                row.site, row.level, row.next_deadline_utc_ns, now
            ):
                continue
            if row.status == "incomplete" and not self._is_overdue(row.alert, row.site):
                continue
            try:
                steps = alert_steps(self._rows, row.alert)
            except UNREADABLE:  # a lost key; it must not silence the others
                self._looked.add(key)
                continue
            state = alert_state(steps)
            if not pages(self._rules, state):
                self._looked.add(key)
                continue
            if not self._post.is_called(row.site, state, now):
                continue  # its clock runs
            said = [step.detail for step in steps if step.step is AlertStep.NOTED and step.level == self._level]
            pagers = [
                each for each in self._pagers if not any(one.startswith(delivered_note(each.name)) for one in said)
            ]
            if pagers:
                due.append((row.alert, row.site, pagers))
            else:
                self._looked.add(key)
        return due

    def _is_overdue(self, alert: UUID, site: str) -> bool:
        """Whether the first step of an alert is missing for too long."""
        now = self._clock.now_ns()
        apart = 1 + max(0, site.count(".") - self._site.count("."))
        return now - self._incomplete.setdefault(alert, now) >= int(apart * INCOMPLETE_S * 1e9)

    async def _ring(self, alert: UUID, site: str, pager: Pager) -> None:
        tries, pause_s = 0, FIRST_PAUSE_S
        while True:
            try:
                page = await asyncio.to_thread(self._page, alert, site)
                if page is None:
                    return  # somebody has answered
                missed = await self._send((alert, pager.name), pager, page)
                await self._note(alert, site, delivered_note(pager.name) + (f", but {missed}" if missed else ""))
            except PagerFailed as error:
                tries += 1
                log.warning("pager %s: %s", pager.name, error)
                if tries == TRIES:
                    await self._note_failure(alert, site, pager.name, str(error))
            except StoreError as error:
                log.warning("pager %s: %s", pager.name, error)
            except Exception:
                log.exception("pager %s: a fault of our own; it tries again", pager.name)
            else:
                return
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _send(self, key: tuple[UUID, str], pager: Pager, page: Page) -> str:
        """One try in a thread of its own. One that has not ended in time is waited for again instead of a second."""
        sending = self._sending.get(key)
        if sending is None:
            trying = Future[str]()
            trying.set_running_or_notify_cancel()
            threading.Thread(target=_run, args=(trying, pager, page), name=f"pager {pager.name}", daemon=True).start()
            sending = self._sending[key] = asyncio.wrap_future(trying)
        await asyncio.wait([sending], timeout=SEND_S)
        if not sending.done():
            raise PagerFailed(f"has not ended after {SEND_S:g} s")
        del self._sending[key]
        return sending.result()

    def _page(self, alert: UUID, site: str) -> Page | None:
        state = alert_state(alert_steps(self._rows, alert))
        if state.status in {"acknowledged", "closed"}:
            return None
        name = self._name if site == self._site else site
        reach = [each for entry in on_duty(self._rows, self._site, self._clock.utc_ns()) for each in entry.reach]
        seat = state.seat or "?"
        return Page(self._rules.pager_text(seat, name, self._language), seat, name, tuple(reach))

    async def _note_failure(self, alert: UUID, site: str, pager: str, why: str) -> None:
        said = failed_note(pager)
        steps = await asyncio.to_thread(alert_steps, self._rows, alert)
        if not any(step.level == self._level and step.detail.startswith(said) for step in steps):
            await self._note(alert, site, f"{said}: {why}")

    async def _note(self, alert: UUID, site: str, detail: str) -> None:
        steps = await asyncio.to_thread(alert_steps, self._rows, alert)
        now = self._clock.utc_ns()
        step = AlertEvent(
            alert, steps[-1].version + 1, AlertStep.NOTED, now, self._level, "system", detail=detail[:300]
        )
        await self._put(step, target_of(site, self._site))


def _run(sending: Future[str], pager: Pager, page: Page) -> None:
    try:
        sending.set_result(pager.send(page))
    except BaseException as error:  # noqa: BLE001 - whoever waits is told, whatever it is
        sending.set_exception(error)
