"""Heart-rate variability right now: windows of the newest 30 to 300 s, and coherence, beat by beat.

Beats lie in rings of fixed size, and a window is read from them anew: no sums to drift, the same cost and memory
after hours. Decisions: mean heart rate counts the corrected beats over the raw time; RMSSD, SDNN and pNN50 see normal
intervals only, and a difference counts only between two normal intervals that follow each other (leaving corrected
beats out has no bias, putting smooth guesses in has). Coherence needs an unbroken rhythm and uses the corrected
series.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.arguments import column, number
from signals.coherence import WINDOW_S as COHERENCE_S
from signals.coherence import Coherence, coherence
from signals.reasons import Reason
from signals.rr import Label, LabelledRR
from signals.rr_rules import plausible

FASTEST_HZ = 5.0
LEAST_BEATS = 5
LEAST_COVERED = 0.8
LEAST_ACCEPTED = 0.8
STALE_S = 5.0
PNN_MS = 50.0


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """The newest seconds in numbers; what is None is so for `reason`.

    Attributes:
        window_s: length of the window, s.
        mean_hr_bpm: corrected beats per minute of raw time; None below 5 beats.
        rmssd_ms: between normal intervals that follow each other, ms; never across a gap or a corrected beat.
        sdnn_ms: of normal intervals, ddof 1, ms.
        pnn50_percent: share of differences above 50 ms, %.
        ln_rmssd: natural logarithm of `rmssd_ms`.
        accepted_share: share of raw intervals that are normal, 0-1.
        n_beats: raw intervals in the window.
        reason: why something is None.
    """

    window_s: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    sdnn_ms: float | None
    pnn50_percent: float | None
    ln_rmssd: float | None
    accepted_share: float
    n_beats: int
    reason: Reason | None


class _Ring:
    """Rows of numbers, the newest `size` of them, always in one piece."""

    def __init__(self, size: int, columns: int) -> None:
        self._rows = np.zeros((2 * size, columns))
        self._size = size
        self._end = 0

    def push(self, *row: float) -> None:
        if self._end == len(self._rows):
            self._rows[: self._size] = self._rows[self._size :]
            self._end = self._size
        self._rows[self._end] = row
        self._end += 1

    def since(self, time_s: float) -> NDArray[np.float64]:
        """[n, columns] rows whose first column, the time, is later."""
        rows = self._rows[max(0, self._end - self._size) : self._end]
        return rows[int(np.searchsorted(rows[:, 0], time_s, side="right")) :]

    @property
    def newest_s(self) -> float:
        return float(self._rows[self._end - 1, 0]) if self._end else -math.inf


_TIME, _RAW, _COUNT, _NN, _DIFF = range(5)


class LiveHRV:
    """Labelled beats in, windows out; memory and cost do not grow.

    Args:
        windows_s: the windows that will be read, s.

    Raises:
        ValueError: a window is not between 1 and 3600 s.

    >>> from signals.rr import LiveCorrector
    >>> live, corrector = LiveHRV(), LiveCorrector()
    >>> for rr in [850 + 20 * (-1) ** k for k in range(100)]:
    ...     for beat in corrector.push(rr):
    ...         live.push((beat.index + 1) * 0.85, beat)
    >>> now = live.read(80.0, 60)
    >>> round(now.mean_hr_bpm, 1), round(now.rmssd_ms, 1)
    (70.6, 40.0)
    """

    def __init__(self, windows_s: Sequence[int] = (30, 60, 120, 300)) -> None:
        windows = column("windows_s", windows_s)
        if not len(windows) or not ((windows >= 1) & (windows <= 3600)).all():
            raise ValueError(f"windows_s: windows are 1 to 3600 s long, not {windows_s!r}")
        self._longest_s = float(windows.max())
        longest = max(self._longest_s, COHERENCE_S + 4)
        self._beats = _Ring(int(longest * FASTEST_HZ), 5)
        self._rhythm = _Ring(int((COHERENCE_S + 4) * FASTEST_HZ), 2)
        self._before: float | None = None
        self._began_s = math.inf
        self._gap_s = -math.inf

    def push(self, time_s: float, beat: LabelledRR) -> None:
        """Takes an interval and the time of the beat that ends it, s, not earlier than the one before."""
        if not math.isfinite(time_s) or time_s < self._beats.newest_s:
            return
        nn = beat.nn_ms if all(plausible(value) for value in beat.nn_ms) else ()
        usable = bool(nn) or beat.label is Label.EXTRA
        normal = beat.label is Label.NORMAL and len(nn) == 1
        if not usable:
            self.gap(time_s)
        raw = beat.rr_ms if usable and plausible(beat.rr_ms) else 0.0
        self._began_s = min(self._began_s, time_s - raw / 1000)
        diff = nn[0] - self._before if normal and self._before is not None else math.nan
        self._before = nn[0] if normal else None
        self._beats.push(time_s, raw, len(nn), nn[0] if normal else math.nan, diff)
        left = sum(nn)
        for value in nn:
            left -= value
            at = time_s - left / 1000
            if at > self._rhythm.newest_s:
                self._rhythm.push(at, value)

    def gap(self, time_s: float) -> None:
        """The rhythm is unknown up to `time_s`; what comes next does not join on."""
        self._before = None
        if math.isfinite(time_s) and self._beats.newest_s > -math.inf:
            self._gap_s = max(self._gap_s, time_s)

    def read(self, now_s: float, window_s: int) -> LiveWindow:
        """The last `window_s` before `now_s`.

        Args:
            now_s: time on the clock of the beats, s.
            window_s: at most the longest window that was asked for.

        Raises:
            ValueError: the window is longer than the memory, or no time at all.
        """
        if not 0 < number("window_s", window_s) <= self._longest_s:
            raise ValueError(f"window_s: no more than {self._longest_s:g} s are kept, {window_s} s were asked for")
        now_s = number("now_s", now_s)
        rows = self._beats.since(now_s - window_s)
        n = len(rows)
        nn = rows[:, _NN]
        nn = nn[nn == nn]  # noqa: PLR0124 - NaN
        accepted = len(nn) / n if n else 0.0
        covered_s = float(rows[:, _RAW].sum()) / 1000
        beats = float(rows[:, _COUNT].sum())
        rate = 60 * beats / covered_s if beats >= LEAST_BEATS and covered_s > 0 else None
        diffs = rows[:, _DIFF]
        diffs = diffs[diffs == diffs]  # noqa: PLR0124 - NaN
        reason = self._lacking(now_s, window_s, covered_s, accepted, min(len(nn), len(diffs)))
        if reason is not None:
            return LiveWindow(window_s, rate, None, None, None, None, accepted, n, reason)
        rmssd = math.sqrt(float(diffs @ diffs) / len(diffs))
        sdnn = float(np.std(nn, ddof=1))
        pnn50 = 100 * int(np.count_nonzero(np.abs(diffs) > PNN_MS)) / len(diffs)
        log = math.log(rmssd) if rmssd > 0 else None
        why = Reason.TOO_LITTLE_VARIATION if log is None else None
        return LiveWindow(window_s, rate, rmssd, sdnn, pnn50, log, accepted, n, why)

    def _lacking(self, now_s: float, window_s: int, covered_s: float, accepted: float, n: int) -> Reason | None:
        if covered_s < LEAST_COVERED * window_s:
            return Reason.GAP if self._gap_s > now_s - window_s else Reason.TOO_SHORT
        if accepted < LEAST_ACCEPTED:
            return Reason.TOO_MANY_ARTEFACTS
        return Reason.TOO_FEW_BEATS if n < LEAST_BEATS else None

    def coherence(self, now_s: float) -> Coherence:
        """Coherence of the newest 64 s; none after 5 s without a beat or with a hole in it."""
        now_s = number("now_s", now_s)
        rows = self._rhythm.since(now_s - COHERENCE_S - 4)
        if len(rows) and now_s - self._rhythm.newest_s > STALE_S:
            return Coherence(None, None, None, None, None, Reason.GAP)
        beats = self._beats.since(now_s - COHERENCE_S)
        accepted = np.count_nonzero(beats[:, _NN] == beats[:, _NN]) / max(1, len(beats))
        return coherence(rows[:, 1], rows[:, 0], accepted_share=accepted)
