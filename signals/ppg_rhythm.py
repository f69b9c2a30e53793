"""Which of the candidates are the pulse: the period, and the best path at that period.

The period is the shortest one at which the slope repeats itself nearly best (autocorrelation); how well it repeats says
how far it may be trusted. The path is a Viterbi search: strong candidates earn, intervals far off the period cost, a
new start costs a fixed amount. It commits what is older than a fixed wait; until the next beat is overdue, silence
after the last committed beat is an answer too, which keeps dicrotic waves out of the live face.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.ppg_slope import Candidate, vertex

Array = NDArray[np.float64]

MIN_RR_S = 0.3
MAX_RR_S = 2.4
THRESHOLD = 0.4  # a candidate below this share of the usual slope costs more than it earns
STRONGEST = 1.5  # more than this multiple of the usual slope earns no more
RHYTHM_WEIGHT = 3.0  # cost of one squared log unit off the period, where the rhythm is perfectly clear
DOUBTFUL = 0.25  # share of that cost that remains where there is no rhythm
RESTART_COST = 1.5
OVERDUE = 1.25  # so many periods after a beat the next one is overdue
LONGEST_S = 2.0
LEAST_S = 3.0  # the period needs so much signal
REPETITIONS = 3  # and so many periods
OCTAVE = 0.65  # the shortest period whose autocorrelation reaches this share of the highest is the period
ACF_RATE_HZ = 25.0
FAINTEST = 1e-200  # fainter slopes have no period: nothing may overflow when it is divided by them


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The period that is expected, s, and how clear it is, 0-1."""

    period_s: float = 0.85
    clear: float = 0.0


def rhythm(slope: Array, rate_hz: float, usual: float, before: Rhythm) -> Rhythm:
    """Period of the last seconds of slope.

    Args:
        slope: [n] smoothed slope.
        rate_hz: its rate, Hz.
        usual: how steep an upstroke usually is, unit of the slope; 0 where there is none.
        before: the rhythm so far; its period is kept where there is none now.
    """
    unclear = Rhythm(before.period_s, 0.0)
    if len(slope) < LEAST_S * rate_hz or usual < FAINTEST:
        return unclear
    every = max(1, int(rate_hz // ACF_RATE_HZ))
    x = slope[len(slope) % every :].reshape(-1, every).mean(axis=1)
    x = np.clip(x / usual, -1.0, STRONGEST)
    x -= x.mean()
    n = len(x)
    acf = np.correlate(x, x, "full")[n - 1 :]
    if acf[0] <= 0:
        return unclear
    acf = acf / acf[0] * n / np.arange(n, 0, -1)
    rate_hz /= every
    low, high = max(1, int(MIN_RR_S * rate_hz)), min(n // REPETITIONS, int(LONGEST_S * rate_hz))
    inner = acf[low:high]
    peaks = low + np.flatnonzero((inner >= acf[low - 1 : high - 1]) & (inner > acf[low + 1 : high + 1]))
    if not len(peaks) or (top := float(acf[peaks].max())) <= 0:
        return unclear
    best = int(peaks[np.argmax(acf[peaks] >= OCTAVE * top)])
    lag = best + vertex(acf[best - 1], acf[best], acf[best + 1])
    return Rhythm(lag / rate_hz, min(float(acf[best]), 1.0))


class BestPath:
    """The best path through candidates, committed bit by bit; nothing is committed before it is known what is usual."""

    def __init__(self) -> None:
        self._usual = 0.0
        self._rhythm = Rhythm()
        self._open: list[Candidate] = []
        self._last: Candidate | None = None

    @property
    def rhythm(self) -> Rhythm:
        """The period that is expected."""
        return self._rhythm

    def extend(self, new: Candidate) -> None:
        """Joins a candidate to the best path before it; one too near to the last committed beat is none."""
        if self._last is not None and new.time_s - self._last.time_s < MIN_RR_S:
            return
        gain = min(new.slope / (self._usual or new.slope), STRONGEST) - THRESHOLD
        new.score, new.previous = gain - RESTART_COST, None
        for old in self._ends():
            rr_s = new.time_s - old.time_s
            if rr_s >= MIN_RR_S and (score := old.score + gain - self._cost(rr_s)) > new.score:
                new.score, new.previous = score, old
        self._open.append(new)

    def expect(self, usual: float, expected: Rhythm) -> None:
        """Takes what is usual now and weighs the candidates that are still open again."""
        self._usual, self._rhythm = usual, expected
        self._renew(self._open)

    def commit(self, until_s: float, now_s: float) -> list[Candidate]:
        """Follows the best path back; gives its candidates that are older than `until_s`, in order of time.

        Args:
            until_s: what is older is decided now, s.
            now_s: up to here candidates are known, s; -inf: the recording has ended.
        """
        if not self._open or self._open[0].time_s > until_s or (self._usual <= 0 and now_s > -math.inf):
            return []
        node: Candidate | None = max(self._open if self._overdue(now_s) else self._ends(), key=lambda c: c.score)
        path: list[Candidate] = []
        while node is not None and node is not self._last:
            path.append(node)
            node = node.previous
        done = [c for c in reversed(path) if c.time_s <= until_s]
        if done:
            self._last = done[-1]
            self._last.score, self._last.previous = 0.0, None
        self._renew([c for c in self._open if c.time_s > until_s])
        return done

    def _renew(self, candidates: list[Candidate]) -> None:
        self._open = []
        for c in candidates:
            self.extend(c)

    def _ends(self) -> list[Candidate]:
        return self._open if self._last is None else [self._last, *self._open]

    def _overdue(self, now_s: float) -> bool:
        return self._last is None or now_s > self._last.time_s + OVERDUE * self._rhythm.period_s

    def _cost(self, rr_s: float) -> float:
        if rr_s > MAX_RR_S:
            return RESTART_COST
        weight = RHYTHM_WEIGHT * (DOUBTFUL + (1.0 - DOUBTFUL) * self._rhythm.clear)
        return min(weight * math.log(rr_s / self._rhythm.period_s) ** 2, RESTART_COST)
