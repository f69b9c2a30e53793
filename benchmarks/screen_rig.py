"""A screen that can be touched and whose pixels can be read for nothing: Xvfb with its frame buffer in a file.

Touches come through XTEST in this process (no program is started for one), pixels from the mapped frame buffer (XWD,
X11/XWDFile.h), so looking costs less than a thousandth of what is measured.
"""

import contextlib
import ctypes
import ctypes.util
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
HOLD_S = 0.06
"""A finger stays down for about this long."""
_LOOK_S = 0.001
_GRID = 5
"""Every fifth pixel of every fifth line is compared: less than the dot of a typed digit."""


class Screen:
    """A display of one process; `name` is its DISPLAY."""

    def __init__(self, name: str, buffer: Path) -> None:
        self.name = name
        with buffer.open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = struct.unpack(">25I", self._memory[:100])
        start, wide, high, stride = head[0] + 12 * head[19], head[4], head[5], head[12]
        rows = np.frombuffer(self._memory, np.uint8, count=stride * high, offset=start).reshape(high, stride)
        self.pixels: Pixels = rows[:, : 4 * wide].reshape(high, wide, 4)[:, :, 2::-1]
        """Lines × columns × RGB, as they are now."""
        self._x11: Any = ctypes.CDLL(_library("X11"))
        self._test: Any = ctypes.CDLL(_library("Xtst"))
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(name.encode()))

    def close(self) -> None:
        self._x11.XCloseDisplay(self._display)

    def blank(self) -> None:
        """Nothing of the last window stays on the empty screen."""
        self._x11.XDefaultRootWindow.restype = ctypes.c_ulong
        root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._display))
        self._x11.XSetWindowBackground(self._display, root, ctypes.c_ulong(0))
        self._x11.XClearWindow(self._display, root)
        self._x11.XSync(self._display, 0)

    def move(self, x: float, y: float) -> None:
        """The finger is there."""
        self._test.XTestFakeMotionEvent(self._display, -1, round(x), round(y), 0)
        self._x11.XFlush(self._display)

    def press(self, *, down: bool) -> None:
        """It comes down, or lifts."""
        self._test.XTestFakeButtonEvent(self._display, 1, int(down), 0)
        self._x11.XFlush(self._display)

    def tap(self, x: float, y: float) -> None:
        """Down and up."""
        self.move(x, y)
        self.press(down=True)
        time.sleep(HOLD_S)
        self.press(down=False)

    def glance(self) -> Pixels:
        """A thinned picture to compare with later."""
        return self.pixels[2::_GRID, 2::_GRID].copy()

    def until_changed(self, before: Pixels, within_s: float) -> float | None:
        """Seconds until any pixel differs; None: none did."""
        began = time.perf_counter()
        view = self.pixels[2::_GRID, 2::_GRID]
        while (passed := time.perf_counter() - began) < within_s:
            if not np.array_equal(view, before):
                return passed
            time.sleep(_LOOK_S)
        return None

    def until_still(self, still_s: float = 0.2, within_s: float = 5.0) -> bool:
        """Wait until nothing has changed for a while."""
        deadline = time.perf_counter() + within_s
        while time.perf_counter() < deadline:
            if self.until_changed(self.glance(), still_s) is None:
                return True
        return False

    def until(self, condition: Callable[[Pixels], bool], within_s: float) -> float | None:
        """Seconds until the picture is so."""
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < within_s:
            if condition(self.pixels):
                return passed
            time.sleep(_LOOK_S)
        return None


def _library(name: str) -> str:
    found = ctypes.util.find_library(name)
    if found is None:
        raise RuntimeError(f"lib{name} is missing; install it (Debian: libx11-6, libxtst6)")
    return found


@contextlib.contextmanager
def open_screen(width: int = 1280, height: int = 800) -> Iterator[Screen]:
    """A display that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="xinyi-screen-"))
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder)]
    process = subprocess.Popen(
        [*command, "+extension", "GLX", "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        screen = Screen(f":{number}", folder / "Xvfb_screen0")
        try:
            yield screen
        finally:
            screen.close()
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
