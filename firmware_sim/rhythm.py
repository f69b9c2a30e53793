"""When the heart does not keep time: premature beats, atrial fibrillation, beats that do not come.

A ventricular beat comes early and the beat after it as if nothing had been (a full compensatory pause); an atrial one
resets the sinus node (its pause is shorter); both are described in any textbook, e.g. Goldberger, Clinical
Electrocardiography. In atrial fibrillation the intervals are irregular without memory: independent draws of a gamma
distribution with a coefficient of variation near 0.2 (Petrenas et al. 2017, Physiol Meas 38:2058, and sources there).
What reaches the finger depends on how long the heart could fill: an early beat gives a weak pulse or none, the one
after the pause a strong one (pulse deficit and post-extrasystolic potentiation). Figures are round.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from firmware_sim.course import Course
from firmware_sim.traits import Traits

_SHORTEST_S = 0.32
_AF_SPREAD = 0.22
_AF_FASTER = 0.82


class BeatKind(IntEnum):
    """Where a beat comes from."""

    SINUS = 0
    ATRIAL = 1
    VENTRICULAR = 2
    FIBRILLATION = 3


class Beat(NamedTuple):
    """One beat.

    Attributes:
        at_s: R peak.
        kind: where it comes from.
        strength: of the pulse that it gives, 1 usual.
    """

    at_s: float
    kind: BeatKind = BeatKind.SINUS
    strength: float = 1.0


class Rhythm:
    """Beat by beat. Changes of rates hold from the next beat on.

    Attributes:
        pvc_per_min, pac_per_min, missed_per_min: how often.
        fibrillates: atrial fibrillation, 0 or 1, over time.
    """

    def __init__(self, rng: np.random.Generator, traits: Traits) -> None:
        self._rng = rng
        self.pvc_per_min, self.pac_per_min = traits.pvc_per_min, traits.pac_per_min
        self.missed_per_min = traits.missed_per_min
        self.fibrillates = Course(1.0 if traits.af else 0.0)
        self._every_s, self._lasting_s = traits.af_every_s, traits.af_lasting_s
        self._turn_s = float(rng.exponential(self._every_s)) if self._every_s else np.inf
        self._pause_s: float | None = None

    def after(self, last: Beat, sinus_s: float) -> Beat:
        """The beat after `last`, where the sinus node would have given one after `sinus_s`."""
        self._episodes(last.at_s)
        if self.fibrillates.at(last.at_s) >= 0.5:
            return self._fibrillating(last, sinus_s)
        if self._pause_s is not None:
            pause_s, self._pause_s = self._pause_s, None
            return Beat(last.at_s + pause_s, BeatKind.SINUS, min(1.25, 0.6 + 0.4 * pause_s / sinus_s))
        if self.pvc_per_min or self.pac_per_min or self.missed_per_min:
            return self._perhaps_odd(last, sinus_s)
        return Beat(last.at_s + sinus_s)

    def _perhaps_odd(self, last: Beat, sinus_s: float) -> Beat:
        luck, early = self._rng.random(2).tolist()
        luck *= 60 / sinus_s
        if luck < self.pvc_per_min:
            coupling_s = max(_SHORTEST_S, sinus_s * (0.55 + 0.15 * early))
            self._pause_s = 2 * sinus_s - coupling_s
            return Beat(last.at_s + coupling_s, BeatKind.VENTRICULAR, 0.6 * _filled(coupling_s, sinus_s))
        luck -= self.pvc_per_min
        if 0 <= luck < self.pac_per_min:
            coupling_s = max(_SHORTEST_S, sinus_s * (0.64 + 0.14 * early))
            self._pause_s = 1.08 * sinus_s
            return Beat(last.at_s + coupling_s, BeatKind.ATRIAL, _filled(coupling_s, sinus_s))
        luck -= self.pac_per_min
        if 0 <= luck < self.missed_per_min:
            return Beat(last.at_s + 2 * sinus_s, BeatKind.SINUS, 1.2)
        return Beat(last.at_s + sinus_s)

    def _fibrillating(self, last: Beat, sinus_s: float) -> Beat:
        self._pause_s = None
        mean_s = _AF_FASTER * sinus_s
        shape = 1 / _AF_SPREAD**2
        rr_s = max(_SHORTEST_S, mean_s * float(self._rng.gamma(shape, 1 / shape)))
        return Beat(last.at_s + rr_s, BeatKind.FIBRILLATION, _filled(rr_s, mean_s))

    def _episodes(self, now_s: float) -> None:
        while now_s >= self._turn_s:
            begins = self.fibrillates.goal < 0.5
            self.fibrillates.turn(self._turn_s, 1.0 if begins else 0.0)
            self._turn_s += float(self._rng.exponential(self._lasting_s if begins else self._every_s))


def _filled(rr_s: float, usual_s: float) -> float:
    """Strength of the pulse after a filling time, 1 after the usual one."""
    return float(np.clip((rr_s - 0.25) / max(usual_s - 0.25, 0.1), 0.05, 1.3))
