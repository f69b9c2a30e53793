"""What one heart beat looks like: an ECG lead as a sum of Gaussians, a finger pulse with its dicrotic wave.

ECG: P, Q, R, S, T as Gaussian bumps around the R peak, as in McSharry et al. 2003, IEEE Trans Biomed Eng 50(3), but in
the time domain; the T wave moves with the square root of the period (Bazett). PPG: the pulse arrives 0.2 s after the R
peak; systolic and reflected wave are two bumps.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PULSE_ARRIVAL_S = 0.20
_ECG = (  # place s, width s, height mV
    (-0.165, 0.022, 0.13),
    (-0.028, 0.009, -0.11),
    (0.0, 0.0105, 1.15),
    (0.028, 0.010, -0.24),
)
_T_WAVE = (0.285, 0.055, 0.29)
_PULSE = ((0.150, 0.055, 0.80), (0.215, 0.085, 0.45), (0.415, 0.085, 0.30))


def ecg_wave(t_s: Floats, beats_s: Floats, rr_s: Floats) -> Floats:
    """MV at `t_s` [n] for R peaks `beats_s` [m], each followed by a period `rr_s` [m]."""
    lag = t_s[:, None] - beats_s[None, :]
    total = sum(height * _bump(lag, place, width) for place, width, height in _ECG)
    place, width, height = _T_WAVE
    stretch = np.sqrt(rr_s / 0.8)
    return np.asarray((total + height * _bump(lag, place * stretch, width * stretch)).sum(axis=1), dtype=np.float64)


def ppg_wave(t_s: Floats, beats_s: Floats, rr_s: Floats) -> Floats:
    """Pulse wave at `t_s` [n], about 0 … 1, for R peaks `beats_s` [m], each followed by a period `rr_s` [m]."""
    lag = t_s[:, None] - (beats_s[None, :] + _PULSE_ARRIVAL_S)
    stretch = np.sqrt(rr_s / 0.8)
    total = sum(height * _bump(lag, place * stretch, width * stretch) for place, width, height in _PULSE)
    return np.asarray(np.sum(total, axis=1), dtype=np.float64)


def _bump(lag: Floats, place: Floats | float, width: Floats | float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((lag - place) / width) ** 2), dtype=np.float64)
