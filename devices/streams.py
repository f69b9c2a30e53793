"""From counted samples to `Samples`: holes named, times from one time base, nothing handed out before it has settled.

A driver says what it decoded (`put`) and how far the device's own clock has come (`arrived`); `events` gives what can
be said of it. All channels of a device run from one crystal and share one `Timebase`. A lost sample is a `Gap`, never
bridged; one that comes twice or too late is dropped and counted.
"""

from collections.abc import Sequence

import numpy as np

from devices.errors import PortLost
from devices.events import DeviceEvent, Gap
from devices.timebase import Timebase
from signals.samples import Channel, Samples

_Run = tuple[Channel, float, int, list[float]]


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
        self._given: dict[Channel, int] = {}
        self._next: dict[Channel, int] = {}

    def arrived(self, device_s: float, arrival_ns: int) -> None:
        """Bytes that end at `device_s` (seconds counted by the device) have arrived."""
        self._timebase.observe(device_s, arrival_ns)

    def put(self, channel: Channel, rate_hz: float, index: int, values: Sequence[float]) -> None:
        """Samples of a channel; `index`: the device's unwrapped counter at the first, 0 at second 0 of its clock."""
        expected = self._next.get(channel, index)
        if index < expected:
            late = min(expected - index, len(values))
            self.stale += late
            index, values = index + late, values[late:]
        if not values:
            return
        self._next[channel] = index + len(values)
        for run in reversed(self._held):
            if run[0] is channel:
                if run[2] + len(run[3]) == index and run[1] == rate_hz:
                    run[3].extend(values)
                    return
                break
        self._held.append((channel, rate_hz, index, list(values)))

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
        for channel, rate_hz, index, values in held:
            start_ns = self.at_ns(index / rate_hz)
            given = self._given.get(channel, index)
            if index > given:
                lost = index - given
                events.append(Gap(self._device, channel, self.at_ns(given / rate_hz), start_ns, lost))
            self._given[channel] = index + len(values)
            numbers = np.array(values, dtype=np.float64)
            events.append(Samples(self._device, channel, start_ns, rate_hz, numbers, index, epoch=self.epoch))
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
