"""Beats out of a photoplethysmogram (PPG), live and batch: slope, candidates, best rhythm.

The systolic upstroke is the steepest rise of each beat and its steepest point jitters less than the peak, so everything
happens on the slope (`ppg_slope`); dicrotic waves and noise are told from the pulse by strength and rhythm together
(`ppg_rhythm`). One algorithm for both faces; batch only waits longer before it commits. Own design; its parts are old:
Viterbi 1967; autocorrelation for the period; steepest upstroke as the fiducial point after facts of the field.
"""

import math
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number
from signals.beat import Beat, Beats
from signals.ppg_rhythm import BestPath, rhythm
from signals.ppg_slope import EDGE_S, LEAST, Candidate, SlopeFilter

MIN_RATE_HZ = 20.0
MAX_RATE_HZ = 1000.0
LIVE_WAIT_S = 0.27  # so the delay is 0.75 s, and 1 s where samples come in packets of 0.25 s
BATCH_WAIT_S = 3.0
RHYTHM_EVERY = 5  # hops


class PPGDetector:
    """Live beat detector for PPG; any chunking gives the same beats, in constant memory.

    The systolic upstroke must be rising: invert phone video (the finger darkens when blood comes). Times are those of
    the steepest rise. A beat is returned at most 0.75 s after it: 0.38 s smoothing and search, 0.1 s hop, 0.27 s wait
    for what follows.

    Args:
        rate_hz: sampling rate, 20-1000 Hz.
        wait_s: how long a beat waits for what follows before it is committed, s.

    Raises:
        ValueError: the rate is outside 20-1000 Hz; samples that are no numbers.
    """

    def __init__(self, rate_hz: float, *, wait_s: float = LIVE_WAIT_S) -> None:
        self._rate = number("rate_hz", rate_hz)
        if not MIN_RATE_HZ <= self._rate <= MAX_RATE_HZ:
            raise ValueError(f"rate_hz: a PPG needs {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} samples/s, not {rate_hz:g}")
        self._wait_s = wait_s
        self._ended = False
        self._filter = SlopeFilter(self._rate)
        self._path = BestPath()
        self._pending: list[NDArray[np.float64]] = []
        self._pending_n = 0
        self._hops = 0
        self._usual = 0.0
        self._rises: list[float] = []
        self._last_s = -math.inf

    def feed(self, chunk: ArrayLike) -> list[Beat]:
        """Takes the next samples and returns the beats that became certain.

        Args:
            chunk: [n] samples, any n; NaN where there was no contact.

        Returns:
            Beats in order of time, s since the first sample.

        Raises:
            ValueError: after `flush`; samples that are no numbers.
        """
        if self._ended:
            raise ValueError("this PPG stream has ended; begin a new one")
        return self._feed(column("chunk", chunk))

    def _feed(self, values: NDArray[np.float64]) -> list[Beat]:
        self._pending.append(values.copy())
        self._pending_n += len(values)
        hop = self._filter.hop
        if self._pending_n < hop:
            return []
        joined = np.concatenate(self._pending)
        whole = len(joined) // hop * hop
        self._pending, self._pending_n = [joined[whole:].copy()], len(joined) - whole
        return [beat for at in range(0, whole, hop) for beat in self._advance(joined[at : at + hop])]

    def flush(self) -> list[Beat]:
        """Ends the stream and returns the beats that were still waiting."""
        if self._ended:
            return []
        self._ended = True
        end_s = self._filter.length_s + self._pending_n / self._rate
        tail = np.full(self._filter.tail, math.nan)
        beats = [*self._feed(tail), *(self._beat(c) for c in self._path.commit(math.inf, -math.inf))]
        return [b for b in beats if b.time_s <= end_s - EDGE_S]

    def _advance(self, samples: NDArray[np.float64]) -> list[Beat]:
        candidates = self._filter.advance(samples)
        self._hops += 1
        if self._hops % RHYTHM_EVERY == 0 or self._usual <= 0:
            self._usual = self._filter.usual()
            found = rhythm(self._filter.recent, self._rate, self._usual, self._path.rhythm)
            self._path.expect(self._usual, found)
        for candidate in candidates:
            self._path.extend(candidate)
        now_s = self._filter.now_s
        return [self._beat(c) for c in self._path.commit(now_s - self._wait_s, now_s)]

    def _beat(self, c: Candidate) -> Beat:
        """Quality: height like the beats before, interval like the period, and a clear rhythm."""
        quality = 0.3 + 0.7 * self._path.rhythm.clear
        if self._rises:
            usual = median(self._rises)
            quality *= math.exp(-abs(math.log(max(c.rise, LEAST) / max(usual, LEAST))) / 1.5)
            off = abs(math.log((c.time_s - self._last_s) / self._path.rhythm.period_s))
            quality *= math.exp(-max(0.0, off - 0.15) / 0.5)
        self._rises = [*self._rises[-4:], c.rise]
        self._last_s = c.time_s
        return Beat(c.steepest_s, min(max(quality, 0.0), 1.0), c.rise)


def find_ppg_beats(samples: ArrayLike, rate_hz: float) -> Beats:
    """Beats of a whole PPG recording.

    Args:
        samples: [n] samples; the systolic upstroke is rising (invert phone video); NaN where there was no contact.
        rate_hz: sampling rate, 20-1000 Hz.

    Returns:
        Times of steepest systolic rise, s since the first sample; quality; pulse height in the unit of the samples.

    Raises:
        ValueError: the rate is outside 20-1000 Hz; samples that are no numbers.

    >>> t = np.arange(0, 10, 0.02)
    >>> find_ppg_beats(np.sin(2 * np.pi * t), 50.0).times_s.round(2)[:3].tolist()
    [1.0, 2.0, 3.0]
    """
    detector = PPGDetector(rate_hz, wait_s=BATCH_WAIT_S)
    beats = [*detector.feed(column("samples", samples)), *detector.flush()]
    return Beats(
        times_s=np.array([b.time_s for b in beats], dtype=np.float64),
        quality=np.array([b.quality for b in beats], dtype=np.float64),
        amplitude=np.array([b.amplitude for b in beats], dtype=np.float64),
    )
