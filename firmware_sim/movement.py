"""Somebody moves: what that does to every sensor, for as long as it lasts.

A movement shifts electrodes and squeezes the finger: large, slow swings in the pulse wave (below 5 Hz, where the pulse
is too), a wandering base line and muscle noise (20-45 Hz) in the ECG, a jerk in the belt and small steps in the skin's
conductance. Kinds of noise as in the MIT-BIH Noise Stress Test Database (Moody, Muldrow and Mark 1984: base line,
muscle, electrode motion); sizes are round. Sums of sines, so that everything is a function of time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KEPT_S = 120.0
# quantity -> ((lowest Hz, highest Hz, size in the channel's unit), ...)
_EFFECTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "ecg": ((0.3, 1.5, 0.9), (20.0, 45.0, 0.18)),
    "ppg": ((0.4, 4.0, 0.7),),
    "respiration": ((0.3, 2.0, 0.5),),
    "skin_conductance": ((0.1, 0.6, 0.25),),
}
_SINES = 6


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement: when, how long, how strong (1: a good stretch), and its own tune (two rows of `_SINES` x 0 … 1)."""

    start_s: float
    length_s: float
    strength: float
    tune: Floats


class Movements:
    """All movements of a person: those that come by themselves, and those that somebody asks for."""

    def __init__(self, rng: np.random.Generator, per_min: float) -> None:
        self._own, self._asked = rng.spawn(2)
        self.per_min = per_min
        self._moves: list[Movement] = []
        self._next_s = float(self._own.exponential(60 / per_min)) if per_min else np.inf

    def move(self, at_s: float, seconds: float, strength: float) -> None:
        """Move at `at_s`, for so long."""
        self._moves.append(Movement(at_s, seconds, strength, self._asked.random((2, _SINES))))

    def wave(self, quantity: str, t_s: Floats) -> Floats | None:
        """What it adds to a quantity at `t_s` [n]; None: nothing."""
        effects = _EFFECTS.get(quantity)
        self._reach(float(t_s[-1]))
        near = [move for move in self._moves if move.start_s <= t_s[-1] and move.start_s + move.length_s >= t_s[0]]
        if not (near and effects):
            return None
        total = np.zeros(len(t_s))
        for move in near:
            u = np.clip((t_s - move.start_s) / move.length_s, 0, 1)
            window = move.strength * np.sin(np.pi * u) ** 2
            for low_hz, high_hz, size in effects:
                hz = low_hz + (high_hz - low_hz) * move.tune[0]
                phase = 2 * np.pi * (hz * (t_s - move.start_s)[:, None] + move.tune[1])
                total += size * window * np.sin(phase).sum(axis=1) / np.sqrt(_SINES)
        return total

    def _reach(self, t_s: float) -> None:
        while self._next_s <= t_s:
            length_s, strength = 0.8 + 3.0 * self._own.random(), 0.3 + 0.7 * self._own.random()
            self._moves.append(Movement(self._next_s, length_s, strength, self._own.random((2, _SINES))))
            self._next_s += float(self._own.exponential(60 / self.per_min))
        if self._moves and self._moves[0].start_s < t_s - 2 * _KEPT_S:
            self._moves = [move for move in self._moves if move.start_s + move.length_s > t_s - _KEPT_S]
