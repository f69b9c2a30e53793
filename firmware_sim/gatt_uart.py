"""A device with a serial line, seen by air: its bytes through the Nordic UART service."""

from collections.abc import Mapping

from firmware_sim.gatt import Characteristic, Peripheral, Service
from firmware_sim.seat import Seat
from firmware_sim.twin import Firmware

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
TO_DEVICE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
FROM_DEVICE = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
_PIECE = 244


class UartPeripheral:
    """A `GattFirmware` around a `Firmware`.

    Attributes:
        inner: the device itself.
    """

    def __init__(self, inner: Firmware, name: str) -> None:
        self.inner = inner
        line = Service(
            SERVICE,
            (
                Characteristic(TO_DEVICE, ("write", "write-without-response")),
                Characteristic(FROM_DEVICE, ("notify",)),
            ),
        )
        self.peripheral = Peripheral(name, (SERVICE,), (line,))
        self._heard = False

    @property
    def seat(self) -> Seat:
        return self.inner.seat

    @seat.setter
    def seat(self, seat: Seat) -> None:
        self.inner.seat = seat

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        if uuid == TO_DEVICE:
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
        return [(FROM_DEVICE, data[i : i + _PIECE]) for i in range(0, len(data), _PIECE)]

    def values(self) -> Mapping[str, bytes]:
        return {}

    def sit(self, at_s: float) -> None:
        self.inner.sit(at_s)

    def stand(self, at_s: float) -> None:
        self.inner.stand(at_s)

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        return self.inner.hands(do, fields, at_s)
