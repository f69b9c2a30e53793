"""The room's own socket, face side: the only way a face talks to a room.

`RoomClient` reconnects by itself; `frames()` never ends and yields None whenever the room is out of reach, so that a
face can say so. The emergency stop has a connection of its own.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import msgspec

from gateway.live import Action, Command, EmergencyStop, FromRoom, LiveFrame, Reply
from gateway.socket import pack, read_message

RETRY_S = 0.5
SILENCE_S = 3.0

_from_room = msgspec.msgpack.Decoder[FromRoom](FromRoom)


class RoomClient:
    """Async context manager for one face.

    Args:
        path: the room's socket.
        actor: who asks, for the audit ("kiosk", "console:wang").
    """

    def __init__(self, path: Path, actor: str) -> None:
        self._path, self._actor = path, actor
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._latest: LiveFrame | None = None
        self._news = asyncio.Condition()
        self._count = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def latest(self) -> LiveFrame | None:
        """The newest frame, or None while the room is out of reach."""
        return self._latest

    async def frames(self) -> AsyncIterator[LiveFrame | None]:
        """Every newest frame; None when the room went out of reach. A slow reader skips frames."""
        seen = -1
        while True:
            async with self._news:
                while self._count == seen:
                    await self._news.wait()
                seen, frame = self._count, self._latest
            yield frame

    async def ask(self, action: Action, expires_s: float = 2.0) -> Reply:
        """Ask the room for something; the reply says whether it was done.

        An emergency stop goes over a connection of its own and is tried until it is through or 5 s have passed.
        """
        if isinstance(action, EmergencyStop):
            return await self._stop(action)
        command = self._command(action, expires_s)
        if self._writer is None:
            return Reply(id=command.id, ok=False, code="room_away")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[command.id] = future
        try:
            self._writer.write(pack(command))
            return await asyncio.wait_for(future, expires_s + 3.0)
        except (TimeoutError, ConnectionError):
            return Reply(id=command.id, ok=False, code="room_away")
        finally:
            self._waiting.pop(command.id, None)

    def _command(self, action: Action, expires_s: float) -> Command:
        return Command(next(self._ids), action, self._actor, time.monotonic_ns(), expires_s)

    async def _stop(self, action: EmergencyStop) -> Reply:
        command = self._command(action, 5.0)
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            writer = None
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 21)
                writer.write(pack(command))
                async with asyncio.timeout(deadline - time.monotonic()):
                    while True:
                        message = _from_room.decode(await read_message(reader))
                        if isinstance(message, Reply):
                            return message
            except (OSError, asyncio.IncompleteReadError, TimeoutError, msgspec.DecodeError, ValueError):
                await asyncio.sleep(0.05)
            finally:
                if writer:
                    writer.close()
        return Reply(id=command.id, ok=False, code="room_away")

    async def _stay_connected(self) -> None:
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 21)
                self._writer = writer
                while True:
                    async with asyncio.timeout(SILENCE_S):  # wait_for may swallow a cancellation (Python 3.11)
                        message = _from_room.decode(await read_message(reader))
                    if isinstance(message, LiveFrame):
                        await self._publish(message)
                    elif message.id in self._waiting and not self._waiting[message.id].done():
                        self._waiting[message.id].set_result(message)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, msgspec.DecodeError, ValueError):
                pass
            finally:
                self._writer = None
                if writer:
                    writer.close()
            for future in self._waiting.values():
                if not future.done():
                    future.set_result(Reply(id=0, ok=False, code="room_away"))
            if self._latest is not None or self._count == 0:
                await self._publish(None)
            await asyncio.sleep(RETRY_S)

    async def _publish(self, frame: LiveFrame | None) -> None:
        async with self._news:
            self._latest = frame
            self._count += 1
            self._news.notify_all()
