"""The warm pad of a simulated chair: a thermostat, its sensor, and a cut-out that no software can reach.

First order: 25 W into 200 J/K, cooling by 1 W/K, so 200 s to settle. The cut-out is a bimetal in the pad, as every
heated seat has one: it opens at 42.5 °C true and closes again at 38. Figures are ours; 43 °C is what IEC 60601-1
(table 24) allows for parts that touch a person for ten minutes or longer.
"""

from math import exp

_AMBIENT_C = 25.0
_POWER_W, _HEAT_J_K, _COOLING_W_K = 25.0, 200.0, 1.0
_SETTLES_S = _HEAT_J_K / _COOLING_W_K
_SET_C = (0.0, 37.0, 39.0, 41.0)
_BAND_C = 0.5
_VOLTS = 24.0
TRIP_C = 42.0
_CUT_C, _CUT_BACK_C = 42.5, 38.0


class Heater:
    """Advanced by `warm`.

    Attributes:
        level: 0 off … 3.
        true_c: of the pad.
        power_w: into it, now.
        offset_c: how much too warm its sensor reads.
        cut_out: there is a cut-out, and it works.
        cut: it has opened.
    """

    __slots__ = ("cut", "cut_out", "level", "offset_c", "power_w", "true_c")

    def __init__(self) -> None:
        self.level = 0
        self.true_c = _AMBIENT_C
        self.power_w = 0.0
        self.offset_c = 0.0
        self.cut_out, self.cut = True, False

    @property
    def current_a(self) -> float:
        return self.power_w / _VOLTS

    @property
    def too_hot(self) -> bool:
        """By its own sensor, or because the cut-out has opened."""
        return self.cut or self.true_c + self.offset_c > TRIP_C

    def warm(self, seconds: float) -> None:
        """`seconds` have passed with the power as it was; then thermostat and cut-out look again."""
        settled_c = _AMBIENT_C + self.power_w / _COOLING_W_K
        self.true_c = settled_c + (self.true_c - settled_c) * exp(-seconds / _SETTLES_S)
        if self.cut_out:
            self.cut = self.true_c > (_CUT_BACK_C if self.cut else _CUT_C)
        self.switch()

    def switch(self) -> None:
        """Power by the level and what the sensor reads."""
        if self.level == 0 or self.cut:
            self.power_w = 0.0
            return
        missing_c = _SET_C[self.level] - self.true_c - self.offset_c
        self.power_w = _POWER_W * min(1.0, max(0.0, missing_c / _BAND_C))
