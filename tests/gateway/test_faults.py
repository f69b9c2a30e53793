"""Everything dies in random order under load, for seconds; `make validate` does it for many minutes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.validate_faults import PLANS, torment

pytestmark = pytest.mark.validation


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: PostgreSQL's socket lies in it, and its own user must get there."""
    made = Path(tempfile.mkdtemp(prefix="xt"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("plan", PLANS[:1], ids=["two centres on PostgreSQL"])
def test_nothing_is_lost_or_stored_twice_whatever_is_killed(plan, folder: Path) -> None:
    outcome = torment(plan, 6, 11, folder / "site", pace_s=0.5, say=False)
    assert outcome.finding.wrong == []
    assert outcome.finding.promised > 100
    assert outcome.finding.alerts > 5
