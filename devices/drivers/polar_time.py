"""From stamped frames of a Polar to counted samples: it numbers nothing, but dates the last sample of each frame.

What is lost shows as time that the samples of a frame do not fill. The rate is the nominal one where the stamps agree
with it; some models run up to 4 % beside it (an OH1 says 130 Hz and stamps 135), and then the stamps are believed. A
clock that starts afresh (an H10 that has been off the skin) is put on by the arrivals, with a hole. Rules: ours.
"""

from dataclasses import dataclass
from statistics import median

NS_PER_S = 1e9
_LATE_S = 5.0
"""How far a stamp may go back and still be a frame that came twice or too late."""
_JUMP_S = 10.0
_RATE_FROM = 2
_NEAR = 0.003
_HOLE_SHARE = 0.25
_HOLE_LEAST = 2


class SensorClock:
    """The sensor's stamps as seconds that go on, also when its clock has been set or restarted.

    Attributes:
        restarts: how often it was.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self._shift_s: float | None = None
        self._zero_ns = 0
        self._last = (0.0, 0)

    def at_s(self, stamp_ns: int, arrival_ns: int) -> float:
        """Seconds since its first stamp. What is a little out of order stays so."""
        if self._shift_s is None:
            self._shift_s, self._zero_ns = 0.0, stamp_ns
        at_s = (stamp_ns - self._zero_ns) / NS_PER_S + self._shift_s
        last_s, last_arrival_ns = self._last
        if last_arrival_ns:
            passed_s = (arrival_ns - last_arrival_ns) / NS_PER_S
            if at_s < last_s - _LATE_S or at_s > last_s + passed_s + _JUMP_S:
                self.restarts += 1
                self._shift_s = last_s + passed_s
                self._zero_ns = stamp_ns
                at_s = self._shift_s
        if at_s >= last_s:
            self._last = (at_s, arrival_ns)
        return at_s


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a frame lies. `index`: of its first sample, holes counted; `at_s`: when that was, seconds of the sensor."""

    index: int
    at_s: float
    rate_hz: float


class Stamped:
    """The frames of one stream.

    Attributes:
        rate_hz: the rate as far as it is known; fixed once `known`.
        lost: samples that are missing.
    """

    def __init__(self, nominal_hz: float) -> None:
        self.rate_hz = nominal_hz
        self.lost = 0
        self.known = False
        self._periods: list[float] = []
        self._index = 0
        self._last_s: float | None = None
        self._era = 0

    def learn(self, last_s: float, count: int) -> bool:
        """Look at a frame before any is placed; whether that was enough, and `known` from now on."""
        if self._last_s is not None:
            period = (last_s - self._last_s) / count
            if 0.9 < period * self.rate_hz < 1.1:
                self._periods.append(period)
        self._last_s = last_s
        if len(self._periods) >= _RATE_FROM:
            measured = 1 / median(self._periods)
            if abs(measured / self.rate_hz - 1) > _NEAR:
                self.rate_hz = measured
            self.known, self._last_s = True, None
        return self.known

    def place(self, last_s: float, count: int, era: int) -> Placed | None:
        """Place a frame whose last sample is at `last_s`; None: it came twice or too late.

        Args:
            last_s: seconds of the sensor.
            count: samples in it.
            era: `SensorClock.restarts`; after a restart nobody knows what was lost: at least one sample.
        """
        first_s = last_s - (count - 1) / self.rate_hz
        if self._last_s is not None:
            passed_s = last_s - self._last_s
            if passed_s < 0.5 * count / self.rate_hz and era == self._era:
                return None
            missing = round(passed_s * self.rate_hz) - count
            if era != self._era:
                missing = max(1, missing)
            elif missing <= max(_HOLE_LEAST, _HOLE_SHARE * count):
                missing = 0
                first_s = self._last_s + passed_s / count
            self._index += missing
            self.lost += missing
        self._era, self._last_s = era, last_s
        placed = Placed(self._index, first_s, self.rate_hz)
        self._index += count
        return placed
