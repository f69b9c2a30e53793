"""A chair is held against its own rules, by its statuses and its own clock."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.conduct import Conduct
from devices.drivers.chair_words import status_of
from devices.events import ChairStatus, Rhythm
from devices.profile import CHAIR_LINK
from devices.protocols import chair_link as wire
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twins.chair_link import ChairFirmware, ChairModel

SITTING = ChairStatus(
    "chair-1", 0, 120.0, 30.0, 0, (), Rhythm.OFF, 0, 30, 40,
    moving=False, occupied=True, stop_pressed=False, watchdog_tripped=False, armed=True,
)  # fmt: skip
RUNNING = [replace(SITTING, moving=True), replace(SITTING, massage_level=1), replace(SITTING, heat_level=1)]
LEFT = {"occupied": False, "armed": False}
WAYS_TO_END = [({"stopped": True, "armed": False}, "stopped"), (LEFT, "nobody"), ({"armed": False}, "not armed")]


def offences(*said):
    """Of statuses said at (second, status)."""
    conduct = Conduct(CHAIR_LINK)
    return [conduct.offence(status, round(at_s * 1000) % 2**32) for at_s, status in said]


@pytest.mark.parametrize("running", RUNNING)
def test_a_chair_that_is_armed_with_somebody_in_it_may_run(running):
    assert offences((0, SITTING), (1, running), (100, running)) == ["", "", ""]


@pytest.mark.parametrize("running", RUNNING)
@pytest.mark.parametrize(("ended", "word"), WAYS_TO_END)
def test_what_goes_on_when_it_must_not_gets_a_second_to_rest_and_no_more(running, ended, word):
    goes_on = replace(running, **ended)
    *before, after = offences((0, running), (0.2, goes_on), (0.7, goes_on), (1.2, goes_on), (1.3, goes_on))
    assert before == ["", "", "", ""]
    assert word in after
    assert offences((0, running), (0.5, replace(SITTING, **ended)), (9, replace(SITTING, **ended))) == ["", "", ""]


def test_an_obstructed_joint_may_give_back_and_then_stands():
    backing = replace(SITTING, moving=True, stopped=True, armed=False, faults=("obstruction",))
    *before, after = offences((0, SITTING), (0.1, backing), (3.5, backing), (3.7, backing))
    assert before == ["", "", ""]
    assert "stopped" in after


@pytest.mark.parametrize("beyond", [{"recline_deg": 165.0}, {"recline_deg": 80.0}, {"leg_rest_deg": 75.0}])
def test_a_chair_that_moves_beyond_its_limits_is_noticed_and_one_that_stands_there_is_not(beyond):
    assert "limits" in offences((0, replace(SITTING, moving=True, **beyond)))[0]
    assert offences((0, replace(SITTING, **beyond))) == [""]


def ride(field, speed_deg_s, seconds=4.0, step_s=0.25):
    start = getattr(SITTING, field)
    times = [n * step_s for n in range(round(seconds / step_s))]
    return [(t, replace(SITTING, moving=True, **{field: round(start + speed_deg_s * t, 1)})) for t in times]


@pytest.mark.parametrize(
    ("field", "allowed", "wrong"), [("recline_deg", 5.0, 7.5), ("leg_rest_deg", 5.0, 7.5), ("recline_deg", -5.0, -7.5)]
)
def test_a_chair_that_moves_faster_than_it_was_told_is_noticed(field, allowed, wrong):
    assert not any(offences(*ride(field, allowed)))
    assert any("too fast" in offence for offence in offences(*ride(field, wrong)))


@given(st.lists(st.sampled_from([0.05, 0.25, 1.0, 30.0]), min_size=2, max_size=20), st.integers(0, 2**32 - 1))
def test_however_far_apart_its_words_are_a_slow_chair_is_never_taken_for_a_fast_one(steps, first_ms):
    conduct = Conduct(CHAIR_LINK)
    at_s, angle, way = 0.0, 125.0, 3.0
    for step in steps:
        at_s += step
        angle += way * step
        if not 95 <= angle <= 155:
            angle, way = min(155.0, max(95.0, angle)), -way
        status = replace(SITTING, moving=True, recline_deg=round(angle, 1))
        assert conduct.offence(status, (first_ms + round(at_s * 1000)) % 2**32) == ""


ORDERS = st.sampled_from(
    [
        wire.Arm(1), wire.Disarm(), wire.StartStreams(), wire.Stop(), wire.Release(),
        wire.Recline(160, 3, 3), wire.Recline(90, 3, 3), wire.LegRest(70, 5, 5), wire.LegRest(0, 5, 5),
        wire.Massage(15, 2, 5), wire.Heat(3), wire.Pace(6, 0.4, 0, 7), wire.Pace(15, 0.2, 1, 1),
        wire.Pace(0, 0.4, 0, 0),
    ]
)  # fmt: skip
HANDS = st.sampled_from(["sit", "stand", "press_stop", "release_stop", "reset", "obstruct", "power_cycle"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ORDERS | HANDS, st.floats(0.05, 6)), min_size=5, max_size=25))
def test_a_chair_that_keeps_its_rules_is_never_found_to_break_them(script):
    chair = ChairFirmware(ChairModel(), Seat(Person(1)))
    conduct, decoder = Conduct(CHAIR_LINK), wire.Decoder()
    at_s, heard = 0.0, []
    for number, (order, seconds) in enumerate([(wire.StartStreams(), 0.1), (wire.Arm(1), 0.1), *script]):
        if not isinstance(order, str):
            chair.hear(wire.encode(order, number), at_s)
        elif order in {"sit", "stand"}:
            getattr(chair, order)(at_s)
        else:
            chair.hands(order, {}, at_s)
        for _ in range(round(seconds / 0.05)):
            at_s += 0.05
            chair.hear(wire.encode(wire.Heartbeat(), 0), at_s)
            chair.advance(at_s)
        said = [frame.message for raw in chair.output() for frame in decoder.feed(raw)]
        statuses = [message for message in said if isinstance(message, wire.Status)]
        heard += [conduct.offence(status_of(status, "chair-1", 0), status.at_ms) for status in statuses]
    assert heard
    assert set(heard) == {""}
