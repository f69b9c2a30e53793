"""The page that a chair maker implements from, held against the code."""

import re
from enum import IntEnum
from pathlib import Path

import pytest

from devices.protocols import chair_link as wire
from devices.protocols.framing import crc16

PAGE = (Path(__file__).parents[2] / "docs/protocols/chair-link.md").read_text("utf-8")
EXAMPLES = {
    "IDENTIFY": wire.Identify(),
    "START": wire.StartStreams(),
    "HEARTBEAT": wire.Heartbeat(),
    "RECLINE": wire.Recline(120, 3, 3),
    "LEG_REST": wire.LegRest(30, 5, 5),
    "MASSAGE": wire.Massage(zones=0b0011, rhythm=2, level=2),
    "HEAT": wire.Heat(1),
    "LIGHT": wire.Light(40),
    "VOLUME": wire.Volume(25),
    "PACE": wire.Pace(6, 0.4, 1.5, parts=0b101),
    "ARM": wire.Arm(258),
    "DISARM": wire.Disarm(),
    "STOP": wire.Stop(),
    "RELEASE": wire.Release(),
    "IDENT": wire.Ident(
        2000,
        wire.Ident.SEAT_SENSOR,
        "Xinyi",
        "Reference Chair",
        "0001",
        "2.0.0",
        (wire.Declared(wire.Sensor.ECG, rate_mhz=250_000, bits=24, unit=1, scale_nano=500_000),),
    ),
    "STREAM": wire.Stream(wire.Sensor.ECG, contact=True, bits=24, counter=256, counts=(-690, 0, 2300)),
    "STATUS": wire.Status(35, 120.5, 30.0, 3, 2, 2, heat=1, light=40, volume=25, faults=0, at_ms=61_234),
    "ACK": wire.Ack(4),
    "NAK": wire.Nak(5, wire.Reason.SEAT_EMPTY),
    "NOTE": wire.Note(wire.Sensor.ECG, 256, "replay record=100 offset_s=0.000000"),
    "STOPPED": wire.Stopped(wire.Cause.BUTTON),
}
ROWS = re.findall(r"^\| (\w+) \| (\d+) \|.*\| `([0-9a-f ]+)` \|$", PAGE, re.MULTILINE)


def test_every_byte_string_of_the_page_is_one_that_we_know():
    assert [name for name, _, _ in ROWS] == list(EXAMPLES)


@pytest.mark.parametrize(("name", "sequence", "text"), ROWS)
def test_code_writes_and_reads_the_byte_strings_of_the_page(name, sequence, text):
    raw = bytes.fromhex(text)
    assert wire.encode(EXAMPLES[name], int(sequence)) == raw
    assert wire.Decoder().feed(raw) == [wire.Frame(int(sequence), EXAMPLES[name])]


@pytest.mark.parametrize("name", [*EXAMPLES, "STOP_STREAMS"])
def test_the_page_gives_each_message_the_type_that_the_code_sends(name):
    message = EXAMPLES.get(name, wire.StopStreams())
    (code,) = re.findall(rf"^\| `([0-9A-F]{{2}})` \| {name}(?: \(.*?\))? \|", PAGE, re.MULTILINE)
    body = wire.encode(message, 7).strip(b"\x00")
    assert body[2] == int(code, 16)


def _numbered(row: str) -> dict[str, int]:
    (cell,) = re.findall(rf"^\| {row} \| (.*) \|$", PAGE, re.MULTILINE)
    return {name: int(number) for number, name in re.findall(r"(\d+) ([^,(]+?)(?: \([^)]*\))?(?:,|$)", cell)}


@pytest.mark.parametrize(
    ("row", "members"), [("channels", wire.Sensor), ("NAK reasons", wire.Reason), ("STOPPED causes", wire.Cause)]
)
def test_numbers_of_the_page_are_those_of_the_code(row: str, members: type[IntEnum]):
    assert _numbered(row) == {member.name: int(member) for member in members}


def test_units_faults_and_flags_of_the_page_are_those_of_the_code():
    assert _numbered("units") == {unit: number for number, unit in enumerate(wire.UNITS) if unit}
    assert _numbered("faults, by bit") == {fault: bit for bit, fault in enumerate(wire.FAULTS)}
    flags = _numbered("STATUS flags")
    assert flags == {name: getattr(wire.Status, name) for name in flags}
    assert len(flags) == 7
    assert _numbered("IDENT flags") == {"SEAT_SENSOR": wire.Ident.SEAT_SENSOR}
    assert _numbered("PACE parts, by bit") == {part: bit for bit, part in enumerate(wire.PARTS)}


def test_ranges_of_the_page_are_those_of_the_code():
    words = " ".join(PAGE.split())
    for text in (
        f"({wire.UPRIGHT_DEG * 10:.0f} upright … {wire.FLAT_DEG * 10:.0f} flat)",
        f"({wire.LEGS_DOWN_DEG * 10:.0f} down … {wire.LEGS_UP_DEG * 10:.0f} up)",
        f"(0 off … {wire.MOST_MASSAGE})",
        f"(0 off … {wire.MOST_HEAT})",
        f"(0 off, {wire.SLOWEST_PACE * 100:.0f} … {wire.FASTEST_PACE * 100:.0f})",
        f"({wire.LEAST_INHALE_SHARE * 100:.0f} … {wire.MOST_INHALE_SHARE * 100:.0f})",
        f"is at most {wire.LONGEST_BODY} bytes",
        f"for {wire.WATCHDOG_S:.0f} s",
        f"by at most {wire.PACE_DEG:.0f}° around its angle",
        f"adds at most {wire.PACE_SPEED_DEG_S:.0f}°/s",
        f"rests within {wire.REST_WITHIN_S} s",
        f"up to {wire.RETREAT_DEG:.0f}° of its way, within {wire.RETREAT_WITHIN_S} s",
        f"lapses after {wire.PRESS_GOOD_FOR_S:.0f} s",
        f"session u16 (1 … {wire.MOST_SESSION})",
    ):
        assert text in words


def test_limits_that_the_page_gives_the_host_are_the_drivers():
    from devices.drivers.chair_link import HEARTBEAT_S
    from devices.profile import CHAIR_LINK

    back, legs = CHAIR_LINK.recline, CHAIR_LINK.leg_rest
    words = " ".join(PAGE.split())
    for text in (
        f"at most {back.speed_deg_s:.0f}°/s and {back.acceleration_deg_s2:.0f}°/s² for the back",
        f"and {legs.speed_deg_s:.0f}°/s and {legs.acceleration_deg_s2:.0f}°/s² for the legs",
        f"{CHAIR_LINK.longest_massage_s / 60:.0f} minutes of massage",
        f"{CHAIR_LINK.longest_heat_s / 60:.0f} minutes of heat",
        f"a heartbeat every {HEARTBEAT_S} s",
        f"goes on for more than {CHAIR_LINK.rest_within_s:.0f} s",
    ):
        assert text in words


def test_check_value_of_the_page():
    assert f"is `{crc16(b'123456789'):04X}`" in PAGE
