"""Two people who touch anything in a real window, before a real site whose processes die: the short form of
`benchmarks/validate_kiosk.py`.
"""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.validation
@pytest.mark.timeout(400)
def test_two_walks_in_a_real_window_lose_nothing_and_lead_home() -> None:
    command = [sys.executable, "-m", "benchmarks.validate_kiosk", "--walks", "2", "--steps", "20"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=380)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 answers" not in done.stdout
