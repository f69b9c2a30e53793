"""The kiosk process: one window, one connection to the room, one line to the centre, one asyncio loop; nothing in it
waits for anything.

Frames set what is shown, fingers ask; the page is rebuilt when place, language or text size change, and only told the
news otherwise.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gateway.client import KioskLine, RoomClient
from kiosk import window
from kiosk.flow import House
from kiosk.fonts import faces
from kiosk.furnish import Furniture, furnish
from kiosk.hands import Hands
from kiosk.idle import IdleTimes
from kiosk.printing import Printer, printer_of
from kiosk.speaking import Speaking
from kiosk.texts import Language, Texts, load
from kiosk.theme import TARGET_MM, UNIT_MM, Theme
from kiosk.voice import Voice


class NoDisplay(RuntimeError):
    """There is no screen to open a window on; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """How one kiosk is set up.

    Attributes:
        socket: of the room service; it may come and go.
        furniture: what it has, and where its files are.
        windowed_size: pixels of a window, or None for the whole screen.
        mm_per_px: calibration of the screen: sizes on it are millimetres.
        motion: False keeps the breathing figure still.
        idle: when the screen dims, asks and forgets.
        printer: name of a printer for slips, "" is none.
        volume: of sounds, 0-1.
        voice: "off", or "headset".
        voice_device: ALSA card of the headset.
        voice_rate: of the usual speed.
        recordings: folder of recordings that replace the voice.
    """

    socket: Path
    furniture: Furniture = field(default_factory=Furniture)
    windowed_size: tuple[int, int] | None = None
    mm_per_px: float = UNIT_MM
    motion: bool = True
    idle: IdleTimes = field(default_factory=IdleTimes)
    printer: str = ""
    volume: float = 0.6
    voice: Literal["off", "headset"] = "off"
    voice_device: str = ""
    voice_rate: float = 1.0
    recordings: Path | None = None


def run(kiosk: Kiosk, line: KioskLine) -> str:
    """Show the kiosk until its window is closed, staff leaves it, or the process is asked to end.

    Args:
        kiosk: how it is set up.
        line: not opened yet: what keeps records until the centre has them.

    Returns:
        "" or, when staff left with the maintenance PIN, "leave" or "again".

    Raises:
        NoDisplay: there is no screen to open a window on.
        FontMissing: the Chinese typeface is not installed.
        TextsError, NoPin, ValueError: a file is not as it must be.
        StoreError: the outbox cannot be opened.
    """
    if problem := window.display_problem():
        raise NoDisplay(f"no display: {problem}")
    texts: dict[Language, Texts] = {"zh": load("zh"), "en": load("en")}
    house = furnish(kiosk.furniture)
    cuts = faces()
    window.set_up(kiosk.windowed_size)
    from kivy.core.window import Window

    if Window is None:
        raise NoDisplay("no display: the screen offers no OpenGL window; install the graphics driver (Mesa)")
    from kiosk.lettering import register

    register(cuts)
    smallest = Theme.for_screen(*Window.size, mm_per_px=kiosk.mm_per_px).target_mm
    if smallest < TARGET_MM - 0.5 and kiosk.windowed_size is None:
        print(
            f"xinyi kiosk: buttons are {smallest:.0f} mm high on this screen; older fingers need {TARGET_MM:.0f} mm",
            file=sys.stderr,
        )
    printer = printer_of(kiosk.printer, cuts)
    house.printer = printer is not None
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(kiosk, line, house, texts, printer))
    return ""


async def _serve(
    kiosk: Kiosk, line: KioskLine, house: House, texts: Mapping[Language, Texts], printer: Printer | None
) -> str:
    from kiosk.sound import Player
    from kiosk.stage import Stage

    voice = Voice(kiosk.voice, kiosk.voice_device, kiosk.voice_rate, kiosk.recordings)
    async with line, voice, RoomClient(kiosk.socket, "kiosk") as room:
        hands = Hands(room, line, printer)
        player = Player(volume=kiosk.volume)
        player.probe()
        stage = Stage(
            texts,
            house,
            hands.carry_out,
            Speaking(player, voice),
            motion=kiosk.motion,
            mm_per_px=kiosk.mm_per_px,
            idle=kiosk.idle,
            closable=bool(kiosk.windowed_size),
        )
        hands.ears = stage

        async def listen() -> None:
            async for frame in room.frames():
                if frame is not None:
                    house.site_name = frame.site_name
                stage.heard(frame, time.monotonic_ns())

        work = [asyncio.create_task(each) for each in (listen(), hands.attend())]
        for task in work:
            task.add_done_callback(lambda task: None if task.cancelled() else stage.stop())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stage.stop)
        try:
            await stage.async_run("asyncio")
        finally:
            player.close()
            for task in work:
                task.cancel()
            for task in work:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
    return stage.leaving
