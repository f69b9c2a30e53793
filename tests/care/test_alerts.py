"""An alert folds to the same state whatever order its steps come in, and calls only upwards."""

import itertools
from uuid import UUID

import pytest

from care.alerts import AlertEvent, AlertStep, Deadline, alert_state

S = 1_000_000_000
ALERT = UUID(int=1)
LADDER = [Deadline("room", 180 * S), Deadline("town", 600 * S), Deadline("district", 1800 * S)]
RAISED = AlertEvent(ALERT, 1, AlertStep.RAISED, 0, "room", "system", "red", "A 座", "help_button", None, LADDER)


def step(version, what, level="room", at=1, actor="system"):
    return AlertEvent(ALERT, version, what, at, level, actor)


@pytest.mark.parametrize(
    ("seconds", "called"),
    [
        (0, []),
        (179, []),
        (180, ["town"]),
        (599, ["town"]),
        (600, ["town", "district"]),
        (1800, ["town", "district"]),
        (9000, ["town", "district"]),
    ],
)
def test_levels_are_called_by_the_deadlines_below_them(seconds, called):
    assert alert_state([RAISED]).calls_at(seconds * S) == called


def test_level_that_was_called_is_not_called_again():
    state = alert_state([RAISED, step(2, AlertStep.ESCALATED, "town")])
    assert state.calls_at(500 * S) == []
    assert state.calls_at(9000 * S) == ["district"]
    assert [state.has_called(level) for level in ("room", "town", "district", "province")] == [True, True, False, False]


@pytest.mark.parametrize("answer", [AlertStep.ACKNOWLEDGED, AlertStep.CLOSED])
def test_answer_stops_the_clock(answer):
    state = alert_state([RAISED, step(2, answer)])
    assert state.calls_at(9000 * S) == []
    assert state.next_deadline is None


def test_alert_without_its_beginning_calls_nobody():
    assert alert_state([step(2, AlertStep.NOTED)]).calls_at(9000 * S) == []


def test_late_call_of_a_lower_level_does_not_call_back_down():
    steps = [RAISED, step(2, AlertStep.ESCALATED, "town"), step(3, AlertStep.ESCALATED, "district")]
    late = step(4, AlertStep.ESCALATED, "town", at=5)
    assert alert_state([*steps, late]).level == "district"


def test_state_is_the_same_in_every_order_and_with_everything_twice():
    steps = [
        RAISED,
        step(2, AlertStep.ESCALATED, "town"),
        step(2, AlertStep.ESCALATED, "town", at=3),
        step(3, AlertStep.UNDELIVERED),
        step(3, AlertStep.ACKNOWLEDGED, "town", actor="li"),
        step(4, AlertStep.DELIVERED),
    ]
    states = {alert_state([*order, *order[:2]]) for order in itertools.permutations(steps)}
    assert len({(s.status, s.level, s.owner, s.delivered, s.version) for s in states}) == 1


def test_who_answers_is_known_with_their_level_also_when_that_level_was_not_called():
    state = alert_state([RAISED, step(2, AlertStep.ACKNOWLEDGED, "town", actor="li")])
    assert (state.level, state.owner, state.owner_level) == ("room", "li", "town")


def test_next_level_is_the_one_above_the_last_that_was_called():
    called = [RAISED]
    seen = [alert_state(called).next_level]
    for level in ("town", "district"):
        called.append(step(len(called) + 1, AlertStep.ESCALATED, level))
        seen.append(alert_state(called).next_level)
    assert seen == ["town", "district", ""]
    assert alert_state([*called, step(9, AlertStep.ACKNOWLEDGED)]).next_level == ""


@pytest.mark.parametrize("level", ["station", ""])
def test_level_that_the_ladder_does_not_know_has_the_time_of_the_first(level):
    state = alert_state([AlertEvent(ALERT, 1, AlertStep.RAISED, 0, level, "system", deadlines=LADDER)])
    assert state.calls_at(179 * S) == []
    assert state.calls_at(180 * S) == ["town"]
    assert state.has_called("room")


def test_answer_counts_before_the_beginning_has_come():
    assert alert_state([step(3, AlertStep.CLOSED)]).status == "closed"
    assert alert_state([step(3, AlertStep.ACKNOWLEDGED)]).status == "acknowledged"
    assert alert_state([step(3, AlertStep.NOTED)]).status == "incomplete"
