"""Measures from the histogram of NN intervals: triangular index and TINN (Task Force 1996), Baevsky's stress index.

Bins are 7.8125 ms wide (1/128 s) for the triangle and 50 ms for the stress index. Both depend on where bins begin;
ours begin at the shortest interval for the triangle and at multiples of 50 ms for the stress index.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column

TRIANGLE_BIN_MS = 7.8125
STRESS_BIN_MS = 50.0
WIDEST_MS = 10_000.0
LONGEST_MS = 1e9
"""Beyond it a bin is narrower than the steps of the numbers themselves."""


def triangle(nn_ms: ArrayLike) -> tuple[float, float] | None:
    """HRV triangular index and base of the triangle that fits the histogram best.

    The index is the number of intervals over the height of the highest bin. The triangle stands on the axis with its
    top in the highest bin; each foot is where the squared distance between triangle and histogram is least.

    Args:
        nn_ms: [n] NN intervals, ms.

    Returns:
        Index (no unit) and TINN, ms; None where all lie in one bin or out of any proportion.
    """
    nn = column("nn_ms", nn_ms)
    counts = _histogram(nn, TRIANGLE_BIN_MS, float(nn.min()) if len(nn) else 0.0)
    if counts is None or len(counts) < 2:
        return None
    top = int(np.argmax(counts))
    height = float(counts[top])
    left = _foot(counts[top::-1], height)
    right = _foot(counts[top:], height)
    return len(nn) / height, (left + right) * TRIANGLE_BIN_MS


def _foot(down: NDArray[np.float64], height: float) -> int:
    """Bins from the top to the foot on one side; `down` holds the counts from the top outwards."""
    best, found = np.inf, 1
    x = np.arange(len(down))
    for foot in range(1, len(down) + 1):
        line = height * np.maximum(0.0, 1 - x / foot)
        error = float(((down - line) ** 2).sum())
        if error < best:
            best, found = error, foot
    return found


def stress_index(nn_ms: ArrayLike) -> float | None:
    """Baevsky's stress index, AMo / (2 Mo MxDMn).

    Mo is the middle of the fullest 50 ms bin, s; AMo the share of intervals in it, %; MxDMn longest less shortest, s.
    Programs that show √SI (Kubios) have smaller numbers, and remove slow trends first; this is SI itself.

    Args:
        nn_ms: [n] NN intervals, ms.

    Returns:
        SI, 1/s²; None without variation.

    >>> round(stress_index([800, 820, 840, 860, 880]), 1)
    454.5
    """
    nn = column("nn_ms", nn_ms)
    if not len(nn):
        return None
    start = float(np.floor(nn.min() / STRESS_BIN_MS) * STRESS_BIN_MS) if np.isfinite(nn).all() else 0.0
    counts = _histogram(nn, STRESS_BIN_MS, start)
    if counts is None or nn.min() == nn.max():
        return None
    spread_s = float(np.ptp(nn)) / 1000
    fullest = int(np.argmax(counts))
    mode_s = (start + (fullest + 0.5) * STRESS_BIN_MS) / 1000
    return 100 * float(counts[fullest]) / len(nn) / (2 * mode_s * spread_s)


def _histogram(nn: NDArray[np.float64], width: float, start: float) -> NDArray[np.float64] | None:
    if len(nn) < 2 or not np.isfinite(nn).all() or nn.min() <= 0 or nn.max() > LONGEST_MS or np.ptp(nn) > WIDEST_MS:
        return None
    return np.bincount(((nn - start) / width).astype(np.int64)).astype(np.float64)
