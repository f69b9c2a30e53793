import math
from dataclasses import replace

import pytest

from devices.events import (
    Arm,
    ChairStatus,
    Disarm,
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
from devices.interlocks import REMEDIES, Refusal, RunningTime, refusal
from devices.profile import CHAIR_LINK, Profile

SITTING = ChairStatus(
    "chair-1", 0, 120.0, 30.0, 0, (), Rhythm.OFF, 0, 30, 40,
    moving=False, occupied=True, stop_pressed=False, watchdog_tripped=False, armed=True,
)  # fmt: skip
MASSAGE = Massage(("back",), Rhythm.WAVE, 2)
MOVING = [Recline(130), LegRest(40), MASSAGE, Heat(1), Pace(6)]
ENDING = [Massage((), Rhythm.OFF, 0), Heat(0), Pace(0), Light(10), Volume(10), StopMotion(), Disarm()]


def ask(command, status=SITTING, *, watchdog=True, stopped=False):
    return refusal(command, status, hardware_watchdog=watchdog, stopped=stopped)


@pytest.mark.parametrize("command", [*MOVING, *ENDING, Arm(1), ReleaseStop()])
def test_somebody_sits_and_all_is_well(command):
    assert ask(command) is None


@pytest.mark.parametrize("command", [*MOVING, Arm(7)])
@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (Refusal.STOPPED, {"stopped": True}),
        (Refusal.STOPPED, {"status": replace(SITTING, stopped=True)}),
        (Refusal.STOPPED, {"status": replace(SITTING, stop_pressed=True)}),
        (Refusal.FAULT, {"status": replace(SITTING, faults=("heat",))}),
        (Refusal.SEAT_EMPTY, {"status": replace(SITTING, occupied=False)}),
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
        Pace(6, parts=frozenset()), Arm(0), Arm(-1), Arm(65536),
    ],
)  # fmt: skip
def test_out_of_range_is_never_sent(command):
    assert ask(command) is Refusal.OUT_OF_RANGE


@pytest.mark.parametrize(
    "command", [Recline(160), Recline(90), LegRest(0), LegRest(70), Heat(3), Pace(3), Pace(15), Arm(65535)]
)
def test_the_limits_themselves_are_allowed(command):
    assert ask(command) is None


def test_an_empty_chair_does_not_move_in_any_direction():
    empty = replace(SITTING, occupied=False)
    for command in (Recline(90), LegRest(0), Recline(121), LegRest(31), MASSAGE, Heat(1), Pace(6), Arm(1)):
        assert ask(command, empty) is Refusal.SEAT_EMPTY


@pytest.mark.parametrize("command", MOVING)
def test_motion_needs_an_armed_chair_and_arming_does_not(command):
    assert ask(command, replace(SITTING, armed=False)) is Refusal.NOT_ARMED
    assert ask(Arm(1), replace(SITTING, armed=False)) is None


def test_a_stop_is_released_after_the_reset_at_the_chair_and_where_only_the_chair_knows_it_is_asked():
    stopped = replace(SITTING, stopped=True, armed=False)
    assert ask(ReleaseStop(), stopped, stopped=True) is Refusal.NOT_CLEARED
    assert ask(ReleaseStop(), replace(stopped, cleared=True), stopped=True) is None
    assert ask(ReleaseStop(), replace(stopped, stop_pressed=True)) is None
    assert ask(ReleaseStop(), replace(stopped, faults=("too_hot",))) is None
    assert ask(ReleaseStop(), None) is Refusal.NO_STATUS


def test_a_chair_of_another_profile_has_other_limits():
    low = Profile(recline=replace(CHAIR_LINK.recline, most_deg=130.0), most_heat=1, zones=("back",))
    for command in (Recline(131), Heat(2), Massage(("legs",), Rhythm.WAVE, 1)):
        assert refusal(command, SITTING, low, hardware_watchdog=True, stopped=False) is Refusal.OUT_OF_RANGE
        assert ask(command) is None


def test_every_refusal_has_a_remedy():
    assert set(REMEDIES) == set(Refusal)


def test_massage_and_heat_end_by_themselves_and_a_new_level_buys_no_time():
    running = RunningTime()
    minute = 60 * 10**9
    running.note(replace(SITTING, t_ns=minute, massage_level=2, heat_level=1))
    running.note(replace(SITTING, t_ns=2 * minute, massage_level=5, heat_level=1))
    assert running.due(minute + round(CHAIR_LINK.longest_massage_s * 1e9) - 1) == []
    assert running.due(minute + round(CHAIR_LINK.longest_massage_s * 1e9)) == [Massage((), Rhythm.OFF, 0)]
    assert running.due(minute + round(CHAIR_LINK.longest_heat_s * 1e9)) == [Massage((), Rhythm.OFF, 0), Heat(0)]
    running.note(SITTING)
    assert running.due(10**15) == []
