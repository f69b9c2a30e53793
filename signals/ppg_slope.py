"""From PPG samples to candidates for beats: the slope, limited, smoothed, and its maxima.

The slope is limited to what this pulse usually does, so that a step of the baseline becomes a bump and not a flood;
then smoothed twice by Gaussians (linear phase, so times are right): wide for detection, narrow for timing. Everything
advances in hops of fixed length, which makes results independent of how the samples were cut.
"""

import math
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOP_S = 0.1
SIGMA_WIDE_S = 0.075  # lets pulses pass, merges jagged upstrokes
SIGMA_NARROW_S = 0.050
CUT = 3.0  # the Gaussians end at so many wide sigmas
EDGE_S = 0.1  # so near to the ends of a recording no upstroke is known to be whole
REACH_S = 0.075  # the steepest point lies this near to the maximum of the wide slope
MEMORY_S = 8.0  # how far back the smoothed slope is kept
SLEW = 2.5  # slopes beyond this multiple of the usual steepest per hop are cut
SLEW_MEMORY_S = 4.0
SLEW_LEAST_S = 1.0  # before so much is known nothing is cut
BLOCK_S = 1.2  # holds a beat of any heart from 50 /min on
BLOCKS = 5
DEAD = 1e-3  # a block whose maximum is below this share of the highest holds no pulse
TINY = 1e-14  # slopes below this share of the level per sample are rounding, not pulse
HUGE = 1e100  # larger values are taken as not finite
LEAST = 1e-300


@dataclass(slots=True)
class Candidate:
    """An upstroke that may be a beat.

    Attributes:
        time_s: maximum of the wide slope, s since the first sample.
        slope: its height, unit of the samples per sample.
        steepest_s: maximum of the narrow slope, s: the time that a beat gets.
        rise: height of the upstroke, unit of the samples.
        score, previous: the best path that ends here (`ppg_rhythm`).
    """

    time_s: float
    slope: float
    steepest_s: float
    rise: float
    score: float = 0.0
    previous: "Candidate | None" = None


class SlopeFilter:
    """Turns hops of samples into candidates and keeps the last 8 s of slope.

    Args:
        rate_hz: sampling rate, Hz.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate = rate_hz
        self.hop = max(1, round(HOP_S * rate_hz))
        self._half = math.ceil(CUT * SIGMA_WIDE_S * rate_hz)
        self._reach = max(1, round(REACH_S * rate_hz))
        self._wide = _gaussian(SIGMA_WIDE_S * rate_hz, self._half)
        self._narrow = _gaussian(SIGMA_NARROW_S * rate_hz, self._half)
        self._last = math.nan
        self._level = 0.0
        self._steepest: list[float] = []  # per hop, the last 4 s
        self._waiting: Array = np.zeros(2 * self._half)  # limited slopes not yet smoothed
        self._smooth: Array = np.zeros(round(MEMORY_S * rate_hz / self.hop) * self.hop)
        self._sharp: Array = np.zeros(len(self._smooth))
        self._seen = 0
        self.tail = self._half + self._reach + 2 * self.hop
        """So many more samples bring out all candidates."""

    @property
    def now_s(self) -> float:
        """Up to here candidates are known, s."""
        return (self._seen - 1 - self._half - self._reach) / self._rate

    @property
    def length_s(self) -> float:
        """Length of what has come in, s."""
        return self._seen / self._rate

    @property
    def recent(self) -> Array:
        """[n] smoothed slope of the last 8 s or less."""
        return self._smooth[max(len(self._smooth) - self._seen, 0) :]

    def usual(self) -> float:
        """How steep an upstroke usually is: the median maximum of the last five blocks of 1.2 s, dead ones left out."""
        block = round(BLOCK_S * self._rate)
        recent = self.recent[-BLOCKS * block :]
        tops = [float(recent[max(0, e - block) : e].max()) for e in range(len(recent), 0, -block) if e >= block // 2]
        alive = [top for top in tops if top > DEAD * max(tops)]
        return median(alive) if alive else 0.0

    def advance(self, samples: Array) -> list[Candidate]:
        """Takes one hop of samples; gives the candidates that became known by it.

        Args:
            samples: [hop] samples, NaN where there is none.
        """
        joined = np.concatenate([self._waiting, self._limited(samples)])
        self._waiting = joined[len(samples) :]
        self._smooth = np.concatenate([self._smooth[len(samples) :], np.convolve(joined, self._wide, "valid")])
        self._sharp = np.concatenate([self._sharp[len(samples) :], np.convolve(joined, self._narrow, "valid")])
        self._seen += len(samples)
        end = len(self._smooth) - self._reach - 1
        begin = end - self.hop
        a, b, c = (self._smooth[begin + k : end + k] for k in (-1, 0, 1))
        found = np.flatnonzero((b >= a) & (b > c) & (b > TINY * max(self._level, LEAST)))
        candidates = [self._candidate(begin + int(i)) for i in found]
        return [c for c in candidates if c.steepest_s >= EDGE_S]

    def _limited(self, samples: Array) -> Array:
        """Slopes, zero across holes, cut at a multiple of the usual."""
        good = np.isfinite(samples) & (np.abs(samples) < HUGE)
        held = samples
        if not good.all():
            index = np.maximum.accumulate(np.where(good, np.arange(len(samples)), -1))
            held = np.where(index >= 0, samples[np.maximum(index, 0)], self._last)
        slopes = np.diff(held, prepend=self._last)
        slopes[~np.isfinite(slopes)] = 0.0
        if math.isfinite(held[-1]):
            self._last = float(held[-1])
            self._level = max(abs(self._last), 0.9 * self._level)
        steepest = float(np.max(np.abs(slopes)))
        ordered = sorted(self._steepest)
        if len(ordered) * HOP_S >= SLEW_LEAST_S:
            limit = SLEW * ordered[int(0.9 * (len(ordered) - 1))]
            if limit > 0:
                slopes = np.clip(slopes, -limit, limit)
        self._steepest = [*self._steepest[-round(SLEW_MEMORY_S / HOP_S) + 1 :], steepest]
        return slopes

    def _candidate(self, i: int) -> Candidate:
        s, f = self._smooth, self._sharp
        zero = self._seen - len(s) - self._half - 0.5  # a difference stands between its samples
        j = min(i - self._reach + int(np.argmax(f[i - self._reach : i + self._reach + 1])), len(f) - 2)
        foot = max(i - round(self._rate), 0)
        falling = np.flatnonzero(s[foot : i + 1] <= 0)
        foot += int(falling[-1]) + 1 if len(falling) else 0
        return Candidate(
            time_s=(zero + i + vertex(s[i - 1], s[i], s[i + 1])) / self._rate,
            slope=float(s[i]),
            steepest_s=(zero + j + vertex(f[j - 1], f[j], f[j + 1])) / self._rate,
            rise=2.0 * float(s[foot : i + 1].sum()),  # the steepest point is half-way up
        )


def vertex(a: float, b: float, c: float) -> float:
    """Where the parabola through three samples peaks, in samples from the middle one.

    >>> vertex(0.0, 1.0, 0.5)
    0.16666666666666666
    """
    bend = a - 2 * b + c
    return float(min(max(0.5 * (a - c) / bend, -0.5), 0.5)) if bend < 0 else 0.0


def _gaussian(sigma: float, half: int) -> Array:
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / max(sigma, 0.3)) ** 2)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)
