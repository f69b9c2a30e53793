"""Fixtures of the counter's tests; the parts themselves are in `counter_parts.py`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from counter_parts import Room

from gateway.sockets_folder import sockets_folder


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A room whose broker and centre run."""
    with sockets_folder() as sockets:
        site = Room(tmp_path, sockets)
        try:
            await site.broker.start()
            await site.centre.start()
            yield site
        finally:
            await site.centre.stop()
            site.broker.kill()
