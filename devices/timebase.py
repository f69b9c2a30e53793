"""When was a sample taken? The device counts its own seconds; bytes arrive later by an unknown, jittering delay.

Offset and drift are fitted to (arrival - device time): a line near the lower edge of the delays, for a delay is never
negative and what is late is late by a burst or a busy machine. The line is an expectile (least squares in which what
lies below weighs 19 times what lies above), blunted and cut against outliers, with a crystal of 50 ppm expected. On
good links it is the envelope itself; where delays have no edge it is still a mean. What has been handed out is slewed
towards the line, never stepped: neighbouring chunks stay continuous within 0.5 ms per second of samples. Pure: it is
given times and reads no clock. Sources: Moon, Skelly, Towsley, INFOCOM 1999 (skew by the envelope of delays); Newey and
Powell, Econometrica 55 (1987) 819 (expectiles); the slewing is ours. Figures: `tests/devices/test_timebase.py`.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

_FIRST_OBSERVATIONS = 6
_BLOCK_S = 1.0
_GROUP_S = 0.25
_MOST_IN_GROUP = 64
_GROUPS_KEPT = 1600
_FIT_OFTEN = 60
_FIT_EVERY = 4
LATE_COUNTS = 0.05
_BLUNT, _CUT = 2.0, 5.0
_ROUNDS = 4
_LEAST_SPREAD_S = 1e-5
_PULL_S = 15.0
_SMOOTH_S = 0.030
_MOST_SLEW = 300e-6
_MOST_DRIFT = 200e-6
_USUAL_DRIFT = 50e-6
_LOST_S = 2.0
_LOST_BLOCKS = 3
_KNOTS_KEPT = 128

_Floats = NDArray[np.float64]


class Timebase:
    """Maps device seconds to clock nanoseconds, continuously.

    Attributes:
        settled: enough has arrived for a first offset; `at_ns` may be asked from now on.
        drift: how much faster the clock runs than the device, as far as known (1e-6 = 1 ppm).
        lost: arrivals have left the line by more than 2 s: the device's clock has been restarted or paused.
    """

    def __init__(self, settle_s: float = 1.0, late_counts: float = LATE_COUNTS) -> None:
        """A time base that knows nothing yet.

        Args:
            settle_s: how long to listen, in seconds of the device, before the first offset is taken. At least six
                arrivals are waited for.
            late_counts: weight of an arrival above the line, 0-1 (one below it has the rest): the smaller, the nearer
                is the line to the edge of the delays. Small where delays are long and have a sharp edge.
        """
        self._settle_s, self._late_counts = settle_s, late_counts
        self.settled = False
        self.drift = 0.0
        self.lost = False
        self._origin_ns: int | None = None
        self._first_s = self._last_s = 0.0
        self._asked_s = float("-inf")
        self._slope = 0.0
        self._knots: deque[tuple[float, float]] = deque(maxlen=_KNOTS_KEPT)
        self._slopes: deque[float] = deque(maxlen=_KNOTS_KEPT)
        self._group: list[tuple[float, float]] = []
        self._group_end_s = 0.0
        self._t_s: deque[float] = deque(maxlen=_GROUPS_KEPT)
        self._delays: deque[float] = deque(maxlen=_GROUPS_KEPT)
        self._line, self._fitted_s = (0.0, 0.0), 0.0
        self._spread_s = 0.0
        self._arrived = 0
        self._block_end_s = self._block_end_arrival_s = 0.0
        self._block: list[float] = []
        self._off: deque[float] = deque(maxlen=_LOST_BLOCKS)
        self._closed = 0

    def observe(self, device_s: float, arrival_ns: int) -> None:
        """Bytes that end at `device_s` (seconds counted by the device) arrived at `arrival_ns`."""
        if self._origin_ns is None:
            self._origin_ns = arrival_ns - round(device_s * 1e9)
            self._first_s = self._last_s = device_s
            self._group_end_s = device_s + _GROUP_S
            self._block_end_s = device_s + self._settle_s
        arrival_s = (arrival_ns - self._origin_ns) / 1e9
        delay = arrival_s - device_s
        self._last_s = device_s
        self._arrived += 1
        self._group.append((device_s, delay))
        if device_s >= self._group_end_s or len(self._group) >= _MOST_IN_GROUP:
            self._close_group()
        if not self.settled:
            if device_s >= self._block_end_s and self._arrived >= _FIRST_OBSERVATIONS:
                self._settle(arrival_s)
            return
        self._block.append(delay - self._delay(device_s))
        if device_s >= self._block_end_s or arrival_s >= self._block_end_arrival_s:
            self._close_block(arrival_s)

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

    def _place(self, device_s: float, delay: float, slope: float) -> None:
        self._knots.append((device_s, delay))
        self._slopes.append(slope)

    def _close_group(self) -> None:
        """Of arrivals close together the earlier half speaks for all."""
        early = sorted(self._group, key=lambda one: one[1])[: (len(self._group) + 1) // 2]
        self._t_s.append(sum(device_s for device_s, _ in early) / len(early))
        self._delays.append(sum(delay for _, delay in early) / len(early))
        self._group_end_s = max(self._last_s, self._group_end_s) + _GROUP_S
        self._group.clear()

    def _settle(self, arrival_s: float) -> None:
        if self._group:
            self._close_group()
        self._line = (float(np.quantile(np.array(self._delays), 0.25)), 0.0)
        level, self.drift = self._fit(self._last_s)
        self._place(self._first_s, level - self.drift * (self._last_s - self._first_s), self.drift)
        self.settled = True
        self._next_block(arrival_s)

    def _next_block(self, arrival_s: float) -> None:
        self._block.clear()
        self._block_end_s, self._block_end_arrival_s = self._last_s + _BLOCK_S, arrival_s + 2 * _BLOCK_S

    def _close_block(self, arrival_s: float) -> None:
        self._off.append(min(self._block, key=abs))
        self._next_block(arrival_s)
        self.lost = len(self._off) == _LOST_BLOCKS and min(abs(off) for off in self._off) > _LOST_S
        self._closed += 1
        if self._closed > _FIT_OFTEN and self._closed % _FIT_EVERY:
            return
        level, self.drift = self._fit(self._last_s)
        knot_s = max(self._last_s, self._asked_s)
        now = self._delay(knot_s)
        error = level + self.drift * (knot_s - self._last_s) - now
        pull_s = max(_PULL_S, _PULL_S * self._spread_s / _SMOOTH_S)  # the rougher the link, the slower it is followed
        self._place(knot_s, now, self.drift + float(np.clip(error / pull_s, -_MOST_SLEW, _MOST_SLEW)))

    def _fit(self, at_s: float) -> tuple[float, float]:
        """Delay at `at_s` and drift of the line through all groups kept, s and 1."""
        t_s = np.fromiter(self._t_s, np.float64) - at_s
        delay = np.fromiter(self._delays, np.float64)
        level, drift = self._line[0] + self._line[1] * (at_s - self._fitted_s), self._line[1]
        for _ in range(_ROUNDS):
            level, drift = _expectile_step(t_s, delay, level, drift, self._late_counts)
        drift = float(np.clip(drift, -_MOST_DRIFT, _MOST_DRIFT))
        self._line, self._fitted_s = (level, drift), at_s
        self._spread_s = 1.4826 * float(np.median(np.abs(delay - level - drift * t_s)))
        return level, drift


def _expectile_step(t_s: _Floats, delay: _Floats, level: float, drift: float, above: float) -> tuple[float, float]:
    """One round of reweighted least squares, with a prior on the drift. All arrays are [n]."""
    off = delay - level - drift * t_s
    spread = 1.4826 * float(np.median(np.abs(off))) + _LEAST_SPREAD_S
    blunt = np.minimum(1.0, _BLUNT * spread / np.maximum(np.abs(off), _LEAST_SPREAD_S))
    weight = np.where(off < 0, 1 - above, np.where(off > _CUT * spread, 0.0, above)) * blunt
    squares = weight**2
    variance = float(np.sum(squares * np.minimum(np.abs(off), _BLUNT * spread) ** 2) / np.sum(squares))
    weight /= np.mean(weight) * (variance + _LEAST_SPREAD_S**2)
    w, wt = float(np.sum(weight)), float(np.sum(weight * t_s))
    wtt = float(np.sum(weight * t_s**2)) + 1 / _USUAL_DRIFT**2
    wy, wty = float(np.sum(weight * delay)), float(np.sum(weight * t_s * delay))
    determinant = w * wtt - wt**2
    return (wtt * wy - wt * wty) / determinant, (w * wty - wt * wy) / determinant
