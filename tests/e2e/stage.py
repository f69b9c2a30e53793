"""A whole site of real processes for one test: simulator, mosquitto, room, centre, and hands for the devices."""

import asyncio
import contextlib
import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from devices.clock import Clock
from firmware_sim.control import tell
from gateway.client import RoomClient
from gateway.config import Config, to_toml
from gateway.demo import Demo
from gateway.live import Health, LiveFrame, StartSession
from gateway.services import StoredSession, open_store, read_session
from gateway.site import Site

ROOT = Path(__file__).parents[2]
XINYI = (sys.executable, "-m", "xinyi")
PATIENCE_S = 40.0


@dataclass
class Stage:
    config: Config
    site: Site
    client: RoomClient
    control: Path

    async def frame(self, when: Callable[[LiveFrame], object], within_s: float = PATIENCE_S) -> LiveFrame:
        """The first frame that fits."""
        last = None
        try:
            async with asyncio.timeout(within_s):
                async for frame in self.client.frames():
                    last = frame
                    if frame is not None and when(frame):
                        return frame
        except TimeoutError:
            session = last.session if last else None
            logs = {name: self.site.last_words(name) for name in self.site.children}
            devices = last.devices if last else None
            told = f"devices {devices}; session {session}; logs {logs}"
            raise AssertionError(f"no such frame within {within_s} s; {told}") from None
        raise AssertionError("the frames ended")

    async def hands(self, do: str, **fields: object) -> None:
        await tell(self.control, do, device="chair-1", **fields)

    async def begin(self, limit_s: float | None = None) -> LiveFrame:
        """Somebody sits down, the session begins, beats arrive."""
        await self.frame(lambda frame: frame.devices and frame.devices[0].health is Health.CONNECTED)
        await self.hands("sit")
        reply = await self.client.ask(StartSession(limit_s=limit_s), expires_s=5)
        assert reply.ok, reply
        return await self.frame(lambda frame: frame.session and frame.session.beats >= 5)

    def kill(self, name: str) -> None:
        pid = self.site.children[name].pid
        assert pid
        os.kill(pid, signal.SIGKILL)

    async def finished(self) -> StoredSession:
        """The session is over and the centre holds all of it."""
        frame = await self.frame(
            lambda frame: frame.session and frame.session.state == "finished" and frame.session.saved == "site", 60
        )
        return self.stored(frame.session.id)

    def stored(self, session: str) -> StoredSession:
        with open_store(self.config.data) as rows:
            return read_session(rows, session)


@contextlib.asynccontextmanager
async def stage(folder: Path, *, speed: float = 1.0, sim_options: tuple[str, ...] = ()) -> AsyncIterator[Stage]:
    """A site in `folder`, stopped and gone at the end."""
    clock = Clock.starting_now(speed)
    sockets = Path(tempfile.mkdtemp(prefix="xinyi-"))

    async def nobody(_: Path) -> None: ...

    demo = Demo(XINYI, nobody, speed, None, True, False, folder, sim_options, None, lambda _: None)
    config = demo._configure(folder, sockets)
    file = folder / "xinyi.toml"
    file.write_text(to_toml(config), "utf-8")
    control = sockets / "sim.sock"
    try:
        async with (
            Site(demo._children(config, file, control, clock), folder / "logs") as site,
            RoomClient(config.room_socket, "console:test") as client,
        ):
            yield Stage(config, site, client, control)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def xinyi(*arguments: str, timeout_s: float = 110, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line, as a person would use it."""
    return subprocess.run(
        [*XINYI, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def rows_of(text: str) -> list[dict[str, str]]:
    """The lines of an export."""
    return list(csv.DictReader(io.StringIO(text)))
