"""What one heart beat looks like: an ECG lead as a sum of Gaussians, a finger pulse with its dicrotic wave.

ECG: P, Q, R, S, T as Gaussian bumps around the R peak, as in McSharry et al. 2003, IEEE Trans Biomed Eng 50(3), but in
the time domain; the T wave moves with the square root of the period (Bazett). A ventricular beat has no P wave, a QRS
complex of some 150 ms and a T wave against it; in atrial fibrillation there is no P wave but a ripple of 4-9 Hz (any
textbook of ECG). PPG: the pulse arrives 0.2 s after the R peak; systolic and reflected wave are two bumps.
"""

import numpy as np
from numpy.typing import NDArray

from firmware_sim.rhythm import BeatKind

Floats = NDArray[np.float64]
Kinds = NDArray[np.int64]

_PULSE_ARRIVAL_S = 0.20
_ECG = (  # place s, width s, height mV
    (-0.165, 0.022, 0.13),
    (-0.028, 0.009, -0.11),
    (0.0, 0.0105, 1.15),
    (0.028, 0.010, -0.24),
)
_T_WAVE = (0.285, 0.055, 0.29)
_VENTRICULAR = ((-0.012, 0.034, 1.55), (0.070, 0.030, -0.55), (0.290, 0.070, -0.45))
_RIPPLES = ((5.1, 0.045, 0.0), (6.7, 0.035, 1.3), (8.3, 0.020, 4.0))  # Hz, mV, phase
_PULSE = ((0.150, 0.055, 0.80), (0.215, 0.085, 0.45), (0.415, 0.085, 0.30))


def ecg_wave(t_s: Floats, beats_s: Floats, rr_s: Floats, kinds: Kinds | None = None) -> Floats:
    """MV at `t_s` [n] for R peaks `beats_s` [m], each followed by a period `rr_s` [m]; `kinds` [m] are `BeatKind`s."""
    if kinds is None or not kinds.any():
        return _narrow(t_s, beats_s, rr_s)
    wide = kinds == BeatKind.VENTRICULAR
    total = _narrow(t_s, beats_s[~wide], rr_s[~wide], np.where(kinds[~wide] == BeatKind.FIBRILLATION, 0.0, 1.0))
    lag = t_s[:, None] - beats_s[None, wide]
    for place, width, height in _VENTRICULAR:
        total += height * _bump(lag, place, width).sum(axis=1)
    return total


def _narrow(t_s: Floats, beats_s: Floats, rr_s: Floats, p_share: Floats | float = 1.0) -> Floats:
    lag = t_s[:, None] - beats_s[None, :]
    heights = [p_share * _ECG[0][2], *(height for _, _, height in _ECG[1:])]
    total = sum(height * _bump(lag, place, width) for height, (place, width, _) in zip(heights, _ECG, strict=True))
    place, width, height = _T_WAVE
    stretch = np.sqrt(rr_s / 0.8)
    return np.asarray((total + height * _bump(lag, place * stretch, width * stretch)).sum(axis=1), dtype=np.float64)


def fibrillation_wave(t_s: Floats) -> Floats:
    """MV at `t_s` [n] of atria that fibrillate."""
    return np.asarray(
        sum(size * np.sin(2 * np.pi * hz * t_s + phase) for hz, size, phase in _RIPPLES), dtype=np.float64
    )


def ppg_wave(t_s: Floats, beats_s: Floats, rr_s: Floats, strength: Floats | float = 1.0) -> Floats:
    """Pulse wave at `t_s` [n], about 0 … 1, for R peaks `beats_s` [m], each followed by a period `rr_s` [m].

    `strength` [m] is that of each pulse: 0 hardly felt, 1 usual.
    """
    lag = t_s[:, None] - (beats_s[None, :] + _PULSE_ARRIVAL_S)
    stretch = np.sqrt(rr_s / 0.8)
    total = sum(height * _bump(lag, place * stretch, width * stretch) for place, width, height in _PULSE)
    return np.asarray(np.sum(total * strength, axis=1), dtype=np.float64)


def _bump(lag: Floats, place: Floats | float, width: Floats | float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((lag - place) / width) ** 2), dtype=np.float64)
