"""One scripted room and one real console process for the whole folder, a real browser for each module.

A tab is used again for the next test, as a counsellor leaves the page open all day; a new one only for tests that leave
traces in it.
"""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from scripted_room import ScriptedRoom

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--no-first-run", "--disable-extensions",
)  # fmt: skip

expect.set_options(timeout=20_000)  # on a machine that runs three files at a time the page is slow, not wrong


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ConsoleProcess:
    """`run` in a process of its own."""

    def __init__(self, room_socket: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._code = (
            "from pathlib import Path; from dashboards.console import run; "
            f"run(Path({str(room_socket)!r}), '127.0.0.1', {self.port})"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [sys.executable, "-c", self._code]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the console process ended"
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url, timeout=5) as answer:
                assert answer.status == 200
                return
            time.sleep(0.05)
        raise AssertionError("the console did not come up")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    with ScriptedRoom(tmp_path_factory.mktemp("room") / "room.sock") as scripted:
        yield scripted


@pytest.fixture(scope="session")
def console(room):
    process = ConsoleProcess(room.path)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def browser():
    """Per module, because Playwright's loop must be gone from this thread before tests with loops of their own run."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield chromium.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=1)
        chromium.close()


class Tabs:
    """The tabs of the test run: one per address that is used again and again, new ones for tests that leave traces."""

    def __init__(self, context, url, room) -> None:
        self._context, self._url, self._room = context, url, room
        self._usual = {}
        self._new = []

    def __call__(self, scene: str, query: str = "", *, new: bool = False):
        """A tab that shows the scene; all requests that it has made are in `page.asked`."""
        self._room.show(scene)
        page = self._usual.get(query)
        if new or page is None:
            page = self._context.new_page()
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            page.on("websocket", lambda socket: page.asked.append(socket.url))
            page.set_default_timeout(30_000)
            page.goto(self._url + query)
            if new:
                self._new.append(page)
            else:
                self._usual[query] = page
        state = self._room.play.state
        page.wait_for_selector(f"[data-console][data-room=here][data-state={state}]")
        return page

    def close_new(self) -> None:
        while self._new:
            self._new.pop().close()


@pytest.fixture(scope="module")
def tabs(browser, console, room):
    return Tabs(browser, console.url, room)


@pytest.fixture
def tab(tabs, room):
    """`tab("paced")` opens the console in a scene; with `new=True` a tab that is thrown away afterwards."""
    room.show("idle")
    room.commands.clear()
    room.stops.clear()
    yield tabs
    tabs.close_new()
