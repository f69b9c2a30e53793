"""One scripted room, one real console process and one real browser for the whole folder; a fresh tab
for each test, with the cache kept as a counsellor's browser keeps it."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from scripted_room import ScriptedRoom

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--no-first-run", "--disable-extensions",
)  # fmt: skip


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

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", self._code])
        deadline = time.monotonic() + 30
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


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield chromium.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=1)
        chromium.close()


@pytest.fixture
def tab(browser, console, room):
    """Opens the console in a scene: `tab("paced")`; all its requests are in `page.asked`."""
    room.commands.clear()
    room.stops.clear()
    pages = []

    def open_tab(scene: str, query: str = "", width: int = 1440, height: int = 900):
        room.show(scene)
        page = browser.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("websocket", lambda ws: page.asked.append(ws.url))
        page.set_default_timeout(10_000)
        page.goto(console.url + query)
        page.wait_for_selector("[data-console][data-room=here]")
        pages.append(page)
        return page

    yield open_tab
    for page in pages:
        page.close()
