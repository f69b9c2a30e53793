"""The relaxation score: how far a person has moved from their own seated baseline of the same session, 0-100.

There is no validated single number of relaxation (docs/relaxation-score.md). This one says, in the open, how five
measures moved against the person's own baseline: ln RMSSD up, heart rate, skin conductance, its responses and breathing
down, each as a clipped z, weighted, and put through Φ: 50 is "as in the baseline". It always comes with its interval,
its parts, its quality and its version, and there is no score where there is nothing fair to compare.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import ndtr
from scipy.stats import t as student

from signals.arguments import number
from signals.baseline import (
    INDEPENDENT_S,
    MEASURES,
    PACED_EXCLUDED,
    REFERENCE_S,
    RelaxationBaseline,
    RelaxationChannel,
    transformed,
)
from signals.reasons import Reason

VERSION = "relaxation-1"
CLIP = 3.0
QUALITY_FLOOR = 0.5
LEAST_WEIGHT = 0.4
COVERAGE = 0.9
WANDER = 0.25  # a person is never quite the same a few minutes later, z squared; from benchmarks.study_relaxation
DISAGREEMENT = 1.0
PROVISIONAL_WIDENING = 1.25


@dataclass(frozen=True, slots=True)
class RelaxationState:
    """What the person's measures are now.

    Attributes:
        values: newest value of each measure that there is, in its own unit (`RelaxationChannel`).
        seconds: length of the window that the values were taken from, s.
        paced: whether the person breathed along with a pacer during any part of the window.
        quality: signal quality of each measure, 0-1; a measure that is not named counts as 1.
    """

    values: Mapping[RelaxationChannel, float]
    seconds: float = 60.0
    paced: bool = False
    quality: Mapping[RelaxationChannel, float] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one measure says.

    Attributes:
        channel: which measure.
        baseline: its baseline mean, in its own unit (RMSSD: the geometric mean), or None.
        now: its value now, or None.
        z: change towards relaxation in standard deviations, clipped to ±3, or None.
        weight: its declared weight.
        used: whether it is in the score.
        reason: why it is not, or None.
    """

    channel: RelaxationChannel
    baseline: float | None
    now: float | None
    z: float | None
    weight: float
    used: bool
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A relaxation score with everything that is needed to judge it.

    Attributes:
        score: 0-100, 50 is "as in the baseline"; None when `reason` says why.
        interval: 90 % interval of the score, 0-100, or None.
        parts: what each of the five measures says, in the order of `RelaxationChannel`.
        quality: 0-1: used weight x quality of the used measures x length of the baseline (1 from 2 minutes on).
        provisional: the baseline had less than 2 minutes; the interval is wider.
        paced: the person was breathing along with a pacer, so the heart's variability and the breath were left out.
        version: of this definition.
        reason: why there is no score, or None.
    """

    score: float | None
    interval: tuple[float, float] | None
    parts: tuple[Part, ...]
    quality: float
    provisional: bool
    paced: bool
    version: str
    reason: Reason | None


def relaxation(baseline: RelaxationBaseline | None, now: RelaxationState) -> Relaxation:
    """Scores the change from the baseline to now.

    A measure is used when both sides have it in quality of at least 0.5, and while pacing only when breathing slowly on
    purpose does not move it by itself. Used measures must carry 0.4 of the weight. Missing ones widen the interval. The
    definition is ours, no published one exists (docs/relaxation-score.md).

    Args:
        baseline: of the same person in the same session, seated, breathing freely, at least 60 s (2 minutes for a
            score that is not provisional).
        now: the measures now.

    Raises:
        ValueError: what should be a number is none.

    >>> calm = {RelaxationChannel.HEART_RATE: 66.0, RelaxationChannel.RMSSD: 40.0}
    >>> rest = RelaxationBaseline.from_samples(
    ...     {RelaxationChannel.HEART_RATE: [72, 71, 73, 72], RelaxationChannel.RMSSD: [30, 31, 29, 30]}, seconds=120)
    >>> result = relaxation(rest, RelaxationState(calm))
    >>> result.score > 80, result.interval[0] < result.score < result.interval[1], result.reason
    (True, True, None)
    """
    usable = baseline is not None and baseline.reason is None
    parts = tuple(_part(channel, baseline if usable else None, now) for channel in RelaxationChannel)
    provisional = baseline is not None and baseline.provisional
    used = [part for part in parts if part.used]
    weight = sum(part.weight for part in used)
    why = _refusal(usable, weight, parts, now)
    if why is not None or baseline is None:
        return Relaxation(None, None, parts, 0.0, provisional, now.paced, VERSION, why or Reason.NO_BASELINE)
    z = sum(part.weight * (part.z or 0.0) for part in used) / weight
    half = _half_width(used, parts, baseline, now) * (PROVISIONAL_WIDENING if provisional else 1.0)
    signal = sum(part.weight * _quality(part.channel, baseline, now) for part in used) / weight
    return Relaxation(
        score=_percent(z),
        interval=(_percent(z - half), _percent(z + half)),
        parts=parts,
        quality=weight * signal * min(1.0, baseline.seconds / REFERENCE_S),
        provisional=provisional,
        paced=now.paced,
        version=VERSION,
        reason=None,
    )


def _percent(z: float) -> float:
    return 100.0 * float(ndtr(z))


def _quality(channel: RelaxationChannel, baseline: RelaxationBaseline, now: RelaxationState) -> float:
    here = number("now.quality", (now.quality or {}).get(channel, 1.0))
    there = baseline.quality.get(channel, 1.0)
    lowest = min(here, there)
    return min(1.0, lowest) if lowest > 0 else 0.0


def _part(channel: RelaxationChannel, baseline: RelaxationBaseline | None, now: RelaxationState) -> Part:
    measure = MEASURES[channel]
    raw = now.values.get(channel)
    value = None if raw is None else transformed(channel, raw)
    rest = baseline.channels.get(channel) if baseline else None
    reason: Reason | None = None
    if baseline is None:
        reason = Reason.NO_BASELINE
    elif now.paced and channel in PACED_EXCLUDED:
        reason = Reason.PACED
    elif value is None:
        reason = Reason.NO_CHANNEL if raw is None or math.isnan(raw) else Reason.IMPLAUSIBLE
    elif rest is None:
        reason = Reason.NO_BASELINE
    elif _quality(channel, baseline, now) < QUALITY_FLOOR:
        reason = Reason.NOISE
    z = None
    if value is not None and rest is not None:
        z = max(-CLIP, min(CLIP, measure.sign * (value - rest.mean) / rest.sd))
    shown = None if rest is None else rest.shown
    return Part(channel, shown, raw if value is not None else None, z, measure.weight, reason is None, reason)


def _refusal(usable: bool, weight: float, parts: tuple[Part, ...], now: RelaxationState) -> Reason | None:
    if not usable:
        return Reason.NO_BASELINE
    if not 0 < number("now.seconds", now.seconds) < math.inf:
        return Reason.TOO_SHORT
    if weight >= LEAST_WEIGHT - 1e-9:
        return None
    causes = [part.reason for part in parts]
    for cause in (Reason.PACED, Reason.NOISE, Reason.IMPLAUSIBLE):
        if cause in causes:
            return cause
    return Reason.NO_BASELINE if Reason.NO_BASELINE in causes else Reason.NO_CHANNEL


def _half_width(used: list[Part], parts: tuple[Part, ...], baseline: RelaxationBaseline, now: RelaxationState) -> float:
    """Half width of the interval of z.

    Three sources: a minute is one look, and there are few of them; the standard deviation is itself estimated; and
    what the missing measures would have said is not known (they disagree with the others by about one SD).
    """
    weight = sum(part.weight for part in used)
    variance, freedom = 0.0, 0.0
    apart = 1 / _minutes(baseline.seconds) + 1 / _minutes(now.seconds) + WANDER
    for part in used:
        rest = baseline.channels[part.channel]
        share = part.weight / weight
        spread = (part.z or 0.0) ** 2 / (2 * rest.freedom)
        variance += share**2 * (apart + spread)
        freedom += rest.freedom
    missing = [part.weight for part in parts if not part.used]
    absent = sum(missing)
    if absent > 0:
        unlike = sum((w / absent) ** 2 for w in missing) + sum((part.weight / weight) ** 2 for part in used)
        variance += (absent * DISAGREEMENT) ** 2 * unlike
    return float(student.ppf((1 + COVERAGE) / 2, freedom)) * math.sqrt(variance)


def _minutes(seconds: float) -> float:
    return max(1.0, seconds / INDEPENDENT_S)
