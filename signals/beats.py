"""Beats out of an ECG or a PPG: the public face of both detectors.

`find_beats` is batch, `BeatStream` is live; which algorithm stands behind them is decided by `kind` alone
(`signals/ecg.py`, `signals/ppg.py`). Each detector is a class with `feed(chunk) -> list[Beat]` and `flush()`.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["ecg", "ppg"]


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

    def feed(self, chunk: NDArray[np.float64]) -> list[Beat]: ...
    def flush(self) -> list[Beat]: ...


class BeatStream:
    """Beats from chunks of samples of any size; the beats do not depend on how the samples are cut.

    Constant memory; a beat is given at most 1 s after it.

    Args:
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".

    Raises:
        ValueError: the rate is no number or too low, or the kind is unknown.
    """

    def __init__(self, rate_hz: float, kind: Kind) -> None:
        self._detector: Detector
        if kind == "ecg":
            from signals.ecg import ECGDetector

            self._detector = ECGDetector(rate_hz)
        elif kind == "ppg":
            from signals.ppg import PPGDetector

            self._detector = PPGDetector(rate_hz)
        else:
            raise ValueError(f"beats are found in 'ecg' or 'ppg', not in {kind!r}")

    def feed(self, chunk: NDArray[np.float64]) -> list[Beat]:
        """Takes `[n]` samples (NaN where there is none), gives the beats decided by them, in order of time."""
        return self._detector.feed(chunk)

    def flush(self) -> list[Beat]:
        """The stream has ended: the beats of its last second."""
        return self._detector.flush()


def find_beats(samples: NDArray[np.float64], rate_hz: float, kind: Kind) -> Beats:
    """All beats of a recording.

    Args:
        samples: `[n]` ECG or PPG in any unit; NaN where there is no sample.
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".

    Returns:
        Times in seconds since the first sample, quality and amplitude, `[beats]` each.

    Raises:
        ValueError: the rate is no number or too low, or the kind is unknown.

    >>> ecg = np.zeros(3000)
    >>> for k in range(300, 3000, 250):
    ...     ecg[k - 5 : k + 6] += np.hanning(11)
    >>> find_beats(ecg, 250.0, "ecg").times_s.round(2)[:3].tolist()
    [1.2, 2.2, 3.2]
    """
    if kind == "ecg":
        from signals.ecg import find_ecg_beats

        return find_ecg_beats(samples, rate_hz)
    if kind == "ppg":
        from signals.ppg import find_ppg_beats

        return find_ppg_beats(samples, rate_hz)
    raise ValueError(f"beats are found in 'ecg' or 'ppg', not in {kind!r}")
