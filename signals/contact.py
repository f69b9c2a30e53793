"""What makes a stretch of samples dead before anybody looks for a heart: not finite, flat, saturated.

Shared by the quality of ECG and PPG, as is the shape of the evidence that a living stretch gives. A run of equal values
is flat when it is longer than any heart allows a quantised sensor to rest (1.2 s); saturated means that the stretch
keeps sitting on its own ceiling or floor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.reasons import Reason

FLAT_S = 1.2
CLIPPED_RUN_S = 0.1
CLIPPED_SHARE = 0.15
MISSING_SHARE = 0.1
QUIET_TAIL = 0.03
HUGE = 1e100
CLEAR = 0.9  # evidence below this may be the cause of a low score


@dataclass(frozen=True, slots=True)
class Contact:
    """What a stretch looks like before it is analysed.

    Attributes:
        values: [n] finite samples, holes bridged with the last value before them (or the first after).
        reason: why the stretch is dead, or None.
    """

    values: NDArray[np.float64]
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the waveform of a living stretch says, each 0-1.

    Attributes:
        likeness: it looks like a heart.
        quiet: little of it is interference.
        calm: no excursion overwhelms it.
        unlike: the reason to give when the likeness is missing.
    """

    likeness: float
    quiet: float
    calm: float
    unlike: Reason

    @property
    def score(self) -> float:
        return self.likeness * self.quiet * self.calm

    @property
    def reason(self) -> Reason:
        """The reason behind a low score: movement explains interference, interference explains missing likeness."""
        if self.calm < CLEAR:
            return Reason.MOVEMENT
        return Reason.NOISE if self.quiet < CLEAR else self.unlike


def linear(x: float, poor: float, fine: float) -> float:
    """0 at `poor`, 1 at `fine`, straight between them and clipped beyond."""
    return min(max((x - poor) / (fine - poor), 0.0), 1.0)


def height(values: NDArray[np.float64], share: float) -> float:
    """The value that a share of the values does not exceed; on short arrays much faster than `np.percentile`."""
    return float(np.sort(values)[round(share * (len(values) - 1))])


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


def fell_silent(values: NDArray[np.float64], rate_hz: float) -> bool:
    """Whether the last 1.5 s hold none of the movement of the seconds before: the sensor let go without saying so.

    Args:
        values: [n] finite samples.
        rate_hz: sampling rate, Hz.
    """
    tail = round(1.5 * rate_hz)
    if len(values) < 2 * tail:
        return False
    step = max(1, round(0.02 * rate_hz))
    slopes = np.abs(values[step::step] - values[:-step:step])
    last = tail // step
    return height(slopes[-last:], 0.9) < QUIET_TAIL * height(slopes[:-last], 0.9)


def _bridged(samples: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.float64]:
    index = np.maximum.accumulate(np.where(good, np.arange(len(samples)), -1))
    index[index < 0] = int(np.argmax(good))
    return samples[index]


def _runs(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and lengths of runs of equal values."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1]).astype(np.int64)
    return starts, np.diff(np.concatenate([starts, [len(values)]]))
