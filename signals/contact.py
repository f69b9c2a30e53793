"""What makes a stretch of samples dead before anybody looks for a pulse: not finite, flat, saturated.

Shared by the quality of ECG and PPG. A run of equal values is flat when it is longer than any heart allows a quantised
sensor to rest (1.2 s); saturated means that the stretch keeps sitting on its own ceiling or floor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.reasons import Reason

FLAT_S = 1.2
CLIPPED_RUN_S = 0.1
CLIPPED_SHARE = 0.15
MISSING_SHARE = 0.1
HUGE = 1e100


@dataclass(frozen=True, slots=True)
class Contact:
    """What a stretch looks like before it is analysed.

    Attributes:
        values: [n] finite samples, holes bridged with the last value before them (or the first after).
        reason: why the stretch is dead, or None.
    """

    values: NDArray[np.float64]
    reason: Reason | None


def contact(samples: NDArray[np.float64], rate_hz: float) -> Contact:
    """Bridges holes and finds the reason why a stretch cannot be judged.

    Args:
        samples: [n] raw samples, NaN where there was no contact.
        rate_hz: sampling rate, Hz.
    """
    good = np.isfinite(samples) & (np.abs(samples) < HUGE)
    if not good.any():
        return Contact(np.zeros(len(samples)), Reason.NO_CONTACT)
    values = samples if good.all() else _bridged(samples, good)
    if np.mean(good) < 1 - MISSING_SHARE:
        return Contact(values, Reason.NO_CONTACT)
    starts, lengths = _runs(values)
    if lengths.max() >= min(FLAT_S * rate_hz, len(values)):
        return Contact(values, Reason.FLAT)
    at_edge = (values[starts] == values.max()) | (values[starts] == values.min())
    clipped = lengths[at_edge & (lengths >= max(3.0, CLIPPED_RUN_S * rate_hz))].sum()
    return Contact(values, Reason.SATURATED if clipped > CLIPPED_SHARE * len(values) else None)


def dead_samples(samples: NDArray[np.float64]) -> int:
    """Length of the run of not finite or equal samples at the end."""
    if len(samples) == 0:
        return 0
    last = samples[-1]
    alive = np.flatnonzero(np.isfinite(samples)) if not np.isfinite(last) else np.flatnonzero(samples != last)
    return len(samples) - 1 - int(alive[-1]) if len(alive) else len(samples)


def _bridged(samples: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.float64]:
    index = np.maximum.accumulate(np.where(good, np.arange(len(samples)), -1))
    index[index < 0] = int(np.argmax(good))
    return samples[index]


def _runs(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and lengths of runs of equal values."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1]).astype(np.int64)
    return starts, np.diff(np.concatenate([starts, [len(values)]]))
