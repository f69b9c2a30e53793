"""A chair is a machine that moves people: random scripts of everything that can happen, held against its physics.

The real supervisor and driver, a cable with its faults, the firmware's rules and the physics of the drives, in virtual
time (`benchmarks/chair_rig.py`). The monitor (`firmware_sim/hazards.py`) must see an unsafe state when there is one: so
each safeguard is taken away in turn, and what it guards against has to be found. `docs/safety.md` names these tests.
"""

from dataclasses import replace

import pytest

from benchmarks.chair_rig import Script, Step, careless, run
from benchmarks.chair_scripts import make
from benchmarks.validate_safety import Tally, tally
from devices.events import Arm, Heat, Recline, ReleaseStop

SCRIPTS = 1000
CARELESS = 150
ENOUGH = 250
"""Scripts within which a safeguard that is missing has to be noticed; most are noticed in the first ten."""


@pytest.mark.timeout(300)
def test_no_script_makes_the_chair_unsafe():
    total = tally(range(SCRIPTS))
    assert total.unsafe == []
    assert total.mistakes == []
    assert total.too_thin() == []  # scripts that move nothing prove nothing
    assert total.stop_on_wire_s < 0.05


def test_chair_is_safe_though_its_host_has_no_interlocks():
    total = Tally()
    for seed in range(CARELESS):
        total.add(seed, run(make(seed), drives=careless))
    assert total.unsafe == []
    assert total.moved > CARELESS / 2


def test_a_script_runs_the_same_way_every_time():
    first, second = run(make(17)), run(make(17))
    assert (first.obeyed, first.moved_s, first.seen) == (second.obeyed, second.moved_s, second.seen)


# --- the monitor sees what goes wrong


def no_watchdog(firmware):
    firmware._watch = lambda _at_s: None


def no_seat(firmware):
    firmware.guard.occupied = lambda _at_s: True
    firmware._leave = lambda _at_s: None


def no_arming(firmware):
    firmware.guard.session = 1
    firmware.guard.disarm = lambda: None


def release_without_reset(firmware):
    guard = firmware.guard
    reset = guard.reset

    def release():
        reset()
        guard.stopped = guard.button = guard.cleared = False

    guard.release = release


def deaf_to_stop(firmware):
    firmware._stop = lambda *_args, **_more: None


def moves_without_asking_itself(firmware):
    firmware.guard.forbids = lambda _message, _at_s: None


def numb_drives(firmware):
    for joint in (firmware.actuators.recline, firmware.actuators.leg_rest):
        joint.feels = False


def rough_drives(firmware):
    for joint in (firmware.actuators.recline, firmware.actuators.leg_rest):
        joint.build = replace(joint.build, jerk_deg_s3=2000.0, acceleration_deg_s2=30.0)


def drives_that_run_out(firmware):
    for joint in (firmware.actuators.recline, firmware.actuators.leg_rest):
        joint.build = replace(joint.build, stop_deg_s2=1.0, stop_deg_s3=5.0)


def cold_sensor(firmware):
    firmware.actuators.heater.offset_c = -25.0
    firmware.actuators.heater.cut_out = False


@pytest.mark.parametrize(
    ("breaks", "hazards"),
    [
        (no_watchdog, ("motion without a host", "motion after silence")),
        (no_seat, ("motion after seat",)),
        (no_arming, ("motion after", "motion by itself")),
        (release_without_reset, ("motion by itself", "motion after")),
        (deaf_to_stop, ("motion after stop", "motion after button", "motion after fault", "late stop")),
        (moves_without_asking_itself, ("motion after", "motion by itself", "beyond")),
        (numb_drives, ("crush",)),
        (rough_drives, ("too sudden", "jerk")),
        (drives_that_run_out, ("motion after", "late stop", "crush")),
        (cold_sensor, ("hot pad",)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_missing_safeguard_is_noticed(breaks, hazards):
    drives = careless if breaks in {moves_without_asking_itself, no_arming, release_without_reset, no_seat} else None
    for script in [heated()] if breaks is cold_sensor else map(make, range(ENOUGH)):
        outcome = run(script, breaks=breaks, **({"drives": drives} if drives else {}))
        if any(found.hazard.startswith(hazards) for found in outcome.unsafe):
            return
    pytest.fail(f"{breaks.__name__} went unnoticed in {ENOUGH} scripts")


def heated():
    """Somebody with the heating on for a while."""
    steps = (Step(0.3, "sit"), Step(0.5, "command", (Arm(5),)), Step(0.3, "command", (Heat(3),)), Step(900.0, "here"))
    return Script(1, steps)


# --- scripts that once were unsafe


def test_chair_stays_stopped_until_its_reset_was_pressed():
    steps = (
        Step(0.3, "sit"),
        Step(0.5, "command", (Arm(5),)),
        Step(0.3, "command", (Recline(150),)),
        Step(0.5, "stop"),
        Step(0.5, "command", (ReleaseStop(),)),
        Step(0.2, "command", (Arm(5),)),
        Step(0.2, "command", (Recline(150),)),
    )
    outcome = run(Script(1, steps))
    assert outcome.unsafe == []
    assert outcome.accepted["Arm"] == 1
    assert outcome.accepted["ReleaseStop"] == 0
