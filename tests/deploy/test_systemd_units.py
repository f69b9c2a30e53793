"""The units of a real room agree with the front door, and with each other about where things lie."""

import re
from pathlib import Path

import pytest

import xinyi

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
GUARD = FOLDER / "xinyi-release-guard.service"
UNITS = sorted(set(FOLDER.glob("*.service")) - {GUARD})


def lines(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_unit_starts_the_command_of_its_name(unit: Path) -> None:
    name = unit.stem.removeprefix("xinyi-")
    assert name in xinyi.main.commands
    (command,) = lines(unit, "ExecStart")
    assert f"/opt/xinyi/current/.venv/bin/xinyi {name}" in command


def test_there_is_one_for_each_process_of_a_room() -> None:
    assert {unit.stem for unit in UNITS} == {
        f"xinyi-{name}" for name in ("broker", "centre", "room", "console", "kiosk")
    }


@pytest.mark.parametrize("key", ["Environment", "User", "StateDirectory", "UMask"])
def test_all_agree_about_the_user_and_the_places(key: str) -> None:
    told = [[line for line in lines(unit, key) if not line.startswith("HOME=")] for unit in UNITS]
    assert told[0]
    assert all(one == told[0] for one in told)


def test_the_guard_runs_from_the_release_that_was_last_found_good() -> None:
    """From `current` it could not take back a version that does not start."""
    assert lines(GUARD, "ExecStart") == ["/opt/xinyi/steady/.venv/bin/xinyi release guard"]
    assert "guard" in xinyi.main.commands["release"].commands
    assert GUARD.with_suffix(".timer").exists()
    assert lines(GUARD, "Environment") == [line for line in lines(UNITS[0], "Environment") if "BROKER" not in line]
    assert lines(GUARD, "UMask") == ["0022"], "the services' user must be able to read what is installed"
