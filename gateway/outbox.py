"""What must go up, until the next level has it: one SQLite file, WAL, synchronous=FULL, bodies sealed.

`put` returns when the record is on the disk; only a receipt of the centre removes it. The sequence number comes from
the same transaction, so a crash leaves no hole. A receipted record leaves its id behind (the newest `REMEMBERED`), so
that a room that replays its journal after a crash cannot put it again. Measured costs: facts of the bus, section 6.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Self
from uuid import UUID

import uuid6

from gateway.disk import OneWriter, make_folder, sync_folder
from gateway.errors import KeyLost, SealBroken, StoreCorrupt, StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import Body, Lane, Record, RecordKind, encode, kind_of
from gateway.salvage import readable_rows, set_aside_if_damaged

REMEMBERED = 50_000
"""Receipted ids that are kept: at one chunk every 10 s more than five days without a pause, 2 MB."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, boot TEXT NOT NULL,
    lane TEXT NOT NULL, seq INTEGER NOT NULL, session BLOB NOT NULL, made_utc_ns INTEGER NOT NULL, body BLOB NOT NULL,
    held TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS waiting_order ON waiting (held, lane, place);
CREATE TABLE IF NOT EXISTS receipted (place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS sequences (boot TEXT, lane TEXT, last INTEGER NOT NULL, PRIMARY KEY (boot, lane));
CREATE TABLE IF NOT EXISTS totals (session BLOB PRIMARY KEY, put INTEGER NOT NULL, receipted INTEGER NOT NULL);
"""
_ALL = b""
_ROW = "(id, kind, boot, lane, seq, session, made_utc_ns, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

log = logging.getLogger(__name__)


class Counts(NamedTuple):
    """Records ever put, receipted by the next level, and still waiting (`held` of them cannot be opened)."""

    put: int
    receipted: int
    waiting: int
    held: int = 0


def new_id() -> UUID:
    """A UUIDv7 (time-ordered) as the standard library's type."""
    return UUID(int=uuid6.uuid7().int)


class Outbox:
    """The outbox of one producer process. Thread-safe: call it through `asyncio.to_thread`.

    Args:
        path: the SQLite file; made with its folder when missing.
        keyring: seals the bodies.
        site: site path of this room, in every record.
        producer: name of this process, "room".
        boot: this start of the process, new for each.

    A damaged file is set aside (`set_aside` says where), and what can be read of it is taken over.

    Raises:
        StoreBusy: another process writes to it.
        StoreUnwritable: the disk refused.
    """

    def __init__(self, path: Path, keyring: Keyring, *, site: str, producer: str, boot: str) -> None:
        self._path, self._keyring = path, keyring
        self.site, self.producer, self.boot = site, producer, boot
        self._turn = threading.Lock()
        self._on_put: Callable[[], None] = lambda: None
        make_folder(path.parent)
        self._writer = OneWriter(path)
        try:
            self.set_aside = set_aside_if_damaged(path)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.executescript(_SCHEMA)
                self._db.execute("UPDATE waiting SET held=''")
                if self.set_aside:
                    self._take_over(self.set_aside)
                path.chmod(0o600)
                sync_folder(path.parent)
            except BaseException:
                self._db.close()
                raise
        except (sqlite3.Error, OSError) as error:
            self._writer.close()
            raise self._sorry(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._turn:
            self._db.close()
            self._writer.close()

    def watch(self, on_put: Callable[[], None]) -> None:
        """Have `on_put` called (in the putting thread) after each put: the uplink wakes on it."""
        self._on_put = on_put

    def put(self, body: Body, *, made_utc_ns: int, lane: Lane = Lane.NORMAL, id: UUID | None = None) -> UUID:  # noqa: A002 - the contract's name
        """Keep a body until the next level has it. It is on the disk when this returns.

        The same id again is a no-op, also after its receipt.

        Raises:
            StoreUnwritable: the disk refused; nothing was put.
        """
        record = id or new_id()
        sealed = self._keyring.seal(encode(body), _context(record))
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                if not self._known(record):
                    self._insert(record, body, lane, made_utc_ns, sealed)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._sorry(error) from error
        self._on_put()
        return record

    def pending(self, limit: int) -> list[Record]:
        """Up to `limit` records without receipt: alerts first, then oldest first.

        A record that cannot be opened (its key is lost) is held back, counted, and blocks nobody; it is tried again
        when the outbox is opened next time.
        """
        with self._turn:
            try:
                while True:
                    rows = self._db.execute(
                        "SELECT id, kind, boot, lane, seq, made_utc_ns, body FROM waiting WHERE held='' "
                        "ORDER BY lane, place LIMIT ?",
                        (limit,),
                    ).fetchall()
                    records, held = self._open(rows)
                    if not held:
                        return records
                    self._db.executemany("UPDATE waiting SET held=? WHERE id=?", held)
            except sqlite3.Error as error:
                raise self._sorry(error) from error

    def receipted(self, ids: Iterable[UUID]) -> int:
        """The next level holds these. Returns how many were still waiting here."""
        gone = 0
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for record in ids:
                    row = self._db.execute(
                        "DELETE FROM waiting WHERE id=? RETURNING session", (record.bytes,)
                    ).fetchone()
                    if row is None:
                        continue
                    gone += 1
                    self._db.execute("INSERT OR IGNORE INTO receipted (id) VALUES (?)", (record.bytes,))
                    self._db.execute("UPDATE totals SET receipted=receipted+1 WHERE session IN (?, ?)", (_ALL, row[0]))
                self._db.execute(
                    "DELETE FROM receipted WHERE place <= (SELECT max(place) FROM receipted) - ?", (REMEMBERED,)
                )
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._sorry(error) from error
        return gone

    def counts(self, session: UUID | None = None) -> Counts:
        """Totals since the file was made, of everything or of one session."""
        key = session.bytes if session else _ALL
        with self._turn:
            row = self._db.execute("SELECT put, receipted FROM totals WHERE session=?", (key,)).fetchone() or (0, 0)
            held = self._db.execute(
                "SELECT count(*) FROM waiting WHERE held!='' AND (?=x'' OR session=?)", (key, key)
            ).fetchone()
        return Counts(row[0], row[1], row[0] - row[1], held[0])

    def _take_over(self, damaged: Path) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        taken = 0
        for row in readable_rows(damaged):
            self._db.execute(f"INSERT OR IGNORE INTO waiting {_ROW}", row)
            self._count_put(row[5])
            taken += 1
        self._db.execute("COMMIT")
        log.error("%s: the outbox was damaged and is now at %s; %d records were taken over", self._path, damaged, taken)

    def _count_put(self, session: bytes) -> None:
        self._db.executemany(
            "INSERT INTO totals VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET put=put+1", [(_ALL,), (session,)]
        )

    def _known(self, record: UUID) -> bool:
        return (
            self._db.execute(
                "SELECT 1 FROM waiting WHERE id=?1 UNION ALL SELECT 1 FROM receipted WHERE id=?1", (record.bytes,)
            ).fetchone()
            is not None
        )

    def _insert(self, record: UUID, body: Body, lane: Lane, made_utc_ns: int, sealed: bytes) -> None:
        seq = self._db.execute(
            "INSERT INTO sequences VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET last=last+1 RETURNING last",
            (self.boot, lane),
        ).fetchone()[0]
        session = body.session.bytes
        row = (record.bytes, kind_of(body), self.boot, lane, seq, session, made_utc_ns, sealed)
        self._db.execute(f"INSERT INTO waiting {_ROW}", row)
        self._count_put(session)

    def _open(
        self, rows: list[tuple[bytes, str, str, str, int, int, bytes]]
    ) -> tuple[list[Record], list[tuple[str, bytes]]]:
        records: list[Record] = []
        held: list[tuple[str, bytes]] = []
        for raw_id, kind, boot, lane, seq, made_utc_ns, sealed in rows:
            record = UUID(bytes=raw_id)
            try:
                body = self._keyring.open_sealed(sealed, _context(record))
            except (KeyLost, SealBroken) as error:
                held.append((str(error), raw_id))
                continue
            records.append(
                Record(record, RecordKind(kind), self.site, self.producer, boot, Lane(lane), seq, made_utc_ns, body)
            )
        return records, held

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _sorry(self, error: Exception) -> StoreCorrupt | StoreUnwritable:
        if type(error) is sqlite3.DatabaseError:  # its subclasses are other troubles: disk full, locked, closed
            return StoreCorrupt(
                self._path, f"the outbox is damaged ({error})", "move the file aside and restore it from a backup"
            )
        return StoreUnwritable(self._path, f"cannot be written ({error})", "free disk space or check its owner")


def _context(record: UUID) -> bytes:
    return b"outbox\0" + record.bytes
