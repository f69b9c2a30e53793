"""A pseudo-terminal that stands where a USB serial adapter would: it can be plugged in and pulled out.

The path is a stable symbolic link (as udev makes them); behind it a new terminal appears with every `plug`. It
is in packet mode (`man 2 TIOCPKT`), so that we learn when a host opens it and throws away what lay there: a real line
would not have kept it either.
"""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_AT_ONCE = 4096
_BACKLOG = 65_536


class Port(Protocol):
    """Where a simulated device is plugged in."""

    @property
    def plugged(self) -> bool: ...
    def plugged_in(self) -> contextlib.AbstractContextManager["Port"]: ...
    def plug(self) -> None: ...
    def unplug(self) -> None: ...
    async def read(self, within_s: float) -> bytes: ...
    def write(self, data: bytes) -> None: ...


class PseudoPort:
    """One serial port of a simulated device.

    Attributes:
        link: the path that a host opens.
        dropped: bytes lost because nobody read them, as a UART loses them.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self.dropped = 0
        self._master = self._slave = -1
        self._out = bytearray()
        self._heard = b""
        self._readable = asyncio.Event()
        self._writing = False

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    @contextlib.contextmanager
    def plugged_in(self) -> Iterator["PseudoPort"]:
        """Plugged in for the length of the block."""
        self.plug()
        try:
            yield self
        finally:
            self.unplug()

    def plug(self) -> None:
        """A new terminal appears behind the link. Does nothing when it is there already."""
        if self.plugged:
            return
        self._master, self._slave = os.openpty()  # our own hold on the far side: a host may come and go
        tty.setraw(self._slave)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))
        os.set_blocking(self._master, False)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._readable.set)

    def unplug(self) -> None:
        """The terminal and its link vanish; a host that has it open is hung up on."""
        if not self.plugged:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self._out.clear()
        self._writing = False
        self._readable.set()

    async def read(self, within_s: float) -> bytes:
        """What the host has sent; b"" after `within_s` real seconds without anything, or while unplugged."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await self._readable.wait()
        if self.plugged:
            self._collect()
        heard, self._heard = self._heard, b""
        self._readable.clear()
        return heard

    def write(self, data: bytes) -> None:
        """Send `data`; what nobody reads is lost once the backlog is full."""
        if not self.plugged or not data:
            return
        if len(self._out) > _BACKLOG:
            self.dropped += len(data)
            return
        self._out += data
        if not self._writing:
            self._flush()

    def _collect(self) -> None:
        with contextlib.suppress(OSError):  # nothing more there
            while packet := os.read(self._master, _AT_ONCE):
                if packet[0] == termios.TIOCPKT_DATA:
                    self._heard += packet[1:]
                    self._readable.set()
                elif packet[0] & termios.TIOCPKT_FLUSHREAD:
                    self._out.clear()

    def _flush(self) -> None:
        self._collect()  # a host that has just come wants none of what waits here
        loop = asyncio.get_running_loop()
        try:
            while self._out:
                del self._out[: os.write(self._master, self._out)]
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                loop.add_writer(self._master, self._flush)
            return
        if self._writing:
            self._writing = False
            loop.remove_writer(self._master)
