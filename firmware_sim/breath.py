"""How a simulated person breathes: breath by breath, by themselves or along with a pace that they feel.

Somebody who follows a pace does not jump to it: each breath is at most a fifth longer or shorter than the one before,
and only near the right length do they fall into step with its beginning. Those who find it hard take longer, lose it
now and then (a chain of two states, breath by breath) and come back. A sigh is a breath of double depth, about twelve
an hour in healthy people (Li and Yackle 2017, Curr Biol 27:R88). Stress quickens the breath.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.course import Course
from firmware_sim.traits import Traits

Floats = NDArray[np.float64]

_OWN_SHARE = 0.42
_FASTER_BY_STRESS = 0.35
_LOST_AT_WORST, _FOUND_AT_WORST = 0.6, 0.06


@dataclass(frozen=True, slots=True)
class FeltPace:
    """A pace: breaths per minute, share of inhalation, and one moment at which an inhalation begins, s."""

    rate_per_min: float
    inhale_share: float
    inhale_at_s: float


@dataclass(frozen=True, slots=True)
class _Breath:
    start_s: float
    length_s: float
    inhale_share: float
    depth: float


class Breathing:
    """Breaths from time 0 on, made as far as somebody asks for them.

    Attributes:
        pace: what is followed, from the next breath on; None: the person's own breath.
    """

    def __init__(
        self, rng: np.random.Generator, rate_per_min: float, traits: Traits | None = None, stress: Course | None = None
    ) -> None:
        self.pace: FeltPace | None = None
        self._rng = rng
        self._odd = rng.spawn(1)[0]
        self._traits = traits or Traits()
        self._stress = stress or Course(0.0)
        self._own_s = 60.0 / rate_per_min
        self._felt_from_s: float | None = None
        self._lost = False
        self._breaths = [_Breath(0.0, self._own_s / self._quicker(0.0), _OWN_SHARE, 1.0)]

    def volume(self, t_s: Floats) -> Floats:
        """Air in the lungs, 0 … about 1.5 (1: a quiet full breath); `t_s` [n], increasing."""
        if not len(t_s):
            return np.empty(0)
        self._reach(float(t_s[-1]))
        start, length, share, depth = np.array(
            [(breath.start_s, breath.length_s, breath.inhale_share, breath.depth) for breath in self._breaths]
        ).T
        i = np.clip(np.searchsorted(start, t_s, side="right") - 1, 0, None)
        u = np.clip((t_s - start[i]) / length[i], 0.0, 1.0)
        return np.asarray(depth[i] * wave(u, share[i]), dtype=np.float64)

    def rate_hz(self, t_s: float) -> float:
        """Breaths per second around `t_s`, over the last three breaths."""
        self._reach(t_s)
        recent = [breath.length_s for breath in self._breaths if breath.start_s <= t_s][-3:]
        return len(recent) / sum(recent)

    def forget(self, before_s: float) -> None:
        """Nobody will ask for times before `before_s` any more."""
        while len(self._breaths) > 8 and self._breaths[1].start_s < before_s:
            del self._breaths[0]

    def _reach(self, t_s: float) -> None:
        while (last := self._breaths[-1]).start_s + last.length_s <= t_s:
            self._breaths.append(self._next(last))

    def _next(self, last: _Breath) -> _Breath:
        start_s = last.start_s + last.length_s
        wobble, deeper = self._rng.standard_normal(2)
        own_s = self._own_s / self._quicker(start_s)
        if self._sighs(last.length_s):
            return _Breath(
                start_s, float(np.clip(1.5 * last.length_s, 3.0, 12.0)), _OWN_SHARE, 2.0 * (own_s / 4.3) ** 0.4
            )
        pace = self._followed(start_s)
        wanted_s = own_s if pace is None else 60.0 / pace.rate_per_min
        step = 0.2 * (0.4 + 0.6 * self._traits.compliance)
        length_s = float(np.clip(wanted_s, last.length_s * (1 - step), last.length_s * (1 + step)))
        if pace is None:
            length_s *= float(np.clip(1.0 + 0.07 * wobble, 0.8, 1.2))
        elif abs(length_s - wanted_s) < 0.05 * wanted_s:  # in step: end where the pace begins its next breath
            turns = round((start_s + wanted_s - pace.inhale_at_s) / wanted_s)
            end_s = pace.inhale_at_s + turns * wanted_s + 0.02 * wanted_s * float(np.clip(wobble, -2, 2))
            length_s = float(np.clip(end_s - start_s, 0.85 * wanted_s, 1.15 * wanted_s))
        depth = (length_s / 4.3) ** 0.4 * float(np.clip(1.0 + 0.08 * deeper, 0.7, 1.3))
        return _Breath(start_s, length_s, _OWN_SHARE if pace is None else pace.inhale_share, depth)

    def _quicker(self, at_s: float) -> float:
        return 1.0 + _FASTER_BY_STRESS * self._stress.at(at_s)

    def _sighs(self, last_s: float) -> bool:
        per_hour = self._traits.sighs_per_hour
        return per_hour > 0 and self._odd.random() < per_hour * last_s / 3600

    def _followed(self, start_s: float) -> FeltPace | None:
        """The pace, when this breath is one that follows it."""
        if self.pace is None:
            self._felt_from_s = None
            return None
        if self._felt_from_s is None:
            self._felt_from_s = start_s
        traits = self._traits
        if start_s < self._felt_from_s + traits.follows_after_s:
            return None
        if traits.compliance < 1:
            hard = 1 - traits.compliance
            stays = 1 - _FOUND_AT_WORST - (1 - _FOUND_AT_WORST) * traits.compliance
            self._lost = bool(self._odd.random() < (stays if self._lost else _LOST_AT_WORST * hard))
        return None if self._lost else self.pace


def wave(u: Floats, inhale_share: Floats | float) -> Floats:
    """Volume within one breath: rises over the inhalation, falls over the rest; `u` 0 … 1, result 0 … 1.

    >>> wave(np.array([0.0, 0.2, 0.4, 1.0]), 0.4).round(3).tolist()
    [0.0, 0.5, 1.0, 0.0]
    """
    rising = (1 - np.cos(np.pi * u / inhale_share)) / 2
    falling = (1 + np.cos(np.pi * (u - inhale_share) / (1 - inhale_share))) / 2
    return np.asarray(np.where(u < inhale_share, rising, falling), dtype=np.float64)
