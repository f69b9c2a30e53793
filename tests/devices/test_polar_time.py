"""Stamps of a Polar as places in time: nothing but numbers."""

import numpy as np
import pytest

from devices.drivers.polar_time import SensorClock, Stamped

BORN_NS = 599_616_000 * 10**9
FRAME = 73


def placed(stream, ends_s, count=FRAME, era=0):
    return [stream.place(float(end), count, era) for end in ends_s]


def learnt(nominal_hz, true_hz, count=FRAME):
    stream = Stamped(nominal_hz)
    ends_s = [count * n / true_hz for n in range(1, 6)]
    for end in ends_s:
        if stream.learn(end, count):
            break
    return stream


def test_a_nominal_rate_is_kept_where_the_stamps_nearly_agree():
    assert learnt(130.0, 130.02).rate_hz == 130.0


def test_stamps_are_believed_where_they_do_not():
    """An OH1 offers 130 Hz and measures at 135."""
    stream = learnt(130.0, 135.0, count=36)
    assert stream.rate_hz == pytest.approx(135.0, abs=0.01)
    frames = placed(stream, 36 * np.arange(1, 200) / 135.0, count=36)
    assert [frame.index for frame in frames] == [36 * n for n in range(199)]


def test_a_lost_frame_is_counted_and_the_next_stands_at_its_stamp():
    stream = learnt(130.0, 130.0)
    ends_s = FRAME * np.array([1, 2, 4, 5]) / 130.0
    frames = placed(stream, ends_s)
    assert [frame.index for frame in frames] == [0, FRAME, 3 * FRAME, 4 * FRAME]
    assert frames[2].at_s == pytest.approx(ends_s[2] - 72 / 130.0)
    assert stream.lost == FRAME


def test_a_frame_that_comes_twice_or_too_late_has_no_place():
    stream = learnt(130.0, 130.0)
    ends_s = FRAME * np.array([1, 2, 2, 1, 3]) / 130.0
    assert [frame is None for frame in placed(stream, ends_s)] == [False, False, True, True, False]
    assert stream.lost == 0


def test_a_restarted_clock_goes_on_by_the_arrivals_and_leaves_a_hole():
    clock, stream = SensorClock(), learnt(130.0, 130.0)
    rows = []
    for n in range(1, 40):
        arrival_s = FRAME * n / 130.0
        stamp_s = arrival_s - (FRAME * 20 / 130.0 if n > 20 else 0)
        at_s = clock.at_s(BORN_NS + round(stamp_s * 1e9), round((50 + arrival_s) * 1e9))
        rows.append((at_s, stream.place(at_s, FRAME, clock.restarts)))
    assert clock.restarts == 1
    assert stream.lost == 1
    assert np.diff([at_s for at_s, _ in rows]) == pytest.approx(FRAME / 130.0, abs=0.01)


def test_a_burst_after_a_standstill_is_no_restart():
    clock = SensorClock()
    for n in range(1, 100):
        arrival_s = max(0.5 * n, 20.0 if 30 < n < 40 else 0.0)
        clock.at_s(BORN_NS + n * 500_000_000, round((50 + arrival_s) * 1e9))
    assert clock.restarts == 0
