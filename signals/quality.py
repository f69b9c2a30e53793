"""Signal quality of ECG and PPG, before any number: a score 0-1 and, where it is low, a reason a person can act on.

`quality` judges a recording in windows of 10 s every 5 s (Orphanidou 2015 for the window); `QualityStream` judges the
newest 4 s every 0.25 s. Both ask the same evidence: contact first (`contact`), then the waveform (`quality_ppg`,
`quality_ecg`), then, where there are beats, the beats.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.beats import Beats, Kind
from signals.contact import contact, dead_samples
from signals.ppg import find_ppg_beats
from signals.quality_ecg import ecg_waveform
from signals.quality_ppg import ppg_waveform
from signals.reasons import Reason

Array = NDArray[np.float64]

WINDOW_S = 10.0
STEP_S = 5.0
ACCEPT = 0.5
LIVE_WINDOW_S = 4.0
LIVE_HOP_S = 0.25
LIVE_DEAD_S = 1.25  # so long a run of NaN or of one value is said at once
LIVE_LOOK = 2  # every how many hops the waveform is looked at
WAVEFORM = {"ecg": ecg_waveform, "ppg": ppg_waveform}


@dataclass(frozen=True, slots=True)
class Quality:
    """Signal quality of a recording.

    Attributes:
        window_s: length of a window, s.
        start_s: [w] where the windows start, s since the first sample.
        score: [w] 0-1.
        reasons: [w] why a window is not accepted, None where it is.
        beat_times_s: [b] beats that were found, s.
        beat_score: [b] 0-1.
        overall: share of accepted windows weighted by their score, 0-1.
        reason: the most frequent reason when no window is accepted, else None.
    """

    window_s: float
    start_s: Array
    score: Array
    reasons: tuple[Reason | None, ...]
    beat_times_s: Array
    beat_score: Array
    overall: float
    reason: Reason | None

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """[w] the windows from which numbers may be computed."""
        return np.array([r is None for r in self.reasons], dtype=bool)

    def accepts(self, times_s: ArrayLike) -> NDArray[np.bool_]:
        """[n] whether each time lies in an accepted window.

        Args:
            times_s: [n] times, s since the first sample.
        """
        times = np.asarray(times_s, dtype=np.float64)
        inside = np.zeros(times.shape, dtype=bool)
        for start in self.start_s[self.accepted]:
            inside |= (times >= start) & (times < start + self.window_s)
        return inside


def quality(samples: ArrayLike, rate_hz: float, kind: Kind) -> Quality:
    """Judges a recording in windows of 10 s every 5 s; a shorter recording is one window.

    Args:
        samples: [n] samples, NaN where there was no contact.
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".
    """
    values = np.asarray(samples, dtype=np.float64).ravel()
    length_s = len(values) / rate_hz
    beats = find_ppg_beats(values, rate_hz) if kind == "ppg" else Beats(np.empty(0), np.empty(0), np.empty(0))
    starts = np.arange(0.0, max(length_s - WINDOW_S, 0.0) + 1e-9, STEP_S)
    scores, reasons = [], []
    for start in starts:
        first = round(start * rate_hz)
        score, reason = _judge(values[first : first + round(WINDOW_S * rate_hz)], rate_hz, kind)
        scores.append(score)
        reasons.append(reason)
    accepted = [s for s, r in zip(scores, reasons, strict=True) if r is None]
    refused = [r for r in reasons if r is not None]
    return Quality(
        window_s=WINDOW_S,
        start_s=starts,
        score=np.array(scores),
        reasons=tuple(reasons),
        beat_times_s=beats.times_s,
        beat_score=beats.quality,
        overall=sum(accepted) / len(scores) if scores else 0.0,
        reason=max(refused, key=refused.count) if refused and not accepted else None,
    )


def _judge(values: Array, rate_hz: float, kind: Kind) -> tuple[float, Reason | None]:
    if len(values) == 0:
        return 0.0, Reason.TOO_SHORT
    touch = contact(values, rate_hz)
    if touch.reason is not None:
        return 0.0, touch.reason
    form = WAVEFORM[kind](touch.values, rate_hz)
    return form.score, form.reason


class QualityStream:
    """Live signal quality of the newest seconds; any chunking gives the same at the same sample.

    Dead signals are said within 1.5 s; 2.5 s after the signal is back there is a score again.

    Args:
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".
    """

    def __init__(self, rate_hz: float, kind: Kind) -> None:
        self._rate = float(rate_hz)
        self._kind: Kind = kind
        self._hop = max(1, round(LIVE_HOP_S * rate_hz))
        self._window: Array = np.empty(0)
        self._size = round(LIVE_WINDOW_S * rate_hz)
        self._pending: Array = np.empty(0)
        self._turn = 0
        self._since_dead = 0
        self._score: tuple[float, Reason | None] = (0.0, Reason.TOO_SHORT)

    def feed(self, chunk: ArrayLike) -> None:
        """Takes the next samples.

        Args:
            chunk: [n] samples, any n; NaN where there was no contact.
        """
        joined = np.concatenate([self._pending, np.asarray(chunk, dtype=np.float64).ravel()])
        at = 0
        while len(joined) - at >= self._hop:
            self._advance(joined[at : at + self._hop])
            at += self._hop
        self._pending = joined[at:].copy()

    @property
    def score(self) -> tuple[float, Reason | None]:
        """Score 0-1 of the newest seconds and the reason when it is below 0.5."""
        return self._score

    def _advance(self, values: Array) -> None:
        self._window = np.concatenate([self._window, values])[-self._size :]
        self._turn += 1
        dead = dead_samples(self._window)
        if dead >= LIVE_DEAD_S * self._rate:
            self._window = self._window[-dead:]
            self._score = (0.0, Reason.FLAT if np.isfinite(values[-1]) else Reason.NO_CONTACT)
            self._since_dead = 0
            return
        self._since_dead += self._hop
        if self._turn % LIVE_LOOK == 0:
            self._score = _judge(self._window[-self._since_dead :], self._rate, self._kind)
