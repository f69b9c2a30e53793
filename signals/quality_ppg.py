"""How good a few seconds of PPG are, from the waveform alone: does the slope repeat itself like a pulse?

Evidence: periodicity of the slope (autocorrelation at 40-180 /min, the streaming relative of Orphanidou's template
correlation, 2015), evenness of the upstrokes, the power of the pulse's band beside faster and slower slopes (after
Elgendi 2016, relative power), and how far single excursions leave the rest. Deviation: skewness, Elgendi's best index,
is not asked, because it depends on the sensor's polarity and on the shape of the pulse at the site.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from signals.contact import Evidence, height, linear
from signals.reasons import Reason

Array = NDArray[np.float64]

SLOWEST_S, FASTEST_S = 1.5, 0.333  # 40-180 /min
TAPER_S = 0.25
SLOPE_RATE_HZ = 40.0  # enough for a slope that ends at 5 Hz
STEEP = 1.5  # slopes beyond this multiple of the usual are cut before they are compared
REPEATS = (0.1, 0.7)  # height of the autocorrelation that scores 0 and 1
SHARE = (0.05, 0.3)  # power of the pulse's band beside faster (noise) or slower (movement) slopes, scores 0 and 1
UPSTROKE = 0.5  # maxima of the slope above this share of the steepest are upstrokes
UNEVEN = (0.7, 0.25)  # largest log distance of their intervals from the median that scores 0 and 1
CREST = (8.0, 4.0)  # steepest over usual slope that scores 0 and 1


def ppg_waveform(values: Array, rate_hz: float) -> Evidence:
    """Judges a stretch of finite, living PPG.

    Args:
        values: [n] finite samples, at least 2 s.
        rate_hz: sampling rate, Hz.
    """
    n = len(values)
    x = values - values.mean()
    t = np.linspace(-1.0, 1.0, n)
    x -= t * (x @ t) / (t @ t)
    edge = max(1, int(TAPER_S * rate_hz))
    taper = np.linspace(0.0, 1.0, edge)
    x[:edge] *= taper
    x[-edge:] *= taper[::-1]
    size = _size(n)
    spectrum = np.fft.rfft(x, size)
    f = np.fft.rfftfreq(size, 1.0 / rate_hz)
    pulse = np.clip((f - 0.3) / 0.4, 0.0, 1.0) * np.clip((5.0 - f) / 3.0, 0.0, 1.0)
    every = max(1, int(rate_hz // SLOPE_RATE_HZ))
    slope = np.fft.irfft(spectrum * (2j * np.pi * f * pulse), size)[:n:every]
    strength = np.abs(slope)
    usual = height(strength, 0.9)
    if usual <= 1e-14 * rate_hz * float(np.max(np.abs(values))):
        return Evidence(0.0, 0.0, 0.0, Reason.FLAT)
    slope = np.clip(slope / usual, -STEEP, STEEP)
    repeats = _repeats(slope, rate_hz / every)
    power = np.abs(spectrum * f) ** 2
    below = float(power[(f >= 0.15) & (f < 0.6)].sum())
    heart = float(power[(f >= 0.6) & (f <= 8.0)].sum())
    above = float(power[(f > 8.0) & (f <= min(25.0, 0.45 * rate_hz))].sum())
    return Evidence(
        likeness=linear(repeats, *REPEATS) * linear(_unevenness(slope, rate_hz / every), *UNEVEN),
        quiet=_share(heart, above),
        calm=_share(heart, below) * linear(float(np.max(strength)) / usual, *CREST),
        unlike=Reason.WEAK if repeats > 0.25 else Reason.NO_CONTACT,
    )


def _share(heart: float, other: float) -> float:
    total = heart + other
    return linear(heart / total, *SHARE) if total > 0 else 0.0


def _repeats(x: Array, rate_hz: float) -> float:
    """Height of the best autocorrelation peak between 40 and 180 /min."""
    n = len(x)
    x = x - x.mean()
    size = _size(2 * n)
    acf = np.fft.irfft(np.abs(np.fft.rfft(x, size)) ** 2, size)
    hi = min(int(SLOWEST_S * rate_hz) + 2, int(0.75 * n))
    lo = max(1, int(FASTEST_S * rate_hz))
    if acf[0] <= 0 or hi - lo < 3:
        return 0.0
    acf = acf[:hi] / acf[0] * n / np.arange(n, n - hi, -1)
    inner = acf[lo : hi - 1]
    peaks = (inner >= acf[lo - 1 : hi - 2]) & (inner > acf[lo + 1 : hi])
    return float(np.clip(inner[peaks].max(), 0.0, 1.0)) if peaks.any() else 0.0


def _unevenness(slope: Array, rate_hz: float) -> float:
    """Largest log distance of an interval between upstrokes from the median interval."""
    tops = find_peaks(slope, height=UPSTROKE * height(slope, 0.97), distance=max(1.0, FASTEST_S * rate_hz))[0]
    if len(tops) < 3:
        return 0.0
    intervals = np.log(np.diff(tops))
    return float(np.max(np.abs(intervals - height(intervals, 0.5))))


def _size(n: int) -> int:
    return 1 << (n - 1).bit_length()
