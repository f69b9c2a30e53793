"""The units of a real room agree with the front door, and with each other about where things lie."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import xinyi
from xinyi_kiosk import LEFT

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "systemd"
GUARD = FOLDER / "xinyi-release-guard.service"
KIOSK, SCREEN = FOLDER / "xinyi-kiosk.service", FOLDER / "xinyi-screen.service"
UNITS = sorted(set(FOLDER.glob("*.service")) - {GUARD, SCREEN})
OWN = ("HOME=", "DISPLAY=", "PYTHONMALLOC=")
"""What only the kiosk is told."""


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
    told = [[line for line in lines(unit, key) if not line.startswith(OWN)] for unit in UNITS]
    assert told[0]
    assert all(one == told[0] for one in told)


def test_the_guard_runs_from_the_release_that_was_last_found_good() -> None:
    """From `current` it could not take back a version that does not start."""
    assert lines(GUARD, "ExecStart") == ["/opt/xinyi/steady/.venv/bin/xinyi release guard"]
    assert "guard" in xinyi.main.commands["release"].commands
    assert GUARD.with_suffix(".timer").exists()
    assert lines(GUARD, "Environment") == [line for line in lines(UNITS[0], "Environment") if "BROKER" not in line]
    assert lines(GUARD, "UMask") == ["0022"], "the services' user must be able to read what is installed"


def test_the_kiosk_is_its_own_main_process_so_that_its_words_and_its_exit_code_are_the_units() -> None:
    (command,) = lines(KIOSK, "ExecStart")
    assert command.startswith("/opt/xinyi/")
    assert lines(KIOSK, "Type") == ["notify"]
    assert lines(KIOSK, "NotifyAccess") == ["main"]
    assert lines(KIOSK, "Restart") == ["always"]
    assert lines(KIOSK, "RestartPreventExitStatus") == [str(LEFT)]
    assert lines(KIOSK, "OnFailure") == ["xinyi-maintenance.target"]


def test_kiosk_and_screen_mean_the_same_display() -> None:
    (told,) = [line for line in lines(KIOSK, "Environment") if line.startswith("DISPLAY=")]
    display, authority = (pair.split("=", 1)[1] for pair in told.split())
    (command,) = lines(SCREEN, "ExecStart")
    assert f" {display} " in command
    assert authority == f"/run/{lines(SCREEN, 'RuntimeDirectory')[0]}/authority"
    assert "-auth ${RUNTIME_DIRECTORY}/authority" in command
    assert lines(SCREEN, "User") == lines(KIOSK, "User")


@pytest.mark.parametrize("unit", [KIOSK, SCREEN], ids=lambda unit: unit.stem)
def test_what_a_resident_has_answered_is_in_no_core_and_no_swap(unit: Path) -> None:
    assert lines(unit, "LimitCORE") == ["0"]
    assert lines(unit, "MemorySwapMax") == ["0"]


def test_no_key_is_heard_and_no_other_console_is_reached() -> None:
    said = re.sub(r"#.*", "", (DEPLOY / "kiosk" / "xorg.conf").read_text("utf-8"))
    assert set(re.findall(r'Option "(\w+)" "true"', said)) == {"DontVTSwitch", "DontZap", "Ignore"}
    assert re.search(r'MatchIsKeyboard "true"\s+Option "Ignore" "true"', said)
    assert "kernel.sysrq = 0" in (DEPLOY / "kiosk" / "sysctl.conf").read_text("utf-8")
    assert {"NAutoVTs=0", "ReserveVT=0"} <= set((DEPLOY / "kiosk" / "logind.conf").read_text("utf-8").splitlines())


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    """Everything but the program, which is not installed here."""
    verify = shutil.which("systemd-analyze")
    assert verify, "systemd is part of every Debian"
    for unit in FOLDER.iterdir():
        if unit.suffix != ".sysusers":
            text = re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE)
            (tmp_path / unit.name).write_text(text, "utf-8")
    found = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run([verify, "verify", *found], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
