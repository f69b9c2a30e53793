"""The desk: what faces ask for, done or refused. A refusal is a code with words in `care/words` and one line more."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from math import isfinite

from care import session as machine
from care.programme import ProgrammeError
from care.programme import load as load_programme
from care.session import State
from devices.clock import Clock
from devices.errors import DeviceError
from gateway.box import new_id
from gateway.errors import StoreError
from gateway.live import (
    AdjustPace,
    ArmChair,
    Command,
    EndSession,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    Reply,
    ResumeSession,
    StartSession,
)
from gateway.messages import SessionOpened
from gateway.room.chair import BY_HAND, chair_number, commands_of, refusal_code
from gateway.room.permits import refusal
from gateway.room.room import Room

CONFIRMED_WITHIN_S = 2.0
SHORTEST_LIMIT_S = 1.0

log = logging.getLogger(__name__)

_ASKS: dict[type, Callable[[int], machine.Event]] = {
    PauseSession: machine.PauseAsked,
    ResumeSession: machine.ResumeAsked,
    NextSegment: machine.NextAsked,
    EndSession: machine.EndAsked,
}


class Refused(Exception):
    """Not done; `code` has words."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(code)


class Desk:
    """Carries out commands for one room. `perform` and `stop_now` never raise."""

    def __init__(self, room: Room, clock: Clock, kernel: str) -> None:
        self._room, self._clock, self._kernel = room, clock, kernel

    async def perform(self, command: Command) -> Reply:
        """Anything but an emergency stop."""
        try:
            await self._do(command)
        except Refused as refused:
            return Reply(command.id, ok=False, code=refused.code, detail=refused.detail)
        except DeviceError as error:
            code = refusal_code(error)
            return Reply(command.id, ok=False, code=code, detail="" if code != error.code else error.detail)
        except StoreError as error:
            return Reply(command.id, ok=False, code="disk_full", detail=str(error))
        except Exception as error:
            log.exception("a command failed")
            return Reply(command.id, ok=False, code="not_now", detail=type(error).__name__)
        return Reply(command.id, ok=True)

    async def stop_now(self, command: Command) -> Reply:
        """Emergency stop: the chair first, then the session; the answer says whether the chair has confirmed it."""
        room, conductor = self._room, self._room.conductor
        stop = asyncio.create_task(room.chair.stop()) if room.chair else None
        await asyncio.sleep(0)  # the stop is on the wire before anything else is done
        try:
            if conductor.running:
                conductor.ask(machine.Stopped(conductor.session_ns()))
                conductor.note("stop_asked", command.actor)
        except Exception:
            log.exception("the session was not told of an emergency stop")
        if stop is None:
            return Reply(command.id, ok=False, code="no_chair")
        await asyncio.wait({stop}, timeout=CONFIRMED_WITHIN_S)
        if not stop.done():
            stop.add_done_callback(_log_failure)
            return Reply(command.id, ok=False, code="no_confirmation")
        error = stop.exception()
        if error is None:
            return Reply(command.id, ok=True)
        code = error.code if isinstance(error, DeviceError) else "device_error"
        return Reply(command.id, ok=False, code=code, detail=str(error))

    async def _do(self, command: Command) -> None:
        room, conductor = self._room, self._room.conductor
        action = command.action
        if code := refusal(command.actor, action, conductor.began_by if conductor.running else ""):
            raise Refused(code)
        match action:
            case StartSession():
                await self._start(action, command.actor)
            case MarkMoment(text):
                self._need_session()
                conductor.note("mark", text[:500])
            case AdjustPace(by_per_min):
                self._need_session()
                if not conductor.ask(machine.PaceAsked(conductor.session_ns(), by_per_min)):
                    raise Refused("not_now")
                pacer = conductor.session.pacer if conductor.session else None
                conductor.note("pace_changed", f"{pacer.breaths_per_min:.1f}" if pacer else "", by_per_min)
            case ArmChair():
                if room.chair is None:
                    raise Refused("no_chair")
                self._need_session()
                if room.chair.locked:
                    raise Refused("motion_locked")
                conductor.let_chair_move(command.actor)
            case MoveChair():
                if room.chair is None:
                    raise Refused("no_chair")
                if not room.chair.armed:  # a person moves it by hand: that is their word for it
                    room.chair.allow(conductor.number or BY_HAND)
                for wish in commands_of(action):
                    await room.chair.do(wish)
                conductor.note("chair_moved", command.actor)
            case ReleaseChair():
                if room.chair:
                    await room.chair.release()
                elif not (conductor.running and conductor.session and conductor.session.locked):
                    raise Refused("no_chair")
                if conductor.running:
                    conductor.ask(machine.Released(conductor.session_ns()))
                    conductor.note("stop_released", command.actor)
            case _:
                self._need_session()
                moves = conductor.session is not None and conductor.session.programme.moves
                if isinstance(action, ResumeSession) and moves and room.chair and not room.chair.locked:
                    room.chair.allow(conductor.number)
                if not conductor.ask(_ASKS[type(action)](conductor.session_ns())):
                    raise Refused("not_now")
        await conductor.sync()

    def _need_session(self) -> None:
        if not self._room.conductor.running:
            raise Refused("no_session")

    async def _start(self, start: StartSession, actor: str) -> None:
        room, conductor = self._room, self._room.conductor
        recording = conductor.recording
        if recording and recording.ledger.session.state is not State.FINISHED:
            raise Refused("session_running")
        if start.limit_s is not None and not (isfinite(start.limit_s) and start.limit_s >= SHORTEST_LIMIT_S):
            raise Refused("out_of_range", "limit_s")
        if recording and not conductor.written:
            raise Refused("not_now", "the last session is still being written")
        try:
            programme = load_programme(start.programme)
        except ProgrammeError as error:
            raise Refused("unknown_programme", str(error)) from None
        device = start.device or room.heart_ready
        state = room.devices.get(device)
        if state is None or state.identity is None or device != room.heart_ready:
            raise Refused("no_chair")
        if room.chair and room.chair.locked:
            raise Refused("motion_locked")
        identity = state.identity
        channel = room.heart_channel(device)
        rate_hz = next(rate for given, rate in identity.channels if given is channel)
        body = SessionOpened(
            session=new_id(),
            programme=programme.key,
            programme_version=programme.version,
            device=device,
            device_model=f"{identity.maker} {identity.model}",
            device_serial=identity.serial,
            device_firmware=identity.firmware,
            heart_channel=str(channel),
            heart_rate_hz=rate_hz,
            began_utc_ns=self._clock.utc_ns(),
            speed=self._clock.speed,
        )
        if room.chair and programme.moves:
            room.chair.allow(chair_number(body.session))
        try:
            await conductor.begin(body, start.limit_s, self._kernel, actor)
        except BaseException:
            if room.chair:
                room.chair.forbid()
            raise
        room.tell_session()


def _log_failure(stop: asyncio.Task[None]) -> None:
    """How a stop ended that nobody waits for any more."""
    with contextlib.suppress(asyncio.CancelledError):
        if error := stop.exception():
            log.error("an emergency stop was not confirmed: %s", error)
