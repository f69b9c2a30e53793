"""A whole site of real processes (broker, simulator, room, centre) with a kiosk in front of it, on a screen of its own.

What dies is started again by `gateway.site`, as systemd would; the kiosk is started here, because a bench measures its
start and a walk kills it.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.screen_rig import HOLD_S, Screen
from devices.clock import ENVIRONMENT, Clock
from gateway.broker import broker_command, free_port
from gateway.client import RoomClient
from gateway.config import BrokerConfig, Config, DeviceConfig, KioskConfig, PathsConfig, SiteConfig, to_toml
from gateway.live import Health
from gateway.site import Child, Site
from gateway.sockets_folder import sockets_folder

ROOT = Path(__file__).parents[1]
XINYI = (sys.executable, "-m", "xinyi")
SETTLED_S = 0.75
"""A second tap comes no sooner than this: the kiosk takes it for the trembling of the first."""
_ANSWER_S = 3.0
_PATIENCE_S = 60.0


@dataclass
class Place:
    """One site."""

    config: Config
    file: Path
    site: Site
    environment: Mapping[str, str]

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int | None:
        """Signal one of its processes; its process id."""
        pid = self.site.children[name].pid
        if pid:
            os.kill(pid, how)
        return pid


@contextlib.asynccontextmanager
async def open_site(folder: Path, **kiosk: Any) -> AsyncIterator[Place]:
    """A site in `folder` whose chair is connected; `kiosk` are fields of `KioskConfig`."""
    clock = Clock.starting_now(1.0)
    port = free_port()
    with sockets_folder() as sockets:
        config = Config(
            site=SiteConfig("demo.demo.0001", "演示心理服务室", demonstration=True),
            paths=PathsConfig(str(folder.resolve()), str(sockets)),
            broker=BrokerConfig("127.0.0.1", port, str((folder / "broker" / "secret").resolve())),
            kiosk=KioskConfig(**kiosk),
            devices=[DeviceConfig("chair-1", "chair-link", str(sockets / "chair-1"), "1 号椅")],
        )
        file = folder / "xinyi.toml"
        await asyncio.to_thread(file.write_text, to_toml(config), "utf-8")
        environment = {ENVIRONMENT: clock.to_environment(), "XINYI_CONFIG": str(file), "PYTHONIOENCODING": "utf-8"}
        children = [
            Child("broker", broker_command(folder / "broker", port), environment),
            Child("sim", [*XINYI, "sim", "--control", str(sockets / "sim.sock"), "--empty"], environment),
            Child("room", [*XINYI, "room"], environment),
            Child("centre", [*XINYI, "centre"], environment),
        ]
        clean = {name: text for name, text in os.environ.items() if not name.startswith("XINYI_")}
        async with Site(children, folder / "logs", clean) as site:
            async with RoomClient(config.room_socket, "console:bench") as room, asyncio.timeout(_PATIENCE_S):
                async for frame in room.frames():
                    if frame and any(device.health is Health.CONNECTED for device in frame.devices):
                        break
            yield Place(config, file, site, environment)


class Face:
    """One kiosk process on a screen, and a finger before it."""

    def __init__(
        self, place: Place, screen: Screen, log: Path, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._screen, self._log = screen, log
        self._environment = {**os.environ, **place.environment, "DISPLAY": screen.name, **(environment or {})}
        self._environment.pop("WAYLAND_DISPLAY", None)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.kiosk_face"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look(self) -> dict[str, Any]:
        """What is on the window, once there is one.

        Raises:
            ConnectionError: the kiosk has ended.
        """
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(b"look\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ConnectionError(f"the kiosk ended with {self.process.wait()}: {last_words(self._log)}")
        seen: dict[str, Any] = json.loads(line)
        return seen

    def touch(self, target: Mapping[str, Any]) -> None:
        """Tap the middle of a target."""
        x, y, wide, high = target["box"]
        self._screen.tap(x + wide / 2, y + high / 2)
        time.sleep(SETTLED_S - HOLD_S)

    def go(self, *steps: str) -> dict[str, Any]:
        """Tap one's way: each step is what a target asks for ("next") or the value it chooses ("relax").

        Raises:
            LookupError: there is no such target.
        """
        seen = self.drawn()
        for step in steps:
            targets = [each for each in seen["targets"] if step in (each["value"], each["tap"])]
            if not targets:
                raise LookupError(f"no {step} on {seen['place']}: {seen['targets']}")
            self.touch(targets[0])
            before, deadline = (seen["place"], seen["targets"], seen["typed"]), time.monotonic() + _ANSWER_S
            while (seen["place"], seen["targets"], seen["typed"]) == before and time.monotonic() < deadline:
                seen = self.look()
        return seen

    def drawn(self) -> dict[str, Any]:
        """What is on the window once pictures are drawn."""
        while (seen := self.look())["pictures"] < 3:
            time.sleep(0.05)
        return seen

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Have it ended; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        return self.process.wait()


def last_words(log: Path) -> str:
    """The end of a log."""
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:])


def short_folder() -> Path:
    """A folder whose sockets' paths are short enough."""
    return Path(tempfile.mkdtemp(prefix="xk", dir="/tmp"))
