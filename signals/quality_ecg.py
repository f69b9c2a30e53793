"""How good a few seconds of ECG are, from the waveform alone: sharp, rare, alike complexes on a quiet line.

Evidence: kurtosis (Li 2008: a clean ECG exceeds 5), QRS share of the power (Behar 2013: 5-15 Hz in 5-40 Hz), mains and
muscle above 40 Hz, base line wander below 1 Hz. An irregular rhythm is no defect of a signal, so rhythm has no vote.
"""

import numpy as np
from numpy.typing import NDArray

from signals.quality_ppg import Waveform
from signals.reasons import Reason

Array = NDArray[np.float64]

MIN_S = 2.0


def ecg_waveform(values: Array, rate_hz: float) -> Waveform:
    """Judges a stretch of finite, living ECG.

    Args:
        values: [n] finite samples.
        rate_hz: sampling rate, Hz.
    """
    n = len(values)
    if n < MIN_S * rate_hz:
        return Waveform(0.0, Reason.TOO_SHORT, 0.0)
    scale = float(np.max(np.abs(values)))
    x = values / scale if scale > 0 else values
    t = np.linspace(-1.0, 1.0, n)
    x = x - x.mean()
    x = x - t * (x @ t) / (t @ t)
    spectrum = np.fft.rfft(x * np.hanning(n))
    f = np.fft.rfftfreq(n, 1 / rate_hz)
    power = np.abs(spectrum) ** 2
    top = 0.48 * rate_hz

    def band(lo: float, hi: float) -> float:
        return float(power[(f >= lo) & (f < min(hi, top))].sum())

    qrs, heart, low, high = band(5, 15), band(5, 40), band(0.0, 1.0), band(40, 150)
    if heart <= 1e-20 * n:
        return Waveform(0.0, Reason.FLAT, 0.0)
    line = np.fft.irfft(np.fft.rfft(x) * (np.clip((f - 3) / 4, 0, 1) * np.clip((32 - f) / 8, 0, 1)), n)
    spread = float(np.mean(line**2))
    kurtosis = float(np.mean(line**4)) / spread**2 if spread > 0 else 0.0
    parts = {
        Reason.NO_CONTACT: np.clip((kurtosis - 3.2) / 2.5, 0, 1),
        Reason.NOISE: np.clip((1.2 - high / heart) / 0.8, 0, 1) * np.clip((qrs / heart - 0.2) / 0.2, 0, 1),
        Reason.MOVEMENT: np.clip((40.0 - low / heart) / 20.0, 0, 1),
    }
    score = float(np.prod(list(parts.values())))
    if score >= 0.5:
        return Waveform(score, None, 0.0)
    return Waveform(score, min(parts, key=lambda k: float(parts[k])), 0.0)
