"""Asks the chair on behalf of the session and of people. The chair and its driver decide; this never insists.

Wishes of the session (scenes, pacing) go through a small queue where the newest of a kind wins, so that a slow chair is
never flooded; the emergency stop goes past it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Self

from care.programme import ChairScene
from care.session import Pacer
from devices.errors import CommandRefused, DeviceError, NotConnected, PortLost
from devices.events import (
    ChairCommand,
    ChairStatus,
    Heat,
    LegRest,
    Light,
    Massage,
    Pace,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import REMEDIES, Refusal, moves_or_heats
from devices.supervisor import Supervised
from gateway.live import MoveChair

log = logging.getLogger(__name__)


_REFUSALS: dict[str, str] = {
    Refusal.OUT_OF_RANGE: "out_of_range",
    Refusal.STOPPED: "stopped",
    Refusal.BUTTON_IN: "button_in",
    Refusal.SEAT_EMPTY: "seat_empty",
    Refusal.NO_WATCHDOG: "no_watchdog",
    Refusal.NO_STATUS: "no_status",
    Refusal.FAULT: "chair_fault",
    Refusal.NOT_FITTED: "not_fitted",
    Refusal.NO_ANSWER: "no_confirmation",
}


def refusal_code(error: DeviceError) -> str:
    """The code of `care/words` for what a chair (or its driver) said no to."""
    return _REFUSALS.get(error.detail, error.code)


def commands_of(move: MoveChair) -> list[ChairCommand]:
    """The single commands that a request of a face stands for."""
    commands: list[ChairCommand] = []
    if move.recline_deg is not None:
        commands.append(Recline(move.recline_deg))
    if move.leg_rest_deg is not None:
        commands.append(LegRest(move.leg_rest_deg))
    if move.massage_level is not None:
        on = move.massage_level > 0
        zones, rhythm = (("back", "lumbar"), Rhythm.STEADY) if on else ((), Rhythm.OFF)
        commands.append(Massage(zones, rhythm, move.massage_level))
    if move.heat_level is not None:
        commands.append(Heat(move.heat_level))
    if move.light_percent is not None:
        commands.append(Light(move.light_percent))
    if move.volume_percent is not None:
        commands.append(Volume(move.volume_percent))
    return commands


class ChairControl:
    """Async context manager for one chair.

    Args:
        chair: the supervised driver.
        refused: told, with a code of `care/words`, when the chair did not do what the session wished.
    """

    def __init__(self, chair: Supervised, refused: Callable[[str], None]) -> None:
        self._chair, self._refused = chair, refused
        self._wishes: dict[type, ChairCommand] = {}
        self._news = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._stops = 0
        self.status: ChairStatus | None = None
        """The newest word of the chair about itself."""
        self.locked = False
        """After an emergency stop, until somebody has looked and released."""

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name="chair wishes")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._worker:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker

    def scene(self, scene: ChairScene) -> None:
        """Wish for the positions of a segment."""
        self._wish(
            *commands_of(MoveChair(scene.recline_deg, scene.leg_rest_deg, light_percent=scene.light_percent)),
        )

    def pace(self, pacer: Pacer | None, phase_s: float) -> None:
        """Wish that the chair moves with this breath, or rests."""
        self._wish(Pace(pacer.breaths_per_min, pacer.inhale_share, phase_s) if pacer else Pace(0.0))

    def hold_still(self) -> None:
        """Wish that nothing moves: a back rest that is on its way stays where it is now."""
        self._wishes.pop(Recline, None)
        self._wishes.pop(LegRest, None)
        self._wish(Pace(0.0), Massage((), Rhythm.OFF, 0), Heat(0))
        now = self.status
        if now and now.moving and now.occupied:
            self._wish(Recline(now.recline_deg), LegRest(now.leg_rest_deg))

    async def settle(self, within_s: float) -> None:
        """Wait until the chair has been asked for everything that was wished, or so many real seconds have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()

    async def stop(self) -> None:
        """Emergency: everything stops now, past the queue.

        Raises:
            DeviceError: the chair cannot be reached; its own watchdog stops it within 2 s.
        """
        self.lock()
        await self._chair.command(StopMotion())

    def lock(self) -> None:
        """The chair has been stopped, by whomever: nothing is asked for until somebody releases it."""
        self.locked = True
        self._stops += 1
        self._wishes.clear()

    async def release(self) -> None:
        """Somebody has looked: motion may be asked for again.

        Raises:
            DeviceError: the chair refuses (its own button is still pressed), cannot be reached, or was stopped again.
        """
        stops = self._stops
        await self._chair.command(ReleaseStop())
        if stops != self._stops:
            raise self._stopped()
        self.locked = False

    async def do(self, command: ChairCommand) -> None:
        """A command of a person; waits for the chair's answer.

        Raises:
            DeviceError: refused, with the reason.
        """
        if self.locked and moves_or_heats(command):
            raise self._stopped()
        await self._chair.command(command)

    def _stopped(self) -> CommandRefused:
        return CommandRefused(device=self._chair.device, detail=Refusal.STOPPED, remedy=REMEDIES[Refusal.STOPPED])

    def _wish(self, *commands: ChairCommand) -> None:
        if self.locked:
            return
        for command in commands:
            self._wishes.pop(type(command), None)
            self._wishes[type(command)] = command
        self._idle.clear()
        self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._wishes and not self.locked:
                await self._try(self._wishes.pop(next(iter(self._wishes))))
            self._idle.set()

    async def _try(self, command: ChairCommand) -> None:
        """Ask once. That a chair is away, or was stopped meanwhile, is known and need not be told again."""
        try:
            await self._chair.command(command)
        except (NotConnected, PortLost) as error:
            log.info("chair: %s", error)
        except DeviceError as error:
            log.info("chair: %s", error)
            if not self.locked:
                self._refused(refusal_code(error))
        except Exception:
            log.exception("chair: %s failed", type(command).__name__)
