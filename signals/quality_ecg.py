"""How good a few seconds of ECG are, from the waveform alone: sharp, rare complexes on a quiet line.

Evidence: kurtosis (Li 2008: a clean ECG exceeds 5), the share of the QRS band (Behar 2013: 5-15 Hz in 5-40 Hz), mains
and muscle above 40 Hz, base-line wander below 1 Hz. An irregular rhythm is no defect of a signal: rhythm has no vote.
"""

import numpy as np
from numpy.typing import NDArray

from signals.contact import Evidence, linear
from signals.reasons import Reason

Array = NDArray[np.float64]

KURTOSIS = (3.2, 5.7)  # of the 5-28 Hz line, scores 0 and 1 (normal noise has 3)
QRS_SHARE = (0.2, 0.4)
HIGH = (1.2, 0.4)  # power above 40 Hz over 5-40 Hz that scores 0 and 1
EDGE_S = 0.2  # tapered before the line is filtered: the ends do not meet
WANDER = (40.0, 20.0)  # power below 1 Hz over 5-40 Hz


def ecg_waveform(values: Array, rate_hz: float) -> Evidence:
    """Judges a stretch of finite, living ECG.

    Args:
        values: [n] finite samples, at least 2 s.
        rate_hz: sampling rate, Hz.
    """
    n = len(values)
    x = values - values.mean()
    t = np.linspace(-1.0, 1.0, n)
    x -= t * (x @ t) / (t @ t)
    f = np.fft.rfftfreq(n, 1.0 / rate_hz)
    power = np.abs(np.fft.rfft(x * np.hanning(n))) ** 2
    edges = np.searchsorted(f, [0.0, 1.0, 5.0, 15.0, 40.0, 150.0])
    sums = np.add.reduceat(np.append(power, 0.0), np.minimum(edges, len(power)))
    low, qrs, upper, high = float(sums[0]), float(sums[2]), float(sums[3]), float(sums[4])
    heart = qrs + upper
    level = float(np.max(np.abs(values)))
    if heart <= (1e-13 * level * n) ** 2:
        return Evidence(0.0, 0.0, 0.0, Reason.FLAT)
    band = np.clip((f - 3.0) / 4.0, 0.0, 1.0) * np.clip((32.0 - f) / 8.0, 0.0, 1.0)
    edge = max(1, int(EDGE_S * rate_hz))
    x[:edge] *= np.linspace(0.0, 1.0, edge)
    x[-edge:] *= np.linspace(1.0, 0.0, edge)
    line = np.fft.irfft(np.fft.rfft(x) * band, n)[edge:-edge]
    line /= max(float(np.max(np.abs(line))), 1e-300)
    square = line * line
    spread = float(np.mean(square))
    kurtosis = float(np.mean(square * square)) / spread**2 if spread > 0 else 0.0
    return Evidence(
        likeness=linear(kurtosis, *KURTOSIS),
        quiet=linear(high / heart, *HIGH) * linear(qrs / heart, *QRS_SHARE),
        calm=linear(low / heart, *WANDER),
        unlike=Reason.NO_CONTACT,
    )
