"""When was a sample taken? The device counts its own seconds; bytes arrive later by an unknown, jittering delay.

A delay is never negative, so the truth lies on the lower envelope of (arrival - device time). Offset and drift are
fitted to the smallest delay of each second of device time (drift: Theil-Sen over these, shrunk towards 0 by its own
standard error), and what has been handed out is slewed towards the fit, never stepped: neighbouring chunks stay
continuous within 0.5 ms per second of samples (a worn crystal of 200 ppm and a slew of 300 ppm together). Pure: it is
given times and reads no clock. Idea of the envelope: Moon, Skelly, Towsley, "Estimation and removal of clock skew from
network delay measurements", INFOCOM 1999; the slewing is ours.
"""

from collections import deque

import numpy as np

_BLOCK_S = 1.0
_BLOCKS_FOR_DRIFT = 20
_BLOCKS_KEPT = 240
_BLOCKS_FOR_OFFSET = 30
_FIT_EVERY = 5
_PULL_S = 15.0
_MOST_SLEW = 300e-6
_MOST_DRIFT = 200e-6
_USUAL_DRIFT = 50e-6
_LOST_S = 2.0
_KNOTS_KEPT = 128


class Timebase:
    """Maps device seconds to clock nanoseconds, continuously.

    Attributes:
        settled: enough has arrived for a first offset; `at_ns` may be asked from now on.
        drift: how much faster the clock runs than the device, as far as known (1e-6 = 1 ppm).
        lost: arrivals have left the line by more than 2 s: the device's clock has been restarted or paused.
    """

    def __init__(self, settle_s: float = 1.0) -> None:
        """`settle_s`: how long to listen, in seconds of the device, before the first offset is taken."""
        self._settle_s = settle_s
        self.settled = False
        self.drift = 0.0
        self.lost = False
        self._origin_ns: int | None = None
        self._first_s = 0.0
        self._asked_s = float("-inf")
        self._slope = 0.0
        self._knots: deque[tuple[float, float]] = deque(maxlen=_KNOTS_KEPT)
        self._slopes: deque[float] = deque(maxlen=_KNOTS_KEPT)
        self._blocks: deque[tuple[float, float]] = deque(maxlen=_BLOCKS_KEPT)
        self._least = (0.0, float("inf"))
        self._block_end_s = 0.0
        self._closed = 0

    def observe(self, device_s: float, arrival_ns: int) -> None:
        """Bytes that end at `device_s` (seconds counted by the device) arrived at `arrival_ns`."""
        if self._origin_ns is None:
            self._origin_ns = arrival_ns - round(device_s * 1e9)
            self._first_s, self._block_end_s = device_s, device_s + self._settle_s
        delay = (arrival_ns - self._origin_ns) / 1e9 - device_s
        if delay < self._least[1]:
            self._least = (device_s, delay)
        if device_s < self._block_end_s:
            return
        self._blocks.append(self._least)
        self._least = (0.0, float("inf"))
        self._block_end_s = device_s + _BLOCK_S
        self._closed += 1
        if not self.settled:
            self._place(self._first_s, self._blocks[0][1])
            self.settled = True
        else:
            self._steer(device_s)

    def at_ns(self, device_s: float) -> int:
        """The clock's time at `device_s`, ns.

        Raises:
            ValueError: asked before `settled`.
        """
        if not self.settled or self._origin_ns is None:
            raise ValueError("the time base has seen too little: ask when it is settled")
        self._asked_s = max(self._asked_s, device_s)
        return self._origin_ns + round(device_s * 1e9) + round(self._delay(device_s) * 1e9)

    def _delay(self, device_s: float) -> float:
        for (knot_s, delay), slope in zip(reversed(self._knots), reversed(self._slopes), strict=True):
            if device_s >= knot_s:
                return delay + slope * (device_s - knot_s)
        knot_s, delay = self._knots[0]
        return delay + self._slopes[0] * (device_s - knot_s)

    def _place(self, device_s: float, delay: float) -> None:
        self._knots.append((device_s, delay))
        self._slopes.append(self._slope)

    def _steer(self, device_s: float) -> None:
        s, delay = np.array(self._blocks).T
        if len(s) >= _BLOCKS_FOR_DRIFT and self._closed % _FIT_EVERY == 0:
            self._fit_drift(s, delay)
        recent = slice(-_BLOCKS_FOR_OFFSET, None)
        target = float(np.min(delay[recent] - self.drift * (s[recent] - device_s)))
        knot_s = max(device_s, self._asked_s)
        error = target + self.drift * (knot_s - device_s) - self._delay(knot_s)
        self.lost = abs(error) > _LOST_S
        now = self._delay(knot_s)
        self._slope = self.drift + float(np.clip(error / _PULL_S, -_MOST_SLEW, _MOST_SLEW))
        self._place(knot_s, now)

    def _fit_drift(self, s: np.ndarray, delay: np.ndarray) -> None:
        i, j = np.triu_indices(len(s), k=max(1, len(s) // 3))  # far pairs only: near ones are all noise
        slope = float(np.median((delay[j] - delay[i]) / (s[j] - s[i])))
        rest = delay - slope * s
        spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
        error = 3.5 * spread / (float(np.ptp(s)) * len(s) ** 0.5)  # of a fitted slope, equally spaced points
        trust = _USUAL_DRIFT**2 / (_USUAL_DRIFT**2 + error**2)
        self.drift = float(np.clip(slope * trust, -_MOST_DRIFT, _MOST_DRIFT))
