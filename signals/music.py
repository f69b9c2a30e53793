"""Quiet sounds with an end: two slow pieces on five tones, a singing bowl, and the bells of the breathing pacer.

Composed here, by rule and seed: melodies step along a pentatonic scale in phrases that return, over open fifths. Tones
are sums of partials that die away, as plucked strings and bowls have them; the room around them is a decaying noise.
Every sound begins and ends in silence, so that whoever repeats it needs no fade.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from signals.soundscapes import RATE_HZ, Mono, Stereo, level

PIECE_RMS = 10 ** (-25 / 20)
BELL_RMS = 10 ** (-24 / 20)
TAIL_S = 4.0
"""How long a piece fades at its end, where almost nothing sounds any more."""

RING_S = 6.0
"""From the end of the last phrase to the end of a piece."""

BOWL = ((1.0, 1.0, 5.5), (1.003, 0.5, 5.0), (2.74, 0.42, 3.2), (2.751, 0.2, 3.0), (5.13, 0.16, 1.5), (8.02, 0.05, 0.7))
"""Partials of a bowl: ratio, amplitude, decay in s. Neighbours a few thousandths apart make it beat slowly."""

STRING = tuple((k * (1 + 0.0002 * k * k), 0.9 / k**1.35, 1.9 / k**0.7) for k in range(1, 9))
"""Partials of a plucked silk string, a little stretched."""

BELL = ((1.0, 1.0, 1.6), (2.0, 0.25, 0.9), (3.01, 0.12, 0.5), (4.2, 0.05, 0.3))

GONG_MODE = (0, 2, 4, 7, 9)
YU_MODE = (0, 3, 5, 7, 10)
"""Semitones of two modes of the five tones (宫, 羽)."""


def bamboo(seconds: float, seed: int) -> Stereo:
    """竹影: a plucked string, in the mode of 宫 on G.

    Args:
        seconds: length, at least 30.
        seed: the same seed, the same piece.

    Returns:
        Samples of shape (n, 2) at `signals.soundscapes.RATE_HZ`; so do all functions here.
    """
    return _piece(seconds, seed, 196.0, GONG_MODE, STRING, beat_s=1.15)


def moon(seconds: float, seed: int) -> Stereo:
    """月下: soft bells, slower, in the mode of 羽 on A."""
    return _piece(seconds, seed, 220.0, YU_MODE, BELL, beat_s=1.6)


def bowl(seconds: float, seed: int) -> Stereo:
    """A singing bowl, struck softly about every twelve seconds, never twice quite alike."""
    rng = np.random.default_rng(seed)
    dry = np.zeros((_count(seconds), 2))
    at_s = 0.3
    while at_s < seconds - 14.0:
        _strike(dry, at_s, _tone(174.6, BOWL, 26.0, attack_s=0.03), rng.uniform(0.7, 1.0), rng.uniform(0.4, 0.6))
        at_s += rng.uniform(11.0, 13.5)
    return _finish(_room(dry, rng, 3.0, 0.25), PIECE_RMS)


def bell(kind: str) -> Stereo:
    """A soft bell: "inhale" (higher), "exhale" (a fourth lower), or "end" (three, for the end of an exercise)."""
    rng = np.random.default_rng(7)
    strokes = {"inhale": ((0.0, 523.25),), "exhale": ((0.0, 392.0),)}.get(
        kind, ((0.0, 392.0), (0.9, 523.25), (1.8, 659.26))
    )
    dry = np.zeros((_count(5.0 if kind == "end" else 2.5), 2))
    for at_s, pitch in strokes:
        _strike(dry, at_s, _tone(pitch, BELL, 3.0, attack_s=0.02), 1.0, 0.5)
    return _finish(_room(dry, rng, 1.2, 0.2), BELL_RMS, tail_s=0.8)


def _piece(
    seconds: float,
    seed: int,
    root_hz: float,
    mode: Sequence[int],
    partials: Sequence[tuple[float, float, float]],
    beat_s: float,
) -> Stereo:
    """Phrases a a' b a'' of eight beats over open fifths, and room to ring out."""
    rng = np.random.default_rng(seed)
    dry = np.zeros((_count(seconds), 2))
    first, second = _phrase(rng), _phrase(rng)
    beats = max(1, round((seconds - RING_S) / (8 * beat_s))) * 8
    beat_s = (seconds - RING_S) / beats  # so that the last phrase ends where the ringing out begins
    away = next(degree for degree in (3, 2) if (mode[degree] + 7) % 12 in mode)
    for number in range(beats // 8):
        at_s = 0.3 + 8 * beat_s * number
        phrase = second if number % 4 == 2 else _varied(rng, first) if number % 2 else first
        for degree, when in ((0, 0.0), (away if number % 2 else 0, 4.0)):
            low = root_hz / 2 * 2 ** (mode[degree] / 12)
            _strike(dry, at_s + when * beat_s, _tone(low, partials, 7.0, attack_s=0.02), 0.42, 0.5)
            _strike(dry, at_s + (when + 0.5) * beat_s, _tone(low * 1.5, partials, 7.0, attack_s=0.03), 0.2, 0.6)
        for degree, when in phrase:
            octave, step = divmod(degree, 5)
            pitch = root_hz * 2 ** (octave + mode[step] / 12)
            late = rng.normal(0.0, 0.018)  # no hand is a clock
            tone = _tone(pitch, partials, 6.0, attack_s=0.004)
            _strike(dry, at_s + max(0.0, when * beat_s + late), tone, rng.uniform(0.45, 0.7), 0.5 + 0.05 * (step - 2))
    return _finish(_room(dry, rng, 2.6, 0.3), PIECE_RMS)


def _phrase(rng: np.random.Generator) -> list[tuple[int, float]]:
    """Degrees and beats: mostly steps, a leap now and then, home or fifth at the end, and a breath."""
    degree, when, made = int(rng.choice([2, 3, 5])), 0.0, list[tuple[int, float]]()
    while when < 6.0:
        made.append((degree, when))
        when += float(rng.choice([1.0, 1.0, 1.5, 2.0, 0.5]))
        degree = int(np.clip(degree + rng.choice([-2, -1, -1, 1, 1, 2]), 0, 8))
    made[-1] = (int(rng.choice([0, 3, 5])), made[-1][1])
    return made


def _varied(rng: np.random.Generator, phrase: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The same phrase with one tone moved and one left out."""
    kept = list(phrase)
    if len(kept) > 3:
        kept.pop(int(rng.integers(1, len(kept) - 1)))
    place = int(rng.integers(len(kept)))
    kept[place] = (max(0, kept[place][0] + int(rng.choice([-1, 1]))), kept[place][1])
    return kept


def _count(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _tone(pitch_hz: float, partials: Sequence[tuple[float, float, float]], longest_s: float, attack_s: float) -> Mono:
    t = np.arange(_count(longest_s)) / RATE_HZ
    made = np.zeros_like(t)
    for ratio, amplitude, decay_s in partials:
        if ratio * pitch_hz < 9000.0:
            heard = t[: _count(8 * decay_s)]  # afterwards it is 70 dB down
            made[: len(heard)] += amplitude * np.exp(-heard / decay_s) * np.sin(2 * np.pi * ratio * pitch_hz * heard)
    rise = np.sin(0.5 * np.pi * np.minimum(1.0, t / attack_s)) ** 2
    fall = np.minimum(1.0, (longest_s - t) / (0.2 * longest_s))
    return np.asarray(made * rise * fall, np.float64)


def _strike(into: Mono, at_s: float, tone: Mono, loud: float, right: float) -> None:
    start = _count(at_s)
    room = min(len(tone), len(into) - start)
    into[start : start + room, 0] += loud * np.cos(right * np.pi / 2) * tone[:room]
    into[start : start + room, 1] += loud * np.sin(right * np.pi / 2) * tone[:room]


def _room(dry: Mono, rng: np.random.Generator, seconds: float, wet: float) -> Mono:
    """A quiet room: each ear's own noise that dies away, its heights first."""
    n = _count(seconds)
    t = np.arange(n) / RATE_HZ
    size = 1 << (len(dry) + n - 1).bit_length()
    made = dry.copy()
    for ear in (0, 1):
        echo = np.cumsum(rng.standard_normal(n)) * 0.02 + rng.standard_normal(n) * np.exp(-t / 0.1)
        echo -= np.convolve(echo, np.ones(64) / 64, "same")  # no rumble
        echo *= np.exp(-6.9 * t / seconds)
        echo /= np.sqrt(np.sum(echo**2))
        wave: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(dry[:, ear], size) * np.fft.rfft(echo, size), size)
        made[:, ear] += wet * wave[: len(dry)]
    return made


def _finish(sound: Mono, rms: float, tail_s: float = TAIL_S) -> Stereo:
    """Silence at both ends, and the level."""
    n = _count(tail_s)
    sound[-n:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, n + 1) / n))[:, None]
    made = level(sound, rms)
    made[-n:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, n + 1) / n))[:, None].astype(np.float32)
    return made
