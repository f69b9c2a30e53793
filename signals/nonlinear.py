"""Nonlinear measures of an NN series: Poincaré plot, sample entropy, short-term scaling exponent.

Plain array functions; None where the measure is not defined (too few intervals, no variation). Poincaré after Brennan
et al. 2001, sample entropy after Richman & Moorman 2000, DFA after Peng et al. 1995 (α1 over windows of 4 to 16
beats).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column

ALPHA1_BEATS = (4, 16)
LEAST_WINDOWS = 4
BLOCK_ROWS = 512


def poincare(nn_ms: ArrayLike) -> tuple[float, float] | None:
    """Widths of the Poincaré plot (each interval against the next), across and along the line of identity.

    SD1 = SDSD / √2 and SD2 = √(2 SDNN² - SDSD² / 2), ddof 1.

    Args:
        nn_ms: [n] NN intervals, ms.

    Returns:
        SD1 and SD2, ms; None below 3 intervals.

    >>> sd1, sd2 = poincare([800, 830, 860, 850, 820, 790, 780])
    >>> round(sd1, 2), round(sd2, 2)
    (19.32, 38.15)
    """
    nn = _series(nn_ms)
    if len(nn) < 3:
        return None
    sdsd = float(np.std(np.diff(nn), ddof=1))
    sdnn = float(np.std(nn, ddof=1))
    return sdsd / math.sqrt(2), math.sqrt(max(0.0, 2 * sdnn**2 - sdsd**2 / 2))


def sample_entropy(nn_ms: ArrayLike, m: int = 2, r_sd: float = 0.2) -> float | None:
    """How rarely patterns that agreed for `m` beats agree for one more: -ln(A / B).

    Args:
        nn_ms: [n] NN intervals, ms.
        m: length of the patterns, beats.
        r_sd: tolerance as a multiple of the standard deviation (ddof 1); Chebyshev distance, equality agrees.

    Returns:
        The entropy in nats; None where no patterns agree, or where there is no variation.

    Raises:
        ValueError: `m` below 1, or a tolerance that is no positive number.

    >>> round(sample_entropy([800, 820] * 40), 3)
    0.0
    """
    if m < 1 or not (math.isfinite(r_sd) and r_sd > 0):
        raise ValueError(f"patterns have at least one beat and a positive tolerance, not m={m}, r={r_sd}")
    nn = _series(nn_ms)
    count = len(nn) - m
    if count < 2 or nn.min() == nn.max():
        return None
    tolerance = r_sd * float(np.std(nn, ddof=1)) * (1 + 1e-12)
    shorter = longer = 0
    for first in range(0, count, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, count - first)
        alike = np.abs(nn[first : first + rows + m, None] - nn[None, first:]) <= tolerance
        agree = alike[:rows, :-m].copy()
        for k in range(1, m):
            agree &= alike[k : k + rows, k : k + agree.shape[1]]
        shorter += _pairs(agree)
        agree &= alike[m : m + rows, m : m + agree.shape[1]]
        longer += _pairs(agree)
    return math.log(shorter / longer) if longer else None


def _pairs(agree: NDArray[np.bool_]) -> int:
    """Agreeing pairs of different patterns: the square on the diagonal holds each twice and itself once."""
    rows = len(agree)
    square = int(np.count_nonzero(agree[:, :rows]))
    return (square - rows) // 2 + int(np.count_nonzero(agree[:, rows:]))


def dfa_alpha1(nn_ms: ArrayLike, beats: tuple[int, int] = ALPHA1_BEATS) -> float | None:
    """Short-term scaling exponent of detrended fluctuation analysis.

    Windows of every length in `beats`, side by side, laid from the beginning and again from the end so that no interval
    is left out; straight line removed in each; slope of log F(n) over log n.

    Args:
        nn_ms: [n] NN intervals, ms.
        beats: shortest and longest window.

    Returns:
        α1; None with fewer than four of the longest windows, or without variation.

    >>> noise = np.random.default_rng(1).standard_normal(2000)
    >>> abs(dfa_alpha1(800 + 20 * noise) - 0.5) < 0.1
    True
    """
    nn = _series(nn_ms)
    if len(nn) < LEAST_WINDOWS * beats[1] or nn.min() == nn.max():
        return None
    profile = np.cumsum(nn - nn.mean())
    lengths = np.arange(beats[0], beats[1] + 1)
    fluctuation = np.array([_fluctuation(profile, int(n)) for n in lengths])
    if not (fluctuation > 0).all():
        return None
    x, y = np.log(lengths), np.log(fluctuation)
    x = x - x.mean()
    return float(x @ y / (x @ x))


def _fluctuation(profile: NDArray[np.float64], n: int) -> float:
    """Root mean square of the profile about a straight line in each window of `n`."""
    whole = len(profile) // n * n
    rows = profile[:whole].reshape(-1, n)
    if whole < len(profile):
        rows = np.concatenate([rows, profile[-whole:].reshape(-1, n)])
    t = np.arange(n) - (n - 1) / 2
    rows = rows - rows.mean(axis=1, keepdims=True)
    slope = rows @ t / float(t @ t)
    rest = np.einsum("ij,ij->", rows, rows) - float(slope @ slope) * float(t @ t)
    return math.sqrt(max(0.0, float(rest)) / rows.size)


def _series(nn_ms: ArrayLike) -> NDArray[np.float64]:
    """[n] float64, or an empty series when a value is not finite or out of any proportion."""
    nn = column("nn_ms", nn_ms)
    return nn if len(nn) and np.isfinite(nn).all() and np.abs(nn).max() < 1e9 else np.empty(0)
