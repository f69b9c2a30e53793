"""Nonin 3150 and 3230: identify, open, stream, command are those of `gatt_oximeter.py`; a pulse wave where it has one.

Both kinds of value are numbered, each by a counter of its own that begins when it likes: so the wave has a time base of
its own. Whether a finger is in stands in the measurement alone; the wave is NaN from then on, up to a second late.
"""

from devices.clock import Clock
from devices.drivers.gatt_oximeter import GattOximeter
from devices.events import DeviceEvent, Identity
from devices.links.link import Notification
from devices.protocols import nonin_ble as wire
from devices.sensor import SETTLE_S
from devices.streams import Streams
from signals.samples import Channel

_NAN = float("nan")


class _Counter:
    """A counter of 16 bits, unwrapped from 0 on."""

    def __init__(self) -> None:
        self._last: int | None = None
        self.index = 0

    def step(self, counter: int) -> int:
        """How far it has gone since the last value; 0 where that came twice or too late."""
        step = 1 if self._last is None else (counter - self._last) % wire.COUNTS
        if step > wire.COUNTS // 2:
            return 0
        if step:
            self.index += step - (self._last is None)
            self._last = counter
        return step


class NoninBleOximeter(GattOximeter):
    """One oximeter on the wrist or the finger.

    Attributes:
        wave: the stream of the pulse wave.
        seated: whether a finger is in, as last told.
    """

    measurement = wire.MEASUREMENT
    whose = "Nonin measurement"

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock)
        self.wave = Streams(device, port, settle_s=clock.settle_s(SETTLE_S))
        self.seated = False
        self._measurements, self._waves = _Counter(), _Counter()

    # identify

    async def identify(self) -> Identity:
        """As `GattOximeter`; with the pulse wave where there is one.

        Raises:
            WrongDevice, PortLost: as there.
        """
        said = await super().identify()
        if not self.link.has(wire.WAVE):
            return said
        channels = ((Channel.PPG, wire.WAVE_RATE_HZ), *said.channels)
        return Identity(said.maker, said.model, said.serial, said.firmware, channels=channels)

    # open

    async def open(self) -> None:
        self.wave.epoch = self.epoch
        await super().open()
        if self.link.has(wire.WAVE):
            await self.link.listen(wire.WAVE)

    async def close(self) -> None:
        await super().close()
        if self.link.has(wire.WAVE):
            await self.link.deafen(wire.WAVE)

    # stream

    def measured(self, notification: Notification) -> bool:
        if notification.uuid == wire.WAVE:
            return self._waved(notification)
        said = wire.decode(notification.data)
        if said is None:
            return False
        self.seated = said.seated
        step = self._measurements.step(said.counter)
        if step:
            self.lost += step - 1
            self.battery_percent = said.battery_percent
            self.put(
                self._measurements.index,
                said.spo2_percent,
                said.pulse_rate_per_min,
                touches=said.seated,
                arrival_ns=notification.arrival_ns,
            )
        return True

    def _waved(self, notification: Notification) -> bool:
        said = wire.decode_wave(notification.data)
        if said is None:
            return False
        step = self._waves.step(said.counter)
        if step:
            self.lost += step - 1
            first = self._waves.index * wire.WAVE_SAMPLES
            values = [float(sample) if self.seated else _NAN for sample in said.samples]
            self.wave.put(Channel.PPG, wire.WAVE_RATE_HZ, first, values)
            self.wave.arrived((first + len(values)) / wire.WAVE_RATE_HZ, notification.arrival_ns)
        return True

    def _waiting(self) -> list[DeviceEvent]:
        return super()._waiting() + self.wave.events()
