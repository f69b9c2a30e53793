"""What is wrong with one RR interval, seen between its neighbours: the rules behind batch and live correction.

Kinds of error and robust thresholds follow Lipponen & Tarvainen 2019 (doi 10.1080/03091902.2019.1640306): quartile
deviations over 91 beats. Three things differ, because the published rules alter clean data (large smooth RSA has big
differences and tiny quartile deviations elsewhere): thresholds have floors relative to the RR level; a misplaced beat
is looked for with its own shape (one interval long, the next short by the same amount, against what the neighbours and
this heart's habit tell, see `rr_habit`), to which a breathing wave does not answer; and a beat that was only misplaced
is put back between its neighbours, so that no time is lost.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

from signals.rr_habit import LINE, Habit

WINDOW = 91
LEVEL = 11
SHORTEST_MS, LONGEST_MS = 240.0, 3000.0
MOST_MISSED = 3
"""A hole longer than this many missed beats is not filled."""

LONG_BY, LEAST_BY, SUM_BY = 1.6, 1.4, 1.35
TURN_FACTOR, TURN_FLOOR, TURN_CAP = 7.5, 0.075, 0.25
PEAK_FACTOR, PEAK_FLOOR, PEAK_CAP = 7.0, 0.15, 0.35
TURN_TO_RMS = 1.48
SAME_SUM, SAME_SUM_TOLD, SAME_SUM_SURE = 0.48, 0.3, 0.15
UNKNOWN_TURN, UNKNOWN_PEAK = 0.0125, 0.05
"""Typical size, relative to the level, taken while there is no history."""


class Label(StrEnum):
    """What an RR interval is."""

    NORMAL = "normal"
    ECTOPIC = "ectopic"
    MISSED = "missed"
    EXTRA = "extra"
    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Context:
    """The neighbours of the interval at hand, ms.

    Attributes:
        before: corrected intervals before it, the nearest last; empty after a gap.
        after: raw intervals after it, at most two; shorter before a gap or at the end.
        level: median RR around it.
        turn: typical distance of a beat from its place by `habit`.
        peak: typical distance from the mean of both neighbours.
        habit: how this heart usually goes on.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]
    level: float
    turn: float
    peak: float
    habit: Habit = LINE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an interval, or of an interval and those after it.

    Attributes:
        label: what is wrong.
        nn_ms: for each interval consumed (one to three), what replaces it.
    """

    label: Label
    nn_ms: tuple[tuple[float, ...], ...]


def plausible(rr_ms: float) -> bool:
    """A number that can be a time between two beats at all (what is missed in between is another matter)."""
    return math.isfinite(rr_ms) and 1 <= rr_ms < 1e6


def misplacement(a: float, b: float, c: float, d: float) -> float:
    """How far the beat between `b` and `c` lies after its place on the line from `a` to `d`, ms."""
    return (b - c) / 2 - (a - d) / 6


def judge(rr: float, near: Context) -> Verdict:
    """Decides on one interval; `rr` has passed `plausible`."""
    near, whole = _read_ahead(rr, near)
    around = sorted((*near.before[-2:], *near.after, near.level))
    expected = median(around)
    if whole and _halves(rr, near):
        return Verdict(Label.EXTRA, ((), (rr + near.after[0],)))
    if rr > LONG_BY * expected and rr > LEAST_BY * near.level:
        beats = max(2, round(rr / expected))
        if beats > MOST_MISSED + 1:
            return Verdict(Label.LONG, ((),))
        if abs(rr / beats - expected) < 0.3 * expected:
            return Verdict(Label.MISSED, (_split(rr, beats, near, expected),))
    moved = (_misplaced(rr, near) or _both_misplaced(rr, near)) if whole else None
    return moved or _alone(rr, near, expected)


def _read_ahead(rr: float, near: Context) -> tuple[Context, bool]:
    """Errors that are plain in the intervals ahead must not speak against this one.

    Returns:
        The neighbours with those errors undone, and whether the next interval is still itself.
    """
    after = near.after
    usual = median(sorted((*near.before[-2:], near.level)))
    if len(after) == 2 and not _halves(rr, near) and _sum_fits(*after, usual):
        return replace(near, after=(after[0] + after[1],)), False
    whole = not after or after[0] <= LONG_BY * usual
    cut = tuple(value / max(1, round(value / usual)) if value > LONG_BY * usual else value for value in after)
    return replace(near, after=cut) if cut != after else near, whole


def _sum_fits(first: float, second: float, usual: float) -> bool:
    """Two pieces that make one interval."""
    return first + second < SUM_BY * usual and min(first, second) < 0.65 * usual


def _halves(rr: float, near: Context) -> bool:
    """This interval and the next are pieces of one, and the next does not rather belong to the one after it."""
    if not near.after:
        return False
    ahead = near.after[0]
    outer = median(sorted((*near.before[-2:], *near.after[1:], near.level)))
    if not _sum_fits(rr, ahead, outer) or rr + ahead > LONG_BY * near.level:
        return False
    if len(near.after) < 2 or abs(rr - outer) >= 0.5 * abs(near.after[1] - outer):
        return True
    return abs(rr + ahead - outer) <= abs(ahead + near.after[1] - outer)


def _split(rr: float, beats: int, near: Context, expected: float) -> tuple[float, ...]:
    """Missed beats go onto the slope between the neighbours; the sum stays."""
    left = near.before[-1] if near.before else expected
    right = near.after[0] if near.after and abs(near.after[0] - expected) < 0.3 * expected else expected
    if beats == 2:
        return _pair(rr, right, near) if near.before else (rr / 2, rr / 2)
    step = (right - left) / (beats + 1)
    middle = (beats - 1) / 2
    return tuple(rr / beats + step * (k - middle) for k in range(beats))


def _three(before: tuple[float, ...]) -> tuple[float, float, float] | None:
    return (before[-3], before[-2], before[-1]) if len(before) >= 3 else None


def _told(near: Context, after: float) -> tuple[float, float, float]:
    """Of the pair between the neighbours: its usual mean; half of its difference at the level, and per ms of mean."""
    three = _three(near.before)
    habit = near.habit if three is not None else LINE
    context = three or (near.before[-1],) * 3
    mean = habit.pair_mean(context, after, near.level)
    return mean, habit.pair_half(context, after, near.level, near.level), habit.half[4]


def _pair(total: float, right: float, near: Context) -> tuple[float, float]:
    """Two intervals of known sum between two neighbours.

    The beat between them goes to its usual place, and then off it by so much that the three differences hold as much
    variation as such places usually do (6 times the square of the usual misplacement). In its usual place exactly, the
    series would look calmer than the heart: RMSSD 2 % too low with 3 % of beats missed.
    """
    half, left = total / 2, near.before[-1]
    _, base, slope = _told(near, right)
    tilt = base + slope * (half - near.level)
    first, second = half + tilt, half - tilt
    linear = ((first - left) - 2 * (second - first) + (second - right)) / 3
    wanted = (TURN_TO_RMS * near.turn) ** 2
    root = math.sqrt(linear * linear / 4 + wanted)
    off = -linear / 2 + (root if linear > 0 else -root)
    return first + off, second - off


def _misplaced(rr: float, near: Context) -> Verdict | None:
    """The beat that ends this interval stands in the wrong place, or came too early and made up for it."""
    if not near.before or not near.after:
        return None
    a, c = near.before[-1], near.after[0]
    d = near.after[1] if len(near.after) > 1 else near.level
    if min(abs(d - near.level), abs(d - a)) > 0.3 * near.level:
        d = near.level
    usual, base, slope = _told(near, d)
    mean = (rr + c) / 2
    off = (rr - c) / 2 - base - slope * (mean - near.level)
    limit = _limit(TURN_FACTOR * near.turn, TURN_FLOOR, TURN_CAP, near.level)
    if abs(off) <= limit or abs(misplacement(a, rr, c, d)) <= TURN_FLOOR * near.level:
        return None
    told = abs(mean - usual) / abs(off)
    line = abs(mean - (a + d) / 2) / abs(misplacement(a, rr, c, d))
    later = len(near.after) > 1 and abs(c - near.after[1]) > abs(rr - c)
    if told > SAME_SUM_SURE and (later or (line > SAME_SUM and told > SAME_SUM_TOLD)):
        return None
    if abs(mean - usual) < 0.15 * near.level:
        first, second = _pair(rr + c, d, near)
        return Verdict(Label.ECTOPIC, ((first,), (second,)))
    tilt = base + slope * (usual - near.level)
    return Verdict(Label.ECTOPIC, ((usual + tilt,), (usual - tilt,)))


def _both_misplaced(rr: float, near: Context) -> Verdict | None:
    """The two beats after this interval moved against each other: long, short, long, or the reverse."""
    if not near.before or len(near.after) < 2:
        return None
    b, c, d = rr, near.after[0], near.after[1]
    limit = _limit(TURN_FACTOR * near.turn, TURN_FLOOR, TURN_CAP, near.level)
    mean = (b + c + d) / 3
    outs = (b - mean, c - mean, d - mean)
    against = outs[0] * outs[1] < 0 and outs[1] * outs[2] < 0
    if not against or min(abs(out) for out in outs) < limit or abs(mean - near.before[-1]) > limit:
        return None
    if c > b + d or abs(c - b - d) < 0.3 * (b + d):
        return None
    return Verdict(Label.ECTOPIC, ((mean,), (mean,), (mean,)))


def _alone(rr: float, near: Context, expected: float) -> Verdict:
    """An interval that stands out between both neighbours, and nothing explains it."""
    beside = [*near.before[-1:], *near.after[:1]] or [near.level]
    middle = sum(beside) / len(beside)
    floor = PEAK_FLOOR if len(beside) == 2 else PEAK_CAP
    limit = _limit(PEAK_FACTOR * near.peak, floor, PEAK_CAP, near.level)
    out = rr - expected
    if abs(out) > limit and all((rr - side) * out > 0 and abs(rr - side) > limit for side in beside):
        nn = middle if abs(middle - expected) < limit else expected
        return Verdict(Label.LONG if out > 0 else Label.SHORT, ((nn,),))
    if not SHORTEST_MS <= rr <= LONGEST_MS:
        return Verdict(Label.LONG if rr > LONGEST_MS else Label.SHORT, ((),))
    return Verdict(Label.NORMAL, ((rr,),))


def _limit(value: float, floor: float, cap: float, level: float) -> float:
    return min(max(value, floor * level), cap * level)


def median(ordered: list[float]) -> float:
    """Median of sorted values, at least one."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


class RunningMedian:
    """Median of the newest values, kept sorted.

    Args:
        size: how many values are remembered.
    """

    def __init__(self, size: int) -> None:
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []
        self._size = size

    def __len__(self) -> int:
        return len(self._ordered)

    def push(self, value: float) -> None:
        self._recent.append(value)
        insort(self._ordered, value)
        if len(self._recent) > self._size:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]

    def median(self) -> float:
        """The median; there must be a value."""
        return median(self._ordered)
