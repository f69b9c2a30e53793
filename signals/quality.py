"""Signal quality of ECG and PPG, before any number: a score 0-1 and, where it is low, a reason a person can act on.

`quality` judges a recording in windows of 10 s every 5 s (Orphanidou 2015 for the window); `QualityStream` judges the
newest 4 s every 0.25 s. Both ask the same evidence: contact first (`contact`), then the waveform (`quality_ppg`,
`quality_ecg`), then, where there are beats, the beats.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number
from signals.beat import Kind, check_kind
from signals.beats import BeatStream, find_beats
from signals.contact import CLEAR, HUGE, Evidence, contact, dead_samples, fell_silent
from signals.quality_beats import SHORTEST_S, alike, beat_shapes, seconded, steady
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
MIN_S = 2.0
SLOWEST_BPM, FASTEST_BPM = 40.0, 180.0
RATES_HZ: dict[Kind, tuple[float, float]] = {"ecg": (50.0, 4000.0), "ppg": (20.0, 1000.0)}
WAVEFORM: dict[Kind, Callable[[Array, float], Evidence]] = {"ecg": ecg_waveform, "ppg": ppg_waveform}


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
        overall: mean score of the windows, 0-1.
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
        times = column("times_s", times_s)
        inside = np.zeros(times.shape, dtype=bool)
        for start in self.start_s[self.accepted]:
            inside |= (times >= start) & (times < start + self.window_s)
        return inside


def quality(samples: ArrayLike, rate_hz: float, kind: Kind) -> Quality:
    """Judges a recording in windows of 10 s every 5 s; a last one ends with the recording; a short recording is one.

    A window's score is the mean score of its beats (likeness to the window's median beat; for PPG also whether the live
    and the patient detector agree on it) times the waveform's evidence (interference, movement) times, for PPG, the
    plausibility of its least plausible interval. Windows from 0.5 on are accepted.

    Args:
        samples: [n] samples, NaN where there was no contact; a PPG's systolic upstroke is rising.
        rate_hz: sampling rate, Hz; 50-4000 for ECG, 20-1000 for PPG.
        kind: "ecg" or "ppg".

    Returns:
        A score and a reason for each window, a score for each beat. Sources and deviations: `quality_ecg`,
        `quality_ppg`, `quality_beats`.

    Raises:
        ValueError: the rate or the kind is none of these; samples that are no numbers.

    >>> quality(np.zeros(2500), 250.0, "ecg").reason.en
    'The signal is flat: check that the sensor is plugged in'
    """
    _check(rate_hz, kind)
    values = column("samples", samples)
    window = min(round(WINDOW_S * rate_hz), len(values))
    last = len(values) - window
    firsts = list(range(0, last + 1, round(STEP_S * rate_hz)))
    if last - firsts[-1] >= rate_hz:
        firsts.append(last)
    beats = find_beats(np.where(np.abs(values) < HUGE, values, np.nan), rate_hz, kind)
    backing = _backing(values, rate_hz, kind, beats.times_s)
    shapes = beat_shapes(contact(values, rate_hz).values, rate_hz, kind) if len(values) else values
    rhythm = steady(beats.times_s) if kind == "ppg" else np.ones(max(len(beats.times_s) - 1, 0))
    scores: list[float] = []
    reasons: list[Reason | None] = []
    per_beat = np.zeros(len(beats.times_s))
    for first in firsts:
        start_s, end_s = first / rate_hz, (first + window) / rate_hz
        i, j = (int(k) for k in np.searchsorted(beats.times_s, [start_s, end_s]))
        score, reason = _alive(values[first : first + window], rate_hz)
        if reason is None:
            likeness = alike(shapes[first : first + window], rate_hz, beats.times_s[i:j] - start_s, kind) * backing[i:j]
            evidence = WAVEFORM[kind](contact(values[first : first + window], rate_hz).values, rate_hz)
            calm = evidence.quiet * evidence.calm
            per_beat[i:j] = np.maximum(per_beat[i:j], likeness * calm)
            across = rhythm[max(i - 1, 0) : j]
            score, reason = _window(evidence, likeness, beats.times_s[i:j], float(across.min()) if len(across) else 0.0)
        scores.append(score)
        reasons.append(reason)
    per_beat *= np.minimum(np.append(1.0, rhythm), np.append(rhythm, 1.0))[: len(per_beat)]
    refused = [r for r in reasons if r is not None]
    return Quality(
        window_s=window / rate_hz,
        start_s=np.array(firsts) / rate_hz,
        score=np.array(scores),
        reasons=tuple(reasons),
        beat_times_s=beats.times_s,
        beat_score=per_beat,
        overall=float(np.mean(scores)),
        reason=max(refused, key=refused.count) if len(refused) == len(reasons) else None,
    )


def _window(evidence: Evidence, likeness: Array, times_s: Array, rhythm: float) -> tuple[float, Reason | None]:
    """Score and reason of a living window from its waveform and its beats."""
    if len(times_s) < 3:
        return 0.0, evidence.reason if evidence.score < ACCEPT else Reason.TOO_FEW_BEATS
    rate_bpm = 60.0 / max(float(np.median(np.diff(times_s))), SHORTEST_S)
    if not SLOWEST_BPM <= rate_bpm <= FASTEST_BPM:
        return 0.0, Reason.IMPLAUSIBLE
    beats = float(np.mean(likeness))
    score = beats * evidence.quiet * evidence.calm * rhythm
    if score >= ACCEPT:
        return score, None
    if min(evidence.calm, evidence.quiet) < CLEAR:
        return score, evidence.reason
    return score, Reason.TOO_MANY_ARTEFACTS if rhythm < beats else Reason.WEAK


def _backing(values: Array, rate_hz: float, kind: Kind, times_s: Array) -> Array:
    """How far a second detector, the live one, backs each beat (PPG; the two of ECG are the same)."""
    if kind == "ecg":
        return np.ones(len(times_s))
    live = BeatStream(rate_hz, kind)
    return seconded(times_s, np.array([b.time_s for b in [*live.feed(values), *live.flush()]]))


def _alive(values: Array, rate_hz: float) -> tuple[float, Reason | None]:
    if len(values) < MIN_S * rate_hz:
        return 0.0, Reason.TOO_SHORT
    return 0.0, contact(values, rate_hz).reason


def _check(rate_hz: float, kind: Kind) -> None:
    check_kind(kind)
    low, high = RATES_HZ[kind]
    if not low <= number("rate_hz", rate_hz) <= high:
        raise ValueError(f"rate_hz: quality of {kind} needs {low:g} to {high:g} samples/s, not {rate_hz:g}")


class QualityStream:
    """Live signal quality of the newest seconds; any chunking gives the same at the same sample.

    Dead signals are said within 1.5 s; 2.5 s after the signal is back there is a score again.

    Args:
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".

    Raises:
        ValueError: the rate or the kind is none that `quality` knows.
    """

    def __init__(self, rate_hz: float, kind: Kind) -> None:
        _check(rate_hz, kind)
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
        joined = np.concatenate([self._pending, column("chunk", chunk)])
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
            self._score = self._look(self._window[-self._since_dead :])

    def _look(self, values: Array) -> tuple[float, Reason | None]:
        if len(values) < MIN_S * self._rate:
            return 0.0, Reason.TOO_SHORT
        touch = contact(values, self._rate)
        if touch.reason is not None:
            return 0.0, touch.reason
        if fell_silent(touch.values, self._rate):
            return 0.0, Reason.NO_CONTACT
        evidence = WAVEFORM[self._kind](touch.values, self._rate)
        return evidence.score, None if evidence.score >= ACCEPT else evidence.reason
