"""Bad days, made for real in name spaces of their own: nothing lost, said in one line, mended by itself.

Each is a day of `benchmarks/validate_bad_days.py` in its short form; the longer ones are left to `make validate`.
"""

import subprocess
import sys

import pytest
from gateway_parts import ROOT

DAYS = ("full-disk-outbox", "full-disk-rows", "cut-cable")
"""The quick ones; `make validate` has them all."""

pytestmark = pytest.mark.validation


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day_costs_nothing(day: str) -> None:
    command = [sys.executable, "-m", "benchmarks.validate_bad_days", "--short", "--only", day]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
