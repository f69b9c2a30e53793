"""Asks the chair on behalf of the session and of people. The chair and its driver decide; this never insists.

Wishes of the session (scenes, pacing) go through a small queue where the newest of a kind wins, so that a slow chair is
never flooded; the emergency stop goes past it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Self
from uuid import UUID

from care.programme import BreathPart, ChairScene
from care.session import Pacer
from devices.errors import CommandRefused, DeviceError, NotConnected, PortLost
from devices.events import (
    Arm,
    ChairCommand,
    ChairStatus,
    Disarm,
    Heat,
    LegRest,
    Light,
    Massage,
    Pace,
    Part,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import REMEDIES, Refusal, moves_or_heats
from devices.supervisor import Supervised
from gateway.live import MoveChair

BY_HAND = 65535
"""The number of a session that is none: a chair that is moved by hand on the console."""
BY_HAND_S = 5.0
"""How long after such a movement the chair stays armed."""

log = logging.getLogger(__name__)


_REFUSALS: dict[str, str] = {
    Refusal.OUT_OF_RANGE: "out_of_range",
    Refusal.STOPPED: "stopped",
    Refusal.BUTTON_IN: "button_in",
    Refusal.NOT_CLEARED: "not_cleared",
    Refusal.NOT_ARMED: "not_armed",
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


def chair_number(session: UUID) -> int:
    """The number of a session on the wire of a chair, 1 … 65534."""
    return 1 + session.int % (BY_HAND - 1)


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
        self._allowed = 0
        self._armed = False
        self._quiet_since_ns: int | None = None
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

    # --- who may

    @property
    def armed(self) -> bool:
        """Motion may be asked for: a person has said so, and the chair has not taken it back since."""
        return self._allowed != 0

    def allow(self, session: int) -> None:
        """A person has said, just now, that the chair may move for this session (a number, 1 … 65535).

        The chair is armed with the first wish that moves. Whatever ends that (a stop, an empty seat, a lost link, its
        watchdog) is not mended by itself: a person has to say it again.
        """
        self._allowed, self._armed = session, False

    def forbid(self) -> None:
        """Nobody wants it to move any more; what moves is told so by `hold_still`."""
        self._allowed, self._armed = 0, False

    def at(self, now_ns: int, *, in_session: bool) -> None:
        """Time goes on: a chair that was moved by hand, outside a session, does not stay armed."""
        status = self.status
        busy = status is None or status.moving or status.massage_level > 0 or status.heat_level > 0
        if in_session or not self._armed or busy:
            self._quiet_since_ns = None
        elif self._quiet_since_ns is None:
            self._quiet_since_ns = now_ns
        elif now_ns - self._quiet_since_ns >= BY_HAND_S * 1e9:
            self.forbid()
            self._wish(Disarm())

    def stands(self, status: ChairStatus | None) -> None:
        """The chair has said how it stands; None: it is gone."""
        before, self.status = self.status, status
        was_armed = before is not None and before.armed
        if status is None or (was_armed and not status.armed):
            self.forbid()

    # --- wishes of the session

    def scene(self, scene: ChairScene) -> None:
        """Wish for the positions and levels of a segment."""
        self._wish(
            *commands_of(
                MoveChair(
                    recline_deg=scene.recline_deg,
                    leg_rest_deg=scene.leg_rest_deg,
                    massage_level=scene.massage_level,
                    heat_level=scene.heat_level,
                    light_percent=scene.light_percent,
                    volume_percent=scene.volume_percent,
                )
            ),
        )

    def pace(self, pacer: Pacer | None, phase_s: float, parts: frozenset[BreathPart]) -> None:
        """Wish that these parts of the chair follow this breath, or rest."""
        if pacer and parts:
            follow = frozenset(Part(part) for part in parts)
            self._wish(Pace(pacer.breaths_per_min, pacer.inhale_share, phase_s, follow))
        else:
            self._wish(Pace(0.0))

    def sound(self, percent: float) -> None:
        """Wish for a volume."""
        self._wish(Volume(round(percent)))

    def hold_still(self) -> None:
        """Wish that nothing moves, and that nothing moves again before a person has said so."""
        for moving in (Recline, LegRest, Massage, Heat, Pace):
            self._wishes.pop(moving, None)
        self.forbid()
        self._wish(Pace(0.0), Massage((), Rhythm.OFF, 0), Heat(0), Disarm())

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
        self.forbid()

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
        if moves_or_heats(command):
            if self.locked:
                raise self._stopped()
            await self._arm()
        await self._chair.command(command)

    async def _arm(self) -> None:
        """Before the first motion that a person has allowed."""
        if self._armed:
            return
        session = self._allowed
        if session:
            await self._chair.command(Arm(session))
            self._armed = self._allowed == session

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
            if moves_or_heats(command):
                if not self._allowed:
                    return
                await self._arm()
            await self._chair.command(command)
        except (NotConnected, PortLost) as error:
            log.info("chair: %s", error)
        except DeviceError as error:
            log.info("chair: %s", error)
            if error.detail == Refusal.NOT_ARMED:
                self.forbid()
            if not self.locked:
                self._refused(refusal_code(error))
        except Exception:
            log.exception("chair: %s failed", type(command).__name__)
