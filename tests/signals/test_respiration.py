"""Breathing: rates, depth and reasons from a belt, live and batch; and from pulse and RR intervals."""

import csv
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.beats import find_beats
from signals.reasons import Reason
from signals.respiration import RespirationStream, respiration
from signals.respiration_derived import respiration_from_rr
from tests.signals.slow_signals import anything, breath, cut, cuts, rates, weight

DATA = Path(__file__).parents[1] / "data"


def bidmc(column):
    with (DATA / "bidmc" / "bidmc01_120s_90s.csv").open() as file:
        return np.array([float(row[column]) for row in csv.DictReader(file)])


@pytest.mark.parametrize("rate_hz", [4, 10, 25, 125, 1000])
@pytest.mark.parametrize("per_min", [4.5, 6, 12, 20, 30])
def test_the_rate_and_depth_of_a_belt(rate_hz, per_min):
    breathing = respiration(breath(120, rate_hz, per_min), rate_hz)
    assert breathing.rate_per_min == pytest.approx(per_min, abs=0.15)
    assert breathing.depth == pytest.approx(2, rel=0.35)
    assert len(breathing.onset_s) == pytest.approx(2 * per_min, abs=2)
    assert breathing.quality > 0.9
    assert breathing.reason is None


@pytest.mark.parametrize(("from_per_min", "to_per_min"), [(14, 6), (6, 14)])
def test_a_change_of_pace_is_followed(from_per_min, to_per_min):
    stream = RespirationStream(25)
    stream.feed(
        np.concatenate([breath(90, 25, from_per_min, drift_per_s=0), breath(90, 25, to_per_min, drift_per_s=0)])
    )
    assert stream.rate_per_min(60) == pytest.approx(to_per_min, abs=0.2)
    assert stream.rate_per_min(300) == pytest.approx((from_per_min + to_per_min) / 2, abs=1.5)


def test_breaths_join_each_other():
    breaths = RespirationStream(25).feed(breath(120, 25, 6))
    assert all(earlier.end_s == later.onset_s for earlier, later in pairwise(breaths))
    assert all(one.onset_s < one.peak_s < one.end_s for one in breaths)
    assert [one.rate_per_min for one in breaths] == pytest.approx([6] * len(breaths), abs=0.3)


def test_a_recorded_impedance_signal_and_what_the_heart_says_about_it():
    chest = respiration(bidmc("RESP"), 125)
    pulse = respiration(bidmc("PLETH"), 125, "ppg")
    beats = find_beats(bidmc("II"), 125, "ecg").times_s
    heart = respiration_from_rr(beats[1:], np.diff(beats) * 1000)
    assert chest.rate_per_min == pytest.approx(21, abs=1.5)
    assert pulse.rate_per_min == pytest.approx(chest.rate_per_min, abs=2)
    assert heart.rate_per_min == pytest.approx(chest.rate_per_min, abs=2)
    assert pulse.depth is None


@pytest.mark.parametrize("per_min", [8, 12, 18])
def test_the_rate_from_rr_intervals(per_min):
    times = np.cumsum(np.full(200, 0.85))
    rr = 850 + 30 * np.sin(2 * np.pi * per_min / 60 * times) + 8 * np.random.default_rng(3).standard_normal(200)
    assert respiration_from_rr(times, rr).rate_per_min == pytest.approx(per_min, abs=0.6)


def test_slow_waves_of_blood_pressure_are_no_breath_unless_asked_for():
    times = np.cumsum(np.full(200, 0.85))
    rr = 850 + 30 * np.sin(2 * np.pi * 0.08 * times)
    assert respiration_from_rr(times, rr).reason is Reason.NO_PEAK
    assert respiration_from_rr(times, rr, lowest_hz=0.06).rate_per_min == pytest.approx(4.8, abs=0.3)


def test_noise_intervals_have_no_rate_or_little_quality():
    rng = np.random.default_rng(4)
    rr = 850 + 30 * rng.standard_normal(200)
    assert respiration_from_rr(np.cumsum(rr) / 1000, rr).quality < 0.8


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(4000, np.nan), Reason.NO_CONTACT),
        (np.full(4000, 3.0), Reason.FLAT),
        (np.linspace(0, 1, 4000), Reason.NO_PEAK),
        (breath(8, 25, 12), Reason.TOO_SHORT),
        (np.empty(0), Reason.TOO_SHORT),
    ],
)
def test_no_rate_comes_with_the_reason(values, reason):
    breathing = respiration(values, 25)
    assert breathing.rate_per_min is None
    assert breathing.reason is reason
    assert breathing.quality == 0


