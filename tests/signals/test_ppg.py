"""Beats of a pulse wave: what the detector promises, on simulated persons."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.person import Person
from firmware_sim.waves import ppg_wave
from signals.ppg import PPGDetector, find_ppg_beats

RATE_HZ = 100.0
PULSE_LAG_S = 0.27  # R peak to steepest rise of the simulated wave, near enough


def person(rate_hz=RATE_HZ, length_s=40.0, seed=0):
    someone = Person(seed)
    wave = someone.measure("ppg", np.arange(0.0, length_s, 1 / rate_hz))
    return wave, someone.beats(0.0, length_s)


def pulses(beats_s, rate_hz, length_s):
    return ppg_wave(
        np.arange(0.0, length_s, 1 / rate_hz), beats_s, np.diff(beats_s, append=2 * beats_s[-1] - beats_s[-2])
    )


def lagged(found_s, beats_s):
    """Found beats minus the heart beats that they belong to."""
    return found_s - beats_s[np.searchsorted(beats_s, found_s) - 1]


def cut(wave, sizes):
    at, chunks = 0, []
    for size in sizes:
        chunks.append(wave[at : at + size])
        at += size
    return [*chunks, wave[at:]]


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 300), max_size=40), rate_hz=st.sampled_from([20.0, 30.3, 100.0]))
def test_any_cut_gives_identical_beats(sizes, rate_hz):
    wave, _ = person(rate_hz, 15.0)
    wave[200:230] = np.nan
    whole, pieces = PPGDetector(rate_hz), PPGDetector(rate_hz)
    expected = [*whole.feed(wave), *whole.flush()]
    found = [beat for chunk in cut(wave, sizes) for beat in pieces.feed(chunk)] + pieces.flush()
    assert found == expected
    assert len(found) > 5


@pytest.mark.parametrize("rate_hz", [20.0, 25.0, 30.0, 60.0, 100.0, 125.0, 250.0, 1000.0])
def test_finds_every_beat_between_samples_at_any_rate(rate_hz):
    wave, beats_s = person(rate_hz)
    found_s = find_ppg_beats(wave, rate_hz).times_s
    lags_s = lagged(found_s, beats_s)
    inner = beats_s[(beats_s > 0.2) & (beats_s < 39.4)]
    assert len(found_s) in range(len(inner), len(inner) + 3)
    assert np.std(lags_s) < 0.003
    assert np.median(lags_s) == pytest.approx(PULSE_LAG_S, abs=0.03)


def test_beats_do_not_depend_on_the_rate():
    slow, fast = (find_ppg_beats(person(rate_hz)[0], rate_hz).times_s for rate_hz in (30.0, 500.0))
    assert np.max(np.abs(slow[1:-1] - fast[1:-1])) < 0.01


@pytest.mark.parametrize("rate_hz", [30.0, 125.0, 500.0])
def test_decides_within_a_second_after_each_beat_even_in_packets(rate_hz):
    wave, _ = person(rate_hz)
    detector, packet, delays = PPGDetector(rate_hz), int(0.25 * rate_hz), []
    for at in range(0, len(wave), packet):
        delays += [min(at + packet, len(wave)) / rate_hz - b.time_s for b in detector.feed(wave[at : at + packet])]
    assert len(delays) > 40
    assert max(delays) <= 1.0


def test_live_and_batch_find_the_same_beats_in_a_clear_pulse():
    wave, _ = person()
    live = PPGDetector(RATE_HZ)
    found_s = [b.time_s for b in [*live.feed(wave), *live.flush()]]
    assert found_s == pytest.approx(find_ppg_beats(wave, RATE_HZ).times_s.tolist())


def test_memory_does_not_grow():
    wave, _ = person(length_s=60.0)
    detector = PPGDetector(RATE_HZ)
    detector.feed(wave)
    size = len(pickle.dumps(detector))
    for _ in range(10):
        detector.feed(wave)
    assert len(pickle.dumps(detector)) < 1.1 * size


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_scale_and_offset_do_not_matter(scale, offset):
    wave, _ = person()
    plain = find_ppg_beats(wave, RATE_HZ)
    moved = find_ppg_beats((wave + offset) * scale, RATE_HZ)
    assert moved.times_s == pytest.approx(plain.times_s, abs=1e-6)
    assert moved.amplitude == pytest.approx(plain.amplitude * scale, rel=1e-6)


def test_amplitude_is_the_height_of_the_pulse():
    beats_s = np.arange(0.5, 30.0, 0.8)
    assert np.median(find_ppg_beats(5.0 * pulses(beats_s, RATE_HZ, 30.0), RATE_HZ).amplitude) == pytest.approx(
        5.0, rel=0.3
    )


@pytest.mark.parametrize("rate_bpm", [40, 60, 100, 150, 180])
def test_follows_slow_and_fast_hearts_without_counting_dicrotic_waves(rate_bpm):
    beats_s = np.arange(0.5, 60.0, 60.0 / rate_bpm)
    found_s = find_ppg_beats(pulses(beats_s, RATE_HZ, 60.0), RATE_HZ).times_s
    settled = np.diff(found_s[found_s > 6.0])
    assert settled == pytest.approx(np.full(len(settled), 60.0 / rate_bpm), abs=0.02)


def test_an_early_beat_is_found_where_it_is():
    beats_s = np.arange(0.5, 30.0, 0.9)
    beats_s[15] -= 0.3
    lags_s = lagged(find_ppg_beats(pulses(beats_s, RATE_HZ, 30.0), RATE_HZ).times_s, beats_s)
    assert len(lags_s) >= len(beats_s) - 1
    assert np.ptp(lags_s) < 0.05


def test_no_beats_where_there_is_no_contact_and_beats_again_after_it():
    wave, beats_s = person()
    wave[1500:2500] = np.nan
    found_s = find_ppg_beats(wave, RATE_HZ).times_s
    assert not np.any((found_s > 15.1) & (found_s < 24.9))
    after = found_s[found_s > 25.3]
    assert len(after) >= np.count_nonzero(beats_s > 25.3) - 1
    assert np.std(lagged(after, beats_s)) < 0.02


def test_a_jump_of_the_baseline_costs_at_most_one_beat():
    wave, beats_s = person()
    clean_s = find_ppg_beats(wave, RATE_HZ).times_s
    wave[2000:] += 50.0
    found_s = find_ppg_beats(wave, RATE_HZ).times_s
    alike = [np.min(np.abs(clean_s - f)) < 0.03 for f in found_s]
    assert abs(len(found_s) - len(clean_s)) <= 1
    assert sum(alike) >= len(clean_s) - 2
    assert len(beats_s) > 40


def test_a_pulse_that_becomes_ten_times_smaller_is_followed():
    wave, beats_s = person(length_s=60.0)
    wave[3000:] *= 0.1
    found_s = find_ppg_beats(wave, RATE_HZ).times_s
    assert np.count_nonzero(found_s > 35.0) == pytest.approx(np.count_nonzero(beats_s > 34.7), abs=1)


@pytest.mark.parametrize(
    "dead",
    [
        np.zeros(3000),
        np.full(3000, 7.5),
        np.full(3000, np.nan),
        np.full(3000, np.inf),
        np.full(3000, 1e300),
        np.empty(0),
        np.ones(1),
    ],
)
def test_dead_signals_have_no_beats(dead):
    assert len(find_ppg_beats(dead, RATE_HZ).times_s) == 0


def test_single_mad_values_are_bridged():
    wave, _ = person()
    plain_s = find_ppg_beats(wave, RATE_HZ).times_s
    wave[[700, 1400, 2100]] = [np.inf, -np.inf, 1e200]
    assert find_ppg_beats(wave, RATE_HZ).times_s == pytest.approx(plain_s, abs=0.02)


@pytest.mark.filterwarnings("error")
def test_values_from_the_smallest_to_the_largest_do_not_overflow():
    wave, _ = person()
    with np.errstate(under="ignore"):
        wave[:1300] *= 1e-310
    wave[2600:] *= 1e99
    found = find_ppg_beats(wave, RATE_HZ)
    assert np.isfinite(found.times_s).all()
    assert np.isfinite(found.amplitude).all()
    assert ((found.quality >= 0) & (found.quality <= 1)).all()


def test_beats_of_noise_are_worth_less_than_beats_of_a_pulse():
    wave, _ = person()
    noise = np.random.default_rng(3).standard_normal(len(wave))
    assert np.mean(find_ppg_beats(noise, RATE_HZ).quality) < 0.6 * np.mean(find_ppg_beats(wave, RATE_HZ).quality)


@pytest.mark.parametrize("rate_hz", [0.0, -5.0, 19.9, 1000.1, float("nan"), float("inf")])
def test_refuses_rates_that_cannot_be(rate_hz):
    with pytest.raises(ValueError, match="a PPG needs 20 to 1000 samples/s"):
        PPGDetector(rate_hz)
