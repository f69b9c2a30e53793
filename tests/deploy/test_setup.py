"""What the set-up says to a person whose machine is not as it must be; it says it before it touches anything."""

import os
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "deploy" / "setup"


def set_up(python: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SETUP, "demo"], env={**os.environ, "PYTHON": str(python)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", ["3.10.12", "3.14.0"])
def test_a_python_that_does_not_fit_is_named_in_one_line(tmp_path: Path, version: str) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python {version} && exit 0\nexit 1\n')
    python.chmod(0o755)
    said = set_up(python)
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        f"setup: Python 3.11 to 3.13 is needed, Python {version} is here; set PYTHON=/path/to/another"
    ]
    assert said.stdout == ""


def test_a_python_that_is_missing_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    said = set_up(tmp_path / "nowhere")
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1
    assert "sudo apt-get install python3 python3-venv" in said.stderr
