"""Samples (and intervals of sensors that count beats themselves): what the edges and the core share.

A driver makes them, the signal core eats them. Times are int64 nanoseconds on the monotonic clock that the
edge was given; the device's own sample counter travels along, so a hole in the stream is a fact and not a guess.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only names a channel (a configuration, a kiosk) starts without NumPy
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
    RR = "rr"
    ACCELERATION_X = "acceleration_x"
    ACCELERATION_Y = "acceleration_y"
    ACCELERATION_Z = "acceleration_z"


UNITS: dict[Channel, str] = {
    Channel.ECG: "mV",
    Channel.PPG: "a.u.",
    Channel.SKIN_CONDUCTANCE: "µS",
    Channel.SKIN_TEMPERATURE: "°C",
    Channel.RESPIRATION: "a.u.",
    Channel.SPO2: "%",
    Channel.PULSE_RATE: "1/min",
    Channel.RR: "ms",
    Channel.ACCELERATION_X: "g",
    Channel.ACCELERATION_Y: "g",
    Channel.ACCELERATION_Z: "g",
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
    values: "NDArray[np.float64]"
    first_index: int
    epoch: int = 0

    @property
    def unit(self) -> str:
        return UNITS[self.channel]

    @property
    def end_ns(self) -> int:
        """Time just after the last sample, ns."""
        return self.start_ns + round(len(self.values) * 1e9 / self.rate_hz)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Beat-to-beat intervals that a sensor measured by itself (`Channel.RR`): no samples, so no rate.

    Beats are placed by summing the intervals, never by their arrival. What was lost in between is not bridged.

    Attributes:
        device: id of the device in this room.
        t_ns: [n] int64, time of the beat that closes each interval, ns on the edge's monotonic clock.
        rr_ms: [n] float64, the intervals, ms, oldest first. n may be 0: the sensor only says how it sits.
        joined: the first interval begins at the last beat of the `Intervals` before; False after a hole and at first.
        contact: whether the sensor touches skin; None where it does not say.
        epoch: counts the connections of the device.
    """

    device: str
    t_ns: "NDArray[np.int64]"
    rr_ms: "NDArray[np.float64]"
    joined: bool
    contact: bool | None = None
    epoch: int = 0
