"""Beats and quality on excerpts of real recordings, against a chest strap and an ECG (see tests/data/ppg)."""

from pathlib import Path

import numpy as np
import pytest

from signals.beats import find_beats
from signals.ppg import PPGDetector, find_ppg_beats
from signals.quality import quality
from signals.reasons import Reason

DATA = Path(__file__).parents[1] / "data" / "ppg"
RATE_HZ = 100.0


def phone(name):
    """Inverted red channel at 100 Hz and the strap's beats, s since the excerpt began."""
    times_ms, red = np.genfromtxt(DATA / f"{name}.csv", delimiter=",", skip_header=1).T
    grid = np.arange(times_ms[0], times_ms[-1], 1e3 / RATE_HZ)
    strap_ms = np.array((DATA / f"{name}_strap.txt").read_text().split(), dtype=float)
    return -np.interp(grid, times_ms, red), (strap_ms - times_ms[0]) / 1e3


def f1(reference_s, found_s, tolerance_s=0.1):
    met = sum(np.min(np.abs(found_s - r)) <= tolerance_s for r in reference_s)
    return 2 * met / (len(reference_s) + len(found_s))


def live(samples, rate_hz):
    detector = PPGDetector(rate_hz)
    return np.array([b.time_s for b in [*detector.feed(samples), *detector.flush()]])


@pytest.mark.parametrize("find", [lambda x: find_ppg_beats(x, RATE_HZ).times_s, lambda x: live(x, RATE_HZ)])
def test_phone_video_of_a_quiet_finger_gives_the_beats_of_the_strap(find):
    samples, strap_s = phone("welltory_15")
    found_s = find(samples)
    assert f1(strap_s, found_s) > 0.96
    assert 60 / np.mean(np.diff(found_s)) == pytest.approx(60 / np.mean(np.diff(strap_s)), abs=0.7)


def test_rmssd_of_phone_video_is_near_the_strap():
    samples, strap_s = phone("welltory_15")
    ours, theirs = (np.sqrt(np.mean(np.diff(t, 2) ** 2)) for t in (find_ppg_beats(samples, RATE_HZ).times_s, strap_s))
    assert ours == pytest.approx(theirs, abs=0.01)


def test_windows_with_a_moving_finger_are_refused_and_the_rest_is_right():
    samples, strap_s = phone("welltory_13")
    judged = quality(samples, RATE_HZ, "ppg")
    found_s = judged.beat_times_s
    moving = (judged.start_s >= 12.0) & (judged.start_s <= 20.0)
    assert not judged.accepted[moving].any()
    assert judged.accepted[judged.start_s <= 5.0].all()
    assert f1(strap_s[judged.accepts(strap_s)], found_s[judged.accepts(found_s)]) > 0.97


def test_a_saturated_camera_is_refused_by_its_name():
    samples, _ = phone("welltory_21")
    judged = quality(samples, RATE_HZ, "ppg")
    late = [r for r, s in zip(judged.reasons, judged.start_s, strict=True) if s >= 15.0]
    assert late
    assert set(late) <= {Reason.FLAT, Reason.SATURATED}


@pytest.mark.parametrize("find", [lambda x: find_ppg_beats(x, 125.0).times_s, lambda x: live(x, 125.0)])
def test_fingertip_pulse_follows_the_ecg(find):
    pleth, ecg = np.genfromtxt(DATA / "bidmc_01.csv", delimiter=",", skip_header=1).T
    heart_s, found_s = find_beats(ecg, 125.0, "ecg").times_s, find(pleth)
    after = found_s[found_s > heart_s[0]]
    lag_s = np.median(after - heart_s[np.searchsorted(heart_s, after) - 1])
    assert f1(heart_s + lag_s, found_s, 0.15) > 0.96


def test_a_clean_fingertip_pulse_and_its_ecg_are_accepted():
    pleth, ecg = np.genfromtxt(DATA / "bidmc_01.csv", delimiter=",", skip_header=1).T
    assert quality(pleth[15 * 125 :], 125.0, "ppg").accepted.all()
    assert quality(ecg, 125.0, "ecg").accepted.all()


def test_a_ventricular_beat_without_a_pulse_is_no_rhythm_to_count_on():
    pleth, _ = np.genfromtxt(DATA / "bidmc_01.csv", delimiter=",", skip_header=1).T
    judged = quality(pleth, 125.0, "ppg")
    around = (judged.start_s < 13.0) & (judged.start_s + judged.window_s > 15.0)
    assert {r for r, here in zip(judged.reasons, around, strict=True) if here} == {Reason.TOO_MANY_ARTEFACTS}
