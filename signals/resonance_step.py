"""One step of paced breathing: how far the heart swings with the breath, how regularly, how much together.

Measured breath by breath on an even tachogram; an interval's length is taken to belong to its middle, so that phases
are not late by half a beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import LATEST_S, column, number
from signals.reasons import Reason
from signals.slow import HIGHEST_HZ, HUGE, LOWEST_HZ
from signals.spectrum import LF, Spectrum, detrend, hann, spline

RESAMPLE_HZ = 4.0
NFFT = 4096
SHORTEST_S = 45.0
LONGEST_HOLE_S = 3.0
LEAST_AMPLITUDE_MS = 15.0
LEAST_ACCEPTED = 0.9
ADHERENCE_PER_MIN = 0.3


@dataclass(frozen=True, slots=True)
class Belt:
    """Breathing as it was measured.

    Attributes:
        samples: [n], rising with inhalation.
        rate_hz: sampling rate, Hz.
        start_s: time of the first sample on the clock of the beats, s.
    """

    samples: ArrayLike
    rate_hz: float
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ResonanceStep:
    """What the heart did in a step; what is None is so for `reason`.

    Attributes:
        rate_per_min: the pacer's rate.
        measured_per_min: the rate at which the person breathed (belt), or the heart swung (no belt).
        adhered: the two lie within 0.3 per minute.
        amplitude_ms: mean over breaths of longest less shortest interval, ms.
        lf_ms2: LF power, ms².
        lf_peak_ms2_per_hz: highest LF density, ms²/Hz.
        lf_peak_hz: where it is, Hz.
        lf_peaks: LF maxima at least a quarter as high.
        smoothness: share of LF power within 0.015 Hz of the peak, 0-1.
        phase_synchrony: how constant heart and breath (or pacer) keep their phase from breath to breath, 0-1.
        phase_deg: heart rate behind the measured breath; 0 is together. None without a belt.
        score: criteria combined, 0-1, relative to the best of each.
        reason: why the step does not count.
    """

    rate_per_min: float
    measured_per_min: float | None = None
    adhered: bool | None = None
    amplitude_ms: float | None = None
    lf_ms2: float | None = None
    lf_peak_ms2_per_hz: float | None = None
    lf_peak_hz: float | None = None
    lf_peaks: int | None = None
    smoothness: float | None = None
    phase_synchrony: float | None = None
    phase_deg: float | None = None
    score: float | None = None
    reason: Reason | None = None


def judge_step(
    times: NDArray[np.float64],
    rr: NDArray[np.float64],
    fine: NDArray[np.bool_],
    rate: float,
    onsets: NDArray[np.float64],
    belt: Belt | None,
) -> ResonanceStep:
    if len(onsets) < 4 or onsets[-1] - onsets[0] < SHORTEST_S:
        return ResonanceStep(rate, reason=Reason.TOO_SHORT)
    inside = (times >= onsets[0] - LONGEST_HOLE_S) & (times <= onsets[-1] + LONGEST_HOLE_S)
    t, nn = times[inside], rr[inside]
    if len(t) < 16:
        return ResonanceStep(rate, reason=Reason.TOO_FEW_BEATS)
    edges = np.diff(np.concatenate([[onsets[0]], t, [onsets[-1]]]))
    if edges.max() > LONGEST_HOLE_S:
        return ResonanceStep(rate, reason=Reason.GAP)
    if np.mean(fine[inside]) < LEAST_ACCEPTED:
        return ResonanceStep(rate, reason=Reason.TOO_MANY_ARTEFACTS)
    grid = np.arange(onsets[0], onsets[-1], 1 / RESAMPLE_HZ)
    middles = t - nn / 2000
    even = spline(middles, nn, np.clip(grid, middles[0], middles[-1]))
    breath = np.clip(np.searchsorted(onsets, grid, side="right") - 1, 0, len(onsets) - 2)
    phase = (grid - onsets[breath]) / np.diff(onsets)[breath]
    starts = np.flatnonzero(np.diff(breath, prepend=-1))
    amplitude = float(np.mean(np.maximum.reduceat(even, starts) - np.minimum.reduceat(even, starts)))
    spectrum = _spectrum(even)
    peak_hz = spectrum.peak_hz(*LF)
    if peak_hz is None or amplitude < LEAST_AMPLITUDE_MS:
        why = Reason.NO_PEAK if peak_hz is None else Reason.TOO_LITTLE_VARIATION
        return ResonanceStep(rate, amplitude_ms=amplitude, reason=why)
    heart = _turns(-detrend(even), phase, starts)
    lungs = None if belt is None else _lungs(belt, grid)
    measured_hz = peak_hz
    turns, behind = heart, None
    if lungs is not None:
        measured_hz = _spectrum(lungs).peak_hz(0.03, 0.5) or peak_hz
        turns = heart * np.conj(_turns(detrend(lungs), phase, starts))
        behind = float(-np.degrees(np.angle(turns.sum())))
    density = spectrum.psd_ms2_per_hz
    lf = spectrum.band(*LF)
    adhered = abs(60 * measured_hz - rate) <= ADHERENCE_PER_MIN
    return ResonanceStep(
        rate,
        measured_per_min=60 * measured_hz,
        adhered=adhered,
        amplitude_ms=amplitude,
        lf_ms2=lf,
        lf_peak_ms2_per_hz=float(density[round(peak_hz / (RESAMPLE_HZ / NFFT))]),
        lf_peak_hz=peak_hz,
        lf_peaks=_peaks(spectrum),
        smoothness=min(1.0, spectrum.band(peak_hz - 0.015, peak_hz + 0.015) / lf),
        phase_synchrony=float(abs(np.mean(turns / np.maximum(np.abs(turns), 1e-12)))),
        phase_deg=behind,
    )


def _spectrum(even: NDArray[np.float64]) -> Spectrum:
    window = hann(len(even))
    nfft = max(NFFT, len(even))
    psd = 2 * np.abs(np.fft.rfft(detrend(even) * window, nfft)) ** 2 / (RESAMPLE_HZ * float(window @ window))
    grid = np.arange(len(psd), dtype=np.float64) * (RESAMPLE_HZ / nfft)
    return Spectrum(grid, np.asarray(psd, np.float64), "Hann", len(even) / RESAMPLE_HZ)


def _turns(values: NDArray[np.float64], phase: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.complex128]:
    """Fourier coefficient of each breath at the pacer's own frequency, `[breaths]`."""
    return np.asarray(np.add.reduceat(values * np.exp(-2j * np.pi * phase), starts), dtype=np.complex128)


def _lungs(belt: Belt, grid: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The belt on the grid; None where it does not cover it."""
    samples = column("belt.samples", belt.samples)
    rate, start = number("belt.rate_hz", belt.rate_hz), number("belt.start_s", belt.start_s)
    if not (LOWEST_HZ <= rate <= HIGHEST_HZ and abs(start) <= LATEST_S and len(samples)):
        return None
    if not (np.abs(samples) <= HUGE).all():
        return None
    times = start + np.arange(len(samples)) / rate
    if times[0] > grid[0] + 1 or times[-1] < grid[-1] - 1 or np.ptp(samples) == 0:
        return None
    return np.asarray(np.interp(grid, times, samples / np.abs(samples).max()), dtype=np.float64)


def _peaks(spectrum: Spectrum) -> int:
    """Maxima in LF at least a quarter as high as the highest."""
    first, stop = np.searchsorted(spectrum.frequency_hz, LF)
    p = spectrum.psd_ms2_per_hz[first - 1 : stop + 1]
    tops = (p[1:-1] > p[:-2]) & (p[1:-1] >= p[2:])
    high = p[1:-1][tops]
    return int(np.count_nonzero(high >= high.max() / 4)) if len(high) else 0
