"""Frames to samples, with counters and texts as strange as they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.chair_stream import ChairStream
from devices.errors import PortLost
from devices.events import DeviceNote, Gap
from devices.protocols import chair_link as wire
from signals.samples import Samples

ECG = wire.Declared(wire.Sensor.ECG, rate_mhz=250_000, bits=16, unit=1, scale_nano=500_000)


class Line:
    """Feeds a stream with chunks of 25 samples, 0.1 s each."""

    def __init__(self, start=0):
        self.stream = ChairStream("chair-1", "port", 1, (ECG,))
        self.n = start
        self.events = []

    def say(self, message):
        self.stream.take(message, round((5 + self.n / 250) * 1e9))
        self.events += self.stream.events()

    def run(self, chunks, *, contact=True):
        for _ in range(chunks):
            self.n += 25
            counter = (self.n - 25) & 0xFFFFFFFF
            self.say(wire.Stream(wire.Sensor.ECG, contact, 16, counter, tuple(range(25))))

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def test_nothing_is_said_before_the_time_base_has_settled_and_nothing_is_lost():
    line = Line()
    line.run(10)
    assert line.events == []
    line.run(10)
    assert line.of(Samples)[0].first_index == 0
    assert sum(len(event.values) for event in line.of(Samples)) == 500


def test_values_are_scaled_and_without_contact_unknown():
    line = Line()
    line.run(20)
    line.run(1, contact=False)
    np.testing.assert_allclose(line.of(Samples)[0].values, np.arange(25) * 0.0005)
    assert np.isnan(line.of(Samples)[-1].values).all()


def test_a_hole_is_named_with_its_length_and_place():
    line = Line()
    line.run(20)
    line.n += 50
    line.run(1)
    (gap,) = line.of(Gap)
    assert (gap.lost, round((gap.end_ns - gap.start_ns) / 1e6)) == (50, 200)
    assert line.of(Samples)[-1].first_index == 550


def test_the_counter_turns_over_without_a_hole():
    line = Line()
    line.run(20)
    line.stream._expected[wire.Sensor.ECG] = line.n = 2**32 - 50
    line.stream._given[wire.Sensor.ECG] = line.n
    line.run(4)
    assert line.of(Gap) == []
    assert line.of(Samples)[-1].first_index == 2**32 + 25


@pytest.mark.parametrize("counter", [0, 100, 10**6])
def test_a_counter_that_jumps_ends_the_connection(counter):
    line = Line()
    line.run(30)
    with pytest.raises(PortLost, match="jumped"):
        line.say(wire.Stream(wire.Sensor.ECG, True, 16, counter, (1,)))


def test_a_note_stands_at_its_sample():
    line = Line()
    line.run(30)
    line.say(wire.Note(wire.Sensor.ECG, line.n + 10, "here"))
    line.run(1)
    (note,) = line.of(DeviceNote)
    assert note.t_ns - line.of(Samples)[-1].start_ns == pytest.approx(40e6, abs=1e5)


@given(st.integers(0, 5), st.integers(0, 2**32 - 1), st.text(max_size=5))
def test_a_note_of_any_kind_moves_no_sample(channel, counter, text):
    plain, noted = Line(), Line()
    for line in (plain, noted):
        line.run(20)
        if line is noted:
            line.say(wire.Note(channel, counter, text))
        line.run(100)
    assert [event.start_ns for event in plain.of(Samples)] == [event.start_ns for event in noted.of(Samples)]


def test_a_stream_that_was_not_declared_is_ignored():
    line = Line()
    line.run(20)
    before = len(line.events)
    line.say(wire.Stream(wire.Sensor.PPG, True, 16, 0, (1, 2)))
    assert len(line.events) == before
