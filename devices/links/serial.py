"""A serial port inside the event loop: no thread, no blocking call, every fault of the operating system by its name.

pyserial opens and configures the port (exclusive, raw); `descriptor.py` reads and writes. Works the same on USB
adapters and on pseudo-terminals.
"""

import contextlib
import errno
import os
import stat
import termios
from pathlib import Path
from types import TracebackType
from typing import Self

import serial

from devices.errors import DeviceError, PortBusy, PortForbidden, PortMissing
from devices.links.descriptor import Descriptor
from devices.links.link import Parity

_PSEUDO = "/dev/pts/"


class SerialPort(Descriptor):
    """One open port, a `ByteLink`. An async context manager; inside it `read` and `write`."""

    def __init__(self, port: str, baud: int, device: str = "", parity: Parity = "N") -> None:
        super().__init__(port, device)
        self._baud, self._parity = baud, parity
        self._serial: serial.Serial | None = None

    async def __aenter__(self) -> Self:
        """Open the port and throw away what it had received before.

        Raises:
            PortMissing: there is no such port, or it is not a serial port.
            PortForbidden: the operating system does not let us.
            PortBusy: somebody else has it open.
        """
        self._serial = self._open()
        self._attach(self._serial.fileno())
        return self

    def _open(self) -> serial.Serial:
        try:
            if not stat.S_ISCHR(Path(self.port).stat().st_mode):
                raise PortMissing(self.port, self.device, "not a serial port")
            no_line = str(Path(self.port).resolve()).startswith(_PSEUDO)  # has no parity, and says so the second time
            parity = "N" if no_line else self._parity
            return serial.Serial(self.port, self._baud, parity=parity, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, termios.error) as error:  # SerialException is an OSError
            raise self._cause(error) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        port, self._serial = self._serial, None
        if port is None:
            return
        self._detach()
        with contextlib.suppress(OSError, termios.error):
            port.reset_output_buffer()  # or close() would wait for a wire that is gone
        with contextlib.suppress(OSError, termios.error):
            port.close()

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
