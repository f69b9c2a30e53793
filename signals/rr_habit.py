"""How this heart usually goes on: a pair of intervals told from the three before it and the one after.

A misplaced beat changes the difference of the two intervals beside it and leaves their sum. So two numbers are told,
each linear in the neighbours: the mean of the pair, and, the mean being known, half of its difference. The beginning
is a straight line between the neighbours; what the last two minutes teach is added (ridge regression towards the
line, outliers left out). A breathing wave of any rate is learnt exactly, since it satisfies such a relation, and then
a misplaced beat of a fifth of its size stands out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS, FEWEST_ROWS = 128, 24
RIDGE = 0.02
OUTLIER = 4.0
ROUNDS = 3

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Habit:
    """Weights of the neighbours, as differences from the level.

    Attributes:
        mean: of the third, second and first interval before, and of the one after, for the mean of the pair.
        half: of the same and the mean, for half of the difference.
    """

    mean: tuple[float, float, float, float] = (0.0, 0.0, 0.5, 0.5)
    half: tuple[float, float, float, float, float] = (0.0, 0.0, 1 / 6, -1 / 6, 0.0)

    def pair_mean(self, before: tuple[float, float, float], after: float, level: float) -> float:
        """Mean of the two intervals between, ms."""
        u, v, w, x = self.mean
        return level + u * (before[0] - level) + v * (before[1] - level) + w * (before[2] - level) + x * (after - level)

    def pair_half(self, before: tuple[float, float, float], after: float, mean: float, level: float) -> float:
        """Half of (first less second) of the two intervals between, ms, when their mean is known."""
        u, v, w, x, y = self.half
        told = u * (before[0] - level) + v * (before[1] - level) + w * (before[2] - level) + x * (after - level)
        return told + y * (mean - level)


LINE = Habit()


def learn(nn: Array, level: Array) -> Habit:
    """What a series teaches; the line where it is too short.

    Args:
        nn: [n] intervals without errors, ms.
        level: [n] level around each, ms.
    """
    if len(nn) < FEWEST_ROWS + 5:
        return LINE
    context, mean, half = _rows(nn, level)
    u = _fit(context, mean, np.array(LINE.mean))
    v = _fit(np.column_stack([context, mean]), half, np.array(LINE.half))
    return Habit((u[0], u[1], u[2], u[3]), (v[0], v[1], v[2], v[3], v[4]))


def misfits(nn: Array, level: Array, habit: Habit) -> Array:
    """How far each beat was from its usual place, ms: `[n - 5]`, first for the fourth interval and the fifth."""
    context, mean, half = _rows(nn, level)
    return np.asarray(half - np.column_stack([context, mean]) @ np.array(habit.half), dtype=np.float64)


def _rows(nn: Array, level: Array) -> tuple[Array, Array, Array]:
    """Neighbours, mean and half difference of every pair, as differences from the level."""
    base = level[3:-2]
    context = np.column_stack([nn[:-5], nn[1:-4], nn[2:-3], nn[5:]]) - base[:, None]
    return context, (nn[3:-2] + nn[4:-1]) / 2 - base, (nn[3:-2] - nn[4:-1]) / 2


def _fit(rows: Array, wanted: Array, prior: Array) -> list[float]:
    """Ridge regression towards `prior`, without rows that fit badly."""
    kept = np.ones(len(rows), dtype=bool)
    weights = prior
    for _ in range(ROUNDS):
        x, y = rows[kept], wanted[kept]
        gram = x.T @ x
        size = float(np.trace(gram)) / len(gram)
        if not size > 0:
            break
        gram[np.diag_indices_from(gram)] += RIDGE * size
        weights = prior + np.linalg.solve(gram, x.T @ (y - x @ prior))
        rest = np.abs(wanted - rows @ weights)
        usual = float(np.median(rest))
        if not usual > 0:
            break
        kept = rest <= OUTLIER * usual / 0.6745
    return [float(w) for w in weights]
