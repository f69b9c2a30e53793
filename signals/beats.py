"""Beats out of an ECG or a PPG: the public face of both detectors.

`find_beats` is batch, `BeatStream` is live; which algorithm stands behind them is decided by `kind` alone
(`signals/ecg.py`, `signals/ppg.py`). Each detector is a class with `feed(chunk) -> list[Beat]` and `flush()`.
"""

from numpy.typing import ArrayLike

from signals.beat import Beat, Beats, Detector, Kind, check_kind
from signals.ecg import ECGDetector, find_ecg_beats
from signals.ppg import PPGDetector, find_ppg_beats


class BeatStream:
    """Beats from chunks of samples of any size; the beats do not depend on how the samples are cut.

    Constant memory; a beat is given at most 1 s after it. Methods and sources as in `find_beats`.

    Args:
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".

    Raises:
        ValueError: the rate is no number or none that the kind allows (ECG 50-4000, PPG 20-1000 Hz), or the kind is
            unknown.

    >>> import numpy as np
    >>> stream = BeatStream(50.0, "ppg")
    >>> pulse = np.sin(2 * np.pi * np.arange(0, 10, 0.02))
    >>> beats = [*stream.feed(pulse[:123]), *stream.feed(pulse[123:]), *stream.flush()]
    >>> [round(beat.time_s, 2) for beat in beats][:3]
    [1.0, 2.0, 3.0]
    """

    def __init__(self, rate_hz: float, kind: Kind) -> None:
        check_kind(kind)
        self._detector: Detector = ECGDetector(rate_hz) if kind == "ecg" else PPGDetector(rate_hz)

    def feed(self, chunk: ArrayLike) -> list[Beat]:
        """Takes `[n]` samples (NaN where there is none), gives the beats decided by them, in order of time."""
        return self._detector.feed(chunk)

    def flush(self) -> list[Beat]:
        """The stream has ended: the beats of its last second."""
        return self._detector.flush()


def find_beats(samples: ArrayLike, rate_hz: float, kind: Kind) -> Beats:
    """All beats of a recording.

    R peaks after Pan & Tompkins 1985 (deviations: `signals/ecg.py` and its parts), the pulse by our own search for the
    best rhythm (`signals/ppg.py`).

    Args:
        samples: `[n]` ECG or PPG in any unit; NaN where there is no sample.
        rate_hz: sampling rate, Hz.
        kind: "ecg" or "ppg".

    Returns:
        Times in seconds since the first sample, quality and amplitude, `[beats]` each.

    Raises:
        ValueError: the rate is no number or none that the kind allows (ECG 50-4000, PPG 20-1000 Hz), the kind is
            unknown, or the samples are no numbers.

    >>> import numpy as np
    >>> ecg = np.zeros(3000)
    >>> for k in range(300, 3000, 250):
    ...     ecg[k - 5 : k + 6] += np.hanning(11)
    >>> find_beats(ecg, 250.0, "ecg").times_s.round(2)[:3].tolist()
    [1.2, 2.2, 3.2]
    """
    check_kind(kind)
    return find_ecg_beats(samples, rate_hz) if kind == "ecg" else find_ppg_beats(samples, rate_hz)
