"""Fixtures of the gateway's tests; the parts themselves are in `gateway_parts.py`."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gateway_parts import SITE, Broker, CentreProcess
from postgres_parts import Postgres

from gateway.keys import Keyring
from gateway.outbox import Outbox


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    process = Broker(tmp_path / "broker")
    try:
        await process.start()
        yield process
    finally:
        process.kill()


@pytest.fixture
async def centre(tmp_path: Path, broker: Broker) -> AsyncIterator[CentreProcess]:
    process = CentreProcess(tmp_path / "centre", broker)
    try:
        await process.start()
        yield process
    finally:
        process.kill()


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "room" / "keys")


@pytest.fixture
def outbox(tmp_path: Path, keyring: Keyring) -> Iterator[Outbox]:
    with Outbox(tmp_path / "room" / "outbox.sqlite", keyring, site=SITE, producer="room", boot="boot-1") as box:
        yield box


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def rows_url(request: pytest.FixtureRequest) -> str:
    """Where rows are kept: "" for the embedded file, or an empty database of a real server."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
