"""Sounds to rest by, out of the mathematics of this folder: rain, sea, wind, a stream, a bowl, brown noise.

What flows on is synthesised on a circle: noise is the inverse transform of a spectrum with random phases, single drops
wrap around the end, and every slow movement makes a whole number of turns. So a loop has no seam by construction, no
offset, and nothing has to be faded. The same seed gives the same samples. `signals/music.py` has what has an end.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100
"""What sound hardware and SDL take as it is; converting 60 s at load costs the kiosk a tenth of a second."""

PEAK = 10 ** (-3 / 20)
"""Loudest sample: -3 dB of full scale."""

LOOP_RMS = 10 ** (-26 / 20)
"""Mean level of what flows on: -26 dB of full scale."""

SWELL_S = 10.0
"""One wave of the sea: six a minute, as slow as resonance breathing."""

Stereo = NDArray[np.float32]
Mono = NDArray[np.float64]


def brown(seconds: float, seed: int) -> Stereo:
    """Brown noise: power falls by 6 dB an octave; nothing below 25 Hz.

    Args:
        seconds: length of the loop.
        seed: the same seed, the same sound.

    Returns:
        Samples of shape (n, 2) at `RATE_HZ`, within ±`PEAK`; so do all functions here.
    """
    rng = np.random.default_rng(seed)
    return level(_pair(lambda: _noise(rng, seconds, lambda f: 1 / np.maximum(f, 25.0) * _above(f, 25.0))), LOOP_RMS)


def rain(seconds: float, seed: int) -> Stereo:
    """Steady rain on leaves: a soft hiss around 3 kHz, and drops near by."""
    rng = np.random.default_rng(seed)
    hiss = _pair(lambda: _noise(rng, seconds, lambda f: _bump(f, 2600.0, 1.3) * _above(f, 250.0)))
    calm = 1.0 + 0.12 * _drift(rng, seconds, turns=4)
    drops = np.zeros_like(hiss)
    for _ in range(int(90 * seconds)):
        pitch, loud = rng.uniform(1500.0, 5200.0), 0.05 + rng.exponential(0.12)
        _strew(drops, rng, loud * _ping(pitch, rng.uniform(0.002, 0.006), 0.03))
    return level(hiss * calm[:, None] + 0.35 * drops, LOOP_RMS)


def sea(seconds: float, seed: int) -> Stereo:
    """Waves on sand, one every ten seconds: the deep part swells first, the foam follows and runs out.

    Raises:
        ValueError: `seconds` is not a whole number of waves.
    """
    if seconds % SWELL_S:
        raise ValueError(f"seconds: a whole number of waves of {SWELL_S:.0f} s, not {seconds}")
    rng = np.random.default_rng(seed)
    turn = _turn(seconds, round(seconds / SWELL_S))
    deep = _pair(lambda: _noise(rng, seconds, lambda f: _bump(f, 170.0, 1.1) * _above(f, 40.0)))
    foam = _pair(lambda: _noise(rng, seconds, lambda f: _bump(f, 1900.0, 1.2) * _above(f, 150.0)))
    lively = 1.0 + 0.15 * _drift(rng, seconds, turns=3)
    swell = (0.5 - 0.5 * np.cos(turn + 0.35 * np.sin(turn))) ** 1.4
    late = turn - 2 * np.pi * 1.3 / SWELL_S
    run_out = (0.5 - 0.5 * np.cos(late + 0.5 * np.sin(late))) ** 2.2
    mixed = deep * (0.25 + swell)[:, None] + 0.75 * foam * (0.06 + run_out * lively)[:, None]
    return level(mixed, LOOP_RMS)


def wind(seconds: float, seed: int) -> Stereo:
    """Wind in pines: three bands that come and go, each in its own time."""
    rng = np.random.default_rng(seed)
    mixed = np.zeros((_count(seconds), 2))
    for centre_hz, width, share, turns in ((220.0, 0.8, 1.0, 3), (520.0, 0.5, 0.6, 5), (1300.0, 0.5, 0.22, 7)):
        gust = np.exp(0.75 * _drift(rng, seconds, turns))
        mixed += share * gust[:, None] * _band(rng, seconds, centre_hz, width)
    return level(mixed, LOOP_RMS)


def stream(seconds: float, seed: int) -> Stereo:
    """A small stream over stones: bubbles whose pitch rises as they close, over a quiet rush."""
    rng = np.random.default_rng(seed)
    rush = _pair(lambda: _noise(rng, seconds, lambda f: _bump(f, 700.0, 1.1) * _above(f, 120.0)))
    bubbles = np.zeros_like(rush)
    for _ in range(int(55 * seconds)):
        pitch, loud = float(np.exp(rng.normal(np.log(760.0), 0.35))), 0.08 + rng.exponential(0.12)
        _strew(bubbles, rng, loud * _ping(pitch, rng.uniform(0.008, 0.03), 0.12, rise=rng.uniform(0.1, 0.6)))
    return level(0.55 * rush * (1.0 + 0.15 * _drift(rng, seconds, 5))[:, None] + 0.5 * bubbles, LOOP_RMS)


def level(sound: NDArray[np.float64], rms: float) -> Stereo:
    """Without offset, at this mean level, and never above `PEAK` (then all of it is quieter)."""
    centred = sound - sound.mean(axis=0)
    gain = min(rms / float(np.sqrt(np.mean(centred**2))), 0.999 * PEAK / float(np.abs(centred).max()))
    return np.asarray(centred * gain, np.float32)


def _count(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _turn(seconds: float, turns: int) -> Mono:
    """An angle that goes around so many times."""
    return np.asarray(2 * np.pi * turns * np.arange(_count(seconds)) / _count(seconds), np.float64)


def _noise(rng: np.random.Generator, seconds: float, shape: Callable[[Mono], Mono]) -> Mono:
    """Periodic noise with this amplitude spectrum, of mean square 1."""
    n = _count(seconds)
    f = np.fft.rfftfreq(n, 1 / RATE_HZ)
    amplitude = np.zeros(len(f))
    amplitude[1:] = shape(np.asarray(f[1:], np.float64))  # no offset
    made = np.fft.irfft(amplitude * np.exp(2j * np.pi * rng.random(len(f))), n)
    return np.asarray(made / np.sqrt(np.mean(made**2)), np.float64)


def _pair(one: Callable[[], Mono]) -> Mono:
    """Two ears: alike enough to be one place, different enough to be wide."""
    left, right = one(), one()
    return np.asarray(np.stack((left + 0.35 * right, right + 0.35 * left), axis=1) / np.hypot(1.0, 0.35), np.float64)


def _band(rng: np.random.Generator, seconds: float, centre_hz: float, octaves: float) -> Mono:
    return _pair(lambda: _noise(rng, seconds, lambda f: _bump(f, centre_hz, octaves)))


def _drift(rng: np.random.Generator, seconds: float, turns: int) -> Mono:
    """A slow periodic wander of mean square 1, out of the first `turns` harmonics."""
    made = np.zeros(_count(seconds))
    for k in range(1, turns + 1):
        made += np.cos(_turn(seconds, k) + 2 * np.pi * rng.random()) * rng.uniform(0.5, 1.0)
    return np.asarray(made / np.sqrt(np.mean(made**2)), np.float64)


def _bump(f: Mono, centre_hz: float, octaves: float) -> Mono:
    """A bell over the logarithm of frequency."""
    return np.asarray(np.exp(-0.5 * (np.log2(f / centre_hz) / octaves) ** 2) / np.sqrt(f), np.float64)


def _above(f: Mono, corner_hz: float) -> Mono:
    return 1 / (1 + (corner_hz / f) ** 4)


def _ping(pitch_hz: float, decay_s: float, longest_s: float, rise: float = 0.0) -> Mono:
    """One drop: a tone that begins at once but not with a jump, dies away, and may rise."""
    t = np.arange(_count(min(longest_s, 7 * decay_s))) / RATE_HZ
    tone = np.sin(2 * np.pi * pitch_hz * (t + rise * t**2 / (2 * longest_s)))
    return np.asarray(tone * np.exp(-t / decay_s) * np.minimum(1.0, t / 0.0008), np.float64)


def _strew(into: Mono, rng: np.random.Generator, drop: Mono) -> None:
    """Let a drop fall somewhere, left or right; one at the end goes on at the beginning."""
    n = len(into)
    start, right = int(rng.integers(n)), rng.uniform(0.15, 0.85)
    ears = drop[:, None] * np.array([np.cos(right * np.pi / 2), np.sin(right * np.pi / 2)])
    first = min(len(drop), n - start)
    into[start : start + first] += ears[:first]
    into[: len(drop) - first] += ears[first:]