def test_a_breath_held_too_long_has_no_rate():
    stream = RespirationStream(25)
    stream.feed(breath(60, 25, 12, drift_per_s=0))
    assert stream.rate_per_min(60) == pytest.approx(12, abs=0.2)
    held = -1 + 0.01 * np.random.default_rng(5).standard_normal(25 * 40)
    stream.feed(held)
    assert stream.reason is Reason.NO_PEAK
    assert stream.rate_per_min(60) is None
    assert stream.depth is None


@pytest.mark.parametrize("rate_hz", [5, 25, 125])
def test_a_belt_on_the_table_does_not_breathe(rate_hz):
    noise = np.random.default_rng(6).standard_normal(180 * rate_hz)
    assert respiration(noise, rate_hz).reason is Reason.NO_PEAK


def test_no_breath_is_measured_across_a_hole():
    signal = breath(120, 25, 12, drift_per_s=0)
    signal[1400:1475] = np.nan
    breaths = RespirationStream(25).feed(signal)
    assert not [one for one in breaths if one.onset_s < 59 and one.end_s > 56]
    assert [one.rate_per_min for one in breaths] == pytest.approx([12] * len(breaths), abs=1)


@pytest.mark.parametrize("rate_hz", [0, -5, 1, 1e6, math.nan, math.inf])
@pytest.mark.parametrize("source", ["belt", "ppg"])
def test_a_rate_that_cannot_be_worked_with_is_a_reason(rate_hz, source):
    assert respiration(np.ones(100), rate_hz, source).reason is Reason.WRONG_RATE


def test_times_and_intervals_must_fit():
    with pytest.raises(ValueError, match="2 times for 3 intervals"):
        respiration_from_rr([1, 2], [800, 800, 800])


def test_intervals_are_no_samples():
    with pytest.raises(ValueError, match="use respiration_from_rr"):
        respiration([800, 810], 4, "rr")


@settings(deadline=None, max_examples=60)
@given(rates, cuts, st.integers(0, 1000), st.floats(4, 35))
def test_any_cut_of_the_stream_gives_the_same(rate_hz, places, seed, per_min):
    signal = breath(45, rate_hz, per_min, seed=seed)
    signal[seed % len(signal) : seed % len(signal) + 5] = np.nan
    whole, pieces = RespirationStream(rate_hz), RespirationStream(rate_hz)
    expected = whole.feed(signal)
    got = [one for piece in cut(signal, places) for one in pieces.feed(piece)]
    assert got == expected
    assert (pieces.rate_per_min(60), pieces.depth, pieces.reason) == (whole.rate_per_min(60), whole.depth, whole.reason)


@settings(deadline=None, max_examples=150)
@given(anything(), rates, cuts)
def test_anything_at_all_gives_numbers_or_reasons(signal, rate_hz, places):
    stream = RespirationStream(rate_hz)
    for piece in cut(signal, places):
        for one in stream.feed(piece):
            assert 2.5 <= one.rate_per_min <= 45
            assert one.onset_s < one.peak_s < one.end_s
            assert one.depth > 0
        rate, depth = stream.rate_per_min(60), stream.depth
        assert rate is None or 2.5 <= rate <= 45
        assert depth is None or (math.isfinite(depth) and depth > 0)
        assert rate is None or stream.reason is None
    breathing = respiration(signal, rate_hz)
    assert (breathing.rate_per_min is None) == (breathing.reason is not None)
    assert 0 <= breathing.quality <= 1


@settings(deadline=None, max_examples=40)
@given(anything(), st.floats(20, 250))
def test_any_pulse_gives_a_rate_or_a_reason(signal, rate_hz):
    breathing = respiration(signal, rate_hz, "ppg")
    assert (breathing.rate_per_min is None) == (breathing.reason is not None)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=40))
def test_any_intervals_give_a_rate_or_a_reason(pairs):
    breathing = respiration_from_rr([time for time, _ in pairs], [rr for _, rr in pairs])
    assert (breathing.rate_per_min is None) == (breathing.reason is not None)


def test_memory_is_constant():
    stream = RespirationStream(4)
    signal = breath(900, 4, 30, drift_per_s=0)
    stream.feed(signal)
    early = weight(stream)
    for _ in range(7):
        stream.feed(signal)
    assert weight(stream) < early * 1.05
