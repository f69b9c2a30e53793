"""Straps and armbands of the Heart Rate Service: identify, open, stream, command.

They tell intervals, not times: beats are placed by `BeatClock`. Some armbands tell only a rate; that is seen from the
first seconds, for no value of the service says so, and then the rate is all there is (no use for variability).
"""

import asyncio
from dataclasses import replace

import numpy as np

from devices.beat_clock import BeatClock
from devices.clock import Clock
from devices.drivers.about import about, follow_battery
from devices.errors import WrongDevice
from devices.events import Identity
from devices.links.link import Notification, gatt_link
from devices.protocols import heart_rate as wire
from devices.protocols.device_information import BATTERY, battery_percent
from devices.sensor import GattSensor
from signals.samples import Channel

FIRST_WORDS_S = 3.5
ENOUGH_WITHOUT = 4
SILENCE_S = 5.0

_INTERVALS = ((Channel.RR, 0.0),)
_RATE = ((Channel.PULSE_RATE, 1.0),)


class HeartRateStrap(GattSensor):
    """One strap or armband."""

    silence_s = SILENCE_S
    """It speaks once a second, and the air loses a word now and then."""

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, gatt_link(port, device, clock))
        self._beats = BeatClock(device)
        self._with_rr = False
        self._without = 0
        self._first_ns = 0
        self._second = -1

    # identify

    async def identify(self) -> Identity:
        """Whether it has the service, and what it says of itself.

        Raises:
            WrongDevice: it has not.
            PortLost: the connection broke off.
        """
        if not self.link.has(wire.MEASUREMENT):
            raise WrongDevice(self.port, self.device, f"{self.link.name or 'it'} has no heart rate service")
        said = await about(self.link)
        self.battery_percent = said.battery_percent
        return Identity(said.maker, said.model, said.serial, said.firmware, channels=_INTERVALS)

    # open

    async def open(self) -> None:
        """Listen, until it is clear whether it tells intervals or a rate only (or nothing yet: it is not worn)."""
        self._beats = BeatClock(self.device, self.epoch)
        await follow_battery(self.link)
        await self.link.listen(wire.MEASUREMENT)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(FIRST_WORDS_S, 1.0)
        while not self._with_rr and self._without < ENOUGH_WITHOUT and (left := until - loop.time()) > 0:
            await self._pull(left)
        if self._rate_only:
            self.identity = replace(self.identity, channels=_RATE)

    async def close(self) -> None:
        await self.link.deafen(wire.MEASUREMENT)

    # stream

    def take(self, notification: Notification) -> bool:
        if notification.uuid == BATTERY:
            self.battery_percent = battery_percent(notification.data)
            return self.battery_percent is not None
        said = wire.decode(notification.data)
        if said is None:
            return False
        if said.rr_ticks:
            self._with_rr = True
        elif said.contact is not False and said.heart_rate_per_min:
            self._without += 1
        self.out += self._beats.take(said.rr_ms, notification.arrival_ns, said.contact)
        if self._rate_only:
            self._put_rate(said, notification.arrival_ns)
        return True

    @property
    def _rate_only(self) -> bool:
        return not self._with_rr and self._without >= ENOUGH_WITHOUT

    def _put_rate(self, said: wire.Measurement, arrival_ns: int) -> None:
        """The service counts nothing: seconds are counted here, and one that brought no word is a gap."""
        self._first_ns = self._first_ns or arrival_ns
        self._second = max(self._second + 1, round((arrival_ns - self._first_ns) / 1e9))
        known = said.contact is not False and said.heart_rate_per_min > 0
        self.streams.put(Channel.PULSE_RATE, 1.0, self._second, [said.heart_rate_per_min if known else np.nan])
        self.streams.arrived(float(self._second), arrival_ns)

    # command: none
