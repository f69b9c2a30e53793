"""Carries out what the flow wishes: asks the room, puts records on the disk, asks the centre, prints. Nothing here
waits for anything on the screen's own turn, and nothing that was wished for is dropped: what the disk refuses, the line
tries again.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol
from uuid import UUID

from gateway.client import KioskLine, RoomClient
from gateway.counter.messages import (
    AlertAnswer,
    AlertStanding,
    AppointmentsAnswer,
    DutyAnswer,
    FileAnswer,
    Library,
    LibraryAnswer,
    OpenAppointments,
    OpenFile,
    WhoIsOnDuty,
)
from gateway.errors import StoreError
from gateway.live import Action, Reply
from kiosk.flow import wishes as w
from kiosk.printing import Printer

AGAIN_S = 1.0
ALERT_EVERY_S, DUTY_EVERY_S, LIBRARY_EVERY_S = 1.0, 20.0, 600.0

log = logging.getLogger(__name__)


class Ears(Protocol):
    """Who is told what came back."""

    def replied(self, action: Action, reply: Reply) -> None: ...
    def opened(self, answer: FileAnswer | None) -> None: ...
    def booked(self, subject: str, answer: AppointmentsAnswer) -> None: ...
    def stands(self, alert: UUID, answer: AlertAnswer) -> None: ...
    def on_duty(self, answer: DutyAnswer | None) -> None: ...
    def brought(self, answer: LibraryAnswer) -> None: ...
    def left(self, again: bool) -> None: ...
    def open_alert(self) -> UUID | None: ...
    def waits(self, records: int) -> None: ...
    def have(self) -> dict[str, int]: ...
    def slip(self) -> tuple[str, ...]: ...
    def printed(self, ok: bool) -> None: ...


class Hands:
    """The hands of one kiosk. `printer` prints a slip of lines; None: there is none."""

    def __init__(
        self,
        room: RoomClient,
        line: KioskLine,
        printer: Printer | None,
    ) -> None:
        self._room, self._line, self._printer = room, line, printer
        self._asked: set[asyncio.Task[None]] = set()
        self.ears: Ears

    def carry_out(self, wishes: Iterable[w.Wish]) -> None:
        """Do all of it, in order; what takes time goes on by itself."""
        for wish in wishes:
            match wish:
                case w.Keep(body):
                    self._line.keep_soon(body)
                case w.Draft(body):
                    self._line.draft_soon(body)
                case w.ToRoom(action):
                    self._go(self._ask_room(action))
                case w.MakeFile(code, pin, age_band, language):
                    self._go(self._make_file(code, pin, age_band, language))
                case w.OpenFile(code, pin):
                    self._go(self._open(code, pin))
                case w.PrintSlip():
                    if self._printer:
                        self._go(self._print(self._printer))
                case w.Leave(again):
                    self.ears.left(again)

    async def attend(self) -> None:
        """Ask the centre, again and again, what the screens need to know. No fault of one of them ends the others."""
        async with asyncio.TaskGroup() as group:
            for each in (self._alerts, self._duty, self._library, self._waits):
                group.create_task(self._for_ever(each))

    async def _for_ever(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("kiosk: a fault of our own; it goes on")
                await asyncio.sleep(AGAIN_S)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _ask_room(self, action: Action) -> None:
        self.ears.replied(action, await self._room.ask(action))

    async def _make_file(self, code: str, pin: str, age_band: str, language: str) -> None:
        while True:
            try:
                await self._line.open_file(code, pin, age_band=age_band, language=language)
            except StoreError as error:
                log.error("a new file waits in memory: %s", error)  # noqa: TRY400 - one line for people
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _open(self, code: str, pin: str) -> None:
        answer = await self._line.ask(OpenFile(code, pin))
        self.ears.opened(answer if isinstance(answer, FileAnswer) else None)
        if isinstance(answer, FileAnswer) and answer.outcome == "ok":
            booked = await self._line.ask(OpenAppointments(answer.subject))
            if isinstance(booked, AppointmentsAnswer) and booked.ok:
                self.ears.booked(answer.subject, booked)

    async def _print(self, printer: Printer) -> None:
        self.ears.printed(await printer(self.ears.slip()))

    async def _alerts(self) -> None:
        while True:
            alert = self.ears.open_alert()
            if alert is not None:
                answer = await self._line.ask(AlertStanding(alert))
                if isinstance(answer, AlertAnswer):
                    self.ears.stands(alert, answer)
            await asyncio.sleep(ALERT_EVERY_S)

    async def _duty(self) -> None:
        while True:
            answer = await self._line.ask(WhoIsOnDuty())
            self.ears.on_duty(answer if isinstance(answer, DutyAnswer) else None)
            await asyncio.sleep(DUTY_EVERY_S)

    async def _library(self) -> None:
        while True:
            answer = await self._line.ask(Library(self.ears.have()))
            more = isinstance(answer, LibraryAnswer) and answer.more
            if isinstance(answer, LibraryAnswer):
                self.ears.brought(answer)
            await asyncio.sleep(0 if more else LIBRARY_EVERY_S)

    async def _waits(self) -> None:
        while True:
            self.ears.waits(self._line.waiting)
            await asyncio.sleep(AGAIN_S)
