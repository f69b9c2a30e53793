"""What a simulated BLE peripheral is: sans-IO, like `twin.Firmware`, but with named values in place of a stream.

`air.py` puts it on a Bluetooth adapter through BlueZ (a real one, or the virtual one of the tests).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from firmware_sim.seat import Seat


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One named value of a peripheral.

    Attributes:
        uuid: 128 bits, lower case.
        flags: BlueZ's words: "read", "write", "write-without-response", "notify", "indicate".
        value: what a read gives at first.
    """

    uuid: str
    flags: tuple[str, ...]
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Service:
    uuid: str
    characteristics: tuple[Characteristic, ...]


@dataclass(frozen=True, slots=True)
class Peripheral:
    """What a peripheral shows of itself.

    Attributes:
        name: as advertised.
        advertised: UUIDs of services in the advertisement.
        services: its table of values.
    """

    name: str
    advertised: tuple[str, ...]
    services: tuple[Service, ...] = field(default=())


@runtime_checkable
class GattFirmware(Protocol):
    """What runs inside a BLE device. Times are seconds of the device's own clock."""

    seat: Seat
    peripheral: Peripheral

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        """The host has written a value."""
        ...

    def subscribed(self, uuid: str, at_s: float, *, on: bool) -> None:
        """The host wants (or no longer wants) to be told of a value."""
        ...

    def left(self, at_s: float) -> None:
        """The host has gone; nobody is subscribed any more."""
        ...

    def advance(self, at_s: float) -> None: ...
    def output(self) -> list[tuple[str, bytes]]:
        """Values to notify, (uuid, data), since the last call."""
        ...

    def values(self) -> Mapping[str, bytes]:
        """What reads give now, for those that have changed since the last call."""
        ...

    def sit(self, at_s: float) -> None: ...
    def stand(self, at_s: float) -> None: ...
    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        """Something that hands do to this device alone; False: it knows nothing of that."""
        ...


class GattSensorFirmware:
    """What most BLE sensors are: something worn, that tells those who listen. A base for twins.

    Attributes:
        seat: who wears it.
        peripheral: what it shows of itself.
        listened: UUIDs that the host wants to be told of.
    """

    def __init__(self, seat: Seat, peripheral: Peripheral) -> None:
        self.seat, self.peripheral = seat, peripheral
        self.listened: set[str] = set()
        self._out: list[tuple[str, bytes]] = []
        self._values: dict[str, bytes] = {}

    def tell(self, uuid: str, value: bytes) -> None:
        """Notify, if somebody listens."""
        if uuid in self.listened:
            self._out.append((uuid, value))

    def keep(self, uuid: str, value: bytes) -> None:
        """What reads give from now on; told as well, if somebody listens."""
        self._values[uuid] = value
        self.tell(uuid, value)

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        """Most take nothing."""

    def subscribed(self, uuid: str, at_s: float, *, on: bool) -> None:  # noqa: ARG002 - some want the time
        (self.listened.add if on else self.listened.discard)(uuid)

    def left(self, at_s: float) -> None:  # noqa: ARG002
        self.listened.clear()
        self._out.clear()

    def output(self) -> list[tuple[str, bytes]]:
        out, self._out = self._out, []
        return out

    def values(self) -> Mapping[str, bytes]:
        values, self._values = self._values, {}
        return values

    def sit(self, at_s: float) -> None:
        """It is put on."""
        self.seat.sit(at_s)

    def stand(self, at_s: float) -> None:  # noqa: ARG002
        """It is taken off."""
        self.seat.stand()

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002 - nothing special
        return False
