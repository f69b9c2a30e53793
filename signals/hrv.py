"""Heart-rate variability of one stretch of NN intervals: time domain, spectrum, geometry, nonlinear.

Definitions: Task Force 1996 (Eur Heart J 17:354), standard deviations with ddof 1, pNN50 strict over n - 1
differences. Spectrum by `welch_psd` (Kubios' recipe as far as it is known). What a stretch is too short for is None
with a reason; shortest stretches: 60 s for the time domain and HF, 120 s for LF, 300 s for VLF, total and histogram
(5 % less is let pass, since whole beats never fill a window).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column
from signals.geometry import stress_index, triangle
from signals.nonlinear import dfa_alpha1, poincare, sample_entropy
from signals.reasons import Reason
from signals.spectrum import HF, LF, VLF, Spectrum, welch_psd

SHORTEST_MS, LONGEST_MS = 200.0, 5000.0
TIME_S, HF_S, LF_S, VLF_S = 60.0, 60.0, 120.0, 300.0
NEARLY = 0.95
LEAST_BEATS = 20
ENTROPY_BEATS = 100
PNN_MS = 50.0
NO_POWER_MS2 = 1e-9
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "sd": "ddof 1",
        "pnn50": "|d| > 50 ms, of n - 1 differences",
        "sample_entropy": "m 2, r 0.2 SD (ddof 1)",
        "dfa_alpha1": "4-16 beats",
        "histogram": "7.8125 ms (HTI, TINN), 50 ms (stress index, not its root)",
        "bands_hz": "VLF 0-0.04, LF 0.04-0.15, HF 0.15-0.4",
    }
)


@dataclass(frozen=True, slots=True)
class HRV:
    """Every measure of one stretch; what is None is explained in `reasons` under its name.

    Attributes:
        n_beats: NN intervals.
        duration_s: their sum, s.
        mean_rr_ms: mean NN, ms.
        mean_hr_bpm: 60000 / mean NN, 1/min.
        sdnn_ms: standard deviation of NN, ms.
        rmssd_ms: root mean square of successive differences, ms.
        sdsd_ms: standard deviation of successive differences, ms.
        pnn50_percent: share of differences above 50 ms, %.
        hti: HRV triangular index.
        tinn_ms: base of the NN histogram's triangle, ms.
        vlf_ms2: power 0-0.04 Hz, ms².
        lf_ms2: power 0.04-0.15 Hz, ms².
        hf_ms2: power 0.15-0.4 Hz, ms².
        total_ms2: power 0-0.4 Hz, ms².
        lf_nu: 100 LF / (LF + HF).
        hf_nu: 100 HF / (LF + HF).
        lf_hf: LF / HF.
        lf_peak_hz: highest true maximum in the LF band, Hz.
        hf_peak_hz: highest true maximum in the HF band, Hz.
        sd1_ms: width of the Poincaré plot, ms.
        sd2_ms: length of the Poincaré plot, ms.
        sample_entropy: m 2, r 0.2 SD.
        dfa_alpha1: short-term scaling exponent, 4-16 beats.
        stress_index: Baevsky's SI (not √SI), 1/s².
        method: how the spectrum was made.
        parameters: every choice behind the numbers.
        reasons: name of the measure to why it is None.
    """

    n_beats: int
    duration_s: float
    mean_rr_ms: float | None = None
    mean_hr_bpm: float | None = None
    sdnn_ms: float | None = None
    rmssd_ms: float | None = None
    sdsd_ms: float | None = None
    pnn50_percent: float | None = None
    hti: float | None = None
    tinn_ms: float | None = None
    vlf_ms2: float | None = None
    lf_ms2: float | None = None
    hf_ms2: float | None = None
    total_ms2: float | None = None
    lf_nu: float | None = None
    hf_nu: float | None = None
    lf_hf: float | None = None
    lf_peak_hz: float | None = None
    hf_peak_hz: float | None = None
    sd1_ms: float | None = None
    sd2_ms: float | None = None
    sample_entropy: float | None = None
    dfa_alpha1: float | None = None
    stress_index: float | None = None
    method: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: PARAMETERS)
    reasons: Mapping[str, Reason] = field(default_factory=dict)


class Put(Protocol):
    """Takes measures that need a stretch of at least so many seconds; None means that there is no variation."""

    def __call__(self, shortest_s: float, **measures: float | None) -> None: ...


MEASURES = tuple(
    f.name for f in fields(HRV) if f.name not in {"n_beats", "duration_s", "method", "parameters", "reasons"}
)


def hrv(rr_ms: ArrayLike) -> HRV:
    """All measures of one unbroken stretch of NN intervals (Task Force 1996; the rest by `nonlinear` and `geometry`).

    Deviations: whole stretches only (no averaging over segments), powers of the band-limited spectrum without ULF.

    Args:
        rr_ms: [n] NN intervals, ms. They are taken as they are: `correct_rr` comes first.

    Returns:
        The measures. A value that is not finite, or no heart's (outside 200-5000 ms), leaves none of them.

    Raises:
        ValueError: the intervals are no series of numbers.

    >>> t = np.cumsum(np.full(400, 0.8))
    >>> v = hrv(800 + 30 * np.sin(2 * np.pi * 0.1 * t))
    >>> round(v.sdnn_ms, 1), round(v.lf_peak_hz, 2), v.reasons
    (21.2, 0.1, mappingproxy({}))
    """
    nn = column("rr_ms", rr_ms)
    refused = _refused(nn)
    if refused is not None:
        return HRV(len(nn), 0.0, reasons=MappingProxyType(dict.fromkeys(MEASURES, refused)))
    duration_s = float(nn.sum()) / 1000
    values: dict[str, Any] = {}
    reasons: dict[str, Reason] = {}

    def put(shortest_s: float, **measures: float | None) -> None:
        for name, value in measures.items():
            if duration_s < NEARLY * shortest_s:
                reasons[name] = Reason.TOO_SHORT
            elif value is None:
                reasons[name] = Reason.TOO_LITTLE_VARIATION
            else:
                values[name] = value

    mean = float(nn.mean())
    put(0, mean_rr_ms=mean, mean_hr_bpm=60000 / mean)
    if len(nn) < LEAST_BEATS:
        missing = {name: Reason.TOO_FEW_BEATS for name in MEASURES if name not in values}
        return replace(HRV(len(nn), duration_s, reasons=MappingProxyType(missing)), **values)
    diffs = np.diff(nn)
    pair = poincare(nn)
    put(
        TIME_S,
        sdnn_ms=float(np.std(nn, ddof=1)),
        rmssd_ms=math.sqrt(float(diffs @ diffs) / len(diffs)),
        sdsd_ms=float(np.std(diffs, ddof=1)),
        pnn50_percent=100 * int(np.count_nonzero(np.abs(diffs) > PNN_MS)) / len(diffs),
        sd1_ms=pair[0] if pair else None,
        sd2_ms=pair[1] if pair else None,
        stress_index=stress_index(nn),
    )
    hti, tinn_ms = (triangle(nn) or (None, None)) if duration_s >= NEARLY * VLF_S else (None, None)
    put(VLF_S, hti=hti, tinn_ms=tinn_ms)
    entropy = sample_entropy(nn) if len(nn) >= ENTROPY_BEATS else None
    put(0, sample_entropy=entropy, dfa_alpha1=dfa_alpha1(nn))
    if len(nn) < ENTROPY_BEATS:
        reasons["sample_entropy"] = Reason.TOO_FEW_BEATS
    if values.get("dfa_alpha1") is None and nn.min() != nn.max():
        reasons["dfa_alpha1"] = Reason.TOO_FEW_BEATS
    spectrum = welch_psd(nn)
    _bands(spectrum, put)
    for name in ("lf_peak_hz", "hf_peak_hz"):
        if reasons.get(name) is Reason.TOO_LITTLE_VARIATION:
            reasons[name] = Reason.NO_PEAK
    bare = HRV(len(nn), duration_s, method=spectrum.method, reasons=MappingProxyType(reasons))
    return replace(bare, **values)


def _refused(nn: NDArray[np.float64]) -> Reason | None:
    """Why there can be no numbers at all."""
    if len(nn) == 0:
        return Reason.TOO_FEW_BEATS
    if not np.isfinite(nn).all():
        return Reason.NOT_FINITE
    return Reason.IMPLAUSIBLE if nn.min() < SHORTEST_MS or nn.max() > LONGEST_MS else None


def _bands(spectrum: Spectrum, put: Put) -> None:
    """Powers, their ratios and peaks."""
    vlf, lf, hf = (spectrum.band(*band) for band in (VLF, LF, HF))
    both = lf + hf
    there = both > NO_POWER_MS2
    put(HF_S, hf_ms2=hf, hf_peak_hz=spectrum.peak_hz(*HF) if there else None)
    put(
        LF_S,
        lf_ms2=lf,
        lf_peak_hz=spectrum.peak_hz(*LF) if there else None,
        lf_nu=100 * lf / both if there else None,
        hf_nu=100 * hf / both if there else None,
        lf_hf=lf / hf if hf > NO_POWER_MS2 else None,
    )
    put(VLF_S, vlf_ms2=vlf, total_ms2=vlf + both)
