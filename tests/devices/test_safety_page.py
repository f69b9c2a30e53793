"""`docs/safety.md` names tests; all of them exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "safety.md").read_text("utf-8")


def test_every_hazard_names_a_cause_a_control_and_a_test():
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) >= 10
    for row in rows:
        assert len(row) == 4
        assert all(cell.strip() for cell in row)
        assert "`test_" in row[3]


def test_every_test_that_the_page_names_exists():
    defined = {
        name for file in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named <= defined, named - defined
