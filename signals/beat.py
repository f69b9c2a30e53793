"""What a beat is: the types that the detectors make and everybody else takes."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["ecg", "ppg"]


def check_kind(kind: object) -> None:
    """Raises ValueError for any kind but "ecg" and "ppg"."""
    if not isinstance(kind, str) or kind not in ("ecg", "ppg"):
        raise ValueError(f"kind: beats are found in 'ecg' or 'ppg', not in {kind!r}")


@dataclass(frozen=True, slots=True)
class Beat:
    """One heart beat.

    Attributes:
        time_s: sub-sample time since the first sample of the stream, s (R peak, or the PPG's fiducial point).
        quality: 0-1, how sure the detector is of it.
        amplitude: prominence in the unit of the samples.
    """

    time_s: float
    quality: float
    amplitude: float


@dataclass(frozen=True, slots=True)
class Beats:
    """All beats of a recording.

    Attributes:
        times_s: [n] sub-sample times since the first sample, s, increasing.
        quality: [n] 0-1.
        amplitude: [n] in the unit of the samples.
    """

    times_s: NDArray[np.float64]
    quality: NDArray[np.float64]
    amplitude: NDArray[np.float64]


class Detector(Protocol):
    """What stands behind a stream of beats."""

    def feed(self, chunk: ArrayLike) -> list[Beat]: ...
    def flush(self) -> list[Beat]: ...
