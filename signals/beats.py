"""Beats out of an ECG or a PPG: the public face of both detectors.

`find_beats` is batch, `BeatStream` is live; which algorithm stands behind them is decided by `kind` alone
(`signals/ecg.py`, `signals/ppg.py`). Each detector is a class with `feed(chunk) -> list[Beat]` and `flush()`.
"""

import numpy as np
from numpy.typing import NDArray

from signals.beat import Beat, Beats, Detector, Kind
from signals.ecg import ECGDetector, find_ecg_beats
from signals.ppg import PPGDetector, find_ppg_beats


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
            self._detector = ECGDetector(rate_hz)
        elif kind == "ppg":
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
        return find_ecg_beats(samples, rate_hz)
    if kind == "ppg":
        return find_ppg_beats(samples, rate_hz)
    raise ValueError(f"beats are found in 'ecg' or 'ppg', not in {kind!r}")
