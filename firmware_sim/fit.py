"""How a sensor sits on a person: a clip that slips, an electrode that dries out.

A loose sensor loses touch for moments and sees less between them; a dry electrode lets the mains in (50 Hz), hisses,
and measures too little skin conductance. Which is what a technician would find; sizes are round.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_sim.course import Course
from firmware_sim.traits import Share

Floats = NDArray[np.float64]
_SLIPS_PER_S = 10 / 60
_KEPT_S = 60.0
_HISS = {"ecg": (0.10, 0.12), "ppg": (0.06, 0.0), "respiration": (0.15, 0.0), "skin_conductance": (0.05, 0.05)}


class FitTraits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it sits at first.

    Attributes:
        loose: 0 firmly … 1 falling off: up to ten losses of touch a minute.
        dry: of electrodes, 0 fresh … 1 dry; above 0.95 there is no contact.
        dry_later: what they dry to; not named, they stay.
        dries_s: how fast (time constant).
    """

    loose: Share = 0.0
    dry: Share = 0.0
    dry_later: Share | None = None
    dries_s: float = 600.0


class Fit:
    """One sensor on one person, as a function of time.

    Attributes:
        loose, dry: over time.
    """

    def __init__(self, seed: int, traits: FitTraits | None = None) -> None:
        traits = traits or FitTraits()
        self.loose, self.dry = Course(traits.loose), Course(traits.dry)
        if traits.dry_later is not None:
            self.dry.turn(0.0, traits.dry_later, traits.dries_s)
        self._luck, *hisses = np.random.default_rng(seed).spawn(1 + len(_HISS))
        self._hiss = dict(zip(_HISS, hisses, strict=True))
        self._slips: list[tuple[float, float, float]] = []  # start, length, and how loose it must be
        self._next_s = float(self._luck.exponential(1 / _SLIPS_PER_S))

    def seen(self, quantity: str, t_s: Floats, values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """What the sensor shows of `values` [n] at `t_s` [n], and where it touches."""
        loose, dry = self.loose.over(t_s), self.dry.over(t_s)
        if not (loose.any() or dry.any()):
            return values, np.ones(len(t_s), dtype=bool)
        touches = (dry < 0.95) & ~self._slipped(t_s, loose)
        if quantity in _HISS:
            of_loose, of_dry = _HISS[quantity]
            values = values + (of_loose * loose + of_dry * dry) * self._hiss[quantity].standard_normal(len(t_s))
        if quantity == "ecg":
            values = values + 0.25 * dry * np.sin(2 * np.pi * 50 * t_s)
        elif quantity == "skin_conductance":
            values = values * (1 - 0.8 * dry)
        elif quantity == "ppg":
            values = values * (1 - 0.6 * loose)
        return values, touches

    def _slipped(self, t_s: Floats, loose: Floats) -> NDArray[np.bool_]:
        while self._next_s <= t_s[-1]:
            needs, long = self._luck.random(2)
            self._slips.append((self._next_s, 0.4 + 2.6 * float(long), float(needs)))
            self._next_s += float(self._luck.exponential(1 / _SLIPS_PER_S))
        self._slips = [slip for slip in self._slips if slip[0] > t_s[0] - _KEPT_S]
        off = np.zeros(len(t_s), dtype=bool)
        for start_s, length_s, needs in self._slips:
            off |= (t_s >= start_s) & (t_s < start_s + length_s) & (loose > needs)
        return off
