"""The two shapes of a connection, and how an address becomes one. Drivers know nothing else of cables and air.

A `ByteLink` carries a stream of bytes (serial line, RFCOMM, TCP, the UART service over BLE); a `GattLink` carries named
values (BLE). Both are async context managers that raise a `DeviceError` by its cause and never block the loop.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from devices.address import AddressError, Medium, parse
from devices.clock import Clock
from devices.errors import PortMissing

Parity = Literal["N", "E", "O"]


class Link(Protocol):
    """What both have in common.

    Attributes:
        port: the address as it was given.
    """

    port: str

    @property
    def rssi_dbm(self) -> int | None:
        """Signal strength when it was last heard of, dBm; None by cable."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ByteLink(Link, Protocol):
    async def read(self, within_s: float) -> bytes:
        """What has arrived; waits up to `within_s` real seconds for it, then returns b"".

        Raises:
            PortLost: the connection broke off.
        """
        ...

    def write(self, data: bytes, *, overtaking: bool = False) -> None:
        """Queue one whole frame. With `overtaking` it goes before everything still waiting, and the waiting is dropped.

        Raises:
            PortLost: the connection broke off.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notification:
    """A value that a peripheral sent unasked.

    Attributes:
        uuid: the characteristic, 128 bits, lower case.
        arrival_ns: the clock when it came in.
    """

    uuid: str
    data: bytes
    arrival_ns: int


class GattLink(Link, Protocol):
    """A connected BLE peripheral. UUIDs are 128 bits in lower case (`uuid16` makes them).

    Attributes:
        name: as it advertises itself; "" where it does not.
        dropped: notifications lost here because nobody took them in time.
    """

    name: str
    dropped: int

    def has(self, uuid: str) -> bool:
        """Whether the peripheral has this characteristic."""
        ...

    async def read(self, uuid: str) -> bytes:
        """The value of a characteristic.

        Raises:
            WrongDevice: it has none such.
            CommandRefused: it does not allow it, as when it wants to be paired first.
            PortLost: the connection broke off.
        """
        ...

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a value; with `response` returns when the peripheral has acknowledged it. Raises as `read`."""
        ...

    async def listen(self, uuid: str) -> None:
        """Have the peripheral send this characteristic unasked (notification or indication). Raises as `read`."""
        ...

    async def deafen(self, uuid: str) -> None:
        """The reverse of `listen`; does nothing where the link is gone."""
        ...

    async def next(self, within_s: float) -> Notification | None:
        """The oldest notification not yet taken; waits up to `within_s` real seconds, then None.

        Raises:
            PortLost: the connection broke off and everything that came before has been taken.
        """
        ...


def uuid16(number: int) -> str:
    """A Bluetooth SIG number as the UUID it stands for.

    >>> uuid16(0x180D)
    '0000180d-0000-1000-8000-00805f9b34fb'
    """
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


def byte_link(port: str, device: str, *, baud: int, parity: Parity = "N") -> ByteLink:
    """The connection that an address stands for; nothing is opened yet.

    Raises:
        PortMissing: the address cannot be read.
    """
    try:
        address = parse(port)
    except AddressError as error:
        raise PortMissing(port, device, str(error), "correct the port of this device in xinyi.toml") from None
    match address.medium:
        case Medium.SERIAL:
            from devices.links.serial import SerialPort

            return SerialPort(address.place, baud, device, parity)
        case Medium.BLE:
            from devices.links.uart import Uart

            return Uart(port, address, device)
        case _:
            from devices.links.stream import StreamSocket

            return StreamSocket(port, address, device)


def gatt_link(port: str, device: str, clock: Clock) -> GattLink:
    """The BLE connection that an address stands for; nothing is opened yet. `clock` dates what arrives.

    Raises:
        PortMissing: the address is not one of BLE.
    """
    try:
        address = parse(port)
    except AddressError as error:
        raise PortMissing(port, device, str(error), "correct the port of this device in xinyi.toml") from None
    if address.medium is not Medium.BLE:
        raise PortMissing(port, device, "this device speaks by air", "give its port as ble:00:22:D0:12:34:56")
    from devices.links.ble import Peripheral

    return Peripheral(port, address, device, clock)
