"""From counted samples to `Samples`: numbers in, holes named, nothing handed out too early."""

import numpy as np
import pytest

from devices.errors import PortLost
from devices.events import Gap
from devices.streams import Streams
from signals.samples import Channel, Samples

RATE = 100.0


def settled(streams, seconds=2.0, delay_s=0.01):
    for end in np.arange(0.1, seconds, 0.1):
        streams.arrived(float(end), round((100 + end + delay_s) * 1e9))
    return streams


def test_nothing_is_told_before_it_has_settled_and_nothing_is_lost_by_it():
    streams = Streams("d", "p")
    streams.put(Channel.PPG, RATE, 0, [1.0] * 10)
    assert streams.events() == []
    settled(streams)
    streams.put(Channel.PPG, RATE, 10, [2.0] * 10)
    (run,) = streams.events()
    assert (run.first_index, len(run.values)) == (0, 20)
    assert run.start_ns == pytest.approx(100.01e9, abs=1e6)


def test_a_hole_is_a_gap_and_never_bridged():
    streams = settled(Streams("d", "p"))
    streams.put(Channel.PPG, RATE, 0, [0.0] * 10)
    streams.put(Channel.PPG, RATE, 30, [0.0] * 10)
    first, gap, second = streams.events()
    assert isinstance(gap, Gap)
    assert gap.lost == 20
    assert gap.start_ns == pytest.approx(first.end_ns, abs=2)
    assert gap.end_ns == second.start_ns
    assert second.first_index == 30


def test_samples_that_come_twice_or_too_late_are_dropped_and_counted():
    streams = settled(Streams("d", "p"))
    streams.put(Channel.PPG, RATE, 0, [0.0] * 10)
    streams.put(Channel.PPG, RATE, 0, [0.0] * 10)
    streams.put(Channel.PPG, RATE, 5, [1.0] * 10)
    (run,) = streams.events()
    assert streams.stale == 15
    assert run.values.tolist() == [0.0] * 10 + [1.0] * 5


def test_channels_do_not_disturb_each_other():
    streams = settled(Streams("d", "p"))
    for index in range(3):
        streams.put(Channel.PPG, RATE, index, [float(index)])
        streams.put(Channel.SPO2, 1.0, index, [97.0])
    events = streams.events()
    assert [(run.channel, len(run.values)) for run in events if isinstance(run, Samples)] == [
        (Channel.PPG, 3),
        (Channel.SPO2, 3),
    ]


def test_stamped_samples_stand_at_their_stamps_whatever_the_counter_says():
    streams = settled(Streams("d", "p"))
    streams.put(Channel.ECG, 130.0, 0, [0.0] * 73, at_s=0.3)
    streams.put(Channel.ECG, 130.0, 73, [0.0] * 73, at_s=0.8620)
    streams.put(Channel.ECG, 130.0, 219, [0.0] * 73, at_s=1.9850)
    one, two, gap, three = streams.events()
    offset_ns = one.start_ns - round(0.3e9)
    assert [run.start_ns - offset_ns for run in (one, two, three)] == pytest.approx([0.3e9, 0.862e9, 1.985e9], abs=2e5)
    assert (gap.lost, gap.end_ns) == (73, three.start_ns)


def test_a_clock_that_jumped_is_a_lost_connection():
    streams = settled(Streams("d", "p"))
    for end in np.arange(2.0, 8.0, 0.1):
        streams.arrived(float(end), round((130 + end) * 1e9))
    with pytest.raises(PortLost, match="clock jumped"):
        streams.events()
