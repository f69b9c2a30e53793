"""Skin conductance: known responses are found, unknown ones are not, and the cut of the stream changes nothing."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.eda import EDAStream, skin_conductance
from signals.reasons import Reason
from tests.signals.slow_signals import anything, cut, cuts, rates, skin, weight

DATA = Path(__file__).parents[1] / "data"
ONSETS = np.arange(10, 280, 12.0)
SIZES = 0.1 + 0.05 * np.arange(len(ONSETS))


@pytest.mark.parametrize("rate_hz", [4, 10, 32, 250, 1000])
def test_known_responses_are_found_with_time_and_size(rate_hz):
    eda = skin_conductance(skin(300, rate_hz, ONSETS, SIZES), rate_hz)
    assert len(eda.responses) == len(ONSETS)
    assert [r.onset_s for r in eda.responses] == pytest.approx(ONSETS, abs=0.35)
    assert [r.amplitude_us for r in eda.responses] == pytest.approx(SIZES, rel=0.12, abs=0.01)
    assert all(r.peak_s - r.onset_s == pytest.approx(r.rise_s) for r in eda.responses)
    assert all(r.half_recovery_s == pytest.approx(2.4, abs=0.8) for r in eda.responses)
    assert eda.scr_per_min == pytest.approx(len(ONSETS) / 5, rel=0.01)
    assert eda.overall == 1
    assert eda.reason is None


def test_a_response_on_the_recovery_of_another_keeps_its_height():
    eda = skin_conductance(skin(60, 32, [20, 23], [0.6, 0.3]), 32)
    first, second = eda.responses
    assert first.half_recovery_s is None
    assert second.amplitude_us == pytest.approx(0.3, rel=0.25)


@pytest.mark.parametrize("slope_us_per_min", [-1.0, -0.1, 0.1, 1.0])
def test_a_drift_is_no_response_but_a_slope(slope_us_per_min):
    t = np.arange(0, 300, 0.1)
    noise = 0.002 * np.random.default_rng(1).standard_normal(len(t))
    eda = skin_conductance(8 + slope_us_per_min * t / 60 + noise, 10)
    assert eda.responses == ()
    assert eda.slope_us_per_min == pytest.approx(slope_us_per_min, rel=0.05)


@pytest.mark.parametrize("noise_us", [0.003, 0.02, 0.1])
def test_noise_is_no_response(noise_us):
    t = np.arange(0, 600, 0.1)
    eda = skin_conductance(5 + noise_us * np.random.default_rng(2).standard_normal(len(t)), 10)
    assert len(eda.responses) <= 2


def test_a_recording_has_a_plausible_number_of_responses():
    counts = np.loadtxt(DATA / "eda" / "eda_50hz_counts.txt")
    eda = skin_conductance(counts * 25 / 4096, 50)
    assert 4 <= len(eda.responses) <= 8
    assert all(0.3 < r.amplitude_us < 3 for r in eda.responses)
    assert eda.level_us == pytest.approx(15.5, abs=0.5)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(400, np.nan), Reason.NO_CONTACT),
        (np.zeros(400), Reason.NO_CONTACT),
        (np.full(400, 5.0), None),
        (np.full(400, 99.0), Reason.SATURATED),
        (np.where(np.arange(400) % 20 < 10, 2.0, 9.0), Reason.MOVEMENT),
        (np.full(30, 5.0), Reason.TOO_SHORT),
        (np.empty(0), Reason.TOO_SHORT),
    ],
)
def test_no_level_comes_with_the_reason(values, reason):
    eda = skin_conductance(values, 10)
    assert eda.reason is reason
    assert (eda.level_us is None) == (reason is not None)


def test_a_flat_signal_is_said_after_fifteen_seconds():
    stream = EDAStream(10)
    stream.feed(np.full(120, 5.0))
    assert stream.reason is None
    stream.feed(np.full(80, 5.0))
    assert stream.reason is Reason.FLAT
    assert stream.level_us is None


def test_five_seconds_after_a_movement_are_not_trusted_then_it_goes_on():
    signal = skin(60, 10, [], [])
    signal[300:303] += 8
    eda = skin_conductance(signal, 10)
    assert eda.responses == ()
    assert [r for r in eda.reasons if r is not None] == [Reason.MOVEMENT] * sum(r is not None for r in eda.reasons)
    stream = EDAStream(10)
    stream.feed(signal[:320])
    assert stream.reason is Reason.MOVEMENT
    stream.feed(signal[320:])
    assert stream.reason is None
    assert stream.level_us == pytest.approx(6, abs=0.4)


def test_the_live_count_is_of_the_newest_window():
    stream = EDAStream(32)
    stream.feed(skin(120, 32, [70, 80, 90, 100], [0.4] * 4))
    assert stream.scr_per_min(60) == pytest.approx(4)
    assert stream.scr_per_min(120) == pytest.approx(2, rel=0.05)
    assert EDAStream(32).scr_per_min(60) is None
    assert stream.scr_per_min(math.nan) is None


@pytest.mark.parametrize("rate_hz", [0, -5, 1, 1e6, math.nan, math.inf])
def test_a_rate_that_cannot_be_worked_with_is_a_reason(rate_hz):
    stream = EDAStream(rate_hz)
    assert stream.feed([1.0, 2.0]) == []
    assert stream.reason is Reason.WRONG_RATE
    assert stream.level_us is None
    assert stream.scr_per_min(60) is None
    assert skin_conductance([1.0, 2.0], rate_hz).reason is Reason.WRONG_RATE


@settings(deadline=None, max_examples=60)
@given(rates, cuts, st.integers(0, 1000))
def test_any_cut_of_the_stream_gives_the_same(rate_hz, places, seed):
    onsets = np.arange(4, 30, 5.0)
    signal = skin(40, rate_hz, onsets, np.full(len(onsets), 0.3), seed=seed)
    signal[seed % len(signal) : seed % len(signal) + 5] = np.nan
    whole, pieces = EDAStream(rate_hz), EDAStream(rate_hz)
    expected = whole.feed(signal) + whole.flush()
    got = [scr for piece in cut(signal, places) for scr in pieces.feed(piece)] + pieces.flush()
    assert got == expected == list(skin_conductance(signal, rate_hz).responses)
    assert (pieces.level_us, pieces.reason, pieces.scr_per_min(60)) == (
        whole.level_us,
        whole.reason,
        whole.scr_per_min(60),
    )


@settings(deadline=None, max_examples=150)
@given(anything(), rates, cuts)
def test_anything_at_all_gives_numbers_or_reasons(signal, rate_hz, places):
    stream = EDAStream(rate_hz)
    for piece in cut(signal, places):
        stream.feed(piece)
        level, rate = stream.level_us, stream.scr_per_min(60)
        assert (level is None) == (stream.reason is not None)
        assert level is None or 0.05 <= level <= 60
        assert rate is None or (math.isfinite(rate) and rate >= 0)
    eda = skin_conductance(signal, rate_hz)
    for response in eda.responses:
        assert response.amplitude_us >= 0.03
        assert response.onset_s < response.peak_s
        assert response.half_recovery_s is None or response.half_recovery_s > 0
    onsets = [response.onset_s for response in eda.responses]
    assert onsets == sorted(onsets)
    assert (eda.level_us is None) == (eda.reason is not None)
    assert [level is not None for level in eda.window_level_us] == [reason is None for reason in eda.reasons]


def test_memory_is_constant():
    stream = EDAStream(4)
    signal = skin(900, 4, np.arange(3, 880, 7.0), np.full(len(np.arange(3, 880, 7.0)), 0.3))
    stream.feed(signal)
    after_a_quarter = weight(stream)
    for _ in range(7):
        stream.feed(signal)
    assert weight(stream) < after_a_quarter * 1.05
