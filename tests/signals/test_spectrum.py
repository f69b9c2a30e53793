"""Spectra in true ms²/Hz: known power comes out, in whatever way the beats fall."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.spectrum import HF, LF, VLF, detrend, lomb_scargle_psd, spline, welch_psd, without_trend


def waves(mean_ms=850, lf=(35, 0.1), hf=(20, 0.25), seconds=300, *, at="start"):
    """RR of known power: each interval has the length that the waves have at its start, middle or end."""
    t, out = 0.0, []
    while t < seconds:
        place, rr = t, mean_ms
        for _ in range(20):
            rr = mean_ms + sum(a * np.sin(2 * np.pi * f * place) for a, f in (lf, hf))
            place = t + {"start": 0, "middle": 0.5, "end": 1}[at] * rr / 1000
        out.append(rr)
        t += rr / 1000
    return np.array(out)


def power(wave):
    return wave[0] ** 2 / 2


@pytest.mark.parametrize("at", ["start", "middle", "end"])
def test_the_welch_recipe_finds_known_power(at):
    s = welch_psd(waves(at=at))
    assert s.band(*LF) == pytest.approx(612.5, rel=0.01)
    assert s.band(*HF) == pytest.approx(200, rel=0.015)
    assert s.band(*VLF) < 1


@pytest.mark.parametrize("at", ["start", "middle", "end"])
@pytest.mark.parametrize(
    ("mean_ms", "lf", "hf"),
    [
        (850, (35, 0.1), (20, 0.25)),
        (1000, (35, 0.1), (20, 0.25)),
        (700, (50, 0.08), (30, 0.3)),
        (600, (20, 0.06), (10, 0.35)),
        (850, (60, 0.12), (40, 0.2)),
    ],
)
def test_lomb_scargle_finds_known_power_at_any_rate(mean_ms, lf, hf, at):
    s = lomb_scargle_psd(waves(mean_ms, lf, hf, at=at))
    assert s.band(*LF) == pytest.approx(power(lf), rel=0.01)
    assert s.band(*HF) == pytest.approx(power(hf), rel=0.01)


def test_lomb_scargle_keeps_a_wave_apart_from_the_harmonic_of_another():
    s = lomb_scargle_psd(waves(850, (80, 0.1), (40, 0.2), at="middle"))
    assert s.band(*LF) == pytest.approx(3200, rel=0.01)
    assert s.band(*HF) == pytest.approx(800, rel=0.01)


@pytest.mark.parametrize("seconds", [120, 200, 300, 900])
def test_power_does_not_depend_on_the_length(seconds):
    rr = waves(seconds=seconds)
    assert welch_psd(rr).band(*LF) == pytest.approx(612.5, rel=0.01)
    assert lomb_scargle_psd(rr).band(*LF) == pytest.approx(612.5, rel=0.01)


def test_lomb_scargle_does_not_mind_a_hole():
    rr = waves()
    times = np.cumsum(rr) / 1000
    kept = (times < 100) | (times > 130)
    assert lomb_scargle_psd(rr[kept], times[kept]).band(*LF) == pytest.approx(612.5, rel=0.03)


def test_white_noise_has_its_variance_spread_up_to_half_the_heart_rate():
    rr = 800 + 30 * np.random.default_rng(1).standard_normal(6000)
    level = 2 * 30**2 * 0.8
    assert lomb_scargle_psd(rr).band(0.05, 0.4) / 0.35 == pytest.approx(level, rel=0.05)


def test_peaks_lie_between_grid_points():
    s = welch_psd(waves(lf=(35, 0.0937), hf=(20, 0.2512)))
    assert s.peak_hz(*LF) == pytest.approx(0.0937, abs=0.0005)
    assert s.peak_hz(*HF) == pytest.approx(0.2512, abs=0.0005)


def test_a_slope_has_no_peak():
    rr = 800 + np.linspace(0, 200, 400) ** 1.1
    assert welch_psd(rr).peak_hz(0.05, 0.1) is None or welch_psd(rr).band(0.05, 0.4) < 1


def test_a_spline_goes_through_its_points_and_follows_a_wave():
    x = np.sort(np.random.default_rng(2).uniform(0, 10, 60))
    np.testing.assert_allclose(spline(x, np.sin(x), x), np.sin(x), atol=1e-12)
    inside = np.linspace(x[3], x[-4], 200)
    np.testing.assert_allclose(spline(x, np.sin(x), inside), np.sin(inside), atol=0.02)


def test_detrending_leaves_nothing_of_a_line():
    np.testing.assert_allclose(detrend(3.0 + 0.5 * np.arange(50)), 0, atol=1e-9)


def test_smoothness_priors_take_slow_power_and_leave_the_rest():
    rr = waves(lf=(35, 0.1)) + 60 * np.sin(2 * np.pi * 0.01 * np.arange(len(waves(lf=(35, 0.1)))) * 0.85)
    plain, smooth = welch_psd(rr), welch_psd(rr, smoothness=500)
    assert smooth.band(*VLF) < 0.02 * plain.band(*VLF)
    assert smooth.band(*HF) == pytest.approx(plain.band(*HF), rel=0.02)
    assert smooth.band(*LF) == pytest.approx(612.5, rel=0.1)
    assert "smoothness priors 500" in smooth.method


def test_smoothness_priors_solve_their_equation():
    z = np.random.default_rng(3).standard_normal(30)
    d2 = np.diff(np.eye(30), 2, axis=0)
    smooth = np.linalg.solve(np.eye(30) + 9 * d2.T @ d2, z)
    np.testing.assert_allclose(without_trend(z, 3.0), z - smooth, atol=1e-10)


def test_how_it_was_made_is_written_on_it():
    assert "spline 4 Hz" in welch_psd(waves()).method
    assert "Lomb-Scargle" in lomb_scargle_psd(waves()).method


@pytest.mark.parametrize("psd", [welch_psd, lomb_scargle_psd])
@pytest.mark.parametrize(
    ("rr", "times"),
    [
        ([], None),
        ([800.0] * 3, None),
        ([800.0, float("nan")] * 9, None),
        ([800.0] * 9, [1.0] * 9),
        ([800.0] * 9, [1.0]),
    ],
)
def test_what_is_no_series_is_refused_in_words(psd, rr, times):
    with pytest.raises(ValueError, match="a spectrum needs"):
        psd(rr, times)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.floats(200, 3000), st.floats(100, 1e5)), min_size=24, max_size=60))
def test_any_positive_series_has_a_finite_spectrum(rr):
    for psd in (welch_psd, lomb_scargle_psd):
        s = psd(rr)
        assert np.isfinite(s.psd_ms2_per_hz).all()
        assert (s.psd_ms2_per_hz >= 0).all()
        assert s.band(*LF) >= 0
