"""A real kiosk as systemd sees it: when it is ready, whether it still draws, how it ends; and what does not end it."""

import asyncio
import ctypes
import ctypes.util
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.kiosk.test_window_visit import says, typed
from xinyi_kiosk import LEFT

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "xinyi-kiosk.service"
PIN = "270419"
LONGER_S = 7.0
"""A kiosk that draws says so every 5 s."""


class Supervisor:
    """What systemd hears of a service."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))

    async def word(self, within_s=30.0):
        """The next; None: silence for so long."""
        try:
            async with asyncio.timeout(within_s):
                return (await asyncio.get_running_loop().sock_recv(self._socket, 256)).decode()
        except TimeoutError:
            return None

    def close(self):
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def maintenance(tmp_path):
    file = tmp_path / "maintenance"
    file.write_text(PIN)
    file.chmod(0o600)
    return {"maintenance": str(file)}


async def ended(face):
    async with asyncio.timeout(30):
        return await face._process.wait()


async def test_it_is_ready_with_its_first_picture_and_silent_while_it_hangs(room, kiosk, supervisor):
    async with kiosk(environment={"NOTIFY_SOCKET": str(supervisor.path)}) as face:
        assert await supervisor.word() == "READY=1"
        assert await face.colour(5, 5) == "F6F3EC"
        assert await supervisor.word() == "WATCHDOG=1"
        face._process.send_signal(signal.SIGSTOP)
        while await supervisor.word(0.2):
            pass  # what was said before
        assert await supervisor.word(LONGER_S) is None
        face._process.send_signal(signal.SIGCONT)
        assert await supervisor.word() == "WATCHDOG=1"


@pytest.mark.validation
async def test_a_window_that_does_not_draw_any_more_feeds_nobody(room, kiosk, supervisor):
    async with kiosk(environment={"NOTIFY_SOCKET": str(supervisor.path)}) as face:
        assert await supervisor.word() == "READY=1"
        face._process.stdin.write(b"hang\n")
        while await supervisor.word(0.2):
            pass
        assert await supervisor.word(LONGER_S) is None
        assert face._process.returncode is None
        face._process.kill()  # as systemd does then


def test_the_watchdog_of_the_unit_waits_for_more_than_one_word() -> None:
    from kiosk.stage import ALIVE_S

    (patience,) = re.findall(r"^WatchdogSec=(\d+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert int(patience) >= 3 * ALIVE_S


async def to_service(face):
    await face.at("welcome")
    corner = min((await face.look())["targets"], key=lambda box: box[0] + box[1])
    await face.xdotool("mousemove", *(str(round(corner[at] + corner[at + 2] / 2)) for at in (0, 1)), "click", "1")
    await face.at("service_pin")
    await typed(face, PIN)
    await face.tap("下一步")
    await face.at("service")


@pytest.mark.parametrize(("word", "code"), [("退出", LEFT), ("重启", 0)])
async def test_staff_leaves_with_the_maintenance_pin_and_the_exit_code_says_how(room, kiosk, maintenance, word, code):
    async with kiosk(house=maintenance) as face:
        await to_service(face)
        await face.tap(word)
        assert await ended(face) == code


async def test_a_wrong_pin_leads_nowhere(room, kiosk, maintenance):
    async with kiosk(house=maintenance) as face:
        await face.at("welcome")
        corner = min((await face.look())["targets"], key=lambda box: box[0] + box[1])
        await face.xdotool("mousemove", *(str(round(corner[at] + corner[at + 2] / 2)) for at in (0, 1)), "click", "1")
        await face.at("service_pin")
        await typed(face, "270410")
        await face.tap("下一步")
        await face.until(says("密码不对"))
        assert face._process.returncode is None


async def test_a_request_to_close_the_window_is_refused_on_a_public_screen(room, kiosk, display):
    async with kiosk(fullscreen=True) as face:
        await face.at("welcome")
        ask_to_close(display)
        await face.tap("开始")
        await face.at("privacy")


def ask_to_close(display):
    """WM_DELETE_WINDOW to every window of the screen, as a window manager sends it for Alt+F4 (ICCCM 4.2.8.1)."""
    x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    root = ctypes.c_ulong(x11.XDefaultRootWindow(connection))
    parent, children, count, up = ctypes.c_ulong(), ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint(), ctypes.c_ulong()
    x11.XQueryTree(
        connection, root, ctypes.byref(up), ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count)
    )
    assert count.value > 0

    class ClientMessage(ctypes.Structure):
        _fields_ = (
            ("type", ctypes.c_int),
            ("serial", ctypes.c_ulong),
            ("send_event", ctypes.c_int),
            ("display", ctypes.c_void_p),
            ("window", ctypes.c_ulong),
            ("message_type", ctypes.c_ulong),
            ("format", ctypes.c_int),
            ("data", ctypes.c_long * 5),
            ("rest", ctypes.c_long * 12),
        )

    delete = x11.XInternAtom(connection, b"WM_DELETE_WINDOW", 0)
    for window in children[: count.value]:
        event = ClientMessage(33, 0, 1, connection, window, x11.XInternAtom(connection, b"WM_PROTOCOLS", 0), 32)
        event.data[0] = delete
        x11.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    x11.XSync(connection, 0)
    x11.XCloseDisplay(connection)
