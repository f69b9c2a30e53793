"""R peaks in an ECG, live and batch by one detector.

Samples become candidates (`ecg_evidence`: symmetric filters of fixed length), candidates become beats (`ecg_decision`).
Batch is the same stream fed in large blocks, so live and stored beats of a session are the same numbers.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import ArrayLike

from signals.arguments import column, number
from signals.beat import Beat, Beats
from signals.ecg_decision import FIRST_LOOK_S, LOOK_S, Rhythm
from signals.ecg_evidence import Candidate, EvidenceStream

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 50.0, 4000.0
FIRST_BEATS = 2
BLOCK = 32768  # samples: large enough for NumPy, small enough for the cache


class ECGDetector:
    """R peaks from chunks of an ECG, each given about 0.75 s after it (the first two 1 s); memory does not grow.

    Args:
        rate_hz: sampling rate, Hz, 50 to 4000; made for 100 to 1000.

    Raises:
        ValueError: the rate is no number, or not 50 to 4000 Hz; samples that are no numbers.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = number("rate_hz", rate_hz)
        if not LOWEST_RATE_HZ <= self._rate_hz <= HIGHEST_RATE_HZ:
            limits = f"{LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g}"
            raise ValueError(f"rate_hz: an ECG needs {limits} samples per second, not {rate_hz:g}")
        self._evidence = EvidenceStream(self._rate_hz)
        self._rhythm = Rhythm(self._rate_hz)
        self._waiting: deque[Candidate] = deque()
        self._look = round(LOOK_S * self._rate_hz) - self._evidence.apart
        self._first_look = round(FIRST_LOOK_S * self._rate_hz) - self._evidence.apart
        self._found = 0
        self._seen = 0
        self._ended = False

    def feed(self, chunk: ArrayLike) -> list[Beat]:
        """Takes `[n]` samples in any unit (NaN where there is none), gives the beats decided by them.

        Raises:
            ValueError: after `flush`; samples that are no numbers.
        """
        if self._ended:
            raise ValueError("this ECG stream has ended; begin a new one")
        x = column("chunk", chunk)
        self._seen += len(x)
        self._waiting.extend(self._evidence.feed(x))
        return self._decide(self._seen - self._evidence.margin - 1)

    def flush(self) -> list[Beat]:
        """The stream has ended: the beats that were still waiting for what comes after them."""
        if self._ended:
            return []
        self._ended = True
        self._waiting.extend(self._evidence.flush())
        return self._decide(math.inf)

    @property
    def _look_now(self) -> int:
        return self._look if self._found >= FIRST_BEATS else self._first_look

    def _decide(self, known: float) -> list[Beat]:
        """Decides on what is far enough behind `known`, the last sample at which a candidate would be certain."""
        beats: list[Beat] = []
        waiting = self._waiting
        while waiting and waiting[0].at + (look := self._look_now) <= known:
            c = waiting.popleft()
            ahead = []
            for f in waiting:
                if f.at > c.at + look:
                    break
                ahead.append(f)
            beat = self._rhythm.decide(c, ahead)
            if beat is not None:
                self._found += 1
                beats.append(beat)
        return beats


def find_ecg_beats(samples: ArrayLike, rate_hz: float) -> Beats:
    """R peaks of a whole recording.

    Args:
        samples: `[n]` ECG in any unit; NaN where there is no sample.
        rate_hz: sampling rate, Hz, 50 to 4000.

    Returns:
        Times of the R peaks in seconds since the first sample, quality and height, `[beats]` each.

    Raises:
        ValueError: the rate is no number, or not 50 to 4000 Hz; samples that are no numbers.
    """
    detector = ECGDetector(rate_hz)
    x = column("samples", samples)
    found: list[Beat] = []
    for k in range(0, len(x), BLOCK):
        found += detector.feed(x[k : k + BLOCK])
    found += detector.flush()
    return Beats(
        np.array([b.time_s for b in found], dtype=np.float64),
        np.array([b.quality for b in found], dtype=np.float64),
        np.array([b.amplitude for b in found], dtype=np.float64),
    )
