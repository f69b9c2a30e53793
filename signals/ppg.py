"""Beats out of a photoplethysmogram (PPG), live and batch: slope, candidates, best rhythm.

The systolic upstroke is the steepest rise of each beat and its steepest point jitters less than the peak, so everything
happens on the slope: (1) the slope is limited to what this pulse usually does: a step of the baseline becomes a bump,
not a flood; (2) it is smoothed by a Gaussian (linear phase); (3) its maxima are candidates, dicrotic waves and noise
among them; (4) the path through them that is strong and fits the period (autocorrelation) best is the pulse: a Viterbi
search that commits after a fixed wait. One algorithm for both faces; batch only waits longer before it commits.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.beats import Beat, Beats

Array = NDArray[np.float64]

MIN_RATE_HZ = 20.0
MAX_RATE_HZ = 1000.0
HOP_S = 0.1  # everything advances in hops of this length, whatever the chunks
SIGMA_COARSE_S = 0.075  # Gaussian for detection: lets pulses pass, merges jagged upstrokes
SIGMA_FINE_S = 0.050  # Gaussian for timing
REACH_S = 0.075  # the steepest point lies this near to the candidate
MEMORY_S = 8.0  # how far back period and scale look
LIVE_WAIT_S = 0.35  # live: time between a beat and its commitment; with smoothing and hops below 1 s
BATCH_WAIT_S = 3.0
MIN_RR_S = 0.3
MAX_RR_S = 2.4
THRESHOLD = 0.4  # a candidate below this share of the usual slope costs more than it brings
RHYTHM_WEIGHT = 3.0  # cost of one squared log unit off the expected period
RESTART_COST = 1.5
SLEW = 2.5  # slopes beyond this multiple of the usual hop maximum are cut
OCTAVE = 0.65  # the shortest period whose autocorrelation reaches this share of the highest is the period
OVERDUE = 1.25  # until so many periods after a beat, no further beat is an answer too
TINY = 1e-11  # slopes below this share of the level per sample are rounding, not pulse
HUGE = 1e100


@dataclass(slots=True)
class _Candidate:
    time_s: float
    slope: float
    fine_s: float
    rise: float
    score: float = 0.0
    previous: "_Candidate | None" = None


class PPGDetector:
    """Live beat detector for PPG; any chunking gives the same beats.

    The systolic upstroke must be rising: invert phone video (the finger darkens when blood comes). Times are those of
    the steepest rise. A beat is returned at most 0.75 s after it: 0.3 s smoothing and search, 0.1 s hop, 0.35 s wait
    for what follows.

    Args:
        rate_hz: sampling rate, 20-1000 Hz.
        wait_s: how long a beat waits for what follows before it is committed, s.

    Raises:
        ValueError: the rate is outside 20-1000 Hz.
    """

    def __init__(self, rate_hz: float, *, wait_s: float = LIVE_WAIT_S) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"a PPG needs {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} samples/s, not {rate_hz:g}")
        self._rate = float(rate_hz)
        self._wait_s = wait_s
        self._hop = max(1, round(HOP_S * rate_hz))
        self._coarse = _gaussian(SIGMA_COARSE_S * rate_hz)
        self._fine = _gaussian(SIGMA_FINE_S * rate_hz, len(self._coarse) // 2)
        self._half = len(self._coarse) // 2
        self._reach = max(1, round(REACH_S * rate_hz))
        self._pending: list[Array] = []
        self._pending_n = 0
        self._last = math.nan
        self._level = 0.0
        hops = round(MEMORY_S / HOP_S)
        self._hop_max: list[float] = []
        self._hops = hops
        self._slopes: Array = np.zeros(2 * self._half)  # limited slopes not yet smoothed
        memory = hops * self._hop
        self._smooth: Array = np.zeros(memory)
        self._sharp: Array = np.zeros(memory)
        self._seen = 0  # smoothed samples so far
        self._decimate = max(1, int(rate_hz // 25))
        self._period_s = 0.85
        self._rhythm = 0.0
        self._since_period = 0
        self._scale = 0.0
        self._trail: list[_Candidate] = []
        self._committed: _Candidate | None = None
        self._recent: list[tuple[float, float]] = []

    def feed(self, chunk: ArrayLike) -> list[Beat]:
        """Takes the next samples and returns the beats that became certain.

        Args:
            chunk: [n] samples, any n; NaN where there was no contact.

        Returns:
            Beats in order of time, s since the first sample.
        """
        values = np.asarray(chunk, dtype=np.float64).ravel()
        if len(values) == 0:
            return []
        self._pending.append(values)
        self._pending_n += len(values)
        if self._pending_n < self._hop:
            return []
        joined = np.concatenate(self._pending)
        beats: list[Beat] = []
        at = 0
        while len(joined) - at >= self._hop:
            beats += self._advance(joined[at : at + self._hop])
            at += self._hop
        self._pending = [joined[at:].copy()]
        self._pending_n = len(joined) - at
        return beats

    def flush(self) -> list[Beat]:
        """Ends the stream and returns the beats that were still waiting."""
        beats: list[Beat] = []
        rest = np.concatenate([*self._pending, np.empty(0)])
        self._pending, self._pending_n = [], 0
        fill = float(rest[-1]) if len(rest) else self._last
        tail = np.full(self._half + self._reach + 2 * self._hop, fill)
        rest = np.concatenate([rest, tail])
        total_s = (self._seen + len(rest) - len(tail)) / self._rate
        rest = rest[: len(rest) // self._hop * self._hop]
        for at in range(0, len(rest), self._hop):
            beats += self._advance(rest[at : at + self._hop])
        beats += self._commit(math.inf)
        return [b for b in beats if b.time_s <= total_s - SIGMA_FINE_S]  # later: not known to be the steepest point

    def _advance(self, raw: Array) -> list[Beat]:
        slopes = self._limited(raw)
        joined = np.concatenate([self._slopes, slopes])
        smooth = np.convolve(joined, self._coarse, "valid")
        sharp = np.convolve(joined, self._fine, "valid")
        self._slopes = joined[len(slopes) :]
        self._smooth = np.concatenate([self._smooth[len(slopes) :], smooth])
        self._sharp = np.concatenate([self._sharp[len(slopes) :], sharp])
        self._seen += len(slopes)
        self._since_period += 1
        if self._since_period >= 5:
            self._since_period = 0
            self._track()
        for candidate in self._candidates():
            self._extend(candidate)
        return self._commit(self._now_s() - self._wait_s)

    def _now_s(self) -> float:
        """Time of the newest smoothed sample, s."""
        return (self._seen - 1 - self._half - self._reach) / self._rate

    def _limited(self, raw: Array) -> Array:
        good = np.isfinite(raw) & (np.abs(raw) < HUGE)
        held = raw
        if not good.all():
            index = np.where(good, np.arange(len(raw)), -1)
            index = np.maximum.accumulate(index)
            held = np.where(index >= 0, raw[np.maximum(index, 0)], self._last)
        first = self._last if math.isfinite(self._last) else held[0]
        slopes = np.diff(held, prepend=first)
        slopes[~np.isfinite(slopes)] = 0.0
        if math.isfinite(held[-1]):
            self._last = float(held[-1])
            self._level = max(abs(self._last), self._level * 0.9)
        top = float(np.max(np.abs(slopes)))
        if self._hop_max:
            ordered = sorted(self._hop_max)
            usual = ordered[int(0.9 * (len(ordered) - 1))]
            if usual > 0 and len(ordered) >= 10:
                slopes = np.clip(slopes, -SLEW * usual, SLEW * usual)
        self._hop_max.append(top)
        if len(self._hop_max) > self._hops // 2:
            self._hop_max.pop(0)
        return slopes

    def _track(self) -> None:
        """Usual slope (median of block maxima) and period (autocorrelation) of the last seconds."""
        block = round(1.2 * self._rate)
        n = min(self._seen, len(self._smooth), 5 * block)
        recent = self._smooth[len(self._smooth) - n :]
        tops = [float(recent[max(0, e - block) : e].max()) for e in range(n, 0, -block) if e >= block // 2]
        self._scale = max(float(np.median(tops)), 0.0) if tops else 0.0
        n = min(self._seen, len(self._smooth))
        n -= n % self._decimate
        if n < 3 * self._rate or self._scale <= 0:
            self._rhythm = 0.0
            return
        x = self._smooth[len(self._smooth) - n :].reshape(-1, self._decimate).mean(axis=1)
        x = np.clip(x / self._scale, -1.0, 1.5)
        rate = self._rate / self._decimate
        x -= x.mean()
        acf = np.correlate(x, x, "full")[len(x) - 1 :]
        if acf[0] <= 0:
            self._rhythm = 0.0
            return
        acf = acf / acf[0] * len(x) / np.arange(len(x), 0, -1)
        lags = np.arange(len(acf)) / rate
        lo, hi = math.ceil(MIN_RR_S * rate) + 1, min(len(acf) // 3, int(2.0 * rate))  # three periods at least
        peaks = [i for i in range(lo, hi) if acf[i] >= acf[i - 1] and acf[i] > acf[i + 1]]
        if not peaks:
            self._rhythm = 0.0
            return
        top = max(float(acf[i]) for i in peaks)
        if top <= 0:
            self._rhythm = 0.0
            return
        best = next(i for i in peaks if acf[i] >= OCTAVE * top)
        a, b, c = acf[best - 1], acf[best], acf[best + 1]
        self._period_s = float(lags[best] + _vertex(a, b, c) / rate)
        self._rhythm = float(np.clip(b, 0.0, 1.0))

    def _candidates(self) -> list[_Candidate]:
        """Maxima of the smoothed slope in the newest hop, late by the reach of the fine search."""
        s = self._smooth
        end = len(s) - self._reach - 1
        begin = end - self._hop
        a, b, c = s[begin - 1 : end - 1], s[begin:end], s[begin + 1 : end + 1]
        found = np.flatnonzero((b >= a) & (b > c) & (b > TINY * max(self._level, 1e-300)))
        return [c for c in (self._candidate(begin + int(i)) for i in found) if c.fine_s >= SIGMA_FINE_S]

    def _candidate(self, i: int) -> _Candidate:
        s, f = self._smooth, self._sharp
        zero = self._seen - len(s) - self._half
        j = int(np.argmax(f[i - self._reach : i + self._reach + 1])) + i - self._reach
        j = min(j, len(f) - 2)
        fine = (zero + j + _vertex(f[j - 1], f[j], f[j + 1])) / self._rate
        left = i
        while left > 0 and s[left] > 0 and i - left < self._rate:
            left -= 1
        rise = 2.0 * float(s[left : i + 1].sum())
        return _Candidate((zero + i + _vertex(s[i - 1], s[i], s[i + 1])) / self._rate, float(s[i]), fine, rise)

    def _cost(self, rr_s: float) -> float:
        """What an interval costs: its squared log distance from the period, more so when the rhythm is clear."""
        if rr_s > MAX_RR_S:
            return RESTART_COST
        weight = RHYTHM_WEIGHT * (0.25 + 0.75 * self._rhythm)
        return min(weight * math.log(rr_s / self._period_s) ** 2, RESTART_COST)

    def _extend(self, new: _Candidate) -> None:
        """Joins a candidate to the best path before it."""
        gain = min(new.slope / (self._scale or new.slope), 1.5) - THRESHOLD
        new.score, new.previous = gain - RESTART_COST, None
        for old in self._starts():
            rr_s = new.time_s - old.time_s
            if rr_s < MIN_RR_S:
                continue
            score = old.score + gain - self._cost(rr_s)
            if score > new.score:
                new.score, new.previous = score, old
        self._trail.append(new)

    def _starts(self) -> list[_Candidate]:
        return self._trail if self._committed is None else [self._committed, *self._trail]

    def _commit(self, until_s: float) -> list[Beat]:
        """Follows the best path back and commits what is older than `until_s`."""
        if not self._trail or self._trail[0].time_s > until_s:
            return []
        ends = self._trail if self._overdue() else self._starts()
        node: _Candidate | None = max(ends, key=lambda c: c.score)
        path: list[_Candidate] = []
        while node is not None and node is not self._committed:
            path.append(node)
            node = node.previous
        done = [c for c in reversed(path) if c.time_s <= until_s]
        beats = [self._beat(c) for c in done]
        if done:
            self._committed = done[-1]
            self._committed.score, self._committed.previous = 0.0, None
        waiting = [c for c in self._trail if c.time_s > until_s]
        self._trail = []
        for c in waiting:
            self._extend(c)
        return beats

    def _overdue(self) -> bool:
        """Whether silence since the last committed beat has become less plausible than the best candidate."""
        if self._committed is None:
            return True
        return self._now_s() > self._committed.time_s + OVERDUE * self._period_s

    def _beat(self, c: _Candidate) -> Beat:
        before = self._recent[-5:]
        quality = 1.0
        if before:
            usual = float(np.median([rise for _, rise in before]))
            quality *= math.exp(-abs(math.log(max(c.rise, 1e-300) / max(usual, 1e-300))) / 1.5)
            rr = c.time_s - before[-1][0]
            quality *= math.exp(-(max(0.0, abs(math.log(rr / self._period_s)) - 0.15) / 0.5))
        quality *= 0.3 + 0.7 * self._rhythm
        self._recent = [*before, (c.time_s, c.rise)]
        return Beat(c.fine_s, float(np.clip(quality, 0.0, 1.0)), c.rise)


def find_ppg_beats(samples: ArrayLike, rate_hz: float) -> Beats:
    """Beats of a whole PPG recording.

    Args:
        samples: [n] samples; the systolic upstroke is rising (invert phone video); NaN where there was no contact.
        rate_hz: sampling rate, 20-1000 Hz.

    Returns:
        Times of steepest systolic rise, s since the first sample; quality; pulse height in the unit of the samples.

    Raises:
        ValueError: the rate is outside 20-1000 Hz.
    """
    detector = PPGDetector(rate_hz, wait_s=BATCH_WAIT_S)
    beats = [*detector.feed(samples), *detector.flush()]
    return Beats(
        np.array([b.time_s for b in beats]),
        np.array([b.quality for b in beats]),
        np.array([b.amplitude for b in beats]),
    )


def _gaussian(sigma: float, half: int = 0) -> Array:
    half = half or math.ceil(3.0 * sigma)
    x = np.arange(-half, half + 1) / max(sigma, 0.3)
    kernel = np.exp(-0.5 * x * x)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)


def _vertex(a: float, b: float, c: float) -> float:
    """Where the parabola through three samples peaks, in samples from the middle one."""
    bend = a - 2 * b + c
    return float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend < 0 else 0.0
