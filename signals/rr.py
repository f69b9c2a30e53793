"""From RR to NN: finds missed, extra, misplaced and ectopic beats and puts them right, in batch and live.

One set of rules (`signals/rr_rules.py`), two sources of what is usual: batch looks at 91 intervals around each, live
at the 91 before it and two after it. Clean series come back unchanged.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number
from signals.rr_habit import LINE, ROWS, Habit, learn, misfits
from signals.rr_rules import (
    LEVEL,
    UNKNOWN_PEAK,
    UNKNOWN_TURN,
    WINDOW,
    Context,
    Label,
    RunningMedian,
    judge,
    median,
    plausible,
)

__all__ = ["CorrectedRR", "Label", "LabelledRR", "LiveCorrector", "correct_rr"]

LOOK_AHEAD = 2
PASSES, SUSPICION = 2, 0.5
FORESEEN = 0.85
"""What live did not expect is larger than what batch does not explain afterwards, by about this factor."""
BLOCK, RELEARN = 64, 8
_NN = tuple[float, ...]
ENOUGH = 10
"""From so many values on, the series itself says what is usual."""


@dataclass(frozen=True, slots=True)
class LabelledRR:
    """One raw interval and what became of it.

    Attributes:
        index: number of the interval since the corrector began, from 0.
        rr_ms: raw interval as it was handed in, ms (what was not finite stays so, and has no `nn_ms`).
        label: what it is.
        nn_ms: what replaces it, ms: one value normally, more where beats were missed, none for the piece of an extra
            beat that went into its neighbour and for what no heart can do.
    """

    index: int
    rr_ms: float
    label: Label
    nn_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CorrectedRR:
    """An RR series put right.

    Attributes:
        nn_ms: [m] normal-to-normal intervals, ms.
        nn_times_ms: [m] time at which each of them ends, ms since the first beat.
        labels: [n] one per raw interval.
        corrected_share: share of raw intervals that are not normal, 0-1.
    """

    nn_ms: NDArray[np.float64]
    nn_times_ms: NDArray[np.float64]
    labels: tuple[Label, ...]
    corrected_share: float


class Usual(NamedTuple):
    """What is usual around an interval (see `Context`)."""

    level: float
    turn: float
    peak: float
    habit: Habit = LINE


class _Reader:
    """Walks through raw intervals from left to right; the intervals before are already right."""

    def __init__(self) -> None:
        self._before: deque[float] = deque(maxlen=3)
        self._decided: deque[tuple[Label, tuple[float, ...]]] = deque()

    def cut(self) -> None:
        """What comes next does not join on."""
        self._before.clear()
        self._decided.clear()

    def step(self, rr: float, after: tuple[float, ...], usual: Usual) -> tuple[Label, _NN]:
        """Decides on `rr`; a verdict on several intervals is given out step by step."""
        if not self._decided:
            verdict = judge(rr, Context(tuple(self._before), after, *usual))
            self._decided.extend((verdict.label, nn) for nn in verdict.nn_ms)
        label, nn = self._decided.popleft()
        if not nn and label is not Label.EXTRA:
            self._before.clear()
        self._before.extend(nn)
        return label, nn


def _walk(rr: list[float], usual: list[Usual]) -> list[tuple[Label, _NN]]:
    reader = _Reader()
    return [reader.step(v, tuple(rr[k + 1 : k + 1 + LOOK_AHEAD]), usual[k]) for k, v in enumerate(rr)]


def _correct(rr: NDArray[np.float64]) -> list[tuple[Label, _NN]]:
    """What is usual is first read from the raw intervals, then from corrected ones; only the last verdict is given.

    The verdicts before it are quicker to suspect, since an error left in teaches a wrong habit.
    """
    values = rr.tolist()
    usual = _usual(rr, learnt=False)
    for _ in range(PASSES):
        decided = _walk(values, [u._replace(turn=SUSPICION * u.turn) for u in usual])
        nn = np.array([value for _, parts in decided for value in parts])
        if len(nn) < ENOUGH:
            break
        place = np.clip(np.cumsum([len(parts) for _, parts in decided]) - 1, 0, len(nn) - 1)
        around = _usual(nn, learnt=True)
        usual = [around[k] for k in place.tolist()]
    return _walk(values, usual)


def _usual(rr: NDArray[np.float64], *, learnt: bool) -> list[Usual]:
    """What is usual around each interval of a series."""
    level = _around(rr, LEVEL)
    if len(rr) < ENOUGH:
        return [Usual(v, UNKNOWN_TURN * v, UNKNOWN_PEAK * v) for v in level.tolist()]
    turn, peak = np.empty(len(rr)), np.empty(len(rr))
    habits: list[Habit] = []
    for first in range(0, len(rr), BLOCK):
        begin, end = max(0, min(first - BLOCK // 2, len(rr) - ROWS)), max(first + BLOCK + BLOCK // 2, ROWS)
        habit = learn(rr[begin:end], level[begin:end]) if learnt else LINE
        habits += [habit] * min(BLOCK, len(rr) - first)
        begin, end = max(0, first - 3), first + BLOCK + 2
        found = np.abs(misfits(rr[begin:end], level[begin:end], habit))
        turn[begin + 3 : begin + 3 + len(found)] = found
    turn[:3], turn[-2:] = turn[3], turn[-3]
    peak[1:-1] = np.abs(rr[1:-1] - (rr[:-2] + rr[2:]) / 2)
    peak[0], peak[-1] = peak[1], peak[-2]
    columns = (level.tolist(), _around(turn, WINDOW).tolist(), _around(peak, WINDOW).tolist(), habits)
    return [Usual(*row) for row in zip(*columns, strict=True)]


def _around(values: NDArray[np.float64], width: int, ahead: int | None = None) -> NDArray[np.float64]:
    """Median of `width` values around each, `ahead` of them after it; at the ends, of the first or last `width`."""
    width = min(width, len(values))
    behind = width // 2 if ahead is None else width - 1 - ahead
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
    centre = np.clip(np.arange(len(values)) - behind, 0, len(medians) - 1)
    return np.asarray(medians[centre], dtype=np.float64)


def correct_rr(rr_ms: ArrayLike) -> CorrectedRR:
    """Finds and corrects wrong intervals of a whole series (Lipponen & Tarvainen 2019; deviations: `rr_rules`).

    Args:
        rr_ms: [n] RR intervals, ms. What is not finite or below 1 ms is taken as a hole.

    Returns:
        NN intervals, their times, and one label per raw interval.

    Raises:
        ValueError: the intervals are no series of numbers.

    >>> steady = [800.0, 810, 800, 790, 800, 810, 800, 790, 800, 810, 800, 790, 800, 810]
    >>> correct_rr([*steady, 1600.0, *steady]).labels[14]
    <Label.MISSED: 'missed'>
    >>> [float(nn) for nn in correct_rr(steady).nn_ms] == steady
    True
    """
    rr = column("rr_ms", rr_ms)
    good = np.array([plausible(float(v)) for v in rr], dtype=bool)
    labels: list[Label] = [Label.SHORT if value <= 0 else Label.LONG for value in rr]
    found: list[float] = []
    times: list[float] = []
    ends = np.cumsum(np.where(good, rr, 0.0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for k, (label, nn) in enumerate(_correct(rr[first:stop]), first):
            labels[k] = label
            found.extend(nn)
            times.extend(float(ends[k]) - sum(nn[j + 1 :]) for j in range(len(nn)))
    wrong = sum(label is not Label.NORMAL for label in labels)
    return CorrectedRR(
        np.array(found, dtype=np.float64),
        np.array(times, dtype=np.float64),
        tuple(labels),
        wrong / len(labels) if labels else 0.0,
    )


class LiveCorrector:
    """The same, one interval at a time: each is released, in order, when the two after it are known.

    Constant memory. History for the thresholds survives gaps; comparisons with neighbours do not.

    >>> corrector = LiveCorrector()
    >>> done = [one for rr in [800, 810, 790, 800, 1600, 800, 810, 790] for one in corrector.push(rr)]
    >>> [(one.rr_ms, one.label.value, len(one.nn_ms)) for one in done][4]
    (1600.0, 'missed', 2)
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, float]] = deque()
        self._count = 0
        self._reader = _Reader()
        self._level: deque[float] = deque(maxlen=LEVEL - 1 - LOOK_AHEAD)
        self._turn = RunningMedian(WINDOW)
        self._peak = RunningMedian(WINDOW)
        self._nn: deque[float] = deque(maxlen=ROWS)
        self._learnt = 0
        self._habit = LINE
        self._released: list[LabelledRR] = []

    def push(self, rr_ms: float) -> list[LabelledRR]:
        """Takes the next raw interval, ms; gives those that are decided by it. ValueError for what is no number."""
        rr_ms = number("rr_ms", rr_ms)
        index = self._count
        self._count += 1
        if not plausible(rr_ms):
            self.gap()
            self._released.append(LabelledRR(index, rr_ms, Label.SHORT if rr_ms <= 0 else Label.LONG, ()))
            return self._out()
        self._waiting.append((index, rr_ms))
        if len(self._waiting) > LOOK_AHEAD:
            self._decide()
        return self._out()

    def flush(self) -> list[LabelledRR]:
        """The stream has ended: the intervals that were waiting for those after them."""
        while self._waiting:
            self._decide()
        return self._out()

    def gap(self) -> None:
        """Contact was lost: what waits is decided now (and given out next time), what comes does not join on."""
        while self._waiting:
            self._decide()
        self._reader.cut()
        self._part()

    def _out(self) -> list[LabelledRR]:
        out, self._released = self._released, []
        return out

    def _decide(self) -> None:
        index, rr = self._waiting.popleft()
        after = tuple(value for _, value in self._waiting)
        level = self._usual_level(rr, after)
        turn = FORESEEN * self._turn.median() if len(self._turn) >= ENOUGH else UNKNOWN_TURN * level
        peak = self._peak.median() if len(self._peak) >= ENOUGH else UNKNOWN_PEAK * level
        label, nn_ms = self._reader.step(rr, after, Usual(level, turn, peak, self._habit))
        self._released.append(LabelledRR(index, rr, label, nn_ms))
        self._level.append(rr)
        if not nn_ms and label is not Label.EXTRA:
            self._part()
        for nn in nn_ms:
            self._learn(nn)

    def _part(self) -> None:
        """What comes next does not join on; what was learnt stays."""
        self._nn.clear()

    def _usual_level(self, rr: float, after: tuple[float, ...]) -> float:
        return median(sorted((*self._level, rr, *after)))

    def _learn(self, nn: float) -> None:
        self._nn.append(nn)
        self._learnt += 1
        if len(self._nn) >= 3:
            self._peak.push(abs(self._nn[-2] - (self._nn[-3] + self._nn[-1]) / 2))
        if len(self._nn) < 6:
            return
        newest = [self._nn[k] for k in range(-min(LEVEL, len(self._nn)), 0)]
        level = np.full(6, median(sorted(newest)))
        self._turn.push(abs(float(misfits(np.array(newest[-6:]), level, self._habit)[0])))
        if self._learnt % RELEARN == 0:
            series = np.array(self._nn)
            self._habit = learn(series, _around(series, LEVEL, LOOK_AHEAD))
