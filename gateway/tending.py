"""What a centre does once a day: forget what has been kept long enough.

A failure is one line in the log and another try an hour later; nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Callable

from gateway.errors import StoreError
from gateway.points import PointStore
from gateway.retention import Retention, prune_points
from gateway.rows import Rows

DAY_S = 86_400.0
AGAIN_S = 3600.0

log = logging.getLogger(__name__)


async def tend(rows: Rows, store: PointStore | None, retention: Retention, utc_ns: Callable[[], int]) -> None:
    """Prune at the start and then every day, until cancelled.

    Args:
        rows: bulk kinds go from them.
        store: points go from it; None where none are drawn.
        retention: how long they are kept.
        utc_ns: the time.
    """
    while True:
        pause_s = DAY_S
        try:
            gone = await asyncio.to_thread(rows.prune, utc_ns(), retention.bulk_days)
            points = await asyncio.to_thread(prune_points, store, retention, utc_ns()) if store else 0
        except StoreError as error:
            log.warning("nothing is pruned now: %s", error)
            pause_s = AGAIN_S
        else:
            if gone or points:
                log.info("pruned %d bulk records and %d points", gone, points)
        await asyncio.sleep(pause_s)
