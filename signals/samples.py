"""Samples: the one type that the edges and the core share.

A driver makes them, the signal core eats them. Times are int64 nanoseconds on the monotonic clock that the
edge was given; the device's own sample counter travels along, so a hole in the stream is a fact and not a guess.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Channel(StrEnum):
    """What is measured. The unit of each channel is fixed (`UNITS`)."""

    ECG = "ecg"
    PPG = "ppg"
    SKIN_CONDUCTANCE = "skin_conductance"
    SKIN_TEMPERATURE = "skin_temperature"
    RESPIRATION = "respiration"
    SPO2 = "spo2"
    PULSE_RATE = "pulse_rate"


UNITS: dict[Channel, str] = {
    Channel.ECG: "mV",
    Channel.PPG: "a.u.",
    Channel.SKIN_CONDUCTANCE: "µS",
    Channel.SKIN_TEMPERATURE: "°C",
    Channel.RESPIRATION: "a.u.",
    Channel.SPO2: "%",
    Channel.PULSE_RATE: "1/min",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """A run of equally spaced samples of one channel, without holes.

    Attributes:
        device: id of the device in this room ("chair-1").
        channel: what is measured.
        start_ns: time of `values[0]`, ns on the edge's monotonic clock.
        rate_hz: sampling rate, Hz (true rate as far as the edge knows it).
        values: [n] float64 in `unit`; NaN where the device says "no contact".
        first_index: the device's sample counter at `values[0]`, unwrapped; two runs are contiguous exactly
            when `first_index` of the second is `first_index + n` of the first and `epoch` is the same.
        epoch: counts the connections of the device; the counter may restart with it.
    """

    device: str
    channel: Channel
    start_ns: int
    rate_hz: float
    values: NDArray[np.float64]
    first_index: int
    epoch: int = 0

    @property
    def unit(self) -> str:
        return UNITS[self.channel]

    @property
    def end_ns(self) -> int:
        """Time just after the last sample, ns."""
        return self.start_ns + round(len(self.values) * 1e9 / self.rate_hz)
