"""What oximeters by Bluetooth Low Energy share: saturation and pulse rate about once a second.

The values carry no time and mostly no number: seconds are counted here by their arrival, and one that brought no value
is a gap. Such numbers say how somebody is; they are of no use for variability.
"""

from abc import abstractmethod

from devices.clock import Clock
from devices.drivers.about import about, follow_battery
from devices.errors import WrongDevice
from devices.events import Identity
from devices.links.link import Notification, gatt_link
from devices.protocols.device_information import BATTERY, battery_percent
from devices.sensor import GattSensor
from signals.samples import Channel

_NAN = float("nan")
_SLACK_S = 0.9
"""How far values may run ahead of the seconds, or behind, before one is left out, or a second left empty."""


class GattOximeter(GattSensor):
    """One oximeter on the air.

    Attributes:
        measurement: the value that it tells.
        whose: for the error when it has none such.
    """

    measurement: str
    whose: str

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, gatt_link(port, device, clock))
        self._first_ns: int | None = None
        self._second = -1

    # identify

    async def identify(self) -> Identity:
        """Whether it has the value, and what it says of itself.

        Raises:
            WrongDevice: it has not.
            PortLost: the connection broke off.
        """
        if not self.link.has(self.measurement):
            raise WrongDevice(self.port, self.device, f"{self.link.name or 'it'} has no {self.whose}")
        said = await about(self.link)
        self.battery_percent = said.battery_percent
        rates = ((Channel.SPO2, 1.0), (Channel.PULSE_RATE, 1.0))
        return Identity(said.maker, said.model, said.serial, said.firmware, channels=rates)

    # open

    async def open(self) -> None:
        await follow_battery(self.link)
        await self.link.listen(self.measurement)

    async def close(self) -> None:
        await self.link.deafen(self.measurement)

    # stream

    def take(self, notification: Notification) -> bool:
        if notification.uuid == BATTERY:
            self.battery_percent = battery_percent(notification.data)
            return self.battery_percent is not None
        return self.measured(notification)

    @abstractmethod
    def measured(self, notification: Notification) -> bool:
        """A value has arrived; whether it could be read."""

    def second_of(self, arrival_ns: int) -> int | None:
        """Which second a value belongs to that carries no number.

        Mostly the next one; a later one when time has passed; None when it is one too many, for some tell more often
        than once a second, or by a second of their own.
        """
        self._first_ns = arrival_ns if self._first_ns is None else self._first_ns
        passed_s = (arrival_ns - self._first_ns) / 1e9
        ahead_s = self._second + 1 - passed_s
        if ahead_s > _SLACK_S:
            return None
        if ahead_s < -_SLACK_S:
            self.lost += round(passed_s) - self._second - 1
            self._second = round(passed_s)
        else:
            self._second += 1
        return self._second

    def put(self, second: int, spo2: float | None, rate: float | None, *, touches: bool, arrival_ns: int) -> None:
        """What was measured in this second; without a finger there is no number."""
        for channel, value in ((Channel.SPO2, spo2), (Channel.PULSE_RATE, rate)):
            self.streams.put(channel, 1.0, second, [float(value) if touches and value is not None else _NAN])
        self.streams.arrived(float(second), arrival_ns)

    # command: none
