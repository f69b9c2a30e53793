"""The units of a real room agree with the front door, and with each other about where things lie."""

import re
from pathlib import Path

import pytest

import xinyi

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))


def lines(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_unit_starts_the_command_of_its_name(unit: Path) -> None:
    name = unit.stem.removeprefix("xinyi-")
    assert name in xinyi.main.commands
    (command,) = lines(unit, "ExecStart")
    assert f"/opt/xinyi/.venv/bin/xinyi {name}" in command


def test_there_is_one_for_each_process_of_a_room() -> None:
    assert {unit.stem for unit in UNITS} == {
        f"xinyi-{name}" for name in ("broker", "centre", "room", "console", "kiosk")
    }


@pytest.mark.parametrize("key", ["Environment", "User", "StateDirectory", "UMask"])
def test_all_agree_about_the_user_and_the_places(key: str) -> None:
    told = [[line for line in lines(unit, key) if not line.startswith("HOME=")] for unit in UNITS]
    assert told[0]
    assert all(one == told[0] for one in told)
