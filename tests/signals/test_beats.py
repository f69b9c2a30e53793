"""The public face of both beat detectors."""

import numpy as np
import pytest

from signals.beats import BeatStream, find_beats


def pulses(rate_hz, every_s, length_s, width_s):
    t = np.arange(0, length_s, 1 / rate_hz)
    return sum(np.exp(-((t - s) ** 2) / (2 * width_s**2)) for s in np.arange(1, length_s, every_s))


@pytest.mark.parametrize(("kind", "rate_hz", "width_s"), [("ecg", 250.0, 0.012), ("ppg", 100.0, 0.12)])
def test_the_kind_decides_which_detector_looks(kind, rate_hz, width_s):
    beats = find_beats(pulses(rate_hz, 0.8, 40, width_s), rate_hz, kind)
    assert np.median(np.diff(beats.times_s)) == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize(("kind", "rate_hz", "width_s"), [("ecg", 250.0, 0.012), ("ppg", 100.0, 0.12)])
def test_live_beats_come_in_order_and_the_rest_at_the_end(kind, rate_hz, width_s):
    stream = BeatStream(rate_hz, kind)
    samples = pulses(rate_hz, 0.8, 40, width_s)
    beats = [b for at in range(0, len(samples), 25) for b in stream.feed(samples[at : at + 25])]
    during = len(beats)
    beats += stream.flush()
    times_s = [b.time_s for b in beats]
    assert times_s == sorted(times_s)
    assert 44 <= during <= len(beats) <= 50


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="'ecg' or 'ppg', not in 'eeg'"):
        find_beats(np.zeros(10), 100.0, "eeg")
    with pytest.raises(ValueError, match="'ecg' or 'ppg', not in 'eeg'"):
        BeatStream(100.0, "eeg")
