"""How good single beats are: do they look alike, come when a heart would send them, and does a second look agree?

Template correlation after Orphanidou 2015 (each beat against the median beat of its window; there a window is good from
a mean of 0.86 for PPG and 0.66 for ECG). Deviation: for PPG the template is taken on the slope, where the upstroke that
times the beat is, because intervals are only as good as it. Rhythm: an interval far off the median of its neighbours
is a missed or an extra beat more often than a heart; in an ECG it is no defect of the signal and has no vote.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.beat import Kind

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """How beats of one kind are compared.

    Attributes:
        before_s, after_s: the stretch around a beat that is compared, s.
        sigma_s: Gaussian that smooths it, s.
        poor, fine: correlations with the template that score 0 and 1.
    """

    before_s: float
    after_s: float
    sigma_s: float
    poor: float
    fine: float


LOOKS: dict[Kind, Look] = {
    "ppg": Look(before_s=0.2, after_s=0.35, sigma_s=0.05, poor=0.75, fine=0.95),
    "ecg": Look(before_s=0.1, after_s=0.15, sigma_s=0.008, poor=0.45, fine=0.9),
}
AGREE_S = 0.05
OFF_FINE, OFF_POOR = 0.22, 0.45  # log distance of an interval from its neighbours' median that scores 1 and 0
NEIGHBOURS = 3
SHORTEST_S = 1e-3


def beat_shapes(values: Array, rate_hz: float, kind: Kind) -> Array:
    """[n] the signal in which beats are compared: the smoothed slope, single jumps limited."""
    look = LOOKS[kind]
    slope = np.diff(values, prepend=values[:1])
    limit = 3.0 * float(np.percentile(np.abs(slope), 98.0)) if len(slope) else 0.0
    sigma = max(look.sigma_s * rate_hz, 0.3)
    reach = int(np.ceil(3.0 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(np.clip(slope, -limit, limit), kernel / kernel.sum(), "same")[: len(values)]


def alike(shapes: Array, rate_hz: float, times_s: Array, kind: Kind) -> Array:
    """[b] how much each beat looks like the window's median beat, 0-1; 0 where fewer than three can be compared."""
    look = LOOKS[kind]
    offsets = np.arange(-round(look.before_s * rate_hz), round(look.after_s * rate_hz) + 1)
    score = np.zeros(len(times_s))
    at = np.round(times_s * rate_hz).astype(np.int64)
    inside = (at + offsets[0] >= 0) & (at + offsets[-1] < len(shapes))
    if np.count_nonzero(inside) < 3:
        return score
    cuts = shapes[at[inside, None] + offsets]
    cuts = cuts - cuts.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.sum(cuts**2, axis=1, keepdims=True))
    cuts = cuts / np.where(norms > 0, norms, 1.0)
    template = np.median(cuts, axis=0)
    norm = float(np.sqrt(np.sum(template**2)))
    if norm <= 0:
        return score
    correlation = cuts @ template / norm
    score[inside] = np.clip((correlation - look.poor) / (look.fine - look.poor), 0.0, 1.0)
    score[~inside] = float(np.mean(score[inside]))  # cut off by the edge: like the rest
    return score


def steady(times_s: Array) -> Array:
    """[b-1] how plausible each interval is beside the three before and after it, 0-1."""
    log_rr = np.log(np.maximum(np.diff(times_s), SHORTEST_S))
    off = np.empty(len(log_rr))
    for k in range(len(log_rr)):
        near = log_rr[max(0, k - NEIGHBOURS) : k + NEIGHBOURS + 1]
        off[k] = abs(log_rr[k] - np.median(near))
    return np.clip((OFF_POOR - off) / (OFF_POOR - OFF_FINE), 0.0, 1.0)


def seconded(times_s: Array, other_s: Array) -> Array:
    """[b] 1 where the other detector has a beat within 50 ms, 0.3 where not."""
    if len(other_s) == 0:
        return np.full(len(times_s), 0.3)
    k = np.clip(np.searchsorted(other_s, times_s), 1, max(len(other_s) - 1, 1))
    near = np.abs(other_s[np.minimum(k, len(other_s) - 1)] - times_s)
    near = np.minimum(near, np.abs(other_s[k - 1] - times_s))
    return np.where(near <= AGREE_S, 1.0, 0.3)
