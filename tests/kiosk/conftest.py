"""A display, a scripted room on the real socket, and a real kiosk in front of it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.live import Command, Reply
from gateway.socket import RoomSocket
from kiosk.fonts import faces
from tests.kiosk.made_frames import chair_frame, make_frame, make_session, metric, paced_frame

PATIENCE_S = 30.0


class ScriptedRoom:
    """A room that shows what a test says and writes down what it is asked."""

    def __init__(self, path):
        self.path, self.asked, self.reply_code = path, [], ""
        self._picture = make_frame
        self._socket = None
        self._task = None
        self._began_ns = time.monotonic_ns()

    async def __aenter__(self):
        await self.open()
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def open(self):
        self._socket = RoomSocket(self.path, self._perform, self._perform)
        await self._socket.__aenter__()
        self._task = asyncio.create_task(self._showing())

    async def close(self):
        if self._task:
            self._task.cancel()
            await self._socket.__aexit__()
            self._task = None

    def show(self, picture):
        """A frame, or a function of real nanoseconds since it was shown that makes one."""
        began = time.monotonic_ns()
        self._picture = (lambda: picture(time.monotonic_ns() - began)) if callable(picture) else (lambda: picture)

    async def _showing(self):
        while True:
            self._socket.show(self._picture())
            await asyncio.sleep(0.1)

    async def _perform(self, command: Command) -> Reply:
        self.asked.append(command.action)
        return Reply(command.id, not self.reply_code, self.reply_code)


class KioskProcess:
    """One real kiosk window."""

    def __init__(self, process, display):
        self._process, self._display = process, display

    async def look(self):
        self._process.stdin.write(b"look\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        assert line, "the kiosk ended"
        return json.loads(line)

    async def until(self, condition):
        """Look, picture by picture, until this is so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen = await self.look()
                if condition(seen):
                    return seen

    async def at(self, place):
        return await self.until(lambda seen: seen["place"] == place and seen["faded"])

    async def spot(self, text):
        """Where the middle of these words is."""
        seen = await self.until(lambda seen: any(text in word["text"] for word in seen["words"]))
        found = [word for word in seen["words"] if text in word["text"]]
        x, y, wide, high = min(found, key=lambda word: len(word["text"]))["ink"]
        return str(round(x + wide / 2)), str(round(y + high / 2))

    async def tap(self, text, clicks=1):
        """Press the words with a real pointer, when the last tap is long enough ago."""
        await self.until(lambda seen: seen["ready"])
        click = ["click", "--repeat", str(clicks), "--delay", "60", "1"]
        await self.xdotool("mousemove", *await self.spot(text), *click)

    async def xdotool(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            "xdotool", *arguments, env={**os.environ, "DISPLAY": self._display}
        )
        assert await process.wait() == 0

    async def colour(self, x, y):
        """The colour of one pixel of the window, as "#RRGGBB"."""
        process = await asyncio.create_subprocess_exec(
            "import", "-display", self._display, "-window", "root", "-crop", f"1x1+{x}+{y}", "-depth", "8", "txt:-",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        text, _ = await process.communicate()
        return text.decode().split("#")[-1][:6]

    async def until_colour(self, x, y, colour):
        """Until what was fading has come to rest in this colour."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.colour(x, y) != colour:
                await self.look()

    async def shoot(self, path):
        process = await asyncio.create_subprocess_exec(
            "import", "-display", self._display, "-window", "root", str(path)
        )
        assert await process.wait() == 0


@contextlib.asynccontextmanager
async def open_kiosk(display, socket, *, width=1280, height=800, environment=None, stderr=None, **options):
    """A kiosk of these options (`window_under_test`); `environment` is added to ours, `stderr` is a file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("window_under_test.py")),
        str(socket),
        str(width),
        str(height),
        json.dumps(options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "DISPLAY": display, **(environment or {})},
        limit=1 << 20,
    )
    try:
        yield KioskProcess(process, display)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@contextlib.contextmanager
def open_display(width=1280, height=800):
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            "Xvfb",
            "-displayfd",
            str(writing),
            "-screen",
            "0",
            f"{width}x{height}x24",
            "+extension",
            "GLX",
            "-nolisten",
            "tcp",
        ],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def cuts():
    """The two cuts of the typeface, made before any window waits for them."""
    return faces()


@pytest.fixture(scope="session")
def display(cuts):
    with open_display() as name:
        yield name


@pytest.fixture(scope="session")
def made():
    """How to make frames, sessions and numbers."""
    return SimpleNamespace(frame=make_frame, session=make_session, metric=metric, paced=paced_frame, chair=chair_frame)


@pytest.fixture
async def room(tmp_path):
    async with ScriptedRoom(tmp_path / "room.sock") as scripted:
        yield scripted


@pytest.fixture
def kiosk(display, tmp_path):
    """Opens a kiosk on the display, in front of the room."""
    return lambda **options: open_kiosk(display, tmp_path / "room.sock", **options)
