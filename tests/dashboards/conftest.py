"""One scripted room and one real console process for the whole folder, a real browser for each module.

A tab is used again for the next test, as a counsellor leaves the page open all day; a new one only for tests that leave
traces in it.
"""

import shutil
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from console_parts import ConsoleProcess, Tabs
from scripted_room import ScriptedRoom

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--no-first-run", "--disable-extensions",
)  # fmt: skip

expect.set_options(timeout=20_000)  # on a machine that runs three files at a time the page is slow, not wrong


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
