"""Coherence: the anchors of the recipe, and everything that must not look coherent."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rr_series import breathing
from signals.coherence import coherence
from signals.reasons import Reason

NSR004 = np.loadtxt(Path(__file__).parents[1] / "data" / "rr" / "nsr004_300s_rr_ms.txt")


def wave(swing_ms, noise_ms, seed=0, *, hz=0.1, beats=100, mean_ms=850):
    rng, t, out = np.random.default_rng(seed), 0.0, []
    for _ in range(beats):
        out.append(mean_ms + swing_ms * math.sin(2 * math.pi * hz * t + seed) + noise_ms * rng.standard_normal())
        t += out[-1] / 1000
    return np.array(out)


def median_ratio(swing_ms, noise_ms):
    return float(np.median([coherence(wave(swing_ms, noise_ms, seed)).ratio for seed in range(25)]))


@pytest.mark.parametrize(
    ("swing_ms", "noise_ms", "low", "high"),
    [(60, 0, 6.2, 6.45), (60, 10, 4.65, 5.65), (30, 20, 0.8, 1.7), (0, 30, 0.1, 0.35)],
)
def test_the_anchors_of_the_recipe(swing_ms, noise_ms, low, high):
    assert low <= median_ratio(swing_ms, noise_ms) <= high


def test_more_noise_is_less_coherence():
    ratios = [median_ratio(40, noise) for noise in (0, 5, 10, 20, 40)]
    assert ratios == sorted(ratios, reverse=True)


def test_rest_never_looks_coherent():
    times = np.cumsum(NSR004) / 1000
    ratios = []
    for end in np.arange(66, times[-1], 3):
        scored = coherence(NSR004[times <= end], times[times <= end])
        ratios.append(scored.ratio or 0.0)
    assert np.median(ratios) < 0.5
    assert max(ratios) < 1


def test_a_slope_below_the_band_does_not_look_coherent():
    rng = np.random.default_rng(1)
    rr = breathing(rng, swing_ms=10, slow_ms=0, pink_ms=60, white_ms=3)
    times = np.cumsum(rr) / 1000
    scored = [coherence(rr[times <= end], times[times <= end]).ratio or 0.0 for end in range(66, 290, 8)]
    assert np.median(scored) < 0.6


def test_a_tiny_wave_however_regular_gets_no_score():
    scored = coherence(wave(5, 1))
    assert scored.reason is Reason.TOO_LITTLE_VARIATION
    assert scored.ratio is scored.share_percent is None
    assert scored.amplitude_ms == pytest.approx(10, abs=2)


def test_amplitude_is_the_height_of_the_wave():
    assert coherence(wave(40, 0)).amplitude_ms == pytest.approx(80, rel=0.02)


@pytest.mark.parametrize("hz", [0.055, 0.0751, 0.1, 0.1234, 0.2])
def test_the_peak_is_found_between_grid_points(hz):
    assert coherence(wave(50, 3, hz=hz)).peak_hz == pytest.approx(hz, abs=0.001)


def test_forms_of_the_score_belong_together():
    scored = coherence(wave(50, 10))
    assert scored.ratio_squared == pytest.approx(scored.ratio**2)
    assert scored.share_percent == pytest.approx(100 * scored.ratio / (1 + scored.ratio))
    assert "0.0033-0.4" in scored.method


def test_breath_at_twenty_a_minute_is_outside_of_the_band():
    scored = coherence(wave(50, 1, hz=0.33))
    assert scored.reason is not None or scored.ratio < 0.1


@pytest.mark.parametrize(
    ("share", "reason"), [(0.89, Reason.TOO_MANY_ARTEFACTS), (float("nan"), Reason.TOO_MANY_ARTEFACTS), (0.9, None)]
)
def test_nine_of_ten_beats_must_be_normal(share, reason):
    assert coherence(wave(50, 5), accepted_share=share).reason is reason


def test_a_minute_is_needed():
    assert coherence(wave(50, 5, beats=69)).reason is Reason.TOO_SHORT
    assert coherence(wave(50, 5, beats=80)).reason is None


def test_a_hole_in_the_window_leaves_no_score():
    rr = wave(50, 5, beats=120)
    times = np.cumsum(rr) / 1000
    times[60:] += 8
    assert coherence(rr, times).reason is Reason.GAP


def test_only_the_newest_window_counts():
    old, new = wave(0, 40, beats=200), wave(50, 3)
    assert coherence(np.concatenate([old, new])).ratio == pytest.approx(coherence(new).ratio, rel=0.1)


@pytest.mark.parametrize("rr", [[], [800.0], [float("nan")] * 100, [0.0] * 100, [-1.0] * 100])
def test_no_series_no_score(rr):
    assert coherence(rr).reason in {Reason.TOO_SHORT, Reason.NOT_FINITE}


def test_a_heart_like_a_clock_has_no_score():
    assert coherence([800.0] * 200).reason in {Reason.NO_PEAK, Reason.TOO_LITTLE_VARIATION}


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(), st.floats(300, 2000)), max_size=200), st.floats())
def test_anything_gives_a_score_or_a_reason(rr, share):
    scored = coherence(rr, accepted_share=share)
    assert (scored.ratio is None) == (scored.reason is not None)
    assert scored.ratio is None or (math.isfinite(scored.ratio) and 0 <= scored.share_percent <= 100)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(250, 2500), min_size=60, max_size=200))
def test_any_heart_gives_a_score_or_a_reason(rr):
    test_anything_gives_a_score_or_a_reason.hypothesis.inner_test(rr, 1.0)
