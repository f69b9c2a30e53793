"""Room, town and district as real processes: up by policy, down by target, whatever is off or dies in between."""

import subprocess
import sys

from gateway_parts import ROOT


def test_three_levels_both_ways() -> None:
    command = [sys.executable, "-m", "benchmarks.validate_levels", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=115)
    assert done.returncode == 0, done.stdout + done.stderr
