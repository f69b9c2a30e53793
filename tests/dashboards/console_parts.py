"""The console's process and the browser's tabs, for the tests and for looking at the page."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


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
