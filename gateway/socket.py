"""Unix sockets for faces on the same machine, server side: the room's own, and the base of every other.

A socket lies in the site's folder of sockets (mode 0600). Each message is a 4-byte big-endian length and msgpack. A
slow face never holds up the room: it simply misses frames. An emergency stop is acted on while it is being read, before
anything that waits.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Self

import msgspec

from gateway.errors import StoreUnwritable
from gateway.live import Command, EmergencyStop, EndSession, LiveFrame, MarkMoment, PauseSession, Reply

MAX_MESSAGE = 1 << 20
SLOW_FACE_BYTES = 1 << 18
LONGEST_S, LONGEST_MOTION_S = 5.0, 2.0
"""No command lives longer, whatever it says of itself; the second is for all from which a movement may follow."""
_STILL = (PauseSession, EndSession, MarkMoment)

Perform = Callable[[Command], Awaitable[Reply]]
Witness = Callable[[Command, Reply], Awaitable[None]]

_command = msgspec.msgpack.Decoder(Command)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One message's bytes.

    Raises:
        asyncio.IncompleteReadError: the other side is gone.
        ValueError: the length is absurd.
    """
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > MAX_MESSAGE:
        raise ValueError(f"a message of {length} bytes is not one of ours")
    return await reader.readexactly(length)


def pack(message: msgspec.Struct) -> bytes:
    """Length and msgpack of a message."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


class LocalSocket:
    """Async context manager that serves one socket; a subclass says what a message means (`_hear`).

    Args:
        path: where the socket is made; an old one is replaced.
        whose: "the room", for errors.
    """

    def __init__(self, path: Path, whose: str) -> None:
        self._path, self._whose = path, whose
        self._faces: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            StoreUnwritable: no socket can be made there.
        """
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._serve, self._path)
            self._path.chmod(0o600)
        except OSError as error:
            raise StoreUnwritable(
                self._path,
                f"the socket of {self._whose} cannot be made ({error.strerror or error})",
                "set paths.sockets to a folder with a short path that this user may write",
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for face in list(self._faces):
            face.close()
        for task in list(self._tasks):
            task.cancel()
        self._path.unlink(missing_ok=True)

    def _hear(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        """A message has come; must not wait."""
        raise NotImplementedError

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Let something run beside the reading, at most as long as the socket is open."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._faces.add(writer)
        try:
            while True:
                self._hear(await read_message(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            self._faces.discard(writer)
            writer.close()


class RoomSocket(LocalSocket):
    """Async context manager that serves one room.

    Args:
        path: where the socket is made; an old one is replaced.
        perform: carries out a command; refuses with a Reply, never raises.
        stop_now: carries out an emergency stop without waiting for anything else.
        witness: told every command with its reply, before the reply goes out; of a stop afterwards. Never raises.
    """

    def __init__(self, path: Path, perform: Perform, stop_now: Perform, witness: Witness | None = None) -> None:
        super().__init__(path, "the room")
        self._perform, self._stop_now, self._witness = perform, stop_now, witness or _nobody
        self._turn = asyncio.Lock()

    @property
    def faces(self) -> int:
        """How many faces are looking."""
        return len(self._faces)

    def show(self, frame: LiveFrame) -> None:
        """Send a frame to every face that keeps up."""
        data = pack(frame)
        for face in self._faces:
            if face.transport.get_write_buffer_size() < SLOW_FACE_BYTES:
                face.write(data)

    def _hear(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            command = _command.decode(message)
        except msgspec.DecodeError as error:
            writer.write(pack(Reply(id=0, ok=False, code="not_understood", detail=str(error))))
            return
        self._begin(self._answer(command, writer))

    async def _answer(self, command: Command, writer: asyncio.StreamWriter) -> None:
        if isinstance(command.action, EmergencyStop):
            reply = await self._stop_now(command)
            say(writer, reply)
            await self._witness(command, reply)
            return
        async with self._turn:
            detail = _late(command, time.monotonic_ns())
            late = Reply(id=command.id, ok=False, code="too_late", detail=detail)
            reply = late if detail else await self._perform(command)
            await self._witness(command, reply)
        say(writer, reply)


def _late(command: Command, now_ns: int) -> str:
    """Why it counts as late, or ""."""
    longest_s = LONGEST_S if isinstance(command.action, _STILL) else LONGEST_MOTION_S
    lives_s = min(longest_s, command.expires_s) if command.expires_s > 0 else 0.0  # nan lives not at all
    age_s = (now_ns - command.asked_ns) / 1e9
    if age_s < 0:
        return "asked in the future: by another clock"
    return f"older than {lives_s:g} s" if age_s >= lives_s else ""


def say(writer: asyncio.StreamWriter, message: msgspec.Struct) -> None:
    """Write a message to a face that may have gone."""
    with contextlib.suppress(ConnectionError):
        writer.write(pack(message))


async def _nobody(_command: Command, _reply: Reply) -> None:
    """Witnesses nothing."""
