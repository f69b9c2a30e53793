"""Rows are the truth: the store of a centre, and everything that is read from it.

One transaction per batch (`gateway/placing.py` says what it writes). A batch that the database refuses is stored record
by record, and the one that it refuses alone becomes a dead letter. Readers open the file read-only, beside the centre.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from gateway import tables as t
from gateway.arrivals import Good, Poison
from gateway.database import BUSY_S, asking, open_for_reading, open_for_writing, open_url_for_reading, plain_words
from gateway.disk import OneWriter, make_folder, sync_folder
from gateway.errors import KeyLost, SealBroken, StoreCorrupt, StoreError
from gateway.keeping.erasures import note_erasures
from gateway.keys import KEYS_FOLDER as KEYS_FOLDER  # noqa: PLC0414 - part of where a store lies
from gateway.keys import Keyring
from gateway.messages import Body, Record, RecordKind, decode_body
from gateway.outgoing import HopBox, adopt, drop
from gateway.placement import Placement
from gateway.placing import place_batch
from gateway.points_queue import PointQueue
from gateway.retention import prune_bulk
from gateway.routing import UP, Routing
from gateway.sealing import of_letter, of_record
from gateway.sequences import SequenceGap, sequence_gaps_in
from gateway.upsert import insert

ROWS_FILE = "rows.sqlite"

_TROUBLE = (
    exc.OperationalError,
    exc.InternalError,
    exc.InterfaceError,
    exc.PendingRollbackError,
    exc.TimeoutError,
    OSError,
    StoreError,
)
"""The database or the disk cannot do it now. Everything else is the fault of a record and blocks only that one."""

log = logging.getLogger(__name__)


def _is_about_a_record(error: Exception) -> bool:
    """Whether what looks like trouble of the database is a value that is too long for it (SQLSTATE class 54)."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    return str(state).startswith("54")


class SessionRow(NamedTuple):
    """One line of a list of sessions. None: not known (yet)."""

    session: UUID
    site: str
    programme: str | None
    device: str | None
    began_utc_ns: int | None
    ended_ns: int | None
    outcome: str | None
    chunks: int | None
    chunks_stored: int
    beats: int | None
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None
    relaxation: float | None


class DeadLetter(NamedTuple):
    """What could not be stored. `what` is "record" (payload: the message), "point" (its line) or "setting"
    (key and value that may not be set from above).
    """

    id: UUID
    what: str
    reason: str
    noticed_utc_ns: int
    payload: bytes


