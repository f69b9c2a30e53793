"""Work that lives exactly as long as a connection does, beside whatever else uses it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from gateway.link import LinkLost

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def alongside(work: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Run `work` for as long as the block lasts. A lost link is for its owner to say; other faults are logged."""
    task = asyncio.create_task(_told(work))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _told(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except LinkLost as error:
        log.debug("what ran beside a connection ends with it: %s", error)
    except Exception:
        log.exception("a fault of our own beside a connection; it begins anew with the next one")
