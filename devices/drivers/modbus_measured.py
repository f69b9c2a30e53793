"""Slow measured values of a Modbus chair (pulse rate, SpO2, skin temperature) as samples at the rate that the map says.

The chair counts no samples; the control loop's reading does. A reading that did not come is a gap, never bridged.
"""

import numpy as np

from devices.drivers.modbus_words import Image, word
from devices.events import Gap
from devices.protocols.register_map import RegisterMap
from signals.samples import Channel, Samples


class Measured:
    """The measured channels of one connection.

    Attributes:
        epoch: put into every `Samples`.
    """

    def __init__(self, chart: RegisterMap, device: str) -> None:
        self.epoch = 0
        self._sensors, self._device = chart.measured, device
        self._start_ns: int | None = None
        self._next = [0] * len(chart.measured)

    def events(self, image: Image, t_ns: int) -> list[Samples | Gap]:
        """What a reading at `t_ns` gives."""
        if self._start_ns is None:
            self._start_ns = t_ns
        events: list[Samples | Gap] = []
        for at, sensor in enumerate(self._sensors):
            index = int((t_ns - self._start_ns) / 1e9 * sensor.rate_hz)
            due = self._next[at]
            if index < due:
                continue
            channel = Channel(sensor.channel)
            start_ns, gap_ns = (self._start_ns + round(each / sensor.rate_hz * 1e9) for each in (index, due))
            if index > due:
                events.append(Gap(self._device, channel, gap_ns, start_ns, index - due))
            counts = word(image, sensor, signed=sensor.signed)
            value = np.nan if counts == sensor.missing else sensor.zero + sensor.unit * counts
            values = np.array([value], dtype=np.float64)
            events.append(Samples(self._device, channel, start_ns, sensor.rate_hz, values, index, epoch=self.epoch))
            self._next[at] = index + 1
        return events
