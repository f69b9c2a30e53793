"""What the strap's driver makes of notifications that come twice, cut, swapped or not at all; without a radio."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock import Clock
from devices.drivers.heart_rate import HeartRateStrap
from devices.events import Gap
from devices.links.link import Notification
from devices.protocols import heart_rate as wire
from devices.protocols.heart_rate import Measurement, encode
from firmware_sim.person import Person
from signals.samples import Intervals

FATES = ("as it is", "lost", "twice", "cut", "after the next")


def words(seconds, seed=1):
    """A strap's notifications, one a second, and the RR in them, ticks."""
    ticks = wire.seconds_to_ticks(Person(seed).beats(0.0, float(seconds)).tolist())
    told, last = [], None
    for second in range(1, seconds + 1):
        now = [tick for tick in ticks if second - 1 <= tick / wire.TICKS_PER_S < second]
        rr = []
        for tick in now:
            if last is not None:
                rr.append(tick - last)
            last = tick
        told.append((float(second), encode(Measurement(75, contact=True, rr_ticks=tuple(rr)))))
    return told


def through(told, fates):
    """What arrives, with its time, s."""
    arrived, late = [], []
    for (t_s, data), fate in zip(told, fates, strict=False):
        match fate:
            case "as it is":
                arrived.append((t_s, data))
            case "twice":
                arrived += [(t_s, data), (t_s + 0.01, data)]
            case "cut":
                arrived.append((t_s, data[: len(data) - 1]))
            case "after the next":
                late.append(data)
                continue
            case _:
                pass
        arrived += [(t_s + 0.02, data) for data in late]
        late.clear()
    return arrived


def heard(arrived):
    driver = HeartRateStrap("strap", "ble:02:00:00:00:00:01", Clock())
    good = [driver.take(Notification(wire.MEASUREMENT, data, round(t_s * 1e9))) for t_s, data in arrived]
    return driver.out, good


def joined(events, what):
    return np.concatenate([np.empty(0), *(getattr(each, what) for each in events if isinstance(each, Intervals))])


def test_every_interval_of_a_good_link_comes_once_and_joined():
    told = words(60)
    events, good = heard(told)
    sent = [rr for _, data in told for rr in wire.decode(data).rr_ms]
    assert all(good)
    np.testing.assert_allclose(joined(events, "rr_ms"), sent)
    assert sum(not each.joined for each in events) == 1


def test_a_notification_that_comes_twice_counts_once():
    told = words(60)
    events, _ = heard(through(told, ["as it is"] * 20 + ["twice"] * 40))
    sent = [rr for _, data in told for rr in wire.decode(data).rr_ms]
    np.testing.assert_allclose(joined(events, "rr_ms"), sent)


def test_a_notification_that_is_lost_or_cut_is_a_hole():
    for fate in ("lost", "cut"):
        events, _ = heard(through(words(60), ["as it is"] * 30 + [fate] + ["as it is"] * 29))
        gaps = [each for each in events if isinstance(each, Gap)]
        assert len(gaps) == 1
        assert 1 <= gaps[0].lost <= 3
        after = events[events.index(gaps[0]) + 1]
        assert not after.joined


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FATES), min_size=1, max_size=60), st.integers(0, 5))
def test_whatever_happens_on_the_way_beats_go_forward_and_no_interval_is_made_up(fates, seed):
    told = words(len(fates), seed)
    events, _ = heard(through(told, fates))
    sent = {rr for _, data in told for rr in wire.decode(data).rr_ms}
    t_ns, rr_ms = joined(events, "t_ns"), joined(events, "rr_ms")
    assert set(rr_ms.round(6)) <= {round(rr, 6) for rr in sent}
    assert (np.diff(t_ns) > 0).all()
    end_ns = None
    for each in events:
        if isinstance(each, Intervals) and len(each.rr_ms):
            if each.joined:
                assert end_ns is not None
                assert abs(each.t_ns[0] - end_ns - each.rr_ms[0] * 1e6) < 2e6
            end_ns = each.t_ns[-1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.binary(max_size=24)), max_size=60))
def test_any_bytes_at_any_time_do_no_harm(said):
    t_s, arrived = 0.0, []
    for step_s, data in said:
        t_s += step_s
        arrived.append((t_s, data))
    events, good = heard(arrived)
    assert sum(good) == sum(wire.decode(data) is not None for _, data in arrived)
    assert (np.diff(joined(events, "t_ns")) >= 0).all()
