"""A room that plays scenes over the real room socket, for looking at the console and for its tests.

`with ScriptedRoom(path) as room: room.scene = "weak"`. It runs in a thread of its own, answers commands as a room would
(start, pause, stop, release …), keeps what it was asked, and can go away, fall silent and come back.
"""

import asyncio
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from msgspec.structs import replace as changed
from scripted_picture import START, Painter, Play, S

from gateway.live import (
    AdjustPace,
    ArmChair,
    ChairView,
    Command,
    EndSession,
    LogLine,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    Reply,
    ResumeSession,
    StartSession,
)
from gateway.socket import RoomSocket


@dataclass
class ScriptedRoom(Painter):
    """Context manager; everything public may be used from the test's thread."""

    path: Path
    hz: float = 4.0
    commands: list[object] = field(default_factory=list)
    stops: list[Command] = field(default_factory=list)
    refuse: str = ""
    silent: bool = False
    log: list[LogLine] = field(default_factory=list)
    play: Play = field(default_factory=Play)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._here, self._over = threading.Event(), threading.Event()
        self._up = threading.Event()
        self._seq = 0
        self._chair = ChairView("chair-3", 128, 35, 2, ["lumbar"], "wave", 1, 30, 45, True, True, False, False)

    def __enter__(self) -> Self:
        self._here.set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._up.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(5)

    def show(self, scene: str) -> None:
        """Go to the beginning of a scene."""
        self.silent, self.refuse = False, ""
        self._began = time.monotonic()
        self.play = START[scene]
        state = self.play.state
        lines = [
            LogLine(0, "session_opened"),
            LogLine(60 * S, "segment_began", "baseline"),
            LogLine(120 * S, "segment_began", "breathing"),
            LogLine(171 * S, "mark", "咳嗽"),
            LogLine(205 * S, "mark", "说“肩膀松了”"),
        ]
        self.log = [] if state == "idle" else lines[: 2 if self.play.segment < 2 else 5]
        if self.play.pause_reason:
            self.log.append(LogLine(230 * S, "paused", self.play.pause_reason))
        if state == "finished":
            self.log.append(LogLine(480 * S, "session_closed", "completed"))

    def go_away(self) -> None:
        """The room process is gone."""
        self._here.clear()
        while self._up.is_set():
            time.sleep(0.01)

    def come_back(self) -> None:
        """The room process is there again."""
        self._here.set()
        assert self._up.wait(5)

    async def _run(self) -> None:
        while not self._over.is_set():
            if not self._here.is_set():
                await asyncio.sleep(0.02)
                continue
            async with RoomSocket(self.path, self._perform, self._stop_now) as socket:
                self._up.set()
                while self._here.is_set() and not self._over.is_set():
                    if not self.silent:
                        socket.show(self.frame())
                    await asyncio.sleep(1 / self.hz)
            self._up.clear()

    # --- what it is asked --------------------------------------------------------------------------------------------

    async def _stop_now(self, command: Command) -> Reply:
        self.stops.append(command)
        running = self.play.state in {"running", "paused"}
        state = "paused" if running else self.play.state
        self._hold(state, "emergency_stop" if running else "", locked=True)
        self.log.append(LogLine(self._now_ns(), "emergency_stop"))
        return Reply(id=command.id, ok=True)

    def _hold(self, state: str, reason: str, *, locked: bool) -> None:
        into = self._into_s()
        self._began = time.monotonic()
        self.play = replace(self.play, state=state, pause_reason=reason, locked=locked, into_s=into)

    async def _perform(self, command: Command) -> Reply:
        action = command.action
        self.commands.append(action)
        if self.refuse:
            return Reply(id=command.id, ok=False, code=self.refuse, detail="")
        match action:
            case StartSession():
                self.show("baseline")
                self.play = replace(self.play, segment=0, into_s=0)
                self.log = [LogLine(0, "session_opened")]
            case PauseSession():
                self._hold("paused", "asked", locked=False)
            case ResumeSession():
                if self.play.locked:
                    return Reply(id=command.id, ok=False, code="motion_locked")
                self._hold("running", "", locked=False)
            case NextSegment():
                self._began = time.monotonic()
                self.play = replace(self.play, segment=min(3, self.play.segment + 1), into_s=0)
            case EndSession():
                self.show("finished")
            case AdjustPace(by):
                self.play = replace(self.play, pace=round(self.play.pace + by, 1))
                self.log.append(LogLine(self._now_ns(), "pace_changed", f"{self.play.pace}"))
            case MarkMoment(text):
                self.log.append(LogLine(self._now_ns(), "mark", text))
            case ReleaseChair():
                self._hold(self.play.state, self.play.pause_reason, locked=False)
            case MoveChair():
                asked = {name: getattr(action, name) for name in action.__struct_fields__}
                news = {name: value for name, value in asked.items() if value is not None}
                self._chair = changed(self._chair, **news)
            case ArmChair():
                self.play = replace(self.play, armed=True)
            case _:
                return Reply(id=command.id, ok=False, code="not_understood")
        return Reply(id=command.id, ok=True)


if __name__ == "__main__":
    with ScriptedRoom(Path(sys.argv[1])) as shown:
        shown.show(sys.argv[2] if len(sys.argv) > 2 else "paced")
        threading.Event().wait()
