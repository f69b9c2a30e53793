"""Finds the breathing rate at which this person's heart rhythm swings most: stepped and sliding assessment.

Stepped: a few rates, two minutes each (Shaffer & Meehan 2020, doi 10.3389/fnins.2020.570400). Sliding: every breath a
little longer, 6.75 to 4.25 per minute (after Fisher and Lehrer; not read again here). Both are judged by the same
criteria in the published order: synchrony of heart and breath, peak-to-trough height, LF power, LF peak, smoothness,
few LF peaks. The order is kept as weights 6 to 1 on each criterion relative to the best step, since a strict order
would let noise in the first decide alone. A step in which the person did not follow the pacer (0.3 per minute) does
not count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import LATEST_S, column, number, times_in_order
from signals.reasons import Reason
from signals.resonance_step import Belt, ResonanceStep, judge_step

__all__ = ["Belt", "PacedStep", "Resonance", "ResonanceStep", "resonance", "slide", "sliding_resonance"]

SETTLING_BREATHS = 2
MOST_BREATHS = 1000
SLOWEST_PER_MIN, FASTEST_PER_MIN = 1.0, 60.0
SLIDING_BREATHS, SLIDING_HOP = 8, 2
LONGEST_MS = 1e6
WEIGHTS = (6.0, 5.0, 4.0, 3.0, 2.0, 1.0)
METHOD = "synchrony 6, height 5, LF power 4, LF peak 3, smoothness 2, few peaks 1, each relative to the best step"


class PacedStep(NamedTuple):
    """A stretch of paced breathing: from, to (s, clock of the beats), breaths per minute."""

    start_s: float
    end_s: float
    rate_per_min: float


@dataclass(frozen=True, slots=True)
class Resonance:
    """Result of an assessment.

    Attributes:
        best_rate_per_min: rate of the best step; for a sliding one, between steps. None when `reason` says why.
        steps: all steps, in order of time.
        reason: why there is no best rate.
        method: how steps were compared.
    """

    best_rate_per_min: float | None
    steps: tuple[ResonanceStep, ...]
    reason: Reason | None
    method: str = METHOD


def slide(start_s: float, first_per_min: float = 6.75, last_per_min: float = 4.25, breaths: int = 78) -> list[float]:
    """Begins of the breaths of a sliding pacer, and the end of the last: every breath is longer by the same time.

    Args:
        start_s: begin of the first breath, s.
        first_per_min: rate of the first breath.
        last_per_min: rate of the last breath.
        breaths: how many, 2 to 1000.

    Raises:
        ValueError: a rate is not 1 to 60, or one of the others no such number.

    >>> onsets = slide(0.0)
    >>> len(onsets), round(60 / (onsets[1] - onsets[0]), 2), round(60 / (onsets[-1] - onsets[-2]), 2)
    (79, 6.75, 4.25)
    """
    for name, rate in (("first_per_min", first_per_min), ("last_per_min", last_per_min)):
        if not SLOWEST_PER_MIN <= number(name, rate) <= FASTEST_PER_MIN:
            raise ValueError(f"{name}: {SLOWEST_PER_MIN:g} to {FASTEST_PER_MIN:g} breaths per minute, not {rate:g}")
    if not 2 <= number("breaths", breaths) <= MOST_BREATHS:
        raise ValueError(f"breaths: 2 to {MOST_BREATHS}, not {breaths}")
    if not abs(number("start_s", start_s)) <= LATEST_S:
        raise ValueError(f"start_s: a time is needed, not {start_s}")
    lengths = np.linspace(60 / first_per_min, 60 / last_per_min, int(breaths))
    return [start_s, *(start_s + np.cumsum(lengths)).tolist()]


def resonance(
    times_s: ArrayLike,
    rr_ms: ArrayLike,
    steps: Sequence[PacedStep | tuple[float, float, float]],
    *,
    belt: Belt | None = None,
    accepted: ArrayLike | None = None,
) -> Resonance:
    """Stepped assessment.

    Args:
        times_s: [n] times at which the intervals end, s, increasing.
        rr_ms: [n] NN intervals, ms.
        steps: paced stretches, each at least 45 s after its first two breaths.
        belt: measured breathing; without it, adherence and synchrony are judged against the pacer alone.
        accepted: [n] whether the interval was normal before correction.

    Returns:
        The best rate and what was found in each step.

    Raises:
        ValueError: a step is not three numbers; series that are no numbers. (A rate that is not 1 to 60 per minute is a
            step too short to judge; one that is not finite is called 0.)

    >>> t = np.arange(0, 400, 0.85)
    >>> rr = 850 + np.where(t < 200, 30, 80) * np.sin(2 * np.pi * np.where(t < 200, 6.5, 5.5) / 60 * t)
    >>> resonance(t, rr, [(0, 150, 6.5), (200, 380, 5.5)]).best_rate_per_min
    5.5
    """
    paced: list[tuple[float, NDArray[np.float64]]] = []
    for step in _paced(steps):
        rate = step.rate_per_min if math.isfinite(step.rate_per_min) else 0.0
        sound = abs(step.start_s) <= LATEST_S and step.start_s <= step.end_s <= LATEST_S
        plausible = sound and SLOWEST_PER_MIN <= rate <= FASTEST_PER_MIN
        breaths = min(MOST_BREATHS, int((step.end_s - step.start_s) * rate / 60 + 1e-6)) if plausible else 0
        period = 60 / rate if plausible else 1.0
        settling = SETTLING_BREATHS if breaths > SETTLING_BREATHS else 0
        onsets = np.asarray(step.start_s + period * np.arange(settling, breaths + 1), np.float64)
        paced.append((rate, onsets if plausible else np.empty(0)))
    return _assess(times_s, rr_ms, paced, belt, accepted)


def _paced(steps: Sequence[PacedStep | tuple[float, float, float]]) -> list[PacedStep]:
    try:
        paced = [PacedStep(*given) for given in steps]
    except TypeError:
        raise ValueError("steps: each is a begin and an end in s and a rate per minute") from None
    for step in paced:
        for value in step:
            number("steps", value)
    return paced


def sliding_resonance(
    times_s: ArrayLike,
    rr_ms: ArrayLike,
    onsets_s: ArrayLike,
    *,
    belt: Belt | None = None,
    accepted: ArrayLike | None = None,
) -> Resonance:
    """Sliding assessment: groups of 8 breaths, every 2 breaths, are judged like steps.

    Args:
        times_s: [n] times at which the intervals end, s, increasing.
        rr_ms: [n] NN intervals, ms.
        onsets_s: [k] begins of the pacer's breaths and the end of the last (see `slide`), s, increasing.
        belt: measured breathing.
        accepted: [n] whether the interval was normal before correction.

    Returns:
        The best rate, on the parabola through the best group and its neighbours, and what was found in each group.

    Raises:
        ValueError: series that are no numbers.

    >>> t = np.arange(0, 900, 0.85)
    >>> rr = 850 + 60 * np.sin(2 * np.pi * np.interp(t, slide(0.0), np.arange(79)))
    >>> 4.25 <= sliding_resonance(t, rr, slide(0.0)).best_rate_per_min <= 6.75
    True
    """
    onsets = column("onsets_s", onsets_s)
    if not times_in_order(onsets):
        return Resonance(None, (), Reason.NOT_FINITE)
    groups = []
    for first in range(0, len(onsets) - SLIDING_BREATHS, SLIDING_HOP):
        group = onsets[first : first + SLIDING_BREATHS + 1]
        groups.append((60 * SLIDING_BREATHS / float(group[-1] - group[0]), group))
    found = _assess(times_s, rr_ms, groups, belt, accepted)
    return found if found.best_rate_per_min is None else replace(found, best_rate_per_min=_summit(found))


def _summit(found: Resonance) -> float:
    """Rate at the top of a parabola through the scores around the best, within the neighbours."""
    scored = [(step.rate_per_min, step.score) for step in found.steps if step.score is not None]
    rates, scores = np.array(scored).T
    near = np.abs(rates - found.best_rate_per_min) <= 0.5
    if np.count_nonzero(near) < 4:
        return float(found.best_rate_per_min or 0.0)
    bend, slope, _ = np.polyfit(rates[near], scores[near], 2)
    if bend >= 0:
        return float(found.best_rate_per_min or 0.0)
    return float(np.clip(-slope / (2 * bend), rates[near].min(), rates[near].max()))


def _assess(
    times_s: ArrayLike,
    rr_ms: ArrayLike,
    paced: list[tuple[float, NDArray[np.float64]]],
    belt: Belt | None,
    accepted: ArrayLike | None,
) -> Resonance:
    times, rr = column("times_s", times_s), column("rr_ms", rr_ms)
    fine = np.ones(len(rr), bool) if accepted is None else column("accepted", accepted) > 0
    if not (len(times) == len(rr) == len(fine) and times_in_order(times) and ((rr > 0) & (rr < LONGEST_MS)).all()):
        return Resonance(
            None, tuple(ResonanceStep(rate, reason=Reason.NOT_FINITE) for rate, _ in paced), Reason.NOT_FINITE
        )
    steps = [judge_step(times, rr, fine, rate, onsets, belt) for rate, onsets in paced]
    valid = [k for k, step in enumerate(steps) if step.adhered]
    if not valid:
        reasons = [step.reason or Reason.NO_PEAK for step in steps]
        return Resonance(None, tuple(steps), max(set(reasons), key=reasons.count) if reasons else Reason.TOO_SHORT)
    criteria = np.array([_criteria(steps[k]) for k in valid])
    scores = (criteria / np.maximum(criteria.max(axis=0), 1e-12)) @ np.array(WEIGHTS) / sum(WEIGHTS)
    for k, score in zip(valid, scores.tolist(), strict=True):
        steps[k] = replace(steps[k], score=score)
    return Resonance(steps[valid[int(np.argmax(scores))]].rate_per_min, tuple(steps), None)


def _criteria(step: ResonanceStep) -> tuple[float, ...]:
    """The six criteria in their order, each the better the higher."""
    together = 1.0 if step.phase_deg is None else (1 + math.cos(math.radians(step.phase_deg))) / 2
    return (
        (step.phase_synchrony or 0.0) * together,
        step.amplitude_ms or 0.0,
        step.lf_ms2 or 0.0,
        step.lf_peak_ms2_per_hz or 0.0,
        step.smoothness or 0.0,
        1 / (step.lf_peaks or 1),
    )
