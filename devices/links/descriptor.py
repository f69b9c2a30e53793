"""What a serial line and a socket share: bytes through a file descriptor inside the event loop, no thread, no blocking.

Reading and writing go straight to the descriptor through `add_reader` and `add_writer`. Opening it, closing it, and
what an end of it means are the business of `serial.py` and `stream.py`.
"""

import asyncio
import contextlib
import os
from abc import ABC, abstractmethod
from collections import deque

from devices.errors import NotConnected, PortLost

_AT_ONCE = 4096


class Descriptor(ABC):
    """The reading and writing half of a `ByteLink`.

    Attributes:
        port: the address as it was given.
        device: id of the device in this room.
    """

    rssi_dbm = None

    def __init__(self, port: str, device: str) -> None:
        self.port, self.device = port, device
        self._fd = -1
        self._queue: deque[bytes] = deque()
        self._readable = asyncio.Event()
        self._writing = False

    def _attach(self, fd: int) -> None:
        """The descriptor is open, and does not block."""
        self._fd = fd
        asyncio.get_running_loop().add_reader(fd, self._readable.set)

    def _detach(self) -> None:
        """The descriptor is about to be closed; what waits to be written is dropped."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        self._fd, self._writing = -1, False
        self._queue.clear()

    @abstractmethod
    def _hung_up(self) -> bool:
        """Whether a read of nothing means that the far end has gone."""

    def _lost(self, error: OSError | None = None) -> PortLost:
        """The far end has gone, in words."""
        del error
        return PortLost(self.port, self.device)

    async def read(self, within_s: float) -> bytes:
        """What has arrived; waits up to `within_s` real seconds for it, then returns b"".

        Raises:
            PortLost: the connection broke off.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await self._readable.wait()
        if self._fd < 0:
            raise NotConnected(self.port, self.device)
        self._readable.clear()
        try:
            data = os.read(self._fd, _AT_ONCE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(error) from error
        if not data:
            if self._hung_up():
                raise self._lost()
            return b""
        if len(data) == _AT_ONCE:
            self._readable.set()
        return data

    def write(self, data: bytes, *, overtaking: bool = False) -> None:
        """Queue one whole frame. With `overtaking` it goes before everything still waiting, and the waiting is dropped.

        A frame that is already half on the wire is finished first: the far end would not understand less.

        Raises:
            PortLost: the connection broke off.
        """
        if self._fd < 0:
            raise NotConnected(self.port, self.device)
        if overtaking and self._queue:
            started = self._queue.popleft() if self._writing else b""
            self._queue.clear()
            if started:
                self._queue.append(started)
        self._queue.append(data)
        if not self._writing:
            self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                sent = os.write(self._fd, self._queue[0])
                if sent < len(self._queue[0]):
                    self._queue[0] = self._queue[0][sent:]
                else:
                    self._queue.popleft()
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                loop.add_writer(self._fd, self._flush)
            return
        except OSError as error:
            self._queue.clear()
            if self._writing:  # called by the loop: the reader will find the same and say it
                self._writing = False
                loop.remove_writer(self._fd)
                self._readable.set()
                return
            raise self._lost(error) from error
        if self._writing:
            self._writing = False
            loop.remove_writer(self._fd)
