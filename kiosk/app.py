"""The kiosk process: one window, one connection to the room, one asyncio loop; nothing in it waits for anything.

Frames set what is shown, fingers ask; the page is rebuilt when place, language or text size change, and only told
the news otherwise.
"""

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

from gateway.client import RoomClient
from gateway.live import Action
from kiosk import window
from kiosk.fonts import faces
from kiosk.idle import IdleTimes
from kiosk.texts import Language, Texts, load
from kiosk.theme import TARGET_MM, UNIT_MM, Theme


class NoDisplay(RuntimeError):
    """There is no screen to open a window on; the message says what to do."""


def run(
    socket: Path,
    *,
    language: Language = "zh",
    windowed_size: tuple[int, int] | None = None,
    mm_per_px: float = UNIT_MM,
    motion: bool = True,
    idle: IdleTimes | None = None,
) -> None:
    """Show the kiosk until its window is closed or the process is asked to end.

    Args:
        socket: of the room service; it may come and go.
        language: that the kiosk starts in and goes back to.
        windowed_size: pixels of a window, or None for the whole screen.
        mm_per_px: calibration of the screen, to warn when targets would be smaller than 20 mm.
        motion: False keeps the breathing figure still.
        idle: when the screen dims, asks and forgets.

    Raises:
        NoDisplay: there is no screen to open a window on.
        FontMissing: the Chinese typeface is not installed.
        TextsError: a file of texts is not as it must be.
    """
    if problem := window.display_problem():
        raise NoDisplay(f"no display: {problem}")
    texts: dict[Language, Texts] = {"zh": load("zh"), "en": load("en")}
    cuts = faces()
    window.set_up(windowed_size)
    from kivy.core.window import Window

    if Window is None:
        raise NoDisplay("no display: the screen offers no OpenGL window; install the graphics driver (Mesa)")
    from kiosk.shapes import register
    from kiosk.stage import Stage

    register(cuts)
    smallest = Theme.for_screen(*Window.size).target_mm(mm_per_px)
    if smallest < TARGET_MM - 0.5 and windowed_size is None:
        print(
            f"xinyi kiosk: buttons are {smallest:.0f} mm high on this screen; older fingers need {TARGET_MM:.0f} mm",
            file=sys.stderr,
        )

    async def serve() -> None:
        async with RoomClient(socket, "kiosk") as room:
            asked: set[asyncio.Task[None]] = set()

            async def ask(action: Action) -> None:
                stage.replied(action, await room.ask(action))

            def send(action: Action) -> None:
                task = asyncio.create_task(ask(action))
                asked.add(task)
                task.add_done_callback(asked.discard)

            stage = Stage(texts, language, send, motion=motion, idle=idle or IdleTimes(), closable=bool(windowed_size))

            async def listen() -> None:
                async for frame in room.frames():
                    stage.heard(frame, time.monotonic_ns())

            listening = asyncio.create_task(listen())
            listening.add_done_callback(lambda task: None if task.cancelled() else stage.stop())
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stage.stop)
            try:
                await stage.async_run("asyncio")
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
