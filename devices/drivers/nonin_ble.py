"""Nonin 3150 and 3230: identify, open, stream, command are those of `gatt_oximeter.py`. Its values are numbered."""

from devices.clock import Clock
from devices.drivers.gatt_oximeter import GattOximeter
from devices.links.link import Notification
from devices.protocols import nonin_ble as wire


class NoninBleOximeter(GattOximeter):
    """One oximeter on the wrist or the finger."""

    measurement = wire.MEASUREMENT
    whose = "Nonin measurement"

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock)
        self._counter: int | None = None
        self._index = 0

    def measured(self, notification: Notification) -> bool:
        said = wire.decode(notification.data)
        if said is None:
            return False
        step = 1 if self._counter is None else (said.counter - self._counter) % wire.COUNTS
        if step == 0 or step > wire.COUNTS // 2:
            return True  # it came twice, or too late
        self.lost += step - 1
        self._index += step - (self._counter is None)
        self._counter = said.counter
        self.battery_percent = said.battery_percent
        self.put(
            self._index,
            said.spo2_percent,
            said.pulse_rate_per_min,
            touches=said.seated,
            arrival_ns=notification.arrival_ns,
        )
        return True
