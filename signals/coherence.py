"""Heart-rhythm coherence: how much of the variation of the last 64 s is one slow wave.

After McCraty & Zayas 2014 (doi 10.3389/fpsyg.2014.01090): the highest peak in 0.04-0.26 Hz, power within 0.030 Hz
around it, against the rest. Ours differs where the published recipe misleads: the total is taken over 0.0033-0.4 Hz
(over 0.04-0.26 Hz resting records look coherent, because a slope below 0.04 Hz peaks at the edge); the peak must be a
true maximum; and there is no score without 90 % accepted beats or with an oscillation too small to tell from noise.
Through a 64 s Hann window the purest sine reaches 86 % (ratio 6.3), since the window spreads it over more than 0.030
Hz.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number, times_in_order
from signals.beat import Beats
from signals.reasons import Reason
from signals.rr import Label, correct_rr
from signals.rr_rules import plausible
from signals.spectrum import Spectrum, detrend, hann, spline

WINDOW_S = 64.0
SHORTEST_S = 61.0
RESAMPLE_HZ = 4.0
NFFT = 1024
PEAK_HZ = (0.04, 0.26)
TOTAL_HZ = (0.0033, 0.4)
PEAK_WIDTH_HZ = 0.030
LEAST_ACCEPTED = 0.9
LEAST_AMPLITUDE_MS = 15.0
LONGEST_HOLE_S = 3.0
METHOD = "peak 0.030 Hz in 0.04-0.26 Hz / rest of 0.0033-0.4 Hz, 64 s Hann, spline 4 Hz"
CAUGHT = 0.862
"""Share of a pure sine's power in the peak window: 7 points of the 1/256 Hz grid, through the 64 s Hann window."""


@dataclass(frozen=True, slots=True)
class Coherence:
    """Coherence of one window. Everything is None when `reason` says why there is no score.

    Attributes:
        ratio: peak power over the rest of the total, r.
        ratio_squared: r², the form of the published formula.
        peak_hz: where the peak is, Hz.
        share_percent: 100 r / (1 + r): the peak's share of the total, 0-86.
        amplitude_ms: peak-to-trough height of the wave at the peak, ms (kept when it is the reason for no score).
        reason: why there is no score.
        method: how it was made.
    """

    ratio: float | None
    ratio_squared: float | None
    peak_hz: float | None
    share_percent: float | None
    amplitude_ms: float | None
    reason: Reason | None
    method: str = METHOD


def coherence(
    rr_ms: ArrayLike | Beats, times_s: ArrayLike | None = None, *, accepted_share: float | None = None
) -> Coherence:
    """Coherence of the last 64 s of an NN series, or of beats (McCraty & Zayas 2014; deviations at the top).

    Args:
        rr_ms: [n] NN intervals, ms, taken as they are; or the `Beats` of a recording, whose intervals are corrected
            first and whose share of normal ones is counted.
        times_s: [n] times at which they end, s; the running sum of the intervals when absent. Beats bring their own.
        accepted_share: share of the raw intervals in this time that were normal, 0-1; 1 when absent.

    Returns:
        The score, or the reason why there is none.

    Raises:
        ValueError: series that are no numbers; beats together with `times_s` or `accepted_share`.

    >>> t = np.cumsum(np.full(90, 0.85))
    >>> calm = coherence(850 + 60 * np.sin(2 * np.pi * 0.1 * t))
    >>> round(calm.peak_hz, 2), round(calm.share_percent)
    (0.1, 86)
    >>> coherence(850 + 3 * np.sin(2 * np.pi * 0.1 * t)).reason
    <Reason.TOO_LITTLE_VARIATION: 'too_little_variation'>
    """
    if isinstance(rr_ms, Beats):
        if times_s is not None or accepted_share is not None:
            raise ValueError("times_s, accepted_share: beats bring their own")
        if not times_in_order(column("beats.times_s", rr_ms.times_s)):
            return _none(Reason.NOT_FINITE)
        rr_ms, times_s, accepted_share = _corrected(rr_ms)
    accepted_share = 1.0 if accepted_share is None else number("accepted_share", accepted_share)
    rr = column("rr_ms", rr_ms)
    if not all(plausible(float(value)) for value in rr):
        return _none(Reason.NOT_FINITE)
    times = np.cumsum(rr) / 1000 if times_s is None else column("times_s", times_s)
    if len(times) != len(rr) or not times_in_order(times):
        return _none(Reason.NOT_FINITE)
    if len(rr) < 2:
        return _none(Reason.TOO_SHORT)
    recent = times >= times[-1] - WINDOW_S - 2.0
    rr, times = rr[recent], times[recent]
    if times[-1] - times[0] + rr[0] / 1000 < SHORTEST_S:
        return _none(Reason.TOO_SHORT)
    inside = np.diff(times[times >= times[-1] - WINDOW_S])
    if len(inside) < 16:
        return _none(Reason.TOO_FEW_BEATS)
    if inside.max() > LONGEST_HOLE_S:
        return _none(Reason.GAP)
    if not accepted_share >= LEAST_ACCEPTED:
        return _none(Reason.TOO_MANY_ARTEFACTS)
    return _score(_spectrum(rr, times))


def _corrected(beats: Beats) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """NN intervals of beats, the times at which they end, and the share of raw ones that were normal in the window."""
    raw = correct_rr(np.diff(beats.times_s) * 1000)
    if not len(raw.nn_ms):
        return raw.nn_ms, raw.nn_ms, 1.0
    recent = beats.times_s[1:] >= beats.times_s[-1] - WINDOW_S
    normal = np.array([label is Label.NORMAL for label in raw.labels])
    return raw.nn_ms, beats.times_s[0] + raw.nn_times_ms / 1000, float(normal[recent].mean())


def _none(reason: Reason, amplitude_ms: float | None = None) -> Coherence:
    return Coherence(None, None, None, None, amplitude_ms, reason)


def _spectrum(rr: NDArray[np.float64], times: NDArray[np.float64]) -> Spectrum:
    length = round(WINDOW_S * RESAMPLE_HZ)
    at = times[-1] - np.arange(length - 1, -1, -1) / RESAMPLE_HZ
    even = spline(times, rr, np.maximum(at, times[0]))
    window = hann(length)
    psd = 2 * np.abs(np.fft.rfft(detrend(even) * window, NFFT)) ** 2 / (RESAMPLE_HZ * float(window @ window))
    return Spectrum(
        np.arange(len(psd), dtype=np.float64) * (RESAMPLE_HZ / NFFT), np.asarray(psd, np.float64), METHOD, WINDOW_S
    )


def _score(spectrum: Spectrum) -> Coherence:
    peak_hz = spectrum.peak_hz(*PEAK_HZ)
    if peak_hz is None:
        return _none(Reason.NO_PEAK)
    grid = spectrum.frequency_hz
    middle = float(grid[int(np.argmin(np.abs(grid - peak_hz)))])
    half = PEAK_WIDTH_HZ / 2
    total, peak = spectrum.band(*TOTAL_HZ), spectrum.band(middle - half, middle + half)
    amplitude = 2 * math.sqrt(2 * max(peak, 0.0) / CAUGHT)
    if amplitude < LEAST_AMPLITUDE_MS or total <= peak:
        return _none(Reason.TOO_LITTLE_VARIATION, amplitude)
    ratio = peak / (total - peak)
    return Coherence(ratio, ratio**2, peak_hz, 100 * peak / total, amplitude, None)
