"""HRV of a stretch: equal to the PhysioNet toolbox's own values, defined for anything, silent about nothing."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.rr_series import breathing
from signals.geometry import stress_index, triangle
from signals.hrv import MEASURES, hrv
from signals.nonlinear import dfa_alpha1, poincare, sample_entropy
from signals.reasons import Reason

NSR004 = np.loadtxt(Path(__file__).parents[1] / "data" / "rr" / "nsr004_300s_rr_ms.txt")
ANYTHING = st.lists(st.one_of(st.floats(), st.floats(200, 3000)), max_size=150)
PLAUSIBLE = st.lists(st.floats(200, 3000), max_size=200)


def test_values_equal_the_reference_to_all_printed_digits():
    v = hrv(NSR004)
    assert f"{v.sdnn_ms:.5f}" == "41.51444"
    assert f"{v.rmssd_ms:.4f}" == "28.7891"
    assert f"{v.pnn50_percent / 100:.6f}" == "0.068536"
    assert f"{v.sd1_ms:.4f}" == "20.3887"
    assert f"{v.sd2_ms:.5f}" == "55.05634"
    assert sample_entropy(NSR004, m=2, r_sd=0.15) == pytest.approx(2.2693, abs=0.02)


def test_five_minutes_give_every_measure():
    v = hrv(NSR004)
    assert v.reasons == {}
    assert all(math.isfinite(getattr(v, name)) for name in MEASURES)
    assert v.method.startswith("Welch")
    assert v.parameters["sample_entropy"] == "m 2, r 0.2 SD (ddof 1)"
    assert v.sample_entropy == sample_entropy(NSR004)


def test_normalised_units_share_lf_and_hf():
    v = hrv(NSR004)
    assert v.lf_nu + v.hf_nu == pytest.approx(100)
    assert v.lf_hf == pytest.approx(v.lf_nu / v.hf_nu)
    assert v.total_ms2 == pytest.approx(v.vlf_ms2 + v.lf_ms2 + v.hf_ms2)


@pytest.mark.parametrize(
    ("seconds", "there", "absent"),
    [
        (40, {"mean_hr_bpm"}, {"rmssd_ms", "sdnn_ms", "hf_ms2", "lf_ms2", "vlf_ms2"}),
        (70, {"rmssd_ms", "sdnn_ms", "sd1_ms", "hf_ms2"}, {"lf_ms2", "lf_hf", "vlf_ms2", "hti"}),
        (150, {"lf_ms2", "hf_ms2", "lf_hf", "dfa_alpha1"}, {"vlf_ms2", "total_ms2", "tinn_ms"}),
    ],
)
def test_a_window_too_short_has_a_reason_and_no_number(seconds, there, absent):
    v = hrv(NSR004[: int(np.searchsorted(np.cumsum(NSR004), seconds * 1000))])
    assert all(getattr(v, name) is not None for name in there)
    assert {v.reasons[name] for name in absent} == {Reason.TOO_SHORT}
    assert all(getattr(v, name) is None for name in absent)


@pytest.mark.parametrize(
    ("rr", "reason"),
    [
        ([], Reason.TOO_FEW_BEATS),
        ([800.0, float("nan"), 800.0], Reason.NOT_FINITE),
        ([800.0, float("inf")], Reason.NOT_FINITE),
        ([800.0, -800.0] * 100, Reason.IMPLAUSIBLE),
        ([0.0] * 300, Reason.IMPLAUSIBLE),
        ([1e9] * 300, Reason.IMPLAUSIBLE),
    ],
)
def test_what_no_heart_does_gives_no_number_at_all(rr, reason):
    v = hrv(rr)
    assert set(v.reasons) == set(MEASURES)
    assert set(v.reasons.values()) == {reason}


def test_two_beats_have_a_rate_and_nothing_else():
    v = hrv([800.0, 820.0])
    assert v.mean_hr_bpm == pytest.approx(60000 / 810)
    assert set(v.reasons.values()) == {Reason.TOO_FEW_BEATS}


def test_a_heart_like_a_clock_has_no_ratios():
    v = hrv([800.0] * 400)
    assert (v.sdnn_ms, v.rmssd_ms, v.pnn50_percent) == (0, 0, 0)
    assert {v.reasons[name] for name in ("lf_hf", "lf_nu", "sample_entropy", "dfa_alpha1", "stress_index", "hti")} == {
        Reason.TOO_LITTLE_VARIATION
    }


@settings(deadline=None)
@given(ANYTHING)
def test_anything_gives_a_number_or_a_reason(rr):
    v = hrv(rr)
    for name in MEASURES:
        value = getattr(v, name)
        assert (value is None) == (name in v.reasons)
        assert value is None or math.isfinite(value)


@settings(deadline=None, max_examples=60)
@given(PLAUSIBLE)
def test_any_heart_gives_a_number_or_a_reason(rr):
    test_anything_gives_a_number_or_a_reason.hypothesis.inner_test(rr)


def test_white_noise_scales_with_about_a_half_and_its_sum_with_three_halves():
    noise = 20 * np.random.default_rng(2).standard_normal(20_000)
    assert dfa_alpha1(800 + noise) == pytest.approx(0.5, abs=0.1)
    assert dfa_alpha1(800 + np.cumsum(noise)) == pytest.approx(1.5, abs=0.1)


def test_dfa_without_enough_beats_or_variation_is_none():
    assert dfa_alpha1(NSR004[:63]) is None
    assert dfa_alpha1([800.0] * 300) is None
    assert dfa_alpha1([float("nan")] * 300) is None


def entropy_by_definition(x, m, r):
    def count(length):
        rows = [x[k : k + length] for k in range(len(x) - m)]
        return sum(max(abs(a - b)) <= r for i, a in enumerate(rows) for b in rows[i + 1 :])

    return math.log(count(m) / count(m + 1))


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sample_entropy_is_what_its_definition_says(m):
    x = NSR004[:90]
    expected = entropy_by_definition(x, m, 0.3 * np.std(x, ddof=1) * (1 + 1e-12))
    assert sample_entropy(x, m, 0.3) == pytest.approx(expected)


def test_sample_entropy_of_a_long_series_does_not_depend_on_blocks(monkeypatch):
    x = 800 + 30 * np.random.default_rng(3).standard_normal(700)
    whole = sample_entropy(x)
    monkeypatch.setattr("signals.nonlinear.BLOCK_ROWS", 64)
    assert sample_entropy(x) == whole


@pytest.mark.parametrize(("m", "r"), [(0, 0.2), (2, 0.0), (2, float("nan"))])
def test_patterns_that_cannot_be_are_refused(m, r):
    with pytest.raises(ValueError, match="patterns have"):
        sample_entropy(NSR004, m, r)


def test_poincare_follows_from_its_definition():
    turned = np.array([NSR004[1:] - NSR004[:-1], NSR004[1:] + NSR004[:-1]]) / math.sqrt(2)
    sd1, sd2 = poincare(NSR004)
    assert sd1 == pytest.approx(np.std(turned[0], ddof=1))
    assert sd2 == pytest.approx(np.std(turned[1], ddof=1), rel=0.01)


def test_a_triangular_histogram_has_the_base_of_its_triangle():
    counts = [*range(1, 17), *range(15, 0, -1)]
    nn = np.concatenate([np.full(n, 800 + 7.8125 * (k + 0.5)) for k, n in enumerate(counts)])
    hti, tinn_ms = triangle(nn)
    assert hti == pytest.approx(len(nn) / 16)
    assert tinn_ms == pytest.approx(32 * 7.8125)


def test_stress_index_rises_when_the_rhythm_stiffens():
    rng = np.random.default_rng(4)
    free, stiff = breathing(rng, swing_ms=60), breathing(rng, swing_ms=4, slow_ms=4, pink_ms=4, mean_ms=700)
    assert stress_index(stiff) > 4 * stress_index(free)


@settings(deadline=None)
@given(ANYTHING)
@example([1.0586214777651005e21] * 2)
@example([4.5467446258442966e30] * 2)
def test_parts_are_defined_for_anything(x):
    for value in (poincare(x), triangle(x), (stress_index(x),), (dfa_alpha1(x),), (sample_entropy(x),)):
        assert value is None or all(v is None or math.isfinite(v) for v in value)
