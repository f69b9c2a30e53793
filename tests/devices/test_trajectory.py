"""Jerk-limited trajectories: the limits hold for any sequence of targets, and every target is reached."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.trajectory import Limits, State, Trajectory, path

LIMITS = Limits(90.0, 160.0, speed=3.0, acceleration=5.0, jerk=20.0)
SLACK = 1e-6

limits = st.builds(
    lambda low, span, speed, acceleration, jerk: Limits(low, low + span, speed, acceleration, jerk),
    st.floats(-100, 100),
    st.floats(0, 200),
    st.floats(0.1, 20),
    st.floats(0.1, 50),
    st.floats(0.5, 500),
)
orders = st.lists(
    st.tuples(st.sampled_from(["go", "go", "go", "halt"]), st.floats(-0.2, 1.2), st.floats(0, 6)),
    min_size=1,
    max_size=12,
)


def give(joint, order, share, at_s):
    if order == "halt":
        joint.halt(at_s)
    else:
        joint.go(joint.limits.low + share * (joint.limits.high - joint.limits.low), at_s)


@given(limits, st.floats(0, 1), orders)
def test_limits_hold_for_any_sequence_of_targets(limits, share, script):
    joint = Trajectory(limits, limits.low + share * (limits.high - limits.low))
    at_s, before = 0.0, joint.at(0.0)
    for order, target, wait_s in script:
        give(joint, order, target, at_s)
        assert joint.at(at_s).position == pytest.approx(before.position, abs=1e-7)
        assert joint.at(at_s).speed == pytest.approx(before.speed, abs=1e-7)
        for i in range(1, 41):
            t_s = at_s + wait_s * i / 40
            state = joint.at(t_s)
            assert limits.low - SLACK <= state.position <= limits.high + SLACK
            assert abs(state.speed) <= limits.speed + SLACK
            assert abs(state.acceleration) <= limits.acceleration + SLACK
            step_s = wait_s / 40
            assert abs(state.acceleration - before.acceleration) <= limits.jerk * step_s + 1e-5
            before = state
        at_s += wait_s


@given(limits, st.floats(0, 1), orders)
def test_the_last_target_is_reached_and_it_rests_there(limits, share, script):
    joint = Trajectory(limits, limits.low + share * (limits.high - limits.low))
    at_s = 0.0
    for order, target, wait_s in script:
        give(joint, order, target, at_s)
        at_s += wait_s
    joint.go(limits.low, at_s)
    end_s = at_s + joint._path.duration_s
    just_before = joint.at(end_s - 1e-9)
    assert just_before.position == pytest.approx(limits.low, abs=1e-5)
    assert just_before.speed == pytest.approx(0, abs=1e-5)
    assert joint.at(end_s + 1e-9) == State(limits.low)
    assert joint.rests(end_s + 1e-9)


def test_a_long_way_is_cruised_at_full_speed():
    way = path(State(100.0), 150.0, LIMITS)
    assert way.at(way.duration_s / 2) == State(pytest.approx(125.0), pytest.approx(3.0), pytest.approx(0.0, abs=1e-9))
    assert way.duration_s == pytest.approx(50 / 3 + 3 / 5 + 5 / 20)  # distance/v + v/a + a/j


def test_a_short_way_never_gets_to_full_speed():
    way = path(State(100.0), 100.1, LIMITS)
    fastest = max(way.at(way.duration_s * i / 100).speed for i in range(100))
    assert 0 < fastest < 1.0


def test_a_halt_at_full_speed_takes_the_shortest_way():
    joint = Trajectory(LIMITS, 100.0)
    joint.go(150.0, 0.0)
    moving = joint.at(5.0)
    joint.halt(5.0)
    assert joint.target - moving.position == pytest.approx(3 * 3 / (2 * 5) + 3 * 5 / (2 * 20))  # v²/2a + va/2j
    assert joint.rests(5.0 + 3 / 5 + 5 / 20 + 1e-9)


def test_targets_beyond_the_limits_are_brought_in():
    joint = Trajectory(LIMITS, 100.0)
    joint.go(math.inf, 0.0)
    assert joint.target == 160.0
    joint.go(-1e300, 0.0)
    assert joint.target == 90.0


def test_what_is_no_number_or_no_limit_is_refused_in_one_line():
    joint = Trajectory(LIMITS, 100.0)
    with pytest.raises(ValueError, match="not a number"):
        joint.go(math.nan, 0.0)
    with pytest.raises(ValueError, match="outside"):
        Trajectory(LIMITS, 89.0)
    for wrong in ({"speed": 0.0}, {"acceleration": -1.0}, {"jerk": math.nan}, {"low": 161.0}):
        with pytest.raises(ValueError, match=r"more than 0|not a range"):
            Limits(**{"low": 90.0, "high": 160.0, "speed": 3.0, "acceleration": 5.0, "jerk": 20.0, **wrong})


def test_a_breath_is_followed_within_a_tenth_of_its_depth():
    joint = Trajectory(LIMITS, 110.0)
    worst = 0.0
    for i in range(600):
        t_s = i * 0.1
        if t_s > 10:
            worst = max(worst, abs(joint.at(t_s).position - (110 + 2 * math.sin(2 * math.pi * (t_s - 0.25) / 10))))
        joint.go(110 + 2 * math.sin(2 * math.pi * (t_s + 0.0) / 10), t_s)
    assert worst < 0.4
