"""From rows to points: a queue in the rows' own database, emptied as far as the points store is there.

A points store that is away, or has forgotten, costs a picture and never a session: rows are committed and receipted
before anything here runs, and `rebuild_points` draws the whole picture again. Of a chunk only the newest version is
drawn; when one replaces another, its stretch is taken out of the picture first.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from gateway.messages import DeviceMinutes, SessionChunk, SessionOpened
from gateway.points import Drawing, Point, PointStore, Span
from gateway.points_queue import Projectable
from gateway.rollups import MINUTE_NS, Stretch, reach_of, rollups
from gateway.rows import Rows

BATCH = 1000
"""Records: as many as an intake has on its way at a time."""

log = logging.getLogger(__name__)


def project_batch(rows: Rows, store: PointStore, now_utc_ns: int, limit: int = BATCH) -> int:
    """Write the points of the next records. Returns how many records are drawn; 0 when nothing waits.

    Raises:
        PointsAway: the store takes nothing now; the queue is as it was.
        StoreError: the rows do not answer.
    """
    settling = store.settling
    if settling and (safe := settling.settle()):
        rows.to_draw.projected(safe, (), now_utc_ns)
    _erase(rows, store)
    waiting = rows.to_draw.unprojected(limit, settling.held if settling else ())
    if not waiting:
        return 0
    batch = _drawn(rows, waiting)
    for span in batch.spans:
        store.erase(span)
    if settling:
        settling.begin()
    refused = store.write(batch.points, batch.drawings) if batch.points or batch.drawings else []
    done = [item.record for item in waiting]
    if settling:
        fleet = [item.record for item in waiting if isinstance(item.body, DeviceMinutes)]
        settling.wrote(fleet)
        done = [item.record for item in waiting if not isinstance(item.body, DeviceMinutes)]
    rows.to_draw.projected(done, [(each.line, each.reason) for each in refused], now_utc_ns)
    return len(waiting)


def rebuild_points(rows: Rows, store: PointStore) -> int:
    """Write the points of all rows again, into an empty or an outdated store. Returns how many records were drawn.

    Raises:
        PointsAway: the store is away; call again, or start the centre, to go on where it stopped.
    """
    rows.to_draw.draw_all_again()
    done = 0
    while count := project_batch(rows, store, time.time_ns()):
        done += count
    return done


@dataclass(slots=True)
class _Batch:
    drawings: list[Drawing] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def _erase(rows: Rows, store: PointStore) -> None:
    """Take erased sessions out of the picture; who was beside them is drawn again."""
    for erasure in rows.to_draw.erasures():
        store.erase(erasure.span)
        rows.to_draw.erased(erasure)
        log.info("the picture of session %s is erased", erasure.session)


def _drawn(rows: Rows, waiting: Sequence[Projectable]) -> _Batch:
    """What has to be written for some records."""
    batch = _Batch()
    by_session: defaultdict[UUID, list[tuple[Projectable, SessionChunk]]] = defaultdict(list)
    for item in waiting:
        body = item.body
        if isinstance(body, DeviceMinutes) or (item.opened is not None and not isinstance(body, SessionChunk | None)):
            batch.drawings.append(Drawing(item.site, item.opened, body))
        elif isinstance(body, SessionChunk) and item.opened is not None:
            by_session[body.session].append((item, body))
    for session, chunks in by_session.items():
        first, _ = chunks[0]
        assert first.opened is not None
        _draw_chunks(rows, batch, first.site, first.opened, session, [(each.record, chunk) for each, chunk in chunks])
    return batch


def _draw_chunks(
    rows: Rows,
    batch: _Batch,
    site: str,
    opened: SessionOpened,
    session: UUID,
    chunks: list[tuple[UUID, SessionChunk]],
) -> None:
    """Chunks of one session, and the roll-ups that they touch."""
    replacing = {chunk.number for _, chunk in chunks if chunk.version > 1}
    touched: list[Stretch] = [(chunk.from_ns, chunk.to_ns) for _, chunk in chunks]
    if replacing:
        touched.append(_whole_minutes(rows.to_draw.replaced_stretch(session, replacing)))
    newest = rows.to_draw.newest_chunks(session, *reach_of(touched))
    drawn = {record for record, _ in chunks}
    for record, chunk in newest.items():
        again = replacing and chunk.from_ns < touched[-1][1] and touched[-1][0] < chunk.to_ns
        if record in drawn or again:
            batch.drawings.append(Drawing(site, opened, chunk))
    rolled = rollups(site, opened, list(newest.values()), touched)
    batch.points += rolled.points
    if replacing:
        began, (first, last) = opened.began_utc_ns, touched[-1]
        names = ("beat", "feature", "session_1s", "session_1min")
        batch.spans.append(Span(site, opened.device, began + first, began + last, names))
    batch.spans += rolled.stale


def _whole_minutes(stretch: Stretch) -> Stretch:
    first, last = stretch
    return first // MINUTE_NS * MINUTE_NS, -(-last // MINUTE_NS) * MINUTE_NS
