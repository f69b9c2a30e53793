"""Signal quality: what batch and live promise, on simulated persons and on signals that are none."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.person import Person
from signals.quality import Quality, QualityStream, quality
from signals.reasons import Reason

RATE_HZ = {"ecg": 250.0, "ppg": 100.0}
KINDS = ["ecg", "ppg"]


def person(kind, length_s=40.0, seed=0):
    return Person(seed).measure(kind, np.arange(0.0, length_s, 1 / RATE_HZ[kind]))


def noise(kind, length_s=40.0, seed=5):
    return np.random.default_rng(seed).standard_normal(round(length_s * RATE_HZ[kind]))


def watch(samples, kind, every_s=0.25):
    """Time and score of the live quality after each piece."""
    stream, step, seen = QualityStream(RATE_HZ[kind], kind), round(every_s * RATE_HZ[kind]), []
    for at in range(0, len(samples), step):
        stream.feed(samples[at : at + step])
        seen.append(((at + step) / RATE_HZ[kind], *stream.score))
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_signal_is_accepted_everywhere(kind):
    judged = quality(person(kind), RATE_HZ[kind], kind)
    assert judged.accepted.all()
    assert judged.score.min() > 0.8
    assert judged.reason is None
    assert judged.overall > 0.8
    assert np.median(judged.beat_score) > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_ten_seconds_every_five_and_reach_the_end(kind):
    judged = quality(person(kind, 33.0), RATE_HZ[kind], kind)
    assert judged.start_s.tolist() == [0.0, 5.0, 10.0, 15.0, 20.0, 23.0]
    assert judged.window_s == 10.0
    assert len(judged.score) == len(judged.reasons) == len(judged.accepted) == 6
    assert len(judged.beat_score) == len(judged.beat_times_s)


@pytest.mark.parametrize("kind", KINDS)
def test_every_refused_window_says_why_and_every_accepted_one_is_half_good(kind):
    samples = person(kind, 60.0)
    half = len(samples) // 2
    samples[half:] += 3.0 * noise(kind, 60.0)[half:]
    judged = quality(samples, RATE_HZ[kind], kind)
    assert judged.accepted.any()
    assert not judged.accepted.all()
    for score, reason in zip(judged.score, judged.reasons, strict=True):
        assert (score >= 0.5) == (reason is None)
        assert reason is None or (reason.zh and reason.en)
        assert 0.0 <= score <= 1.0


@pytest.mark.parametrize(
    ("dead", "reason"),
    [
        (0.0, Reason.FLAT),
        (1234.5, Reason.FLAT),
        (np.nan, Reason.NO_CONTACT),
        (np.inf, Reason.NO_CONTACT),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_dead_signals_are_named(kind, dead, reason):
    judged = quality(np.full(5000, dead), RATE_HZ[kind], kind)
    assert judged.reason is reason
    assert judged.overall == 0.0
    assert len(judged.beat_times_s) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [0, 1, 3, 40])
def test_what_is_too_short_says_so(kind, length):
    judged = quality(np.sin(np.arange(length)), RATE_HZ[kind], kind)
    assert judged.reason is Reason.TOO_SHORT
    assert judged.accepted.tolist() == [False]


@pytest.mark.parametrize("kind", KINDS)
def test_clipping_at_both_rails_is_saturation(kind):
    samples = person(kind)
    low, high = np.percentile(samples, [30, 70])
    assert quality(np.clip(samples, low, high), RATE_HZ[kind], kind).reason is Reason.SATURATED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", ["white", "pink", "walk", "mains"])
def test_noise_is_hardly_ever_accepted(kind, colour):
    refused = 0.0
    for seed in range(3):
        white = noise(kind, 40.0, seed)
        match colour:
            case "white":
                samples = white
            case "walk":
                samples = np.cumsum(white)
            case "pink":
                f = np.maximum(np.fft.rfftfreq(len(white)), 1e-4)
                samples = np.fft.irfft(np.fft.rfft(white) / np.sqrt(f), len(white))
            case _:
                samples = np.sin(2 * np.pi * 50.01 * np.arange(len(white)) / RATE_HZ[kind]) + 0.1 * white
        refused += 1.0 - float(np.mean(quality(samples, RATE_HZ[kind], kind).accepted))
    assert refused / 3 >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_interference_is_named_noise(kind):
    samples = person(kind) + 2.0 * noise(kind)
    assert quality(samples, RATE_HZ[kind], kind).reason is Reason.NOISE


def test_a_moving_finger_is_named_movement():
    samples = person("ppg")
    samples[1500:1700] += 20.0 * np.hanning(200)
    judged = quality(samples, 100.0, "ppg")
    assert judged.reasons[2] is Reason.MOVEMENT
    assert judged.accepted[[0, -1]].all()


def test_an_irregular_heart_does_not_make_an_ecg_bad():
    from firmware_sim.waves import ecg_wave

    rng = np.random.default_rng(2)
    rr_s = rng.uniform(0.45, 1.3, 60)
    samples = ecg_wave(np.arange(0, 40, 0.004), np.cumsum(rr_s), rr_s) + 0.01 * rng.standard_normal(10000)
    assert quality(samples, 250.0, "ecg").accepted.all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_scale_does_not_matter(kind, scale):
    samples = person(kind)
    assert quality(scale * samples, RATE_HZ[kind], kind).accepted.all()
    assert watch(scale * samples, kind)[-1][2] is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dead", "reason"), [(np.nan, Reason.NO_CONTACT), (0.5, Reason.FLAT)])
def test_live_says_dead_within_two_seconds_and_good_within_four_after_it(kind, dead, reason):
    samples = person(kind, 40.0)
    lost, back = round(15.0 * RATE_HZ[kind]), round(25.0 * RATE_HZ[kind])
    samples[lost:back] = dead
    seen = watch(samples, kind)
    assert all(why is None for at_s, _, why in seen if 5.0 <= at_s <= 15.0)
    assert all(why is reason for at_s, _, why in seen if 17.0 <= at_s <= 25.0)
    assert all(score == 0.0 for at_s, score, _ in seen if 17.0 <= at_s <= 25.0)
    assert all(why is None for at_s, _, why in seen if at_s >= 29.0)


@pytest.mark.parametrize("kind", KINDS)
def test_live_notices_a_sensor_that_lets_go_without_saying_so(kind):
    samples = person(kind, 30.0)
    lost = round(15.0 * RATE_HZ[kind])
    samples[lost:] = samples[lost] + 1e-4 * noise(kind, 30.0)[lost:]
    assert all(why is not None for at_s, _, why in watch(samples, kind) if at_s >= 17.25)


@pytest.mark.parametrize("kind", KINDS)
def test_live_has_no_score_before_there_is_a_signal(kind):
    stream = QualityStream(RATE_HZ[kind], kind)
    assert stream.score == (0.0, Reason.TOO_SHORT)
    stream.feed([])
    assert stream.score == (0.0, Reason.TOO_SHORT)


@pytest.mark.parametrize("kind", KINDS)
def test_live_refuses_noise(kind):
    seen = watch(noise(kind), kind)
    assert np.mean([why is None for at_s, _, why in seen if at_s > 5.0]) < 0.05


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 400), max_size=30), kind=st.sampled_from(KINDS))
def test_live_score_depends_on_the_samples_and_not_on_the_cut(sizes, kind):
    samples = person(kind, 12.0)
    samples[500:800] = np.nan
    whole, pieces = QualityStream(RATE_HZ[kind], kind), QualityStream(RATE_HZ[kind], kind)
    at = 0
    for size in sizes:
        pieces.feed(samples[at : at + size])
        at = min(at + size, len(samples))
    whole.feed(samples[:at])
    assert pieces.score == whole.score


@pytest.mark.parametrize("kind", KINDS)
def test_live_memory_does_not_grow(kind):
    samples = person(kind, 20.0)
    stream = QualityStream(RATE_HZ[kind], kind)
    stream.feed(samples)
    size = len(pickle.dumps(stream))
    for _ in range(10):
        stream.feed(samples)
    assert len(pickle.dumps(stream)) <= size + 64


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
def test_mad_values_have_no_quality_and_raise_nothing(kind):
    mad = np.random.default_rng(1).choice([np.nan, np.inf, -np.inf, 0.0, 1e308, -1e308, 1.0], 5000)
    judged = quality(mad, RATE_HZ[kind], kind)
    assert judged.reason is Reason.NO_CONTACT
    assert watch(mad, kind)[-1][1:] == (0.0, Reason.NO_CONTACT)


def test_times_are_found_in_accepted_windows_only():
    judged = Quality(
        window_s=10.0,
        start_s=np.array([0.0, 5.0, 10.0]),
        score=np.array([0.9, 0.2, 0.0]),
        reasons=(None, Reason.NOISE, Reason.FLAT),
        beat_times_s=np.empty(0),
        beat_score=np.empty(0),
        overall=0.4,
        reason=None,
    )
    assert judged.accepts([0.0, 9.9, 10.0, 15.0]).tolist() == [True, True, False, False]


@pytest.mark.parametrize(("rate_hz", "kind"), [(10.0, "ppg"), (float("nan"), "ppg"), (20.0, "ecg"), (-1.0, "ecg")])
def test_refuses_rates_that_cannot_be(rate_hz, kind):
    for judge in (lambda: quality(np.zeros(100), rate_hz, kind), lambda: QualityStream(rate_hz, kind)):
        with pytest.raises(ValueError, match="samples/s"):
            judge()


def test_refuses_a_kind_that_it_does_not_know():
    with pytest.raises(ValueError, match="'eeg'"):
        QualityStream(100.0, "eeg")
