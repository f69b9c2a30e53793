"""What of the rows is still to be drawn, and what the drawing needs from them: the queue `to_project` and beside it.

The queue is taken in the order in which it was filled. Bodies that were committed a moment ago are still at hand
(`FreshBodies`), so that the way from a room to a plot does not read back, open and decode what was just sealed; after a
start, or when drawing is far behind, they are read back.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway.arrivals import Good, Poison
from gateway.database import asking, plain_words
from gateway.keys import Keyring
from gateway.messages import Body, RecordKind, SessionChunk, SessionOpened
from gateway.placing import DRAWN, bury
from gateway.points import Span
from gateway.upsert import insert_new

_IN_ONE = 500
"""So many ids in one statement."""
FRESH_RECORDS = 4000

Read = Callable[[UUID, str, bytes], Body | None]


class Projectable(NamedTuple):
    """A stored record whose points are still to be made. `body` None: it cannot be opened.

    `opened` is the opening of its session; None also for what belongs to no session.
    """

    record: UUID
    site: str
    opened: SessionOpened | None
    body: Body | None


class PictureErasure(NamedTuple):
    """A session that is erased, and where its points are."""

    session: UUID
    span: Span


class FreshBodies:
    """Bodies of records that were committed a moment ago, by record id. When it is full it takes no more: the queue is
    drawn in order, so those that are in it come before those that are not.

    Filled by the thread that stores, emptied by the one that draws.
    """

    def __init__(self, most: int = FRESH_RECORDS) -> None:
        self._most, self._turn = most, threading.Lock()
        self._bodies: dict[UUID, tuple[str, Body]] = {}

    def add(self, arrivals: Iterable[Good | Poison]) -> None:
        with self._turn:
            for arrival in arrivals:
                if len(self._bodies) >= self._most:
                    return
                if isinstance(arrival, Good) and arrival.record.kind in DRAWN:
                    self._bodies.setdefault(arrival.record.id, (arrival.record.site, arrival.body))

    def get(self, record: UUID) -> tuple[str, Body] | None:
        return self._bodies.get(record)

    def forget(self, records: Iterable[UUID]) -> None:
        with self._turn:
            for record in records:
                self._bodies.pop(record, None)

    def clear(self) -> None:
        with self._turn:
            self._bodies.clear()


class PointQueue:
    """The queue of one rows' database.

    Args:
        engine: of the database.
        keyring: seals dead letters.
        where: for messages.
        read: opens and decodes a stored body.
    """

    def __init__(self, engine: sa.Engine, keyring: Keyring, where: object, read: Read) -> None:
        self._engine, self._keyring, self._where, self._read = engine, keyring, str(where), read
        self._fresh = FreshBodies()
        self._openings: dict[UUID, SessionOpened] = {}

    def committed(self, arrivals: Iterable[Good | Poison]) -> None:
        """These have just been stored. After a deletion nothing is kept at hand."""
        arrivals = list(arrivals)
        if any(isinstance(each, Good) and each.record.kind is RecordKind.DELETION for each in arrivals):
            self._fresh.clear()
            self._openings = {}
        self._fresh.add(arrivals)

    def unprojected(self, limit: int, without: Collection[UUID] = ()) -> list[Projectable]:
        """Stored records whose points are still to be made and whose session is known, as they were queued.

        Args:
            limit: how many at most.
            without: that are not to be drawn now.
        """
        queue, s = t.to_project, t.sessions
        question = (
            sa.select(queue.c.record, s.c.opened_record)
            .select_from(queue.join(s, s.c.session == queue.c.session, isouter=True))
            .where(s.c.opened_record.is_not(None) | queue.c.session.is_(None))
            .limit(limit + len(without))
        )
        with plain_words(self._where), asking(self._engine) as db:
            if db.dialect.name == "sqlite":
                question = question.order_by(sa.literal_column("to_project.rowid"))
            found = [(row[0], row[1]) for row in db.execute(question) if row[0] not in without][:limit]
        if not found:
            self._fresh.clear()  # what is still in it came twice, or waits for its session
            return []
        bodies = self._bodies([record for record, _ in found])
        openings = self._opened({opening for _, opening in found if opening})
        return [
            Projectable(record, *_placed(bodies.get(record), openings.get(opening) if opening else None))
            for record, opening in found
        ]

    def projected(self, done: Sequence[UUID], refused: Sequence[tuple[str, str]], now_utc_ns: int) -> None:
        """Points of these records are durable; `refused` lines (line, reason) become dead letters."""
        if not done and not refused:
            return
        with plain_words(self._where), self._engine.begin() as db:
            for start in range(0, len(done), _IN_ONE):
                some = done[start : start + _IN_ONE]
                db.execute(t.to_project.delete().where(t.to_project.c.record.in_(some)))
            for line, reason in refused:
                bury(db, self._keyring, "point", Poison(None, reason, line.encode()), now_utc_ns)
        self._fresh.forget(done)

    def draw_all_again(self) -> int:
        """Queue every record, for a points store that is to be rebuilt. Returns how many."""
        with plain_words(self._where), self._engine.begin() as db:
            db.execute(t.to_project.delete())
            r = t.records.c
            everything = sa.select(r.id, r.session).where(r.kind.in_(DRAWN)).order_by(r.stored_utc_ns)
            db.execute(t.to_project.insert().from_select(["record", "session"], everything))
            return db.scalar(sa.select(sa.func.count()).select_from(t.to_project)) or 0

    def newest_chunks(self, session: UUID, from_ns: int, to_ns: int) -> dict[UUID, SessionChunk]:
        """The newest versions of a session's chunks that reach into a stretch of its time, by record, in order."""
        c = t.chunks.c
        newer = t.chunks.alias().c
        is_newest = ~sa.exists().where(newer.session == c.session, newer.number == c.number, newer.version > c.version)
        question = sa.select(c.record).where(c.session == session, c.from_ns < to_ns, c.to_ns > from_ns, is_newest)
        with plain_words(self._where), asking(self._engine) as db:
            records = list(db.scalars(question.order_by(c.number)))
        bodies = self._bodies(records)
        chunks = {record: bodies[record][1] for record in records if record in bodies}
        return {record: chunk for record, chunk in chunks.items() if isinstance(chunk, SessionChunk)}

    def replaced_stretch(self, session: UUID, numbers: Collection[int]) -> tuple[int, int]:
        """From where to where the versions of these chunks reach, all of them, ns."""
        c = t.chunks.c
        question = sa.select(sa.func.min(c.from_ns), sa.func.max(c.to_ns))
        with plain_words(self._where), asking(self._engine) as db:
            first, last = db.execute(question.where(c.session == session, c.number.in_(numbers))).one()
        return first or 0, last or 0

    def erasures(self) -> list[PictureErasure]:
        """What of the picture has to go."""
        with plain_words(self._where), asking(self._engine) as db:
            rows = db.execute(t.picture_erasures.select()).all()
        return [PictureErasure(r.session, Span(r.site, r.device, r.from_utc_ns, r.to_utc_ns)) for r in rows]

    def erased(self, erasure: PictureErasure) -> int:
        """A stretch is gone: queue other sessions of the device that were in it. Returns how many records."""
        s, r, span = t.sessions.c, t.records.c, erasure.span
        day_ns = 86_400_000_000_000
        end_ns = s.began_utc_ns + sa.func.coalesce(s.ended_ns, day_ns)
        beside = sa.select(s.session).where(
            s.site == span.site,
            sa.func.coalesce(s.device, "") == span.device,
            s.began_utc_ns < span.to_ns,
            end_ns >= span.from_ns,
        )
        with plain_words(self._where), self._engine.begin() as db:
            which = r.session.in_(beside) & r.kind.in_(DRAWN)
            rows = [
                {"record": row.id, "session": row.session}
                for row in db.execute(sa.select(r.id, r.session).where(which))
            ]
            if rows:
                db.execute(insert_new(db, t.to_project), rows)
            db.execute(t.picture_erasures.delete().where(t.picture_erasures.c.session == erasure.session))
        return len(rows)

    def _bodies(self, records: Sequence[UUID]) -> dict[UUID, tuple[str, Body | None]]:
        """Site and body of records: those at hand, and the others read back, opened when the database is let go."""
        found: dict[UUID, tuple[str, Body | None]] = {}
        missing: list[UUID] = []
        for record in records:
            if known := self._fresh.get(record):
                found[record] = known
            else:
                missing.append(record)
        r = t.records.c
        for start in range(0, len(missing), _IN_ONE):
            question = sa.select(r.id, r.kind, r.site, r.body).where(r.id.in_(missing[start : start + _IN_ONE]))
            with plain_words(self._where), asking(self._engine) as db:
                rows = db.execute(question).all()
            found.update({row.id: (row.site, self._read(row.id, row.kind, row.body)) for row in rows})
        return found

    def _opened(self, openings: set[UUID]) -> dict[UUID, SessionOpened]:
        """Openings by record; the last ones are remembered, they are asked for with every chunk."""
        unknown = [record for record in openings if record not in self._openings]
        if len(self._openings) + len(unknown) > FRESH_RECORDS:
            self._openings = {record: self._openings[record] for record in openings if record in self._openings}
        for record, (_, body) in self._bodies(unknown).items():
            if isinstance(body, SessionOpened):
                self._openings[record] = body
        return {record: self._openings[record] for record in openings if record in self._openings}


def _placed(
    known: tuple[str, Body | None] | None, opened: SessionOpened | None
) -> tuple[str, SessionOpened | None, Body | None]:
    site, body = known or ("", None)
    return site, opened, body
