"""Polar H10, Verity Sense and OH1 by their own service (PMD): identify, open, stream, command.

What the sensor offers decides what is streamed: an H10 gives its ECG, the optical ones their pulse wave, both their
acceleration. Pulse wave = -(mean of the photodiodes - ambient light): the mean is steadier than any one diode against a
band that presses unevenly, lamps and daylight shine into all alike, and less light comes back when blood is there. The
wave is preferred to PPI, which needs 25 s and complete rest and smooths as it likes; `ppi = true` adds it. The sensor
is told to stop on every way out: an H10 left on drains its cell and refuses the next host.
"""

import asyncio
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from devices.beat_clock import BeatClock
from devices.clock import Clock
from devices.drivers.about import about, follow_battery
from devices.drivers.polar_time import SensorClock, Stamped
from devices.errors import CommandRefused, DeviceError, NoAnswer, PortLost, WrongDevice
from devices.events import Identity
from devices.links.link import Notification, gatt_link
from devices.protocols import heart_rate
from devices.protocols import polar as wire
from devices.protocols import polar_data as data
from devices.protocols.device_information import BATTERY, battery_percent
from devices.protocols.polar import Measurement, Opcode, Response, Setting, Status
from devices.sensor import GattSensor
from signals.samples import Channel

_ANSWER_S = 3.0
_AXES = (Channel.ACCELERATION_X, Channel.ACCELERATION_Y, Channel.ACCELERATION_Z)
_CHANNELS: dict[Measurement, tuple[Channel, ...]] = {
    Measurement.ECG: (Channel.ECG,),
    Measurement.PPG: (Channel.PPG,),
    Measurement.ACCELERATION: _AXES,
    Measurement.PPI: (Channel.RR,),
}
_USUAL_HZ = {Measurement.ECG: 130.0, Measurement.PPG: 55.0, Measurement.ACCELERATION: 52.0}
_PREFERRED = {Setting.RATE_HZ: 25.0, Setting.RANGE: 4.0, Setting.CHANNELS: 4.0, Setting.RESOLUTION_BITS: 24.0}
"""The smallest offered that is at least this, or the largest: enough for breath and fidgeting, little air time."""

_REMEDIES: dict[int, str] = {
    Status.IN_CHARGER: "take it off the charger",
    Status.WRONG_MTU: "use a Bluetooth adapter of this decade, directly in the machine",
}


