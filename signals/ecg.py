"""R peaks in an ECG, live: evidence and candidates (`ecg_evidence`), then the decision which of them are beats.

The decision is that of Pan and Tompkins 1985 (signal level, noise level, search-back for a missed beat, T waves told by
their slope), with the difference that each candidate is decided once, 0.8 s after it, knowing what came since.
"""

import math
from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

from signals.beats import Beat, Beats
from signals.ecg_evidence import Candidate, EvidenceStream

LOOK_S = 0.80  # a candidate is decided when this much after it is known


def checked_rate(rate_hz: float) -> float:
    """The rate, or ValueError."""
    if not (math.isfinite(rate_hz) and rate_hz >= 50):
        raise ValueError(f"an ECG needs at least 50 samples per second, not {rate_hz}")
    return float(rate_hz)


class ECGDetector:
    """R peaks from chunks of an ECG.

    Args:
        rate_hz: sampling rate, Hz, at least 50 (100 to 1000 is what it is made for).

    Raises:
        ValueError: the rate is no number, or too low for a QRS.
    """

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = checked_rate(rate_hz)
        self._front = EvidenceStream(self.rate_hz)
        self._seen = 0
        self._waiting: deque[Candidate] = deque()
        self._strengths: deque[float] = deque(maxlen=8)
        self._intervals: deque[float] = deque(maxlen=8)
        self._level = 0.0
        self._noise = 0.0
        self._rr = 0.8
        self._last: Candidate | None = None
        self._last_s = -1.0

    def feed(self, chunk: NDArray[np.float64]) -> list[Beat]:
        x = np.asarray(chunk, dtype=np.float64).ravel()
        self._seen += len(x)
        self._waiting.extend(self._front.feed(x))
        known = self._seen - self._front.delay - self._front._apart
        return self._decide(known)

    def flush(self) -> list[Beat]:
        self._waiting.extend(self._front.flush())
        return self._decide(math.inf)

    def _decide(self, known: float) -> list[Beat]:
        beats: list[Beat] = []
        w = self._waiting
        look = LOOK_S * self.rate_hz - self._front._apart
        while w and w[0].at + look <= known:
            c = w.popleft()
            horizon = c.at + look
            ahead = [f for f in w if f.at <= horizon]
            if self._is_beat(c, ahead):
                beats.append(self._accept(c))
            elif self._level:
                self._noise += 0.125 * (min(c.evidence, self._level) - self._noise)
        return beats

    def _is_beat(self, c: Candidate, ahead: list[Candidate]) -> bool:
        if self._last is None:
            top = max([c.evidence, *(f.evidence for f in ahead)])
            self._level = top if not self._level else self._level
            return c.evidence > 0.5 * top
        since = (c.at - self._last.at) / self.rate_hz
        r = c.evidence / self._level
        if since < 0.2:
            return False
        base = 0.36
        if since < 0.36 and c.evidence < 0.6 * self._last.evidence:
            return False
        x = since / self._rr
        if x > 1.0:
            base *= max(0.5, 1.0 - 0.5 * (x - 1.0) / 0.6)
        if x > 2.0:
            base *= 2.0 / x
        if r < 0.36 and any(
            f.evidence > 1.5 * c.evidence and (f.at - c.at) / self.rate_hz < 0.6 * self._rr for f in ahead
        ):
            return False
        return r >= base

    def _accept(self, c: Candidate) -> Beat:
        if self._last is not None:
            rr = (c.at - self._last.at) / self.rate_hz
            if rr < 2.0:
                self._intervals.append(rr)
                self._rr = median(self._intervals)
        e = c.evidence if not self._strengths else min(c.evidence, 2 * self._level)
        self._strengths.append(e)
        self._level = median(self._strengths)
        self._last = c
        quality = max(0.0, min(1.0, 1.0 - max(c.spread, self._noise / self._level)))
        return Beat(c.peak / self.rate_hz, quality, abs(c.height))


def find_ecg_beats(samples: NDArray[np.float64], rate_hz: float) -> Beats:
    """R peaks of a whole recording."""
    detector = ECGDetector(rate_hz)
    x = np.asarray(samples, dtype=np.float64).ravel()
    found: list[Beat] = []
    for k in range(0, len(x), 32768):
        found += detector.feed(x[k : k + 32768])
    found += detector.flush()
    return Beats(
        np.array([b.time_s for b in found]),
        np.array([b.quality for b in found]),
        np.array([b.amplitude for b in found]),
    )
