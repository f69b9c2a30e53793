"""How good a few seconds of PPG are, from the waveform alone: does the slope repeat itself like a pulse?

Evidence: periodicity of the slope (autocorrelation at 40-180 /min, the streaming relative of Orphanidou's template
correlation, 2015), the pulse's share of the band power (Elgendi 2016: relative power), and how far single excursions
leave the rest (movement). The weakest evidence names the reason.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.reasons import Reason

Array = NDArray[np.float64]

SLOWEST_S, FASTEST_S = 1.5, 0.333  # 40-180 /min
MIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Waveform:
    """What the waveform says: score 0-1, its reason when it is low, and the period it repeats with (s, or 0)."""

    score: float
    reason: Reason | None
    period_s: float


def ppg_waveform(values: Array, rate_hz: float) -> Waveform:
    """Judges a stretch of finite, living PPG.

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
    edge = max(1, int(0.25 * rate_hz))
    taper = np.ones(n)
    taper[:edge] = np.linspace(0, 1, edge)
    taper[-edge:] = taper[:edge][::-1]
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(x * taper, size)
    f = np.fft.rfftfreq(size, 1 / rate_hz)
    pulse = np.clip((f - 0.3) / 0.4, 0, 1) * np.clip((8.0 - f) / 3.0, 0, 1)
    slope = np.fft.irfft(spectrum * (2j * np.pi * f * pulse), size)[:n]
    strength = np.abs(slope)
    usual = float(np.percentile(strength, 90))
    if usual <= 1e-12 * rate_hz:
        return Waveform(0.0, Reason.FLAT, 0.0)
    crest = float(np.max(strength)) / usual
    slope = np.clip(slope / usual, -1.5, 1.5)
    period, repeats = _repeats(slope - slope.mean(), rate_hz)
    power = np.abs(spectrum) ** 2 * f * f
    inside = float(power[(f >= 0.6) & (f <= 8)].sum())
    total = float(power[(f >= 0.15) & (f <= min(25.0, 0.45 * rate_hz))].sum())
    share = inside / total if total > 0 else 0.0
    parts = {
        Reason.NO_CONTACT: np.clip((repeats - 0.1) / 0.6, 0, 1),
        Reason.NOISE: np.clip((share - 0.05) / 0.25, 0, 1),
        Reason.MOVEMENT: np.clip((8.0 - crest) / 4.0, 0, 1),
    }
    score = float(np.prod(list(parts.values())))
    if score >= 0.5:
        return Waveform(score, None, period)
    if parts[Reason.MOVEMENT] < 0.9:
        reason = Reason.MOVEMENT
    elif parts[Reason.NOISE] < 0.9:
        reason = Reason.NOISE
    else:
        reason = Reason.WEAK if repeats > 0.25 else Reason.NO_CONTACT
    return Waveform(score, reason, period)


def _repeats(x: Array, rate_hz: float) -> tuple[float, float]:
    """Period (s) and height of the best autocorrelation peak between 40 and 180 /min."""
    n = len(x)
    size = 1 << (2 * n - 1).bit_length()
    acf = np.fft.irfft(np.abs(np.fft.rfft(x, size)) ** 2, size)[:n]
    if acf[0] <= 0:
        return 0.0, 0.0
    hi = min(int(SLOWEST_S * rate_hz) + 2, int(0.75 * n))
    lo = max(1, int(FASTEST_S * rate_hz))
    acf = acf[:hi] / acf[0] * n / np.arange(n, n - hi, -1)
    inner = acf[lo : hi - 1]
    peaks = np.flatnonzero((inner >= acf[lo - 1 : hi - 2]) & (inner > acf[lo + 1 : hi]))
    if not len(peaks):
        return 0.0, 0.0
    best = int(peaks[np.argmax(inner[peaks])])
    return (lo + best) / rate_hz, float(np.clip(inner[best], 0.0, 1.0))
