"""Power spectra of NN series in true ms²/Hz: Welch on an even tachogram, Lomb-Scargle on the beats themselves.

Welch follows Kubios' recipe as far as it is known (cubic spline at 4 Hz, linear detrend, Hann segments of at most
256 s, half overlapping, nfft 1024). Bands after Task Force 1996: VLF to 0.04, LF to 0.15, HF to 0.4 Hz, lower edge
included.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number, times_in_order

RESAMPLE_HZ: Final = 4.0
SEGMENT_S: Final = 256.0
SHORTEST_S, LONGEST_S = 2.0, 172_800.0
NFFT: Final = 1024
MOST_SMOOTH: Final = 1e6
LOMB_STEP_HZ, LOMB_POINTS = 1 / 1024, 512
VLF, LF, HF = (0.0, 0.04), (0.04, 0.15), (0.15, 0.4)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A one-sided power spectral density.

    Attributes:
        frequency_hz: [k] even grid, Hz.
        psd_ms2_per_hz: [k] density, ms²/Hz.
        method: how it was made, in words, with its parameters.
        duration_s: length of what it was made from, s.
    """

    frequency_hz: NDArray[np.float64]
    psd_ms2_per_hz: NDArray[np.float64]
    method: str
    duration_s: float

    def band(self, low_hz: float, high_hz: float) -> float:
        """Power from `low_hz` (included) to `high_hz` (excluded), ms²."""
        f = self.frequency_hz
        if len(f) < 2:
            return 0.0
        first, stop = np.searchsorted(f, (low_hz, high_hz))
        return float(self.psd_ms2_per_hz[first:stop].sum() * (f[1] - f[0]))

    def peak_hz(self, low_hz: float, high_hz: float) -> float | None:
        """Highest true local maximum in a band, Hz, between grid points; None when there is none."""
        f, p = self.frequency_hz, self.psd_ms2_per_hz
        first, stop = (int(k) for k in np.searchsorted(f, (low_hz, high_hz)))
        first, stop = max(first, 1), min(stop, len(f) - 1)
        if stop <= first:
            return None
        here = p[first:stop]
        tops = np.flatnonzero((here > p[first - 1 : stop - 1]) & (here >= p[first + 1 : stop + 1]))
        if len(tops) == 0:
            return None
        k = first + int(tops[np.argmax(here[tops])])
        left, top, right = (float(v) for v in p[k - 1 : k + 2])
        bend = left - 2 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float(f[k] + shift * (f[1] - f[0]))


@lru_cache(maxsize=32)
def hann(length: int) -> NDArray[np.float64]:
    """Periodic Hann window, `[length]`, read-only."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    window.setflags(write=False)
    return np.asarray(window, dtype=np.float64)


def spline(x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic spline through `[n]` points with straight ends, read at `[m]` places inside.

    Args:
        x: [n] increasing, n at least 3.
        y: [n] values.
        at: [m] places, increasing.
    """
    from scipy.linalg.lapack import dgtsv

    h = np.diff(x)
    slope = np.diff(y) / h
    off = h[1:-1].copy()
    bend = np.zeros(len(x))
    if len(x) > 2:
        bend[1:-1] = dgtsv(off, 2 * (h[:-1] + h[1:]), off.copy(), 6 * np.diff(slope))[3]
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(h) - 1)
    t = at - x[k]
    width = h[k]
    first = slope[k] - width * (2 * bend[k] + bend[k + 1]) / 6
    return np.asarray(y[k] + t * (first + t * (bend[k] / 2 + t * (bend[k + 1] - bend[k]) / (6 * width))), np.float64)


