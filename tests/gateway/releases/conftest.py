"""Fixtures of the releases' tests; the parts themselves are in `release_parts.py`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from release_parts import Machine, Signers


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    return Signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """sync(2) waits for everybody's files, and no plug is really pulled here."""
    monkeypatch.setattr("os.sync", lambda: None)


@pytest.fixture
def machine(tmp_path: Path, signers: Signers) -> Machine:
    return Machine(tmp_path, signers)