class PolarSensor(GattSensor):
    """One Polar.

    Attributes:
        running: what has been started, and when samples of it came to be counted.
    """

    def __init__(
        self,
        device: str,
        port: str,
        clock: Clock,
        *,
        acceleration: bool = True,
        ppi: bool = False,
        upright: bool = False,
    ) -> None:
        """A driver; nothing is opened yet.

        Args:
            device: id of the device in this room.
            port: its address.
            clock: dates what arrives.
            acceleration: stream it as well, where there is one.
            ppi: stream the intervals of an optical sensor as well.
            upright: the light comes back brighter with each pulse; turn nothing over.
        """
        super().__init__(device, port, clock, gatt_link(port, device, clock))
        self.running: dict[Measurement, Stamped] = {}
        self._want = {Measurement.ACCELERATION: acceleration, Measurement.PPI: ppi}
        self._sign = 1.0 if upright else -1.0
        self._begun: list[Measurement] = []
        self._factors: dict[Measurement, float] = {}
        self._answer: list[Response] = []
        self._early: dict[Measurement, list[tuple[data.Frame, float, int]]] = {}
        self._time = SensorClock()
        self._beats = BeatClock(device)
        self._contact: bool | None = None

    # identify

    async def identify(self) -> Identity:
        """Whether it has the service, and what it says of itself. Changes nothing there.

        Raises:
            WrongDevice: it has not, or can stream nothing that we know.
            PortLost: the connection broke off.
        """
        if not self.link.has(wire.CONTROL_POINT):
            raise WrongDevice(self.port, self.device, f"{self.link.name or 'it'} has no Polar measurement service")
        self._offered = wire.features(await self.link.read(wire.CONTROL_POINT))
        if not self._offered & {Measurement.ECG, Measurement.PPG}:
            raise WrongDevice(
                self.port, self.device, "it streams neither ECG nor PPG", "use it as kind heart-rate instead"
            )
        said = await about(self.link)
        self.battery_percent = said.battery_percent
        return Identity(said.maker, said.model, said.serial, said.firmware)

    # open

    async def open(self) -> None:
        """Start the streams. The heart is a must; acceleration and PPI are done without where they are refused.

        Raises:
            CommandRefused: the heart was refused.
            NoAnswer: it acknowledges commands and answers none.
        """
        self._beats = BeatClock(self.device, self.epoch)
        await follow_battery(self.link)
        await self.link.listen(wire.CONTROL_POINT)
        await self.link.listen(wire.DATA)
        heart = Measurement.ECG if Measurement.ECG in self._offered else Measurement.PPG
        await self._start(heart)
        for extra, wanted in self._want.items():
            if wanted and extra in self._offered:
                try:
                    await self._start(extra)
                except CommandRefused:
                    self._begun.remove(extra)
        if self.link.has(heart_rate.MEASUREMENT):
            await self.link.listen(heart_rate.MEASUREMENT)
        self.identity = replace(self.identity, channels=self._channels())

    def _channels(self) -> tuple[tuple[Channel, float], ...]:
        return tuple(
            (channel, self.running[measurement].rate_hz if measurement in self.running else 0.0)
            for measurement in self._begun
            for channel in _CHANNELS[measurement]
        )

    async def _start(self, measurement: Measurement) -> None:
        offered = await self._ask(wire.ask_settings(measurement), Opcode.SETTINGS, measurement)
        settings = wire.decode_settings(offered.parameters) if offered.status == Status.DONE else {}
        chosen = {setting: (_choose(setting, values),) for setting, values in (settings or {}).items() if values}
        chosen.pop(Setting.FACTOR, None)
        self._begun.append(measurement)  # from now on it may be on
        command = wire.start(measurement, chosen)
        answer = await self._ask(command, Opcode.START, measurement)
        if answer.status == Status.ALREADY_SO:  # somebody left it on, with settings that we do not know
            await self._ask(wire.stop(measurement), Opcode.STOP, measurement)
            answer = await self._ask(command, Opcode.START, measurement)
        if answer.status != Status.DONE:
            remedy = _REMEDIES.get(answer.status, "switch it off and on; bring its firmware up to date in Polar Flow")
            raise CommandRefused(self.port, self.device, f"{measurement.name} refused: {answer.words}", remedy)
        (factor,) = (wire.decode_settings(answer.parameters) or {}).get(Setting.FACTOR, (1.0,))[:1]
        self._factors[measurement] = factor
        if measurement is not Measurement.PPI:
            (rate_hz,) = chosen.get(Setting.RATE_HZ, (_USUAL_HZ[measurement],))
            self.running[measurement] = Stamped(rate_hz)

    async def _ask(self, command: bytes, opcode: Opcode, measurement: Measurement) -> Response:
        """Give a command and wait for its answer; what streams meanwhile is taken as ever."""
        self._answer.clear()
        await self.link.write(wire.CONTROL_POINT, command)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(_ANSWER_S, 1.0)
        parameters = b""
        while (left := until - loop.time()) > 0:
            if (notification := await self.link.next(left)) is None:
                continue
            self.take(notification)
            for answer in self._answer:
                if (answer.opcode, answer.type) == (opcode, measurement):
                    parameters += answer.parameters
                    if not answer.more:
                        return replace(answer, parameters=parameters)
            self._answer.clear()
        raise NoAnswer(self.port, self.device, remedy="take it off and put it on again, or press its button")

    async def close(self) -> None:
        """Stop everything that may be on, each by itself: one that fails must not leave the others on."""
        failed: DeviceError | None = None
        for measurement in self._begun:
            try:
                await self.link.write(wire.CONTROL_POINT, wire.stop(measurement))
            except DeviceError as error:
                failed = error
        if failed is not None:
            raise failed

    # stream

    def take(self, notification: Notification) -> bool:
        match notification.uuid:
            case wire.DATA:
                return self._take_data(notification)
            case wire.CONTROL_POINT:
                return self._take_control(notification.data)
            case heart_rate.MEASUREMENT:
                said = heart_rate.decode(notification.data)
                self._contact = None if said is None else said.contact
                return said is not None
            case _ if notification.uuid == BATTERY:
                self.battery_percent = battery_percent(notification.data)
                return self.battery_percent is not None
            case _:
                return False

    def _take_control(self, said: bytes) -> bool:
        match wire.decode_control(said):
            case Response() as response:
                self._answer.append(response)
            case wire.Stopped() as stopped if not stopped.types or set(stopped.types) & set(self._begun):
                raise PortLost(
                    self.port, self.device, "it stopped measuring by itself", "take it off the charger, or put it on"
                )
            case wire.Stopped():
                pass
            case None:
                return False
        return True

    def _take_data(self, notification: Notification) -> bool:
        said = data.decode(notification.data)
        if isinstance(said, data.Intervals):
            self._take_intervals(said, notification.arrival_ns)
            return True
        if said is None or said.measurement not in self.running:
            return False
        device_s = self._time.at_s(said.stamp_ns, notification.arrival_ns)
        self.streams.arrived(device_s, notification.arrival_ns)
        stream = self.running[said.measurement]
        if stream.known:
            self._put(said, device_s, self._time.restarts)
            return True
        early = self._early.setdefault(said.measurement, [])
        early.append((said, device_s, self._time.restarts))
        if stream.learn(device_s, len(said.counts)):
            self.identity = replace(self.identity, channels=self._channels())
            for one in self._early.pop(said.measurement):
                self._put(*one)
        return True

    def _put(self, frame: data.Frame, device_s: float, era: int) -> None:
        stream = self.running[frame.measurement]
        lost = stream.lost
        placed = stream.place(device_s, len(frame.counts), era)
        if placed is None:
            self.streams.stale += len(frame.counts)
            return
        self.lost += stream.lost > lost
        values = self._calibrated(frame)
        for channel, column in zip(_CHANNELS[frame.measurement], values.T, strict=True):
            self.streams.put(channel, placed.rate_hz, placed.index, column.tolist(), placed.at_s)

    def _calibrated(self, frame: data.Frame) -> NDArray[np.float64]:
        """Values [n, channels] in the units of the channels; NaN while it does not touch the skin."""
        counts = frame.counts.astype(np.float64)
        values: NDArray[np.float64]
        match frame.measurement:
            case Measurement.ACCELERATION:
                return np.multiply(counts, self._factors[Measurement.ACCELERATION] if frame.kind == 0x80 else 1e-3)
            case Measurement.PPG:
                values = self._sign * (counts[:, :3].mean(axis=1) - counts[:, 3])[:, None]
            case _:
                values = counts * 1e-3
        if self._contact is False:
            values[:] = np.nan
        return values

    def _take_intervals(self, said: data.Intervals, arrival_ns: int) -> None:
        """Stretches of beats between movements; the stamp, where there is one, is that of the last beat."""
        stretch: list[float] = []
        contact: bool | None = None
        for beat in said.beats:
            contact = beat.contact
            if not beat.moved and contact is not False:
                stretch.append(float(beat.interval_ms))
                continue
            if stretch:
                self.out += self._beats.take(stretch, arrival_ns, contact=None)
                stretch = []
            self._beats.interrupt()
        if stretch or contact is False:
            self.out += self._beats.take(stretch, arrival_ns, contact, ended_s=said.stamp_ns / 1e9 or None)

    # command: none


def _choose(setting: Setting, offered: tuple[float, ...]) -> float:
    wish = _PREFERRED.get(setting, 0.0)
    return min((value for value in offered if value >= wish), default=max(offered))
