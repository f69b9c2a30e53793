"""One line to the room for the whole console, shared by every browser.

`Hub.run()` reads the frames of one `RoomClient` and hands each to every open page. A room that says nothing for
`QUIET_S` counts as away, earlier than the client gives it up, because an old number that looks live is worse than none.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from dashboards.console.panels import Drawings
from gateway.client import RoomClient
from gateway.live import Action, LiveFrame, Reply

QUIET_S = 1.5
BEAT_S = 0.5

log = logging.getLogger(__name__)

Show = Callable[[LiveFrame | None], None]
"""Shows a frame; None: the room is away."""


class Hub:
    """The newest frame and everyone who wants to see it.

    Args:
        socket: the room's socket.
        actor: who asks, for the audit.
    """

    def __init__(self, socket: Path, actor: str) -> None:
        self._client = RoomClient(socket, actor)
        self._pages: dict[str, Show] = {}
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None
        self.frame: LiveFrame | None = None
        self.drawings = Drawings()

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def join(self, name: str, show: Show) -> None:
        """A page is there; it is shown the present picture at once."""
        self._pages[name] = show
        show(self.frame)

    def leave(self, name: str) -> None:
        """A page is gone."""
        self._pages.pop(name, None)

    async def ask(self, action: Action) -> Reply:
        """Ask the room for something."""
        return await self._client.ask(action)

    async def _run(self) -> None:
        async with self._client, asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._watch())

    async def _listen(self) -> None:
        async for frame in self._client.frames():
            self._heard = time.monotonic()
            self._publish(frame)

    async def _watch(self) -> None:
        """Between frames: say so when they stop, and keep telling the browsers that the console itself is alive."""
        while True:
            await asyncio.sleep(BEAT_S)
            quiet = time.monotonic() - self._heard > QUIET_S
            if quiet:
                self._publish(None)

    def _publish(self, frame: LiveFrame | None) -> None:
        self.frame = frame
        for name, show in list(self._pages.items()):
            try:
                show(frame)
            except Exception:  # one page must never take the picture from the others
                log.exception("page %s could not show a frame; it is closed", name)
                self.leave(name)
