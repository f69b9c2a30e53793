"""Breathing rate out of what the heart gives away: RR intervals, or three modulations of the pulse wave.

RR intervals shorten while breathing in; their spectrum peaks at the breathing rate. A PPG carries it three times: in
its intensity, its amplitude and its intervals (RIIV, RIAV, RIFV: Karlen et al. 2013, IEEE Trans Biomed Eng 60(7):1946).
Windows of 32 s; a window is kept when its sources agree within 4 breaths/min (Karlen's rule: standard deviation). Ours:
a source only speaks where a true peak holds a third of the power of the band, and 0.4 where it speaks alone (RR), since
nothing can contradict it (of bidmc01's windows this refuses those that are 5 to 13 per minute off).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column, number
from signals.beats import find_beats
from signals.breath import Respiration, Source
from signals.reasons import Reason

Array = NDArray[np.float64]

WINDOW_S, STEP_S = 32.0, 4.0
EVEN_HZ = 4.0
LOWEST_HZ, HIGHEST_HZ = 0.1, 0.6
PEAK_HALF_HZ = 0.04
LEAST_SHARE, LEAST_SHARE_ALONE = 0.33, 0.4
AGREE_PER_MIN = 4.0
LONGEST_HOLE_S = 4.0
RR_MS = (300.0, 2000.0)
PPG_LOWEST_HZ, PPG_HIGHEST_HZ = 20.0, 1000.0
FFT_SIZE = 1024


def respiration_from_rr(times_s: ArrayLike, rr_ms: ArrayLike, lowest_hz: float = LOWEST_HZ) -> Respiration:
    """Breathing rate from RR intervals (corrected ones: an ectopic beat looks like a breath).

    Args:
        times_s: [n] times of the beats that end the intervals, s, increasing.
        rr_ms: [n] intervals, ms.
        lowest_hz: lower edge of the band. 0.1 Hz keeps the slow waves of blood pressure out; for a person who breathes
            slowly along with a pacer take 0.06; what is not between 0 and 0.6 is taken as 0.1.

    Returns:
        Rate and windows, or the reason why there is none. Method ours (see the top).

    Raises:
        ValueError: the series are no numbers or of different lengths.

    >>> import numpy as np
    >>> rr = 850 + 40 * np.sin(2 * np.pi * 0.25 * 0.85 * np.arange(140))
    >>> round(respiration_from_rr(np.cumsum(rr) / 1000, rr).rate_per_min, 1)
    15.0
    """
    times, rr = column("times_s", times_s), column("rr_ms", rr_ms)
    if len(times) != len(rr):
        raise ValueError(f"times_s: {len(times)} times for {len(rr)} intervals")
    with np.errstate(invalid="ignore"):
        keep = np.isfinite(times) & (rr >= RR_MS[0]) & (rr <= RR_MS[1]) & (np.abs(times) < 1e9)
    times, rr = times[keep], rr[keep]
    if len(times) and (np.diff(times) <= 0).any():
        return _nothing("rr", Reason.IMPLAUSIBLE)
    return _fused("rr", times, [rr], lowest_hz if 0 < number("lowest_hz", lowest_hz) < HIGHEST_HZ else LOWEST_HZ)


def respiration_from_ppg(samples: ArrayLike, rate_hz: float) -> Respiration:
    """Breathing rate from a pulse wave (Karlen 2013; here by spectra of windows of 32 s and with our own `find_beats`).

    Args:
        samples: [n] samples, NaN where there was no contact.
        rate_hz: sampling rate, Hz, 20 to 1000; any other gives `Reason.WRONG_RATE`.

    Returns:
        Rate and windows, or the reason why there is none.

    Raises:
        ValueError: the samples are no series of numbers, or the rate is no number.

    >>> t = np.arange(0, 90, 0.02)
    >>> breath = np.sin(2 * np.pi * 0.2 * t)
    >>> round(respiration_from_ppg((1 + 0.2 * breath) * np.sin(2 * np.pi * 1.2 * t) + breath, 50).rate_per_min)
    12
    """
    values = column("samples", samples)
    if not PPG_LOWEST_HZ <= number("rate_hz", rate_hz) <= PPG_HIGHEST_HZ:
        return _nothing("ppg", Reason.WRONG_RATE)
    good = np.isfinite(values) & (np.abs(np.nan_to_num(values)) < 1e9)
    if not good.any():
        return _nothing("ppg", Reason.NO_CONTACT if len(values) else Reason.TOO_SHORT)
    beats = find_beats(values, rate_hz, "ppg")
    if len(beats.times_s) < 3:
        return _nothing("ppg", Reason.TOO_FEW_BEATS)
    times = beats.times_s
    rr = np.diff(times) * 1000
    edges = np.clip(np.round(times * rate_hz).astype(int), 0, len(values))
    total, count = np.cumsum(np.append(0.0, np.where(good, values, 0.0))), np.cumsum(np.append(0, good))
    held = np.maximum(count[edges[1:]] - count[edges[:-1]], 1)
    intensity = (total[edges[1:]] - total[edges[:-1]]) / held
    keep = (rr >= RR_MS[0]) & (rr <= RR_MS[1])
    sources = [intensity[keep], beats.amplitude[1:][keep], rr[keep]]
    return _fused("ppg", times[1:][keep], sources, LOWEST_HZ)


def _nothing(source: Source, reason: Reason) -> Respiration:
    return Respiration(source, None, None, np.empty(0), np.empty(0), 0.0, reason)


def _fused(source: Source, times: Array, modulations: list[Array], lowest_hz: float) -> Respiration:
    if len(times) < 2 or times[-1] - times[0] < WINDOW_S:
        return _nothing(source, Reason.TOO_SHORT)
    starts = np.arange(times[0], times[-1] - WINDOW_S + 1e-9, STEP_S)
    if len(starts) > 100_000:
        return _nothing(source, Reason.IMPLAUSIBLE)
    share = LEAST_SHARE if len(modulations) > 1 else LEAST_SHARE_ALONE
    middles, rates = [], []
    for start in starts:
        inside = (times >= start - 2) & (times <= start + WINDOW_S + 2)
        t = times[inside]
        if len(t) < WINDOW_S / 3 or np.diff(t).max() > LONGEST_HOLE_S:
            continue
        heard = [_peak_per_min(t, series[inside], start, lowest_hz, share) for series in modulations]
        said = [rate for rate in heard if not math.isnan(rate)]
        if len(said) >= (len(modulations) + 1) // 2 and (len(said) == 1 or np.std(said, ddof=1) <= AGREE_PER_MIN):
            middles.append(float(start + WINDOW_S / 2))
            rates.append(float(np.mean(said)))
    if not rates:
        return _nothing(source, Reason.NO_PEAK)
    return Respiration(
        source=source,
        rate_per_min=float(np.median(rates)),
        depth=None,
        onset_s=np.array(middles),
        rates_per_min=np.array(rates),
        quality=len(rates) / len(starts),
        reason=None,
    )


def _peak_per_min(times: Array, values: Array, start: float, lowest_hz: float, share: float) -> float:
    """Rate of the dominant peak of one window, 1/min, or NaN when there is none that is clear."""
    grid = start + np.arange(round(WINDOW_S * EVEN_HZ)) / EVEN_HZ
    even = np.interp(grid, times, values)
    place = np.arange(len(even)) - (len(even) - 1) / 2
    even = even - even.mean()
    even -= place * ((place @ even) / (place @ place))
    power = np.abs(np.fft.rfft(even * np.hanning(len(even)), FFT_SIZE)) ** 2
    hz = np.fft.rfftfreq(FFT_SIZE, 1 / EVEN_HZ)
    top_hz = min(HIGHEST_HZ, 0.5 / float(np.median(np.diff(times))))
    band = np.flatnonzero((hz >= lowest_hz) & (hz <= top_hz))
    if len(band) < 3:
        return math.nan
    inner = band[1:-1]
    peaks = inner[(power[inner] > power[inner - 1]) & (power[inner] >= power[inner + 1])]
    if not len(peaks):
        return math.nan
    best = peaks[np.argmax(power[peaks])]
    near = power[band][np.abs(hz[band] - hz[best]) <= PEAK_HALF_HZ].sum()
    if not near >= share * power[band].sum() or power[best] <= 0:
        return math.nan
    return 60 * float(hz[best])
