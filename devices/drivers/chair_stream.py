"""From STREAM frames of a Chair Link chair to `Samples`: counters unwrapped, holes named, times from one time base.

All streams of a chair start at 0 at one instant and run from one crystal, so they share a `Timebase`. Until that has
settled (a second, `settle_s`), frames are held back, not lost.
"""

import numpy as np

from devices.errors import PortLost
from devices.events import DeviceEvent, DeviceNote, Gap
from devices.protocols import chair_link as wire
from devices.timebase import Timebase
from signals.samples import Channel, Samples

_LONGEST_GAP_S = 10.0
"""A link is given up after 1.5 s of silence; a longer hole is a counter that means something else now."""


class ChairStream:
    """The streams of one connection."""

    def __init__(
        self, device: str, port: str, epoch: int, declared: tuple[wire.Declared, ...], settle_s: float = 1.0
    ) -> None:
        self._device, self._port, self._epoch = device, port, epoch
        self._declared: dict[int, wire.Declared] = {stream.sensor: stream for stream in declared}
        self._timebase = Timebase(settle_s)
        self._expected: dict[int, int] = {}
        self._given: dict[int, int] = {}
        self._held: list[tuple[int, wire.Stream | wire.Note]] = []

    def take(self, message: wire.Stream | wire.Note, arrival_ns: int) -> None:
        """One frame has arrived. A stream that was never declared is ignored.

        Raises:
            PortLost: a counter has jumped: the chair was switched off and on.
        """
        channel = message.channel if isinstance(message, wire.Note) else message.sensor
        if channel not in self._declared:
            return
        expected = self._expected.get(channel, 0)
        index = _nearest(message.counter, expected)
        most = _LONGEST_GAP_S * self._declared[channel].rate_hz
        if isinstance(message, wire.Note):
            index = index if abs(index - expected) <= most else expected
        else:
            if not 0 <= index - expected <= most:
                raise PortLost(self._port, self._device, "its sample counter jumped")
            self._expected[channel] = index + len(message.counts)
            self._timebase.observe(self._expected[channel] / self._declared[channel].rate_hz, arrival_ns)
        self._held.append((index, message))

    def events(self) -> list[DeviceEvent]:
        """What can be said of the frames taken so far.

        Raises:
            PortLost: the chair's clock no longer goes with ours.
        """
        if self._timebase.lost:
            raise PortLost(self._port, self._device, "its sample clock jumped")
        if not self._timebase.settled:
            return []
        held, self._held = self._held, []
        return [event for index, message in held for event in self._say(index, message)]

    def _say(self, index: int, message: wire.Stream | wire.Note) -> list[DeviceEvent]:
        if isinstance(message, wire.Note):
            start_ns = self._at_ns(message.channel, index)
            return [DeviceNote(self._device, start_ns, message.text)]
        sensor, declared = message.sensor, self._declared[message.sensor]
        channel = Channel(sensor.name.lower())
        start_ns = self._at_ns(sensor, index)
        events: list[DeviceEvent] = []
        given = self._given.get(sensor, index)
        if index > given:
            events.append(Gap(self._device, channel, self._at_ns(sensor, given), start_ns, index - given))
        self._given[sensor] = index + len(message.counts)
        values = np.array(message.counts, dtype=np.float64) * declared.scale
        if not message.contact:
            values[:] = np.nan
        events.append(Samples(self._device, channel, start_ns, declared.rate_hz, values, index, epoch=self._epoch))
        return events

    def _at_ns(self, channel: int, index: int) -> int:
        return self._timebase.at_ns(index / self._declared[channel].rate_hz)


def _nearest(counter: int, expected: int) -> int:
    """The unwrapped index next to `expected` whose low 32 bits are `counter`."""
    return expected + ((counter - expected + 2**31) % 2**32) - 2**31
