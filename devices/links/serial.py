"""A serial port inside the event loop: no thread, no blocking call, every fault of the operating system by its name.

pyserial opens and configures the port (exclusive, raw); reading and writing go straight to its file descriptor through
`add_reader` and `add_writer`. Works the same on USB adapters and on pseudo-terminals.
"""

import asyncio
import contextlib
import errno
import os
import stat
import termios
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import serial

from devices.errors import DeviceError, NotConnected, PortBusy, PortForbidden, PortLost, PortMissing
from devices.links.link import Parity

_AT_ONCE = 4096


class SerialPort:
    """One open port, a `ByteLink`. An async context manager; inside it `read` and `write`."""

    rssi_dbm = None

    def __init__(self, port: str, baud: int, device: str = "", parity: Parity = "N") -> None:
        self.port, self.device = port, device
        self._baud, self._parity = baud, parity
        self._serial: serial.Serial | None = None
        self._fd = -1
        self._queue: deque[bytes] = deque()
        self._readable = asyncio.Event()
        self._writing = False

    async def __aenter__(self) -> Self:
        """Open the port and throw away what it had received before.

        Raises:
            PortMissing: there is no such port, or it is not a serial port.
            PortForbidden: the operating system does not let us.
            PortBusy: somebody else has it open.
        """
        self._serial = self._open()
        self._fd = self._serial.fileno()
        asyncio.get_running_loop().add_reader(self._fd, self._readable.set)
        return self

    def _open(self) -> serial.Serial:
        try:
            if not stat.S_ISCHR(Path(self.port).stat().st_mode):
                raise PortMissing(self.port, self.device, "not a serial port")
            return serial.Serial(self.port, self._baud, parity=self._parity, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, termios.error) as error:  # SerialException is an OSError
            raise self._cause(error) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        port, self._serial = self._serial, None
        if port is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        with contextlib.suppress(OSError, termios.error):
            port.reset_output_buffer()  # or close() would wait for a wire that is gone
        with contextlib.suppress(OSError, termios.error):
            port.close()

    async def read(self, within_s: float) -> bytes:
        """What has arrived; waits up to `within_s` real seconds for it, then returns b"".

        Raises:
            PortLost: the port has gone.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await self._readable.wait()
        if self._serial is None:
            raise NotConnected(self.port, self.device)
        self._readable.clear()
        try:
            data = os.read(self._fd, _AT_ONCE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PortLost(self.port, self.device) from error
        if not data:
            if self._hung_up():
                raise PortLost(self.port, self.device)
            return b""
        if len(data) == _AT_ONCE:
            self._readable.set()
        return data

    def write(self, data: bytes, *, overtaking: bool = False) -> None:
        """Queue one whole frame. With `overtaking` it goes before everything still waiting, and the waiting is dropped.

        A frame that is already half on the wire is finished first: the far end would not understand less.

        Raises:
            PortLost: the port has gone.
        """
        if self._serial is None:
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
            raise PortLost(self.port, self.device) from error
        if self._writing:
            self._writing = False
            loop.remove_writer(self._fd)

    def _hung_up(self) -> bool:
        """A read of nothing means hang-up, unless the line is merely in a state that reports nothing."""
        try:
            termios.tcgetattr(self._fd)
        except termios.error:
            return True
        return not Path(self.port).exists()

    def _cause(self, error: Exception) -> DeviceError:
        number = getattr(error, "errno", None)
        if number in {errno.EACCES, errno.EPERM}:
            return PortForbidden(self.port, self.device)
        if number in {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}:
            return PortBusy(self.port, self.device)
        if number in {errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR}:
            return PortMissing(self.port, self.device)
        return PortMissing(self.port, self.device, os.strerror(number) if number else str(error))
