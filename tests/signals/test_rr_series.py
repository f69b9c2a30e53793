"""The yardstick of the correction itself: made series are what they say, and errors put in are those that are named."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.rr_series import breathing, normal_stretches, recorded, spoil

DATA = Path(__file__).parents[1] / "data"
RR = breathing(np.random.default_rng(1))


def test_a_made_series_breathes_at_its_rate():
    rr = breathing(np.random.default_rng(1), swing_ms=60, per_min=6, jitter=0, slow_ms=0, white_ms=0, pink_ms=0)
    times = np.cumsum(rr) / 1000
    even = np.interp(np.arange(0, times[-1], 0.25), times, rr - rr.mean())
    peak = np.argmax(np.abs(np.fft.rfft(even))) / (len(even) * 0.25)
    assert peak * 60 == pytest.approx(6, abs=0.2)
    assert np.ptp(rr) == pytest.approx(120, rel=0.02)


def test_steps_of_a_sensor_are_kept():
    rr = breathing(np.random.default_rng(1), step_ms=8)
    assert np.allclose(rr / 8, np.round(rr / 8))


@pytest.mark.parametrize(("kind", "more"), [("missed", -1), ("extra", 1), ("misaligned", 0)])
def test_errors_are_as_many_as_named_and_time_stays(kind, more):
    spoilt = spoil(RR, kind, 0.03, np.random.default_rng(2))
    assert len(spoilt) == len(RR) + more * round(0.03 * len(RR))
    assert spoilt.sum() == pytest.approx(RR.sum())
    assert (spoilt[:2] == RR[:2]).all()
    assert (spoilt > 0).all()


def test_recorded_series_are_found_by_name():
    found = recorded(DATA)
    assert len(found["nsr004"]) == 322


def test_a_record_without_five_normal_minutes_gives_none():
    assert list(normal_stretches(DATA / "mitdb" / "mitdb_119")) == []
