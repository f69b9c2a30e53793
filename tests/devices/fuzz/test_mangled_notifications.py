"""Every BLE driver and notifications that come twice, cut short, in another order, empty, or not at all."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.device_rig import by_air, play
from devices.errors import PortLost
from devices.families import FAMILIES
from devices.links.link import Notification
from signals.samples import Intervals, Samples

KINDS = [family.kind for family in FAMILIES if by_air(family)]

words = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["whole", "whole", "whole", "twice", "cut", "empty", "lost", "longer", "turned"]),
        st.integers(0, 400),
    ),
    max_size=60,
)


def mangled(data, how, number):
    """What arrives in the place of `data`."""
    match how:
        case "whole":
            return [data]
        case "twice":
            return [data, data]
        case "cut":
            return [data[: number % (len(data) + 1)]]
        case "empty":
            return [b""]
        case "longer":
            return [data + data[: number % (len(data) + 1)]]
        case "turned":
            at = number % len(data)
            return [data[:at] + bytes((data[at] ^ 1 << number % 8,)) + data[at + 1 :]]
        case _:
            return []


def after_a_while(kind):
    async def wait(_):
        await asyncio.sleep(6.0)

    return play(kind, wait)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_arrives_no_exception_and_no_sample_twice(kind):
    source = after_a_while(kind)
    told = [said for said in source.said if said.at_s > 1.0][-40:]
    assert told

    @settings(max_examples=25, deadline=None)
    @given(words)
    def holds(script):
        driver = after_a_while(kind).driver
        events = []
        at_ns = round(6.1e9)
        for place, how, number in script:
            said = told[place % len(told)]
            for data in mangled(said.data, how, number):
                try:
                    driver.take(Notification(said.uuid, data, at_ns))
                    events += driver._waiting()
                except PortLost:
                    return  # a clock that jumps back and forth, a sensor that says it has stopped: it is opened anew
                at_ns += 37_000_000
        for channel in {event.channel for event in events if isinstance(event, Samples)}:
            runs = [event for event in events if isinstance(event, Samples) and event.channel is channel]
            for before, after in pairwise(runs):
                assert after.first_index >= before.first_index + len(before.values)
        for event in events:
            if isinstance(event, Intervals):
                assert np.isfinite(event.rr_ms).all()
                assert (np.diff(event.t_ns) >= 0).all()

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_read_is_counted_and_the_next_good_word_is_good(kind):
    source = after_a_while(kind)
    driver = source.driver
    said = next(said for said in reversed(source.said) if len(said.data) > 1)
    assert not driver.take(Notification(said.uuid, bytes(3), round(6.1e9)))
    if not driver.take(Notification(said.uuid, said.data, round(6.2e9))):  # a piece may have to be given up first
        assert driver.take(Notification(said.uuid, said.data, round(6.3e9)))
