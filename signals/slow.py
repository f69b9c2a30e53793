"""What the slow channels (skin conductance, breathing) share: thinning, smoothing, turning points.

Samples of any rate are averaged in blocks to about 8 Hz, so the parts behind see the same few values per second and can
be plain state machines. Blocks are cut by sample count alone: the result cannot depend on how the samples arrive.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number

LOWEST_HZ, HIGHEST_HZ = 4.0, 5000.0
TARGET_HZ = 8.0
HUGE = 1e9


class Blocks:
    """Block means at about 8 Hz of samples at 4 Hz or more.

    Args:
        rate_hz: sampling rate, Hz, 4 to 5000.

    Attributes:
        rate_hz: rate of the block means, Hz (4 to 12).
        usable: whether the sampling rate is one that can be worked with.
    """

    def __init__(self, rate_hz: float) -> None:
        self.usable = LOWEST_HZ <= number("rate_hz", rate_hz) <= HIGHEST_HZ
        self._source_hz = float(rate_hz) if self.usable else TARGET_HZ
        self._size = max(1, round(self._source_hz / TARGET_HZ))
        self.rate_hz = self._source_hz / self._size
        self._pending: NDArray[np.float64] = np.empty(0)

    def feed(self, chunk: ArrayLike, name: str = "chunk") -> list[float]:
        """Means of the blocks that became full; NaN where less than half of a block is finite.

        Args:
            chunk: [n] samples, any n.
            name: of the argument, where it was handed in.
        """
        joined = np.concatenate([self._pending, column(name, chunk)])
        whole = len(joined) // self._size * self._size
        self._pending = joined[whole:].copy()
        rows = joined[:whole].reshape(-1, self._size)
        good = np.isfinite(rows)
        count = good.sum(axis=1)
        total = np.where(good, np.clip(rows, -HUGE, HUGE), 0.0).sum(axis=1)
        means = np.full(len(rows), np.nan)
        enough = 2 * count >= self._size
        means[enough] = total[enough] / count[enough]
        return [float(mean) for mean in means]

    def time_s(self, index: float) -> float:
        """Time of the middle of a block, s since the first sample."""
        return (index * self._size + (self._size - 1) / 2) / self._source_hz


class Smooth:
    """A running Hann-weighted mean; its value belongs to the sample `half` before the newest (no shift in time).

    Args:
        half: samples on each side.

    Attributes:
        half: samples on each side.
        noise_per_rest: white noise left in the smoothed value, over what smoothing took out of the middle one (SDs).
    """

    def __init__(self, half: int) -> None:
        self.half = half
        window = np.hanning(2 * half + 3)[1:-1]
        self._weights = [float(w) for w in window / window.sum()]
        power = sum(w * w for w in self._weights)
        rest = math.sqrt(1 - 2 * self._weights[half] + power)
        self.noise_per_rest = math.sqrt(power) / rest
        self._recent: deque[float] = deque(maxlen=2 * half + 1)

    def push(self, value: float) -> float | None:
        """The smoothed value `half` samples ago; None until there are enough samples on both sides."""
        self._recent.append(value)
        if len(self._recent) < len(self._weights):
            return None
        return sum(w * v for w, v in zip(self._weights, self._recent, strict=True))

    @property
    def middle(self) -> float:
        """The unsmoothed value that the newest smoothed one belongs to."""
        return self._recent[self.half]

    def clear(self) -> None:
        """Forget: the next sample does not join on."""
        self._recent.clear()


class Turns:
    """Turning points of a signal: a peak counts when the signal has fallen from it far enough, a trough likewise.

    Attributes:
        rising: looking for a peak (else for a trough).
        trough: index and value of the last trough (or the lowest value so far).
        trough_place: where the trough lies between the values (parabola through three).
        climb: index and value of the trough that the last peak was climbed from.
        peak: index and value of the last peak (or the highest value so far).
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget: the next value begins anew."""
        self.rising = False
        self.trough_place = -1.0
        self._recent = (math.nan, math.nan)
        self.trough: tuple[int, float] = (-1, math.inf)
        self.climb: tuple[int, float] = (-1, math.inf)
        self.peak: tuple[int, float] = (-1, -math.inf)

    def push(self, index: int, value: float, rise: float, fall: float) -> int:
        """+1 when the value proves that `peak` is a peak, -1 when it proves that `trough` is a trough, else 0.

        Args:
            index: of the value.
            value: the signal.
            rise: how far the signal must climb from a trough.
            fall: how far it must fall from a peak.
        """
        older, last = self._recent
        self._recent = (last, value)
        if not self.rising and index - 1 == self.trough[0] and value >= self.trough[1]:
            bend = older - 2 * last + value
            self.trough_place = index - 1 + ((older - value) / (2 * bend) if bend > 0 else 0.0)
        if self.rising:
            if value > self.peak[1]:
                self.peak = (index, value)
            elif value <= self.peak[1] - fall:
                self.climb, self.rising, self.trough, self.trough_place = (
                    self.trough,
                    False,
                    (index, value),
                    float(index),
                )
                return 1
        elif value < self.trough[1]:
            self.trough, self.trough_place = (index, value), float(index)
        elif value >= self.trough[1] + rise:
            self.rising, self.peak = True, (index, value)
            return -1
        return 0
