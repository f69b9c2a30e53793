"""A quantity that changes now and then, as a function of time: it settles to each new value exponentially."""

import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Leg:
    from_s: float
    start: float
    goal: float
    settles_s: float

    def at(self, t_s: Floats) -> Floats:
        if self.settles_s <= 0:
            return np.full(len(t_s), self.goal)
        return np.asarray(self.goal + (self.start - self.goal) * np.exp(-(t_s - self.from_s) / self.settles_s))


class Course:
    """A value over time.

    >>> stress = Course(0.8)
    >>> stress.turn(10.0, 0.2, settles_s=0.0)
    >>> stress.over(np.array([0.0, 9.9, 10.0])).tolist()
    [0.8, 0.8, 0.2]
    """

    def __init__(self, value: float) -> None:
        self._legs = [_Leg(0.0, value, value, 0.0)]

    @property
    def goal(self) -> float:
        """What it settles to."""
        return self._legs[-1].goal

    def turn(self, at_s: float, goal: float, settles_s: float = 0.0) -> None:
        """From `at_s` on, settle to `goal` with this time constant, s; 0 at once. Whatever was to come later is off."""
        start = self.at(at_s)
        self._legs = [leg for leg in self._legs[-_KEPT:] if leg.from_s < at_s]
        self._legs.append(_Leg(at_s, start, goal, settles_s))

    def at(self, t_s: float) -> float:
        return float(self._leg(t_s).at(np.array([t_s]))[0])

    def over(self, t_s: Floats) -> Floats:
        """Values at `t_s` [n], increasing."""
        if len(self._legs) == 1 and self._legs[0].settles_s <= 0:
            return np.full(len(t_s), self._legs[0].goal)
        out = self._legs[0].at(t_s)
        for leg in self._legs[1:]:
            later = t_s >= leg.from_s
            if later.any():
                out[later] = leg.at(t_s[later])
        return out

    def _leg(self, t_s: float) -> _Leg:
        place = bisect.bisect_right(self._legs, t_s, key=lambda leg: leg.from_s) - 1
        return self._legs[max(place, 0)]
