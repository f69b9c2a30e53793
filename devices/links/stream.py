"""A connected socket as a serial line: classic Bluetooth's serial port profile (RFCOMM), or a device server (raw TCP).

Every fault of the operating system by its cause. Sources: `man 7 tcp`; BlueZ's rfcomm and the kernel's table from HCI
reasons to errno (net/bluetooth/lib.c, `bt_to_errno`): page time-out is EHOSTDOWN, no or a wrong key is EACCES. A device
has to be paired once (`bluetoothctl pair`) before its serial port opens. Closing lets the last words go out.
"""

import asyncio
import contextlib
import errno
import os
import socket
from types import TracebackType
from typing import Self

from devices.address import Address, Medium
from devices.errors import (
    BluetoothOff,
    DeviceError,
    NotConnected,
    OutOfReach,
    PortBusy,
    PortForbidden,
    PortLost,
    PortMissing,
)
from devices.links.descriptor import Descriptor

CONNECT_S = 8.0
"""Paging a Bluetooth device takes up to 5.12 s."""
_KEEP_ALIVE_AFTER_S, _KEEP_ALIVE_EVERY_S, _KEEP_ALIVES = 5, 2, 3
_UNACKNOWLEDGED_MS = 10_000

_NO_BLUETOOTH = frozenset(
    {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENODEV, errno.ENETDOWN, errno.ERFKILL}
)

_Where = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


class StreamSocket(Descriptor):
    """One connection, a `ByteLink`. An async context manager; inside it `read` and `write`."""

    def __init__(self, port: str, address: Address, device: str, *, connect_s: float = CONNECT_S) -> None:
        """`connect_s`: how long connecting may take, real seconds."""
        super().__init__(port, device)
        self._address, self._connect_s = address, connect_s
        self._socket: socket.socket | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            PortMissing: no such host, or nothing listens there.
            NotConnected: the host of a device server is not reached.
            OutOfReach, BluetoothOff: the same by Bluetooth; no adapter, or switched off.
            PortForbidden: not paired, or not allowed.
            PortBusy: the device serves somebody else.
        """
        try:
            async with asyncio.timeout(self._connect_s):
                connected = await (self._call() if self._address.medium is Medium.RFCOMM else self._dial())
        except OSError as error:  # TimeoutError and gaierror are among them
            raise self._cause(error) from error
        self._socket = connected
        self._attach(connected.fileno())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connected, self._socket = self._socket, None
        if connected is None:
            return
        self._detach()
        with contextlib.suppress(OSError), connected:
            if self._address.medium is Medium.TCP:
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(65_536):  # or closing would be a reset, and could take the last words with it
                    pass

    async def _call(self) -> socket.socket:
        """By Bluetooth."""
        family, protocol = getattr(socket, "AF_BLUETOOTH", None), getattr(socket, "BTPROTO_RFCOMM", None)
        if family is None or protocol is None:
            raise BluetoothOff(
                self.port,
                self.device,
                "this Python was built without Bluetooth sockets",
                "run Xinyi with the Python of the distribution (/usr/bin/python3), or bind the device with "
                f"`rfcomm bind 0 {self._address.place} {self._address.number}` and give /dev/rfcomm0 as its port",
            )
        return await self._connected(family, protocol, (self._address.place, self._address.number))

    async def _dial(self) -> socket.socket:
        """By TCP: the first address of the host that answers."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._address.place, self._address.number, type=socket.SOCK_STREAM)
        refused: OSError | None = None
        for family, _, protocol, _, where in found:
            try:
                connected = await self._connected(family, protocol, where)
            except OSError as error:
                refused = error
                continue
            _stay_awake(connected)
            return connected
        raise refused or OSError(errno.EHOSTUNREACH, "the name has no address")

    @staticmethod
    async def _connected(family: int, protocol: int, where: _Where) -> socket.socket:
        new = socket.socket(family, socket.SOCK_STREAM, protocol)
        try:
            new.setblocking(False)
            await asyncio.get_running_loop().sock_connect(new, where)
        except BaseException:
            new.close()
            raise
        return new

    def _hung_up(self) -> bool:
        return True

    def _lost(self, error: OSError | None = None) -> PortLost:
        detail = "closed by the far end" if error is None or error.errno is None else os.strerror(error.errno)
        if self._address.medium is Medium.RFCOMM:
            back = "come back into reach and check its battery; the connection comes back by itself"
        else:
            back = "check the device server and its cables; the connection comes back by itself"
        return PortLost(self.port, self.device, detail, back)

    def _cause(self, error: OSError) -> DeviceError:
        by_air = self._address.medium is Medium.RFCOMM
        return self._cause_by_air(error) if by_air else self._cause_by_wire(error)

    def _cause_by_air(self, error: OSError) -> DeviceError:
        place, number = self._address.place, self._address.number
        pair = f"pair it once: `bluetoothctl pair {place}`"
        switch_on = "switch it on, come within 10 m, and close other programs that use it"
        if error.errno in _NO_BLUETOOTH:
            return BluetoothOff(self.port, self.device, os.strerror(error.errno))
        if error.errno in {errno.EACCES, errno.EPERM, errno.EBADE}:
            return PortForbidden(self.port, self.device, "it is not paired", pair)
        if error.errno == errno.EBUSY:
            return PortBusy(self.port, self.device)
        if error.errno == errno.ECONNREFUSED:
            what = f"it has no serial port on channel {number}, or somebody else uses it"
            return PortMissing(self.port, self.device, what, f"check the channel (`sdptool browse {place}`), or {pair}")
        return OutOfReach(self.port, self.device, _reason(error, self._connect_s), switch_on)

    def _cause_by_wire(self, error: OSError) -> DeviceError:
        place, number = self._address.place, self._address.number
        if isinstance(error, socket.gaierror):
            return PortMissing(self.port, self.device, f"no host of the name {place}", "correct the port in xinyi.toml")
        if error.errno == errno.ECONNREFUSED:
            what = f"{place} refuses connections to {number}"
            remedy = "check the number in the device server's settings, and close other programs: most serve only one"
            return PortMissing(self.port, self.device, what, remedy)
        if error.errno in {errno.EACCES, errno.EPERM}:
            remedy = "let this machine's firewall pass it"
            return PortForbidden(self.port, self.device, f"TCP to {place}", remedy)
        remedy = f"check the power and the network cable of the device server, then `ping {place}`"
        return NotConnected(self.port, self.device, _reason(error, self._connect_s), remedy)


def _reason(error: OSError, within_s: float) -> str:
    if error.errno is None:
        return f"no answer within {within_s:g} s"
    return os.strerror(error.errno).lower()


def _stay_awake(connected: socket.socket) -> None:
    """Small frames go at once; a far end that has lost its power is noticed within some 10 s."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEP_ALIVE_AFTER_S),
        ("TCP_KEEPINTVL", _KEEP_ALIVE_EVERY_S),
        ("TCP_KEEPCNT", _KEEP_ALIVES),
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS),
    ):
        if (option := getattr(socket, name, None)) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)
