"""Fixtures of the tests of trust; the parts themselves are in `trust_parts.py`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from trust_parts import UPPER, UpperSite

from gateway.trust.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "authority", site=UPPER)


@pytest.fixture
async def upper(tmp_path: Path, authority: Authority) -> AsyncIterator[UpperSite]:
    site = UpperSite(tmp_path, authority)
    try:
        await site.broker.start()
        yield site
    finally:
        site.broker.kill()
