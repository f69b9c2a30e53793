"""From counted samples to `Samples`: holes named, times from one time base, nothing handed out before it has settled.

A driver says what it decoded (`put`) and how far the device's own clock has come (`arrived`); `events` gives what can
be said of it. All channels of a device run from one crystal and share one `Timebase`. A lost sample is a `Gap`, never
bridged; one that comes twice or too late is dropped and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devices.errors import PortLost
from devices.events import DeviceEvent, Gap
from devices.timebase import Timebase
from signals.samples import Channel, Samples


@dataclass(slots=True)
class _Run:
    """Samples without a hole. `at_s`: the device's own time of the first, where it stamps them."""

    channel: Channel
    rate_hz: float
    index: int
    values: list[float]
    at_s: float | None

    @property
    def start_s(self) -> float:
        return self.index / self.rate_hz if self.at_s is None else self.at_s

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.values) / self.rate_hz


class Streams:
    """The streams of one connection.

    Attributes:
        epoch: put into every `Samples`.
        stale: samples that came twice or too late.
    """

    def __init__(self, device: str, port: str, *, settle_s: float = 1.0, epoch: int = 0) -> None:
        self.epoch, self.stale = epoch, 0
        self._device, self._port = device, port
        self._timebase = Timebase(settle_s)
        self._held: list[_Run] = []
        self._given: dict[Channel, tuple[int, float]] = {}
        self._next: dict[Channel, int] = {}

    def arrived(self, device_s: float, arrival_ns: int) -> None:
        """Bytes that end at `device_s` (seconds counted by the device) have arrived."""
        self._timebase.observe(device_s, arrival_ns)

    def put(
        self, channel: Channel, rate_hz: float, index: int, values: Sequence[float], at_s: float | None = None
    ) -> None:
        """Samples of a channel.

        Args:
            channel: what they are of.
            rate_hz: how fast they were taken, Hz.
            index: the device's unwrapped counter at the first, 0 at second 0 of its clock.
            values: in the channel's unit.
            at_s: the device's own time of the first, s, where it stamps its samples; the counter then only counts.
        """
        expected = self._next.get(channel, index)
        if index < expected:
            late = min(expected - index, len(values))
            self.stale += late
            index, values = index + late, values[late:]
            at_s = None if at_s is None else at_s + late / rate_hz
        if not values:
            return
        self._next[channel] = index + len(values)
        for run in reversed(self._held):
            if run.channel is channel:
                if at_s is None and run.index + len(run.values) == index and run.rate_hz == rate_hz:
                    run.values.extend(values)
                    return
                break
        self._held.append(_Run(channel, rate_hz, index, list(values), at_s))

    def events(self) -> list[DeviceEvent]:
        """What can be said of what has been put.

        Raises:
            PortLost: the device's clock no longer goes with ours.
        """
        if self._timebase.lost:
            raise PortLost(self._port, self._device, "its sample clock jumped")
        if not self._timebase.settled:
            return []
        held, self._held = self._held, []
        events: list[DeviceEvent] = []
        for run in held:
            start_ns = self.at_ns(run.start_s)
            given, given_s = self._given.get(run.channel, (run.index, run.start_s))
            if run.index > given:
                lost_from_ns = min(self.at_ns(given_s), start_ns)
                events.append(Gap(self._device, run.channel, lost_from_ns, start_ns, run.index - given))
            self._given[run.channel] = (run.index + len(run.values), run.end_s)
            numbers = np.array(run.values, dtype=np.float64)
            events.append(
                Samples(self._device, run.channel, start_ns, run.rate_hz, numbers, run.index, epoch=self.epoch)
            )
        return events

    @property
    def settled(self) -> bool:
        """Times can be asked for."""
        return self._timebase.settled

    def at_ns(self, device_s: float) -> int:
        """The clock's time at a second of the device.

        Raises:
            ValueError: asked before `settled`.
        """
        return self._timebase.at_ns(device_s)
