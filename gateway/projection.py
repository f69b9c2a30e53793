"""From rows to points: a queue in the rows' own database, emptied as far as the points store is there.

A points store that is away, or has forgotten, costs a picture and never a session: rows are committed and receipted
before anything here runs, and `rebuild_points` draws the whole picture again.
"""

import time

from gateway.points import Point, PointStore, points_of
from gateway.rows import Rows

BATCH = 200


def project_batch(rows: Rows, store: PointStore, now_utc_ns: int, limit: int = BATCH) -> int:
    """Write the points of the next records. Returns how many records are done; 0 when nothing waits.

    Raises:
        PointsAway: the store takes nothing now; the queue is as it was.
        StoreError: the rows do not answer.
    """
    waiting = rows.unprojected(limit)
    if not waiting:
        return 0
    points: list[Point] = []
    for item in waiting:
        if item.opened is not None and item.body is not None:
            points.extend(points_of(item.site, item.opened, item.body))
    refused = store.write(points) if points else []
    rows.projected([item.record for item in waiting], [(each.line, each.reason) for each in refused], now_utc_ns)
    return len(waiting)


def rebuild_points(rows: Rows, store: PointStore) -> int:
    """Write the points of all rows again, into an empty or an outdated store. Returns how many records were drawn.

    Raises:
        PointsAway: the store is away; call again, or start the centre, to go on where it stopped.
    """
    rows.project_again()
    done = 0
    while count := project_batch(rows, store, time.time_ns()):
        done += count
    return done
