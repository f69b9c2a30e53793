"""Where a sample lies in time, under every kind of delay. Driven by numbers, not by a clock."""

import numpy as np
import pytest

from devices.timebase import Timebase

CHUNK_S = 0.05


def play(seconds, *, ppm=0.0, jitter_s=0.002, burst_s=0.0, speed=1.0, seed=0):
    """Device chunks of 50 ms; returns start and end time (s) of each as said by the time base, and the truth."""
    rng = np.random.default_rng(seed)
    base, said, truth, hold_until = Timebase(), [], [], 0.0
    device_s = np.arange(1, int(seconds / CHUNK_S) + 1) * CHUNK_S
    for end in device_s:
        true_end = 5.0 + end * (1 - ppm * 1e-6)
        arrival = true_end + speed * (0.001 + rng.exponential(jitter_s))
        if burst_s and rng.random() < 0.02:
            hold_until = true_end + rng.uniform(0, burst_s)
        arrival = max(arrival, hold_until)
        base.observe(end, round(arrival * 1e9))
        if base.settled:
            said.append((base.at_ns(end - CHUNK_S) / 1e9, base.at_ns(end) / 1e9))
            truth.append(true_end)
    return base, np.array(said), np.array(truth)


CASES = {
    "quiet": {},
    "jitter": {"jitter_s": 0.010},
    "fast crystal": {"ppm": 100},
    "slow crystal": {"ppm": -100},
    "bursts": {"burst_s": 0.5, "ppm": 50},
    "twenty times real time": {"speed": 20, "ppm": 100},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_neighbouring_chunks_touch(case):
    _, said, _ = play(240, **case)
    assert np.abs(said[1:, 0] - said[:-1, 1]).max() < 1e-6


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_second_of_samples_is_a_second_within_half_a_millisecond(case):
    _, said, _ = play(240, **case)
    per_second = said[20:, 1] - said[:-20, 1]
    assert np.abs(per_second - 1).max() <= 0.5e-3 + 1e-9


@pytest.mark.parametrize(("ppm", "speed"), [(100, 1), (-100, 1), (0, 1), (100, 20)])
def test_drift_is_found(ppm, speed):
    base, _, _ = play(300, ppm=ppm, speed=speed)
    assert base.drift * 1e6 == pytest.approx(-ppm, abs=10 if speed == 1 else 40)


@pytest.mark.parametrize("ppm", [100, -100])
def test_after_ten_minutes_a_drifting_device_is_still_in_time(ppm):
    _, said, truth = play(600, ppm=ppm)
    late = said[-200:, 1] - truth[-200:]
    assert late.min() > 0
    assert late.max() < 0.003  # the constant delay of 1 ms cannot be seen


def test_a_bad_first_second_is_slewed_away_not_stepped():
    base, said = Timebase(), []
    for n in range(1, 4000):
        end = n * CHUNK_S
        late = 0.05 if end < 2 else 0.001
        base.observe(end, round((end + late) * 1e9))
        if base.settled:
            said.append(base.at_ns(end) / 1e9 - end)
    steps = np.diff(said)
    assert np.abs(steps).max() < CHUNK_S * 0.5e-3 + 1e-9
    assert said[0] == pytest.approx(0.05, abs=1e-3)
    assert said[-1] == pytest.approx(0.001, abs=2e-3)


def test_the_past_stays_where_it_was_said_to_be():
    base = Timebase()
    for n in range(1, 200):
        base.observe(n * CHUNK_S, round(n * CHUNK_S * 1.0001e9))
    before = base.at_ns(8.0)
    for n in range(200, 400):
        base.observe(n * CHUNK_S, round((n * CHUNK_S * 1.0001 + 0.02) * 1e9))
    assert base.at_ns(8.0) == before


def test_a_device_that_paused_its_clock_is_noticed():
    base = Timebase()
    for n in range(1, 2000):
        pause = 5.0 if n > 400 else 0.0
        base.observe(n * CHUNK_S, round((n * CHUNK_S + pause) * 1e9))
    assert base.lost


JITTERS = {
    "uniform, 30 ms wide": lambda rng: rng.uniform(0, 0.030),
    "Gaussian, 60 ms wide": lambda rng: max(0.0, 0.030 + 0.010 * rng.standard_normal()),
    "exponential, 10 ms in the mean": lambda rng: rng.exponential(0.010),
    "exponential, 30 ms in the mean": lambda rng: rng.exponential(0.030),
}
FRAMES_S = {"73 samples at 130 Hz": 73 / 130, "50 ms": 0.05, "25 frames at 75 Hz": 1 / 3, "5 bytes at 100 Hz": 0.01}


def rough_air(frame_s, jitter, *, seconds=600.0, ppm=50.0, seed=0):
    """Everything at once: jitter, drift, bursts up to half a second, one packet of a hundred lost, none overtaking.

    Returns device time, s, and error, s (with the constant latency still in it), of each frame, as it was told live.
    """
    rng = np.random.default_rng(seed)
    base, t, error, held_s, last_s = Timebase(), [], [], 0.0, 0.0
    for end in np.arange(1, int(seconds / frame_s) + 1) * frame_s:
        truth = 5.0 + end * (1 - ppm * 1e-6)
        arrival = truth + 0.02 + jitter(rng)
        if rng.random() < 0.4 * frame_s:
            held_s = truth + rng.uniform(0, 0.5)
        last_s = max(arrival, held_s, last_s)
        if rng.random() < 0.01:
            continue
        base.observe(end, round(last_s * 1e9))
        if base.settled:
            t.append(end)
            error.append(base.at_ns(end) / 1e9 - truth)
    return np.array(t), np.array(error)


@pytest.mark.parametrize("jitter", JITTERS.values(), ids=JITTERS)
@pytest.mark.parametrize(("frame_s", "ppm"), [(s, p) for s in FRAMES_S.values() for p in (50, -50)][:-1])
def test_times_are_within_2_ms_of_truth_for_ten_minutes(frame_s, ppm, jitter):
    _, error = rough_air(frame_s, jitter, ppm=ppm)
    off_ms = 1e3 * float(np.std(error))
    assert off_ms < 2.0, f"{off_ms:.2f} ms RMS"


@pytest.mark.parametrize("frame_s", FRAMES_S.values(), ids=FRAMES_S)
def test_it_has_settled_within_four_seconds_and_is_near_from_then_on(frame_s):
    first_s, worst_ms, off_ms = 0.0, 0.0, []
    for seed in range(8):
        t, error = rough_air(frame_s, JITTERS["uniform, 30 ms wide"], seconds=60.0, seed=seed)
        first_s = max(first_s, t[0])
        worst_ms = max(worst_ms, 1e3 * float(np.abs(error - np.median(error)).max()))
        off_ms.append(1e3 * float(np.std(error)))
    assert first_s < 4.0
    assert max(off_ms) < 4.0, f"first minute: {max(off_ms):.2f} ms RMS, {worst_ms:.2f} ms at most"
    assert worst_ms < 10.0


def test_a_burst_of_three_seconds_is_no_restart():
    base = Timebase()
    for n in range(1, 1000):
        end = n * CHUNK_S
        base.observe(end, round(max(end, 23.0 if 20 < end < 23 else 0) * 1e9))
        assert not base.lost
    assert base.at_ns(40.0) == pytest.approx(40e9, abs=2e6)


def test_a_device_that_began_to_count_afresh_is_noticed():
    base = Timebase()
    for n in range(1, 400):
        base.observe(n * CHUNK_S, round(n * CHUNK_S * 1e9))
    for n in range(1, 400):
        base.observe(n * CHUNK_S, round((20 + n * CHUNK_S) * 1e9))
    assert base.lost


def test_asked_too_early_it_says_so():
    with pytest.raises(ValueError, match="settled"):
        Timebase().at_ns(1.0)
