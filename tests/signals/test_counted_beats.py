"""Beats of a sensor that counts them itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.counted_beats import IntervalPipeline
from signals.pipeline import HeartBeat, Hole
from signals.reasons import Reason
from signals.samples import Intervals

S = 1_000_000_000


def counted(rr_ms, from_ns=0, *, joined=True, contact=None):
    times = from_ns + np.round(np.cumsum(rr_ms) * 1e6).astype(np.int64)
    return Intervals("strap-1", times, np.asarray(rr_ms, dtype=np.float64), joined, contact)


def test_first_interval_gives_two_beats_and_every_other_one_gives_one():
    beats = IntervalPipeline().feed(counted([800.0, 810.0], 5 * S, joined=False))
    assert [(beat.t_ns, beat.rr_ms) for beat in beats] == [
        (5 * S, None),
        (5_800_000_000, 800.0),
        (6_610_000_000, 810.0),
    ]


def test_nothing_is_measured_across_what_was_lost():
    sensor = IntervalPipeline()
    sensor.feed(counted([800.0] * 3, joined=False))
    items = sensor.feed(counted([790.0], 10 * S, joined=False))
    assert items[0] == Hole(2_400_000_000, 10 * S, "samples_lost")
    assert [(beat.t_ns, beat.rr_ms) for beat in items[1:]] == [(10 * S, None), (10_790_000_000, 790.0)]


@given(st.lists(st.floats(400, 1500), min_size=1, max_size=40), st.data())
def test_beats_do_not_depend_on_how_the_intervals_were_cut(rr_ms, data):
    whole = IntervalPipeline().feed(counted(rr_ms, joined=False))
    sensor, out, at_ns, start = IntervalPipeline(), [], 0, 0
    while start < len(rr_ms):
        end = data.draw(st.integers(start + 1, len(rr_ms)))
        piece = counted(rr_ms[start:end], at_ns, joined=start > 0)
        out += sensor.feed(piece)
        at_ns, start = int(piece.t_ns[-1]), end
    assert [beat.rr_ms for beat in out] == [beat.rr_ms for beat in whole]
    assert max(abs(a.t_ns - b.t_ns) for a, b in zip(out, whole, strict=True)) <= len(rr_ms)


def test_after_a_flush_a_new_stretch_begins():
    sensor = IntervalPipeline()
    sensor.feed(counted([800.0], joined=False))
    assert sensor.flush() == []
    first = sensor.feed(counted([800.0], 3 * S))[0]
    assert isinstance(first, HeartBeat)
    assert first.rr_ms is None


def test_steady_rhythm_with_an_extra_beat_stays_good():
    sensor = IntervalPipeline()
    sensor.feed(counted([800.0] * 10 + [420.0, 1180.0] + [800.0] * 8, joined=False, contact=True))
    assert sensor.signal == (pytest.approx(0.9), None)


def test_intervals_that_no_heart_makes_are_no_signal():
    sensor = IntervalPipeline()
    sensor.feed(counted([100.0, 3000.0] * 10, joined=False))
    score, reason = sensor.signal
    assert score < 0.5
    assert reason is Reason.IMPLAUSIBLE


def test_strap_that_is_off_says_so_without_a_beat():
    sensor = IntervalPipeline()
    sensor.feed(counted([800.0] * 5, joined=False, contact=True))
    assert sensor.feed(counted([], contact=False)) == []
    assert sensor.signal == (0.0, Reason.NO_CONTACT)