def detrend(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values less their regression line, along the last axis."""
    n = values.shape[-1]
    t = np.arange(n) - (n - 1) / 2
    centred = values - values.mean(axis=-1, keepdims=True)
    return np.asarray(centred - (centred @ t / (t @ t))[..., None] * t, dtype=np.float64)


def without_trend(even: NDArray[np.float64], smoothness: float) -> NDArray[np.float64]:
    """An even series less its smooth part (Tarvainen, Ranta-aho & Karjalainen 2002, doi 10.1109/10.979357).

    Args:
        even: [n] samples, n at least 5.
        smoothness: λ; at 4 Hz, 500 cuts off near 0.035 Hz.
    """
    from scipy.linalg import solveh_banded

    n, weight = len(even), smoothness**2
    bands = np.zeros((3, n))
    bands[0, 2:] = weight
    bands[1, 1:] = -4 * weight
    bands[1, [1, -1]] = -2 * weight
    bands[2] = 1 + 6 * weight
    bands[2, [0, -1]] = 1 + weight
    bands[2, [1, -2]] = 1 + 5 * weight
    return np.asarray(even - solveh_banded(bands, even), dtype=np.float64)


def welch_psd(rr_ms: ArrayLike, times_s: ArrayLike | None = None, *, smoothness: float | None = None) -> Spectrum:
    """Spectrum of an NN series by Welch's method (1967) on a spline at 4 Hz.

    Deviation from the common recipe: every segment has its own line taken out, besides that of the whole.

    Args:
        rr_ms: [n] NN intervals, ms, all finite and positive, at least 4.
        times_s: [n] times at which they end, s; the running sum of the intervals when absent.
        smoothness: λ of smoothness priors, instead of the straight line, to take slow trends out (500 is usual).

    Returns:
        Density in ms²/Hz on a grid of 1/256 Hz.

    Raises:
        ValueError: fewer than 4 intervals, values that are none, less than 2 s or more than 2 days.

    >>> t = np.cumsum(np.full(400, 0.8))
    >>> s = welch_psd(800 + 40 * np.sin(2 * np.pi * 0.1 * t))
    >>> abs(s.band(0.04, 0.15) - 800) < 4
    True
    """
    if smoothness is not None and not 0 < number("smoothness", smoothness) <= MOST_SMOOTH:
        raise ValueError(f"smoothness: λ is above 0 and at most {MOST_SMOOTH:g}, not {smoothness:g}")
    rr, times = series(rr_ms, times_s)
    even = spline(times, rr, np.arange(times[0], times[-1], 1 / RESAMPLE_HZ))
    even = detrend(even) if smoothness is None else without_trend(even, smoothness)
    length = min(len(even), round(SEGMENT_S * RESAMPLE_HZ))
    hop = max(1, length // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(even, length)[::hop]
    window = hann(length)
    spectra = np.abs(np.fft.rfft(detrend(pieces) * window, max(NFFT, length), axis=-1)) ** 2
    psd = 2 * spectra.mean(axis=0) / (RESAMPLE_HZ * float(window @ window))
    psd[0] /= 2
    psd[-1] /= 2
    frequency = np.arange(len(psd), dtype=np.float64) * (RESAMPLE_HZ / max(NFFT, length))
    trend = "linear detrend" if smoothness is None else f"smoothness priors {smoothness:g}"
    method = f"Welch, spline {RESAMPLE_HZ:g} Hz, {trend}, Hann {length / RESAMPLE_HZ:g} s, nfft {NFFT}"
    return Spectrum(frequency, psd, method, float(times[-1] - times[0]))


def lomb_scargle_psd(rr_ms: ArrayLike, times_s: ArrayLike | None = None) -> Spectrum:
    """Spectrum of an NN series from the beats themselves, by weighted least squares (Lomb 1976, Scargle 1982).

    Nothing is interpolated, so holes do no harm. Each interval counts by the time that it covers (beats crowd where the
    heart is fast, and unweighted sums would prefer those moments) and by a Hann taper, and belongs to its own middle;
    the result is divided by the equivalent noise bandwidth of those weights, which makes true ms²/Hz. Segments are at
    most 256 s long and overlap by half or more.

    Args:
        rr_ms: [n] NN intervals, ms, all finite and positive, at least 4.
        times_s: [n] times at which they end, s; the running sum of the intervals when absent.

    Returns:
        Density in ms²/Hz on a grid of 1/1024 Hz up to 0.5 Hz.

    Raises:
        ValueError: fewer than 4 intervals, values that are none, less than 2 s or more than 2 days.

    >>> t = np.cumsum(np.full(400, 0.8))
    >>> abs(lomb_scargle_psd(800 + 40 * np.sin(2 * np.pi * 0.1 * t)).band(0.04, 0.15) - 800) < 4
    True
    """
    rr, times = series(rr_ms, times_s)
    frequency = np.arange(1, LOMB_POINTS + 1, dtype=np.float64) * LOMB_STEP_HZ
    begin, whole = times[0] - rr[0] / 1000, times[-1] - times[0] + rr[0] / 1000
    length = min(whole, SEGMENT_S)
    count = max(1, round(2 * (whole - length) / length) + 1)
    total, weight = np.zeros(LOMB_POINTS), 0.0
    for first in begin + np.linspace(0, whole - length, count):
        inside = (times > first) & (times <= first + length)
        covered = float(rr[inside].sum()) / 1000
        if np.count_nonzero(inside) >= 4:
            total += covered * _lomb(rr[inside], times[inside] - first, length, frequency)
            weight += covered
    method = f"Lomb-Scargle, weighted by time, Hann {length:.0f} s, grid 1/1024 Hz"
    grid = np.concatenate([[0.0], frequency])
    return Spectrum(grid, np.concatenate([[0.0], total / weight if weight else total]), method, float(whole))


def _lomb(
    rr: NDArray[np.float64], times: NDArray[np.float64], length: float, frequency: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Density of one segment at `[k]` frequencies; `times` since its beginning."""
    seconds = rr / 1000
    times = times - seconds / 2
    weights = seconds * (0.5 - 0.5 * np.cos(2 * np.pi * times / length))
    weights = np.maximum(weights, 0.0)
    weights /= weights.sum()
    bandwidth = float((weights * weights / seconds).sum())
    middle = times - float(weights @ times)
    trend = rr - float(weights @ rr)
    trend = trend - middle * (float(weights @ (middle * trend)) / float(weights @ (middle * middle)))
    wave = np.exp(2j * np.pi * np.outer(frequency, middle))
    data = wave @ (weights * trend)
    turn = 0.5 * np.angle((wave * wave) @ weights)
    spread = 0.5 * np.abs((wave * wave) @ weights)
    data = data * np.exp(-1j * turn)
    power = data.real**2 / np.maximum(0.5 + spread, 1e-9) + data.imag**2 / np.maximum(0.5 - spread, 1e-2)
    return np.asarray(power / bandwidth, dtype=np.float64)


def series(rr_ms: ArrayLike, times_s: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Checks an NN series and gives it its times."""
    rr = column("rr_ms", rr_ms)
    if len(rr) < 4 or not (np.isfinite(rr).all() and (rr > 0).all() and (rr < 1e6).all()):
        raise ValueError("rr_ms: a spectrum needs at least 4 positive, finite intervals")
    times = np.cumsum(rr) / 1000 if times_s is None else column("times_s", times_s)
    if len(times) != len(rr) or not times_in_order(times):
        raise ValueError("times_s: a spectrum needs one increasing time for each interval")
    named = "rr_ms" if times_s is None else "times_s"
    if not SHORTEST_S <= times[-1] - times[0] <= LONGEST_S:
        raise ValueError(
            f"{named}: a spectrum needs {SHORTEST_S:g} s to {LONGEST_S / 86400:g} days, not {times[-1] - times[0]:g} s"
        )
    return rr, times
