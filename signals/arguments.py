"""What callers hand in becomes arrays and numbers here, or one line that names the argument.

Lists, integers, single precision, read-only or masked arrays and a single column are all welcome; NaN marks what is
missing and passes. Text, complex numbers and tables of several columns are not numbers of one signal: a table that was
silently strung together would give a wrong answer that looks right.
"""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

LATEST_S = 1e12
"""No time is later: beyond it, differences of times lose their meaning."""


def column(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """A series of numbers as `[n]` float64; masked values and None become NaN. The caller's array is never written to.

    Args:
        name: of the argument, for the message.
        given: `[n]`, `[n, 1]`, `[1, n]` or one number.

    Raises:
        ValueError: it is no series of real numbers.

    >>> column("rr_ms", [800, 810]).tolist()
    [800.0, 810.0]
    >>> column("rr_ms", "800")
    Traceback (most recent call last):
    ...
    ValueError: rr_ms: a series of numbers is needed, not str
    """
    if type(given) is np.ndarray and given.dtype == np.float64 and given.ndim == 1 and given.dtype.isnative:
        return given
    values = _numbers(given)
    if values is None:
        raise ValueError(f"{name}: a series of numbers is needed, not {type(given).__name__}")
    if values.ndim > 1 and max(values.shape) < values.size:
        raise ValueError(f"{name}: one column is needed, not an array of shape {values.shape}")
    return values.reshape(-1)


def _numbers(given: ArrayLike) -> NDArray[np.float64] | None:
    try:
        raw = given if isinstance(given, np.ndarray) else np.asarray(given)
        text = raw.dtype.kind == "O" and any(isinstance(value, str | bytes) for value in raw.flat)
        if text or (raw.ndim == 0 and raw.dtype.kind == "O") or raw.dtype.kind not in "biufO":
            return None
        return np.asarray(np.ma.filled(np.ma.asarray(raw, dtype=np.float64), np.nan), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def number(name: str, given: object) -> float:
    """One real number as float; NaN passes.

    Args:
        name: of the argument, for the message.
        given: int, float or a NumPy number.

    Raises:
        ValueError: it is none.

    >>> number("rate_hz", "250")
    Traceback (most recent call last):
    ...
    ValueError: rate_hz: a number is needed, not '250'
    """
    if not isinstance(given, Real):
        raise ValueError(f"{name}: a number is needed, not {given!r}")  # noqa: TRY004 - callers catch one kind
    try:
        return float(given)
    except OverflowError:
        raise ValueError(f"{name}: a number within reach of a float is needed") from None


def times_in_order(times_s: NDArray[np.float64]) -> bool:
    """Whether `[n]` times, s, are finite, possible, and each later than the one before."""
    return bool((np.abs(times_s) <= LATEST_S).all() and (np.diff(times_s) > 0).all())
