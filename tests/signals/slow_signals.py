"""Signals for the tests of the slow channels: made ones with a known truth, and anything at all for fuzzing."""

import math
import pickle

import numpy as np
from hypothesis import strategies as st

RISE_S, DECAY_S = 0.75, 2.2
_TOP_S = math.log(DECAY_S / RISE_S) / (1 / RISE_S - 1 / DECAY_S)
_TOP = math.exp(-_TOP_S / DECAY_S) - math.exp(-_TOP_S / RISE_S)


def skin(seconds, rate_hz, onsets_s, amplitudes_us, *, noise_us=0.002, drift_us=0.3, seed=0):
    """Responses of Bateman shape and known height on a level of 6 µS that drifts."""
    t = np.arange(0, seconds, 1 / rate_hz)
    out = 6 + drift_us * np.sin(2 * np.pi * t / 300) + noise_us * np.random.default_rng(seed).standard_normal(len(t))
    for onset, amplitude in zip(onsets_s, amplitudes_us, strict=True):
        x = np.clip(t - onset, 0, None)
        out += amplitude / _TOP * (np.exp(-x / DECAY_S) - np.exp(-x / RISE_S))
    return out


def breath(seconds, rate_hz, per_min, *, noise=0.05, drift_per_s=0.01, seed=0):
    """A belt: breathing of depth 2 with the heart on it, noise and drift."""
    t = np.arange(0, seconds, 1 / rate_hz)
    heart = 0.08 * np.sin(2 * np.pi * 1.2 * t)
    rng = np.random.default_rng(seed)
    return -np.cos(2 * np.pi * per_min / 60 * t) + heart + drift_per_s * t + noise * rng.standard_normal(len(t))


def cut(values, places):
    """The values in pieces, cut at the given places (shares of the length)."""
    return np.split(values, sorted({round(place * len(values)) for place in places}))


def weight(thing):
    """Bytes that a stream needs to be written down."""
    return len(pickle.dumps(thing))


cuts = st.lists(st.floats(0, 1), max_size=12)
rates = st.one_of(st.sampled_from([4.0, 5.0, 10.0, 12.5, 16.0, 32.0, 62.5, 125.0, 250.0, 1000.0]), st.floats(4, 1000))


@st.composite
def anything(draw, longest=4000):
    """Arbitrary floats: runs of anything, between them noise, steps, gaps of NaN, saturation."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pieces = []
    for kind in draw(st.lists(st.sampled_from(["noise", "flat", "nan", "wave", "huge", "any", "zero"]), max_size=6)):
        n = draw(st.integers(1, longest // 6))
        base = draw(st.floats(-5, 80))
        match kind:
            case "noise":
                pieces.append(base + rng.standard_normal(n))
            case "flat":
                pieces.append(np.full(n, base))
            case "zero":
                pieces.append(np.zeros(n))
            case "nan":
                pieces.append(np.full(n, np.nan))
            case "wave":
                pieces.append(base + np.sin(np.arange(n) * draw(st.floats(0.001, 3))))
            case "huge":
                pieces.append(np.full(n, draw(st.sampled_from([1e308, -1e308, np.inf, -np.inf, 1e-320]))))
            case "any":
                pieces.append(np.array(draw(st.lists(st.floats(), min_size=1, max_size=20))))
    return np.concatenate(pieces) if pieces else np.empty(0)
