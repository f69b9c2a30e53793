import math
from dataclasses import replace

import pytest

from devices.events import (
    ChairStatus,
    Heat,
    LegRest,
    Light,
    Massage,
    Pace,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import LONGEST_HEAT_S, LONGEST_MASSAGE_S, REMEDIES, Refusal, RunningTime, disobeys, refusal

SITTING = ChairStatus(
    "chair-1", 0, 120.0, 30.0, 0, (), Rhythm.OFF, 0, 30, 40,
    moving=False, occupied=True, stop_pressed=False, watchdog_tripped=False,
)  # fmt: skip
MASSAGE = Massage(("back",), Rhythm.WAVE, 2)
MOVING = [Recline(130), LegRest(40), MASSAGE, Heat(1), Pace(6)]
ENDING = [Massage((), Rhythm.OFF, 0), Heat(0), Pace(0), Light(10), Volume(10), StopMotion(), ReleaseStop()]


def ask(command, status=SITTING, *, watchdog=True, stopped=False):
    return refusal(command, status, hardware_watchdog=watchdog, stopped=stopped)


@pytest.mark.parametrize("command", [*MOVING, *ENDING])
def test_somebody_sits_and_all_is_well(command):
    assert ask(command) is None


@pytest.mark.parametrize("command", MOVING)
@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (Refusal.STOPPED, {"stopped": True}),
        (Refusal.STOPPED, {"status": replace(SITTING, stopped=True)}),
        (Refusal.STOPPED, {"status": replace(SITTING, stop_pressed=True)}),
        (Refusal.NO_WATCHDOG, {"watchdog": False}),
        (Refusal.NO_STATUS, {"status": None}),
    ],
)
def test_nothing_moves_or_heats_then(command, reason, circumstances):
    assert ask(command, **circumstances) is reason


@pytest.mark.parametrize("command", ENDING)
def test_switching_off_is_always_allowed(command):
    assert ask(command, None, watchdog=False, stopped=True) is None


@pytest.mark.parametrize(
    "command",
    [
        Recline(89.9), Recline(160.1), Recline(math.nan), Recline(math.inf), LegRest(-1), LegRest(70.5),
        Massage(("back",), Rhythm.WAVE, 6), Massage(("head",), Rhythm.WAVE, 1), Massage((), Rhythm.OFF, -1),
        Heat(4), Heat(-1), Light(101), Volume(-1), Pace(2), Pace(16), Pace(6, 0.1), Pace(6, 0.4, -1), Pace(math.nan),
    ],
)  # fmt: skip
def test_out_of_range_is_never_sent(command):
    assert ask(command) is Refusal.OUT_OF_RANGE


@pytest.mark.parametrize("command", [Recline(160), Recline(90), LegRest(0), LegRest(70), Heat(3), Pace(3), Pace(15)])
def test_the_limits_themselves_are_allowed(command):
    assert ask(command) is None


def test_an_empty_chair_only_goes_back_to_rest():
    empty = replace(SITTING, occupied=False)
    assert ask(Recline(90), empty) is None
    assert ask(LegRest(0), empty) is None
    for command in (Recline(121), LegRest(31), MASSAGE, Heat(1), Pace(6)):
        assert ask(command, empty) is Refusal.SEAT_EMPTY


RUNNING = [replace(SITTING, moving=True), replace(SITTING, massage_level=1), replace(SITTING, heat_level=1)]


@pytest.mark.parametrize("running", RUNNING)
def test_a_chair_that_goes_on_after_the_seat_was_left_disobeys(running):
    assert not disobeys(running, SITTING)
    assert disobeys(replace(running, occupied=False), running)
    assert not disobeys(replace(SITTING, occupied=False), running)


@pytest.mark.parametrize("running", RUNNING)
def test_a_chair_that_goes_on_although_stopped_disobeys_at_the_second_word(running):
    stopped = replace(running, stopped=True)
    assert not disobeys(stopped, running)
    assert disobeys(stopped, stopped)


@pytest.mark.parametrize("beyond", [{"recline_deg": 165.0}, {"recline_deg": 80.0}, {"leg_rest_deg": 75.0}])
def test_a_chair_that_moves_beyond_its_limits_disobeys(beyond):
    assert disobeys(replace(SITTING, moving=True, **beyond), SITTING)
    assert not disobeys(replace(SITTING, **beyond), SITTING)


def test_going_to_rest_with_an_empty_seat_is_no_disobedience():
    empty = replace(SITTING, occupied=False)
    assert not disobeys(replace(empty, moving=True), empty)
    assert not disobeys(replace(empty, moving=True), None)


def test_every_refusal_has_a_remedy():
    assert set(REMEDIES) == set(Refusal)


def test_massage_and_heat_end_by_themselves_and_a_new_level_buys_no_time():
    running = RunningTime()
    minute = 60 * 10**9
    running.note(replace(SITTING, t_ns=minute, massage_level=2, heat_level=1))
    running.note(replace(SITTING, t_ns=2 * minute, massage_level=5, heat_level=1))
    assert running.due(minute + round(LONGEST_MASSAGE_S * 1e9) - 1) == []
    assert running.due(minute + round(LONGEST_MASSAGE_S * 1e9)) == [Massage((), Rhythm.OFF, 0)]
    assert running.due(minute + round(LONGEST_HEAT_S * 1e9)) == [Massage((), Rhythm.OFF, 0), Heat(0)]
    running.note(SITTING)
    assert running.due(10**15) == []