class Rows:
    """The rows of one centre. Made by `for_writing` (one process) or `for_reading` (any number)."""

    def __init__(
        self, engine: sa.Engine, placement: Placement, where: Path | str, data: Path, writer: OneWriter | None
    ) -> None:
        self._engine, self._placement, self._writer = engine, placement, writer
        self._keyring = placement.keyring
        self._scrub_due = False
        self.where, self.data = where, data
        self.to_draw = PointQueue(engine, self._keyring, where, self._readable)

    @classmethod
    def for_writing(cls, data: Path, placement: Placement, url: str = "") -> Self:
        """Open the store of a centre.

        Args:
            data: its data folder.
            placement: seals bodies, and says where records go from here.
            url: SQLAlchemy URL of another database than the embedded `rows.sqlite`; then any number may write to it.

        Raises:
            StoreBusy: another centre writes to the embedded one.
            StoreCorrupt, StoreUnwritable: as they say.
        """
        make_folder(data)
        path = data / ROWS_FILE
        writer = None if url else OneWriter(path)
        try:
            where = sa.make_url(url).render_as_string() if url else path
            with plain_words(where):
                engine = open_for_writing(url or f"sqlite:///{path}")
                if not url:
                    path.chmod(0o600)
                sync_folder(data)
        except BaseException:
            if writer:
                writer.close()
            raise
        rows = cls(engine, placement, where, data, writer)
        try:
            rows.note_erasures()
        except BaseException:
            rows.close()
            raise
        return rows

    @classmethod
    def for_reading(cls, data: Path, url: str = "") -> Self:
        """Open the store of a data folder, with or without a running centre.

        Args:
            data: its data folder.
            url: of another database than the embedded one.

        Raises:
            StoreMissing: no store or no keys here.
            StoreCorrupt, StoreUnwritable: as they say.
        """
        path = data / ROWS_FILE
        where = sa.make_url(url).render_as_string() if url else path
        with plain_words(where):
            engine = open_url_for_reading(url) if url else open_for_reading(path)
        try:
            keyring = Keyring.open(data / KEYS_FOLDER, create=False)
            return cls(engine, Placement(keyring, Routing(""), ""), where, data, None)
        except BaseException:
            engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()
        if self._writer:
            self._writer.close()

    @property
    def keyring(self) -> Keyring:
        """Seals and opens bodies."""
        return self._keyring

    def store(self, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> None:
        """Commit a batch: rows, dead letters, projection queue, sequence notes. Durable when this returns.

        Raises:
            StoreBusy, StoreCorrupt, StoreUnwritable: try again; what was stored already does no harm.
        """
        with plain_words(self.where):
            if self._refusal(arrivals, now_utc_ns):
                for arrival in arrivals:
                    self._store_alone(arrival, now_utc_ns)
        self.to_draw.committed(arrivals)

    def put(self, body: Body, now_utc_ns: int, target: str = "") -> UUID:
        """Store a record of this centre's own, on its way up or to its target when this returns. Its id.

        Raises:
            StoreBusy, StoreCorrupt, StoreUnwritable: nothing was stored.
        """
        arrival = self._placement.own(body, now_utc_ns, target)
        with plain_words(self.where):
            self._store([arrival], now_utc_ns)
        self.to_draw.committed([arrival])
        return arrival.record.id

    def apply_policy(self, now_utc_ns: int) -> int:
        """Take out what waits to go up and may not any more; the hop gets a tombstone. Returns how many."""
        routing = self._placement.routing
        if not routing.upper:
            return 0
        forbidden = [kind for kind in RecordKind if not routing.policy.get(kind) and kind is not RecordKind.TOMBSTONE]
        o, r = t.outgoing.c, t.records.c
        stays_here = sa.select(r.id).where((r.target == "") | (r.target == routing.site))
        which = (o.hop == UP) & o.kind.in_(forbidden) & o.record.in_(stays_here)
        with self.writing() as db:
            return drop(db, self._placement, which, "policy", now_utc_ns)

    def adopt(self) -> int:
        """Give their ways to records that a command wrote while no centre ran. Returns how many."""
        with self.writing() as db:
            return adopt(db, self._placement)

    def hear(self, sites: Sequence[str], now_utc_ns: int) -> None:
        """These sites below have just been heard."""
        with self.writing() as db:
            statement = insert(db, t.sites)
            update = statement.on_conflict_do_update(
                index_elements=["site"], set_={"heard_utc_ns": statement.excluded.heard_utc_ns}
            )
            db.execute(update, [{"site": site, "heard_utc_ns": now_utc_ns} for site in sorted(sites)])

    def heard_since(self, utc_ns: int) -> list[str]:
        """Sites below that were heard since then."""
        with self.reading() as db:
            return list(db.scalars(sa.select(t.sites.c.site).where(t.sites.c.heard_utc_ns >= utc_ns)))

    def hops_below(self) -> list[str]:
        """Sites below for which something waits; `UP` is the empty name, and its entries are passed over unseen."""
        with self.reading() as db:
            return list(db.scalars(sa.select(t.outgoing.c.hop).where(t.outgoing.c.hop > UP).distinct()))

    def lease(self, name: str, holder: str, until_utc_ns: int, silent: tuple[str, int] | None) -> tuple[str, int]:
        """Take or renew a lease: when it is ours already, given back, or still what `silent` says. What stands now."""
        c = t.leases.c
        with self.writing() as db:
            new = insert(db, t.leases).values(name=name, holder=holder, until_utc_ns=until_utc_ns)
            free = (c.holder == holder) | (c.until_utc_ns == 0)
            if silent:
                free |= (c.holder == silent[0]) & (c.until_utc_ns == silent[1])
            values = {"holder": holder, "until_utc_ns": until_utc_ns}
            db.execute(new.on_conflict_do_update(index_elements=["name"], set_=values, where=free))
            row = db.execute(sa.select(c.holder, c.until_utc_ns).where(c.name == name)).one()
            return row.holder, row.until_utc_ns

    def give_back(self, name: str, holder: str) -> None:
        """Let go of a lease, if it is ours."""
        c = t.leases.c
        with self.writing() as db:
            db.execute(t.leases.update().where(c.name == name, c.holder == holder).values(until_utc_ns=0))

    @property
    def placement(self) -> Placement:
        """How this centre places records; of a reader only its keys count."""
        return self._placement

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that only asks, beside whoever writes."""
        with plain_words(self.where), asking(self._engine) as db:
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end."""
        with plain_words(self.where), self._engine.begin() as db:
            yield db

    def prune(self, now_utc_ns: int, bulk_days: int) -> int:
        """Delete bulk records that are older than so many days. Returns how many."""
        with plain_words(self.where):
            return prune_bulk(self._engine, self._placement, now_utc_ns, bulk_days)

    def box(self, hop: str, now: Callable[[], int]) -> HopBox:
        """What waits on a hop, for whoever carries it."""
        return HopBox(self._engine, self._placement, hop, now)

    def _store_alone(self, arrival: Good | Poison, now_utc_ns: int) -> None:
        if reason := self._refusal([arrival], now_utc_ns):
            record = arrival.record.id if isinstance(arrival, Good) else arrival.id
            said = f"the store refuses it: {reason}"
            poison = Poison(record, said, arrival.payload, arrival.hop, arrival.envelope)
            if self._refusal([poison], now_utc_ns):  # not even its number can be noted
                self._store([Poison(record, said, arrival.payload)], now_utc_ns)

    def _refusal(self, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> str:
        """Store a batch; the reason when a record in it cannot be stored, whatever the disk does."""
        try:
            self._store(arrivals, now_utc_ns)
        except _TROUBLE as error:
            if not _is_about_a_record(error):
                raise
            return f"{type(error).__name__}: {error}"
        except Exception as error:
            if type(error) is exc.DatabaseError:  # its subclasses are about statements; itself it is about the file
                raise
            if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
                raise
            log.warning("%d records are refused: %s", len(arrivals), error)
            return f"{type(error).__name__}: {error}"
        return ""

    def _store(self, arrivals: Sequence[Good | Poison], now_utc_ns: int) -> None:
        with self._engine.begin() as db:
            place_batch(db, self._placement, arrivals, now_utc_ns)
        if any(isinstance(each, Good) and each.record.kind is RecordKind.DELETION for each in arrivals):
            self._scrub_due = True
            self.note_erasures()
        if self._scrub_due:
            self.scrub()

    def note_erasures(self) -> None:
        """Have every deletion that is in the rows in `erasures.log`, too."""
        r = t.records.c
        with self.reading() as db:
            columns = (r.id, r.kind, r.site, r.producer, r.made_utc_ns, r.body, r.target)
            found = db.execute(sa.select(*columns).where(r.kind == RecordKind.DELETION).order_by(r.stored_utc_ns)).all()
        deletions = []
        for row in found:
            with contextlib.suppress(KeyLost, SealBroken):
                body = self._keyring.open_sealed(row.body, of_record(row.id))
                record = Record(row.id, RecordKind.DELETION, row.site, row.producer, row.made_utc_ns, body, row.target)
                deletions.append(record)
        note_erasures(self.data, self._keyring, deletions)

    def scrub(self) -> None:
        """Have what was erased overwritten in the log of the file, too; a reader may put it off to the next time."""
        if self._engine.dialect.name == "sqlite":
            db = self._engine.raw_connection()
            cursor = db.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout=0")  # a backup may read for minutes: nobody waits for it
                self._scrub_due = bool(cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            except sqlite3.OperationalError:
                self._scrub_due = True
            finally:
                cursor.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
                db.close()
        else:
            self._scrub_due = False  # PostgreSQL's own VACUUM takes dead rows away

    def find(
        self,
        *,
        site: str = "",
        device: str = "",
        since_utc_ns: int | None = None,
        until_utc_ns: int | None = None,
        limit: int = 100,
    ) -> list[SessionRow]:
        """Sessions, newest first."""
        c = t.sessions.c
        stored = (
            sa.select(sa.func.count(t.chunks.c.number.distinct()))
            .where(t.chunks.c.session == c.session)
            .scalar_subquery()
            .label("chunks_stored")
        )
        columns = [stored if name == "chunks_stored" else c[name] for name in SessionRow._fields]
        question = sa.select(*columns).order_by(c.began_utc_ns.desc().nulls_last()).limit(limit)
        if site:
            question = question.where(c.site == site)
        if device:
            question = question.where(c.device == device)
        if since_utc_ns is not None:
            question = question.where(c.began_utc_ns >= since_utc_ns)
        if until_utc_ns is not None:
            question = question.where(c.began_utc_ns < until_utc_ns)
        with self.reading() as db:
            return [SessionRow(*row) for row in db.execute(question)]

    def session_ids(self) -> list[UUID]:
        """Ids of all sessions."""
        with self.reading() as db:
            return list(db.scalars(sa.select(t.sessions.c.session)))

    def bodies(self, session: UUID) -> tuple[str, list[Body]]:
        """Site and all stored bodies of a session, all versions of chunks, as they were made.

        Raises:
            KeyLost, SealBroken: they cannot be opened.
            StoreCorrupt: one was written by another version of the contract.
        """
        with self.reading() as db:
            r = t.records.c
            rows = db.execute(
                sa.select(r.id, r.kind, r.site, r.body).where(r.session == session).order_by(r.made_utc_ns, r.id)
            ).all()
        return (rows[0].site if rows else ""), [self._body(row.id, row.kind, row.body) for row in rows]

    def record_ids(self) -> set[UUID]:
        """Ids of all stored records."""
        with self.reading() as db:
            return set(db.scalars(sa.select(t.records.c.id)))

    def waiting_for_points(self) -> int:
        """How many records have not reached the points store."""
        with self.reading() as db:
            return db.scalar(sa.select(sa.func.count()).select_from(t.to_project)) or 0

    def dead_letters(self) -> list[DeadLetter]:
        """Everything that could not be stored, oldest first."""
        with self.reading() as db:
            rows = db.execute(t.dead_letters.select().order_by(t.dead_letters.c.noticed_utc_ns)).all()
        return [
            DeadLetter(
                row.id,
                row.what,
                row.reason,
                row.noticed_utc_ns,
                self._keyring.open_sealed(row.body, of_letter(row.id)),
            )
            for row in rows
        ]

    def troubles(self) -> tuple[int, int, int]:
        """How many holes in numbers, dead letters and incidents there are."""
        with self.reading() as db:
            gaps, letters, incidents = (
                db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (t.sequence_gaps, t.dead_letters, t.incidents)
            )
        return gaps, letters, incidents

    def sequence_gaps(self) -> list[SequenceGap]:
        """Numbers that producers gave and that have not arrived."""
        with self.reading() as db:
            return sequence_gaps_in(db)

    def _body(self, record: UUID, kind: str, sealed: bytes) -> Body:
        data = self._keyring.open_sealed(sealed, of_record(record))
        try:
            body: Body = decode_body(RecordKind(kind), data)
        except (msgspec.DecodeError, ValueError) as error:
            raise StoreCorrupt(
                self.where, f"record {record} is not understood ({error})", "open it with the xinyi that wrote it"
            ) from error
        return body

    def _readable(self, record: UUID, kind: str, sealed: bytes) -> Body | None:
        try:
            return self._body(record, kind, sealed)
        except (KeyLost, SealBroken, StoreCorrupt) as error:
            log.warning("record %s makes no points: %s", record, error)
            return None
