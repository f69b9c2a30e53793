"""From ECG samples to evidence of a QRS complex, and to the few instants where one may stand (candidates).

Everything is made of sliding sums of fixed length, so each value depends on a short piece of the input in a fixed
order of additions: the result is bit-identical for every chunking, a broken sample is forgotten after a quarter of
a second, and all delays are exactly known because every filter is symmetric. The chain follows Pan and Tompkins 1985
(band-passed slope, energy in a window of about the width of a QRS); the band is set by differences of sliding means.
"""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

Array = NDArray[np.float64]

SMOOTH_S = 0.020  # two sliding means: low-pass at about 25 Hz
SLOPE_S = 0.020  # distance of the two points of the slope
LOCAL_S = 0.100  # sliding mean taken off the slope: what is slower than a QRS (T wave, baseline) goes
ENERGY_S = 0.130  # window of the energy
APART_S = 0.140  # a candidate is the largest evidence this far to both sides
FINE_S = 0.011  # two sliding means for the fiducial point: low-pass at about 40 Hz
SEARCH_S = 0.090  # the R peak is looked for this far around the centre of the energy
TAPER = 0.5  # what is at the end of the search counts so much less
SHAPE_S = 0.080  # the shape reaches this far to both sides of the R peak
SHAPE_POINTS = 17
BREAK_S = 0.030  # missing samples longer than this break the signal; shorter ones are bridged by the last value
CUT_S = 0.040  # a complex this near to an end of the signal is cut, and none
ROUNDING = 1e-10  # evidence below this share of the signal is rounding
LARGEST = 1e12  # what is larger is no ECG in any unit but a missing sample; keeps squares finite


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instant where a QRS may stand.

    Attributes:
        at: sample number of the centre of its energy.
        evidence: root mean square of the band-passed slope around it, units of the samples per second.
        peak_up: sample number of the highest point of the complex, with fraction.
        height_up: its height over the level around, units of the samples, at least 0.
        peak_down: sample number of the lowest point, with fraction.
        height_down: its depth under the level around, at least 0.
        rim: evidence at the rim of the complex (0.14 s away, the stronger side) over that of its centre, 0-1.
        shape: `[SHAPE_POINTS]` smoothed signal around the larger of the two, mean 0, norm 1 (zeros when flat).
    """

    at: int
    evidence: float
    peak_up: float
    height_up: float
    peak_down: float
    height_down: float
    rim: float
    shape: Array


def sliding_sum(x: Array, n: int) -> Array:
    """Sums of `n` consecutive values, `[len(x) - n + 1]`.

    Built from sums of 1, 2, 4... values, so each output is the same sequence of additions wherever the array begins
    (a running total is not, and keeps the rounding of everything that ever was in it).

    >>> sliding_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3)
    array([6., 9.])
    """
    length = len(x) - n + 1
    total: Array | None = None
    part, width, offset, rest = x, 1, 0, n
    while True:
        if rest & 1:
            piece = part[offset : offset + length]
            total = piece if total is None else total + piece
            offset += width
        rest >>= 1
        if not rest:
            break
        part = part[:-width] + part[width:]
        width *= 2
    assert total is not None
    return total


def odd(seconds: float, rate_hz: float) -> int:
    """The odd number of samples nearest to a duration, at least 1."""
    return 2 * max(0, round((seconds * rate_hz - 1) / 2)) + 1


class EvidenceStream:
    """Candidates from chunks of samples.

    Args:
        rate_hz: sampling rate, Hz.
    """

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self._smooth = odd(SMOOTH_S, rate_hz)
        self._half_slope = max(1, round(SLOPE_S * rate_hz / 2))
        self._local = odd(LOCAL_S, rate_hz)
        self._energy = odd(ENERGY_S, rate_hz)
        self._fine = odd(FINE_S, rate_hz)
        self._search = max(2, round(SEARCH_S * rate_hz))
        self._taper = 1 - TAPER * (np.arange(-self._search - 1, self._search + 2) / self._search) ** 2
        self.apart = max(2, round(APART_S * rate_hz))
        self._break = max(2, round(BREAK_S * rate_hz))
        half = (self._smooth - 1) + self._half_slope + self._local // 2 + self._energy // 2
        self.delay = half  # samples between an input and the evidence centred on it
        self.margin = self.apart + half  # samples after a candidate that must be there before it is certain
        self._shape = np.round(np.linspace(-SHAPE_S, SHAPE_S, SHAPE_POINTS) * rate_hz).astype(np.intp)
        reach = self._search + int(self._shape[-1]) + self._smooth
        self._past = max(self.apart + half, reach) + self._break
        self._raw = np.zeros(self._past)  # the signal starts from rest
        self._missing = np.zeros(self._past)
        self._seen = 0  # samples fed, and those that flush adds
        self._end = sys.maxsize  # sample number after the last one, when that is known
        self._level: float | None = None  # first usable sample; taken off, so that huge offsets keep their digits
        self._last = 0.0

    def _clean(self, chunk: Array) -> tuple[Array, Array]:
        finite = np.abs(chunk) <= LARGEST  # false for NaN
        if self._level is None:
            first = int(np.argmax(finite)) if finite.any() else -1
            if first < 0:
                return np.zeros(len(chunk)), np.ones(len(chunk))
            self._level = float(chunk[first])
        if finite.all():
            x = chunk - self._level
            missing = np.zeros(len(chunk))
        else:
            source = np.maximum.accumulate(np.where(finite, np.arange(len(chunk)), -1))
            x = np.where(source >= 0, chunk[source] - self._level, self._last)
            missing = (~finite).astype(np.float64)
        self._last = float(x[-1])
        return x, missing

    def feed(self, chunk: Array) -> list[Candidate]:
        """Takes samples, gives the candidates that are now certain."""
        if not len(chunk):
            return []
        x, missing = self._clean(chunk)
        self._seen += len(chunk)
        raw = np.concatenate((self._raw, x))
        gone = np.concatenate((self._missing, missing))
        found = self._candidates(raw, gone) if len(raw) >= self._past + self.margin + 1 else []
        keep = self._past + self.margin
        self._raw = raw[-keep:]
        self._missing = gone[-keep:]
        return found

    def flush(self) -> list[Candidate]:
        """The end of the signal: what stands in the last samples."""
        x = np.full(self.margin, self._last)
        raw = np.concatenate((self._raw, x))
        gone = np.concatenate((self._missing, np.zeros(self.margin)))
        self._end = self._seen
        self._seen += self.margin
        return self._candidates(raw, gone) if len(raw) >= self._past + self.margin + 1 else []

    def _evidence(self, smooth: Array, gone: Array) -> Array:
        h = self._half_slope
        slope = (smooth[2 * h :] - smooth[: -2 * h]) * (self.rate_hz / (2 * h))
        edge = self._local // 2
        band = slope[edge : len(slope) - edge] - sliding_sum(slope, self._local) / self._local
        evidence: Array = np.sqrt(sliding_sum(band * band, self._energy) / self._energy)
        if gone.any():
            broken = (sliding_sum(gone, self._break) > self._break - 0.5).astype(np.float64)
            # a break is felt by every evidence whose support touches it
            wide = 2 * self.delay + self._break
            touched = sliding_sum(np.concatenate((np.zeros(self._break - 1), broken)), wide - self._break + 1) > 0
            evidence[touched[: len(evidence)]] = 0.0
        return evidence

    def _candidates(self, raw: Array, gone: Array) -> list[Candidate]:
        smooth = sliding_sum(sliding_sum(raw, self._smooth), self._smooth) / self._smooth**2
        evidence = self._evidence(smooth, gone)  # evidence[i] is centred on raw[i + delay]
        a = self.apart
        around = maximum_filter1d(evidence, a)  # max over a window of `a`, centre at a // 2
        n = len(evidence)
        inner = np.arange(a, n - a)
        before = around[inner - a + a // 2]
        after = around[inner + 1 + a // 2]
        here = evidence[inner]
        at = inner[(here > before) & (here >= after) & (here > 0)]
        base = self._seen - len(raw)  # sample number of raw[0]
        half = round(CUT_S * self.rate_hz)
        first, last = max(self._past, half - base), min(len(raw), self._end - half - base)
        at = at[(at >= first - self.delay) & (at < last - self.delay)]
        rounding = ROUNDING * self.rate_hz * np.abs(smooth[at + self.delay - (self._smooth - 1)])
        at = at[evidence[at] > rounding]
        if not len(at):
            return []
        return self._measure(raw, smooth, evidence, at, base)

    def _measure(self, raw: Array, smooth: Array, evidence: Array, at: NDArray[np.intp], base: int) -> list[Candidate]:
        s, f = self._search, self._fine
        reach = s + f  # the fine signal has one more sample at each side for the parabola
        centre = at + self.delay
        pieces = raw[centre[:, None] + np.arange(-reach, reach + 1)]
        kernel = np.convolve(np.ones(f), np.ones(f)) / f**2
        fine = np.zeros((len(at), 2 * s + 3))
        for k in range(len(kernel)):
            fine += kernel[k] * pieces[:, k : k + 2 * s + 3]
        fine -= (fine[:, :1] + fine[:, -1:]) / 2
        start = base + centre - s - 1  # sample number of fine[:, 0]
        outside = (start[:, None] + np.arange(2 * s + 3) < 0) | (start[:, None] + np.arange(2 * s + 3) >= self._end)
        fine[outside] = 0.0
        up, up_shift, height_up = _summit(fine, self._taper)
        down, down_shift, height_down = _summit(-fine, self._taper)
        middle = centre - s - 1 + np.where(height_up >= height_down, up, down)
        middle -= self._smooth - 1  # smooth[i] is centred on raw[i + smooth - 1]
        shape = smooth[middle[:, None] + self._shape]
        shape -= shape.mean(axis=1, keepdims=True)
        norm = np.sqrt((shape * shape).sum(axis=1, keepdims=True))
        shape /= np.where(norm > 0, norm, 1.0)
        rim = np.maximum(evidence[at - self.apart], evidence[at + self.apart]) / evidence[at]
        columns = [
            base + centre,
            evidence[at],
            start + up + up_shift,
            height_up,
            start + down + down_shift,
            height_down,
        ]
        rows = zip(*(c.tolist() for c in [*columns, rim]), shape, strict=True)
        return [Candidate(*row) for row in rows]


def _summit(x: Array, taper: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Highest inner point of each row: its column, the summit of the parabola through it and its neighbours relative to
    that column (between -0.5 and 0.5), and its height, at least 0.
    """
    column = 1 + np.argmax((x * taper)[:, 1:-1], axis=1)
    rows = np.arange(len(x))
    left, mid, right = (x[rows, column + k] for k in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros_like(mid), where=bend < 0)
    return column, np.clip(shift, -0.5, 0.5), np.maximum(mid, 0.0)
