"""Register maps: what is right is read, what is wrong is one line that names file, line and field."""

import contextlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import chair_link
from devices.protocols.modbus_rtu import Table
from devices.protocols.register_map import MAPS, Joint, MapError, load, parse
from devices.protocols.register_map.parts import Block, Fault

RELAXATION = (MAPS / "relaxation-chair.toml").read_text("utf-8")
MUSIC = (MAPS / "music-chair.toml").read_text("utf-8")

BROKEN = {
    "no unit": ("unit = 1\n", "", "line 7: line.unit: missing"),
    "unit 0 is everybody": ("unit = 1\n", "unit = 0\n", "line 8: line.unit: Expected `int` >= 1"),
    "a baud rate that no port has": ("baud = 19200", "baud = 1234", "line 9: line.baud: Invalid enum value 1234"),
    "a watchdog without a time-out": ("timeout_ms = 1000\n", "", "line 24: watchdog.timeout_ms: missing"),
    "a misspelt field": ("timeout_ms", "time_out", "line 27: watchdog.time_out: no such field"),
    "a misspelt table": ("[watchdog]", "[watch_dog]", "line 24: watch_dog: no such field"),
    "limits the wrong way round": (
        "highest_deg = 155.0",
        "highest_deg = 85.0",
        "line 69: recline.highest_deg: 85 is not above lowest_deg 90",
    ),
    "beyond what the house allows": (
        "highest_deg = 155.0",
        "highest_deg = 175.0",
        "line 69: recline.highest_deg: 175 is above 160, the most that a programme may ask for",
    ),
    "two joints at one register": (
        "target = 34",
        "target = 32",
        "line 76: leg_rest.target: register 32 is that of recline.target already",
    ),
    "a register that cannot be": ("register = 40", "register = 70000", "line 96: light.register: Expected `int`"),
    "a bit that cannot be": ("bit = 4 }", "bit = 16 }", "line 50: state.cleared.bit: Expected `int` <= 15"),
    "a fault without words": ("obstruction =", "obstructed =", "line 53: faults: Invalid enum value 'obstructed'"),
    "motion without a stop": (
        "[stop]\nregister = 17\nvalue = 1\n",
        "",
        "line 1: stop: missing; a chair with recline cannot do without",
    ),
    "motion without a reset at the chair": (
        'cleared = { register = 16, table = "input", bit = 4 }\n',
        "",
        "line 45: state.cleared: missing; a chair with recline cannot do without",
    ),
    "motion with nobody known in the seat": (
        'occupied = { register = 16, table = "input", bit = 0 }\n',
        "",
        "line 45: state.occupied: missing; a chair with recline cannot do without (or without state.here)",
    ),
    "an arm that is a stop": ("value = 3\n", "value = 1\n", "line 39: arm.value: the same as that of stop"),
    "a position that no register holds": (
        "lowest_deg = 0.0",
        "zero_deg = 5.0\nlowest_deg = 0.0",
        "line 81: leg_rest.lowest_deg: would be -50 counts, and a register holds 0 … 65535",
    ),
    "a safe value that moves": (
        "on_stop = [",
        "on_stop = [{ register = 32, value = 0 }, ",
        "line 104: safe.on_stop: register 32 = 0 would move, warm or arm the chair",
    ),
    "a safe value that kneads": (
        "on_leave = [{ register = 36, value = 0 }",
        "on_leave = [{ register = 36, value = 2 }",
        "line 105: safe.on_leave: register 36 = 2 would move, warm or arm the chair",
    ),
    "a second sensor at no register": ("register = 21", "register = -1", "line 115: measured[1].register: Expected"),
    "a scale without end": (
        "unit = 0.01",
        "unit = inf",
        "line 117: measured[1].unit: inf is not a number to work with",
    ),
    "a speed that is no number": (
        "zero_deg = 90.0",
        "zero_deg = nan",
        "line 66: recline.zero_deg: nan is not a number to work with",
    ),
    "no TOML": ("[heat]", "[heat", "Expected ']' at the end of a table declaration (at line 91, column 6)"),
}


def test_both_examples_are_right():
    relaxation, music = load("relaxation-chair"), load(MAPS / "music-chair.toml")
    assert relaxation.has_watchdog
    assert relaxation.dangerous == ["recline", "leg_rest", "massage", "heat"]
    assert not music.has_watchdog
    assert music.light is not None


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_in_one_line_with_its_place(name):
    before, after, message = BROKEN[name]
    assert before in RELAXATION
    with pytest.raises(MapError) as wrong:
        parse(RELAXATION.replace(before, after, 1), "chair.toml")
    assert str(wrong.value).startswith("chair.toml")
    assert message in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [("no-such-chair", "there are music-chair, relaxation-chair"), ("/nowhere/chair.toml", "No such file")],
)
def test_a_map_that_is_not_there(name, message):
    with pytest.raises(MapError, match=message):
        load(name)


def test_without_a_watchdog_a_map_is_good_and_permits_no_motion():
    without = RELAXATION.replace("[watchdog]", "[nothing]").replace("timeout_ms = 1000\n", "")
    without = without[: without.index("[nothing]")] + without[without.index("[stop]") :]
    assert not parse(without, "chair.toml").has_watchdog


@pytest.mark.parametrize(("timeout_ms", "moves"), [(2000, True), (2001, False)])
def test_a_watchdog_slower_than_two_seconds_is_none(timeout_ms, moves):
    chart = parse(RELAXATION.replace("timeout_ms = 1000", f"timeout_ms = {timeout_ms}"), "chair.toml")
    assert chart.has_watchdog is moves


def test_registers_that_lie_together_are_read_together():
    assert load("relaxation-chair").blocks() == (Block(Table.HOLDING, 36, 6), Block(Table.INPUT, 16, 6))


def test_every_fault_of_a_chair_can_be_mapped():
    assert set(get_args(Fault)) == set(chair_link.FAULTS)


@given(st.floats(90, 155), st.sampled_from([0.05, 0.1, 0.5, 1.0]), st.booleans())
def test_an_angle_comes_back_within_half_a_count_and_within_the_limits(angle_deg, unit_deg, signed):
    joint = Joint(
        position=1,
        target=2,
        zero_deg=90.0,
        unit_deg=unit_deg,
        signed=signed,
        lowest_deg=90.0,
        highest_deg=155.0,
        fastest_deg_s=3.0,
        acceleration_deg_s2=3.0,
    )
    assert joint.angle_deg(joint.counts(angle_deg)) == pytest.approx(angle_deg, abs=unit_deg / 2 + 1e-9)
    assert joint.angle_deg(joint.counts(angle_deg + 1000)) <= 155.0


@given(st.text(max_size=200), st.integers(0, len(MUSIC)))
def test_any_text_is_a_map_or_one_line(text, at):
    for broken in (text, MUSIC[:at] + text + MUSIC[at:]):
        with contextlib.suppress(MapError):
            assert parse(broken, "chair.toml").title
