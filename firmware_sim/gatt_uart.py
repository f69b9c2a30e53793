"""A device with a serial line, seen by air: its bytes through the serial service of its radio chip."""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_sim.gatt import Characteristic, Peripheral, Service
from firmware_sim.seat import Seat
from firmware_sim.twin import Firmware

_PIECE = 244


@dataclass(frozen=True, slots=True)
class Chip:
    """The serial service of one maker of radio chips. UUIDs."""

    service: str
    to_device: str
    from_device: str


NORDIC = Chip(
    "6e400001-b5a3-f393-e0a9-e50e24dcca9e",
    "6e400002-b5a3-f393-e0a9-e50e24dcca9e",
    "6e400003-b5a3-f393-e0a9-e50e24dcca9e",
)
MICROCHIP = Chip(
    "49535343-fe7d-4ae5-8fa9-9fafd205e455",
    "49535343-8841-43f4-a8d4-ecbe34729bb3",
    "49535343-1e4d-4bd9-ba61-23c647249616",
)


class UartPeripheral:
    """A `GattFirmware` around a `Firmware`.

    Attributes:
        inner: the device itself.
    """

    def __init__(self, inner: Firmware, name: str, chip: Chip = NORDIC) -> None:
        self.inner, self._chip = inner, chip
        line = Service(
            chip.service,
            (
                Characteristic(chip.to_device, ("write", "write-without-response")),
                Characteristic(chip.from_device, ("notify",)),
            ),
        )
        self.peripheral = Peripheral(name, (chip.service,), (line,))
        self._heard = False

    @property
    def seat(self) -> Seat:
        return self.inner.seat

    @seat.setter
    def seat(self, seat: Seat) -> None:
        self.inner.seat = seat

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        if uuid == self._chip.to_device:
            self.inner.hear(data, at_s)

    def subscribed(self, uuid: str, at_s: float, *, on: bool) -> None:  # noqa: ARG002 - one value only
        self._heard = on

    def left(self, at_s: float) -> None:  # noqa: ARG002
        self._heard = False

    def advance(self, at_s: float) -> None:
        self.inner.advance(at_s)

    def output(self) -> list[tuple[str, bytes]]:
        """What the device sends, in pieces that a connection can carry; lost while nobody listens."""
        data = b"".join(self.inner.output())
        if not self._heard:
            return []
        return [(self._chip.from_device, data[i : i + _PIECE]) for i in range(0, len(data), _PIECE)]

    def values(self) -> Mapping[str, bytes]:
        return {}

    def sit(self, at_s: float) -> None:
        self.inner.sit(at_s)

    def stand(self, at_s: float) -> None:
        self.inner.stand(at_s)

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        return self.inner.hands(do, fields, at_s)
