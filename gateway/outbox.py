"""What must go up, until the next level has it: one SQLite file, WAL, synchronous=FULL, bodies sealed.

`put` returns when the record is on the disk; only a receipt of the centre removes it. Puts that come at the same time
share one commit. The sequence number comes from the same transaction, so a crash leaves no hole. A receipted record
leaves its id behind (the newest `REMEMBERED`), so that a room that replays its journal cannot put it again. The file is
bounded: when it is full the oldest of the bulk lane goes, and a tombstone says which numbers will never come.
"""

import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

import msgspec

from gateway.box import Counts, Depth, new_id
from gateway.disk import OneWriter, make_folder, sync_folder
from gateway.errors import KeyLost, RecordTooLarge, SealBroken, StoreCorrupt, StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import (
    LANES,
    Body,
    Envelope,
    Lane,
    Record,
    RecordKind,
    Tombstone,
    encode,
    kind_of,
    lane_of,
    session_of,
)
from gateway.ranges import as_ranges
from gateway.salvage import readable_rows, set_aside_if_damaged

REMEMBERED = 50_000
"""Receipted ids that are kept: at one chunk every 10 s more than five days without a pause, 2 MB."""
MAX_BODY_BYTES = (1 << 20) - (1 << 14)
"""A broker's limit (`gateway.broker.MAX_PACKET_BYTES`), less what travels around a body."""
MAX_BYTES = 1 << 30
"""Bound of what waits. A month of a busy room without raw waveforms is about a tenth of it (`make bench`)."""
_SPARE = 0.02
"""Share of the bound that is freed at once, so that a full outbox does not drop at every put."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, boot TEXT NOT NULL,
    lane TEXT NOT NULL, seq INTEGER NOT NULL, session BLOB NOT NULL, made_utc_ns INTEGER NOT NULL, body BLOB NOT NULL,
    held TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS waiting_order ON waiting (held, lane, place);
CREATE TABLE IF NOT EXISTS receipted (place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS sequences (boot TEXT, lane TEXT, last INTEGER NOT NULL, PRIMARY KEY (boot, lane));
CREATE TABLE IF NOT EXISTS totals (session BLOB PRIMARY KEY, put INTEGER NOT NULL, receipted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dropped (session BLOB PRIMARY KEY, number INTEGER NOT NULL);
"""
_ALL = b""
_NO_SESSION = UUID(int=0)
_COLUMNS = "(id, kind, boot, lane, seq, session, made_utc_ns, body, target)"
_MARKS = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_IN_ONE = 64
"""Rows in one statement."""

log = logging.getLogger(__name__)


class _Put:
    """A record on its way to the disk, in the thread that puts it."""

    __slots__ = ("body", "done", "error", "id", "lane", "made_utc_ns", "sealed", "target", "woken")

    def __init__(self, record: UUID, body: Body, lane: Lane, made_utc_ns: int, sealed: bytes, target: str = "") -> None:
        self.id, self.body, self.lane, self.made_utc_ns, self.sealed = record, body, lane, made_utc_ns, sealed
        self.target = target
        self.done = False
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


class Outbox:
    """The outbox of one producer process. Thread-safe: call it through `asyncio.to_thread`.

    Args:
        path: the SQLite file; made with its folder when missing.
        keyring: seals the bodies.
        site: site path of this room, in every record.
        producer: name of this process, "room".
        boot: this start of the process, new for each.
        max_bytes: bound of what waits; summaries, answers and alerts are kept beyond it, bulk is not.
        wipes: whenever nothing waits any more, not even sealed bytes of what did are left in the file or its log.

    A damaged file is set aside (`set_aside` says where), and what can be read of it is taken over.

    Raises:
        StoreBusy: another process writes to it.
        StoreUnwritable: the disk refused.
    """

    def __init__(
        self,
        path: Path,
        keyring: Keyring,
        *,
        site: str,
        producer: str,
        boot: str,
        max_bytes: int = MAX_BYTES,
        wipes: bool = False,
    ) -> None:
        self._path, self._keyring, self._max_bytes, self._wipes = path, keyring, max_bytes, wipes
        self.site, self.producer, self.boot = site, producer, boot
        self._turn = threading.Lock()
        self._gate = threading.Lock()
        self._queue: list[_Put] = []
        self._led = False
        self._on_put: Callable[[], None] = lambda: None
        make_folder(path.parent)
        self._writer = OneWriter(path)
        try:
            self.set_aside = set_aside_if_damaged(path)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA secure_delete=ON")
                self._db.executescript(_SCHEMA)
                self._bring_up_to_date()
                self._db.execute("UPDATE waiting SET held='' WHERE held!=''")
                if self.set_aside:
                    self._take_over(self.set_aside)
                self._bytes: int = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM waiting").fetchone()[0]
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

    def put(
        self,
        body: Body,
        *,
        made_utc_ns: int,
        lane: Lane | None = None,
        id: UUID | None = None,  # noqa: A002 - the contract's name
        target: str = "",
    ) -> UUID:
        """Keep a body until the next level has it. It is on the disk when this returns.

        The same id again is a no-op, also after its receipt. `lane` is that of its kind unless it is given.
        `target` is the site below that it is for.

        Raises:
            StoreUnwritable: the disk refused; nothing was put.
            RecordTooLarge: no broker would take it.
        """
        record, data = id or new_id(), encode(body)
        if len(data) > MAX_BODY_BYTES:
            problem = f"a {kind_of(body)} of {len(data)} bytes is more than a record may have ({MAX_BODY_BYTES})"
            raise RecordTooLarge(self._path, problem, "cut it into several")
        sealed = self._keyring.seal(data, _context(record))
        mine = _Put(record, body, lane or lane_of(kind_of(body)), made_utc_ns, sealed, target)
        with self._gate:
            self._queue.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            mine.woken.acquire()  # whoever leads has taken ours along, or it is our turn to lead
        if leads or not mine.done:
            self._lead()
        if mine.error:
            raise mine.error
        self._on_put()
        return record

    def pending(self, limit: int, newest: int = 0) -> list[UUID]:
        """See `Box.pending`."""
        found: list[UUID] = []

        def look(lane: Lane, order: str, most: int) -> None:
            question = f"SELECT id FROM waiting WHERE held='' AND lane=? ORDER BY place {order} LIMIT ?"  # noqa: S608 - our own words
            ids = [UUID(bytes=row[0]) for row in self._db.execute(question, (lane, most))]
            found.extend(record for record in ids if record not in found)

        with self._turn:
            try:
                for lane in LANES:
                    look(lane, "ASC", limit - newest - len(found))
                    if newest and lane is Lane.NORMAL and len(found) == limit - newest:
                        look(lane, "DESC", newest)
                        break
                    if lane is Lane.NORMAL:
                        newest = 0  # there is room for all of it
            except sqlite3.Error as error:
                raise self._sorry(error) from error
        return found

    def waiting_in(self, lane: Lane, limit: int) -> list[UUID]:
        """Up to `limit` ids of a lane without a receipt, oldest first."""
        with self._turn:
            try:
                found = self._db.execute(
                    "SELECT id FROM waiting WHERE held='' AND lane=? ORDER BY place LIMIT ?", (lane, limit)
                ).fetchall()
            except sqlite3.Error as error:
                raise self._sorry(error) from error
        return [UUID(bytes=row[0]) for row in found]

    def is_receipted(self, record: UUID) -> bool:
        """Whether the next level has said that it holds a record (of the newest `REMEMBERED`)."""
        with self._turn:
            try:
                row = self._db.execute("SELECT 1 FROM receipted WHERE id=?", (record.bytes,)).fetchone()
            except sqlite3.Error as error:
                raise self._sorry(error) from error
        return row is not None

    def take(self, ids: Sequence[UUID]) -> list[Envelope]:
        """See `Box.take`. A record that cannot be opened (its key is lost) is held back, counted, and blocks nobody; it
        is tried again when the outbox is opened next time.
        """
        with self._turn:
            try:
                rows = [
                    row
                    for record in ids
                    for row in self._db.execute(
                        "SELECT id, kind, boot, lane, seq, made_utc_ns, body, target FROM waiting "
                        "WHERE id=? AND held=''",
                        (record.bytes,),
                    )
                ]
                envelopes, held = self._open(rows)
                if held:
                    self._db.executemany("UPDATE waiting SET held=? WHERE id=?", held)
            except sqlite3.Error as error:
                raise self._sorry(error) from error
        return envelopes

    def receipted(self, ids: Iterable[UUID], level: str = "") -> int:  # noqa: ARG002 - the relay keeps it
        """See `Box.receipted`."""
        gone = freed = 0
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for record in ids:
                    row = self._db.execute(
                        "DELETE FROM waiting WHERE id=? RETURNING session, length(body)", (record.bytes,)
                    ).fetchone()
                    if row is None:
                        continue
                    gone += 1
                    freed += row[1]
                    self._db.execute("INSERT OR IGNORE INTO receipted (id) VALUES (?)", (record.bytes,))
                    self._db.execute("UPDATE totals SET receipted=receipted+1 WHERE session IN (?, ?)", (_ALL, row[0]))
                self._db.execute(
                    "DELETE FROM receipted WHERE place <= (SELECT max(place) FROM receipted) - ?", (REMEMBERED,)
                )
                self._db.execute("COMMIT")
                self._bytes -= freed
                if gone and self._wipes and not self._db.execute("SELECT 1 FROM waiting LIMIT 1").fetchone():
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._sorry(error) from error
        return gone

    def erase(self, sessions: Iterable[UUID], records: Iterable[UUID] = ()) -> int:
        """Forget what waits of these sessions, and these records; their numbers get a tombstone. Returns how many."""
        with self._turn:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                places = [
                    row[0]
                    for column, wanted in (("session", sessions), ("id", records))
                    for each in wanted
                    for row in self._db.execute(f"SELECT place FROM waiting WHERE {column}=?", (each.bytes,))  # noqa: S608 - our own words
                ]
                freed = self._drop(places, "erased") if places else 0
                self._db.execute("COMMIT")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._sorry(error) from error
            self._bytes -= freed
        return len(places)

    def depth(self) -> Depth:
        """How full it is.

        Raises:
            StoreCorrupt, StoreUnwritable: the file does not answer.
        """
        with self._turn:
            try:
                number, oldest = self._db.execute("SELECT count(*), min(made_utc_ns) FROM waiting").fetchone()
            except sqlite3.Error as error:
                raise self._sorry(error) from error
            return Depth(number, self._bytes, oldest)

    def counts(self, session: UUID | None = None) -> Counts:
        """Totals since the file was made, of everything or of one session.

        Raises:
            StoreCorrupt, StoreUnwritable: the file does not answer.
        """
        key = session.bytes if session else _ALL
        with self._turn:
            try:
                row = self._db.execute("SELECT put, receipted FROM totals WHERE session=?", (key,)).fetchone() or (0, 0)
                held = self._db.execute(
                    "SELECT count(*) FROM waiting WHERE held!='' AND (?=x'' OR session=?)", (key, key)
                ).fetchone()
                dropped = self._db.execute("SELECT number FROM dropped WHERE session=?", (key,)).fetchone() or (0,)
            except sqlite3.Error as error:
                raise self._sorry(error) from error
        return Counts(row[0], row[1], row[0] - row[1] - dropped[0], held[0], dropped[0])

    def _lead(self) -> None:
        """Commit what waits, ours among it, and hand the lead to the first of those that have come meanwhile."""
        try:
            with self._turn:
                self._commit_queue()
        finally:
            with self._gate:
                self._led = bool(self._queue)
                if self._queue:
                    self._queue[0].woken.release()

    def _commit_queue(self) -> None:
        """Put everything that waits for the disk in one transaction; each learns how it ended.

        A put that cannot be written whatever the disk does must not take its neighbours along: then each goes alone.
        """
        with self._gate:
            queue, self._queue = self._queue, []
        try:
            self._commit(queue)
        except BaseException as error:  # noqa: BLE001 - whatever it is, every thread that waits is told
            disk = isinstance(error, StoreCorrupt | StoreUnwritable)
            for each in queue:
                each.error = error
                if not disk and len(queue) > 1:
                    try:
                        self._commit([each])
                        each.error = None
                    except Exception as its_own:  # noqa: BLE001 - the same
                        each.error = its_own
        for each in queue:
            each.done = True
            each.woken.release()

    def _commit(self, queue: Sequence[_Put]) -> None:
        bytes_before = self._bytes
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._insert(queue)
            if self._bytes > self._max_bytes:
                self._make_room()
            self._db.execute("COMMIT")
        except BaseException as trouble:
            self._bytes = bytes_before
            self._roll_back()
            if isinstance(trouble, sqlite3.Error):
                raise self._sorry(trouble) from trouble
            raise

    def _make_room(self) -> None:
        """Give up the oldest of the bulk lane until the rest fits; what is not bulk stays whatever it takes."""
        too_much = self._bytes - int(self._max_bytes * (1 - _SPARE))
        places: list[int] = []
        for place, size in self._db.execute(
            "SELECT place, length(body) FROM waiting WHERE held='' AND lane=? ORDER BY place", (Lane.BULK,)
        ):
            if too_much <= 0:
                break
            places.append(place)
            too_much -= size
        if places:
            stones = self._db.execute(
                "SELECT place FROM waiting WHERE held='' AND lane=? AND kind=?", (Lane.BULK, RecordKind.TOMBSTONE)
            )
            earlier = [row[0] for row in stones if row[0] not in set(places)]  # one stone for all of them
            self._bytes -= self._drop(places + earlier, "bounds")

    def _drop(self, places: list[int], reason: str) -> int:
        """Remove rows and leave tombstones for their numbers, within the caller's transaction. Returns bytes freed."""
        numbers: dict[tuple[str, Lane], set[int]] = {}
        kinds: dict[str, int] = {}
        freed = 0
        for place in places:
            row = self._db.execute(
                "DELETE FROM waiting WHERE place=? RETURNING id, kind, boot, lane, seq, session, body", (place,)
            ).fetchone()
            if row is None:
                continue
            raw_id, kind, boot, lane, seq, session, sealed = row
            freed += len(sealed)
            numbers.setdefault((boot, Lane(lane)), set()).add(seq)
            if kind == RecordKind.TOMBSTONE:  # an older one is carried on by the new one
                older = self._tombstone(UUID(bytes=raw_id), sealed)
                if older:
                    for first, last in older.ranges:
                        numbers.setdefault((older.boot, older.lane), set()).update(range(first, last + 1))
                    for name, count in older.kinds.items():
                        kinds[name] = kinds.get(name, 0) + count
            else:
                kinds[kind] = kinds.get(kind, 0) + 1
            self._db.executemany(
                "INSERT INTO dropped VALUES (?, 1) ON CONFLICT DO UPDATE SET number=number+1", [(_ALL,), (session,)]
            )
        made = self._db.execute("SELECT coalesce(max(made_utc_ns), 0) FROM waiting").fetchone()[0]
        said = dict(kinds)
        for (boot, lane), dropped in numbers.items():
            stone = Tombstone(boot, lane, as_ranges(dropped), kinds, reason)
            kinds = {}  # said once
            record = new_id()
            before = self._bytes
            self._insert([_Put(record, stone, lane, made, self._keyring.seal(encode(stone), _context(record)))])
            freed -= self._bytes - before
            self._bytes = before
        log.warning("%s: %d records were given up (%s)", self._path, sum(said.values()), reason)
        return freed

    def _tombstone(self, record: UUID, sealed: bytes) -> Tombstone | None:
        try:
            return msgspec.msgpack.decode(self._keyring.open_sealed(sealed, _context(record)), type=Tombstone)
        except (KeyLost, SealBroken, msgspec.DecodeError):
            return None

    def _take_over(self, damaged: Path) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        taken = 0
        for row in readable_rows(damaged):
            self._db.execute(f"INSERT OR IGNORE INTO waiting {_COLUMNS} VALUES {_MARKS}", (*row, ""))  # noqa: S608 - our own words
            self._count_puts([row[5]])
            taken += 1
        self._db.execute("COMMIT")
        log.error("%s: the outbox was damaged and is now at %s; %d records were taken over", self._path, damaged, taken)

    def _count_puts(self, sessions: Iterable[bytes]) -> None:
        numbers = Counter(sessions)
        numbers[_ALL] = numbers.total()
        self._db.execute(
            f"INSERT INTO totals VALUES {_places('(?, ?, 0)', len(numbers))} "  # noqa: S608 - our own words
            "ON CONFLICT DO UPDATE SET put=put+excluded.put",
            [value for pair in numbers.items() for value in pair],
        )

    def _insert(self, puts: Sequence[_Put]) -> None:
        """Number and write those that are new. A few statements for many: each lets other threads of Python run."""
        for start in range(0, len(puts), _IN_ONE):
            some = {each.id: each for each in reversed(puts[start : start + _IN_ONE])}
            ids = [record.bytes for record in some]
            marks = _places("?", len(ids))
            known = (
                f"SELECT id FROM waiting WHERE id IN ({marks}) UNION ALL SELECT id FROM receipted WHERE id IN ({marks})"  # noqa: S608 - our own words
            )
            for (raw_id,) in self._db.execute(known, ids + ids):
                some.pop(UUID(bytes=raw_id), None)
            fresh = list(reversed(some.values()))
            if not fresh:
                continue
            numbers = {lane: self._numbers(lane, count) for lane, count in Counter(x.lane for x in fresh).items()}
            sessions = [(session_of(each.body) or _NO_SESSION).bytes for each in fresh]
            values: list[object] = []
            for each, session in zip(fresh, sessions, strict=True):
                seq = next(numbers[each.lane])
                kind = kind_of(each.body)
                values += (each.id.bytes, kind, self.boot, each.lane, seq, session, each.made_utc_ns, each.sealed)
                values.append(each.target)
            self._db.execute(f"INSERT INTO waiting {_COLUMNS} VALUES {_places(_MARKS, len(fresh))}", values)  # noqa: S608
            self._count_puts(sessions)
            self._bytes += sum(len(each.sealed) for each in fresh)

    def _numbers(self, lane: Lane, count: int) -> Iterator[int]:
        """So many next numbers of a lane."""
        last: int = self._db.execute(
            "INSERT INTO sequences VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last=last+excluded.last RETURNING last",
            (self.boot, lane, count),
        ).fetchone()[0]
        return iter(range(last - count + 1, last + 1))

    def _open(
        self, rows: list[tuple[bytes, str, str, str, int, int, bytes, str]]
    ) -> tuple[list[Envelope], list[tuple[str, bytes]]]:
        envelopes: list[Envelope] = []
        held: list[tuple[str, bytes]] = []
        for raw_id, kind, boot, lane, seq, made_utc_ns, sealed, target in rows:
            record = UUID(bytes=raw_id)
            try:
                body = self._keyring.open_sealed(sealed, _context(record))
            except (KeyLost, SealBroken) as error:
                held.append((str(error), raw_id))
                continue
            kept = Record(record, RecordKind(kind), self.site, self.producer, made_utc_ns, body, target)
            envelopes.append(Envelope(boot, Lane(lane), seq, kept))
        return envelopes, held

    def _bring_up_to_date(self) -> None:
        """A file of 0.1.0 knows no targets."""
        if "target" not in {row[1] for row in self._db.execute("PRAGMA table_info(waiting)")}:
            self._db.execute("ALTER TABLE waiting ADD COLUMN target TEXT NOT NULL DEFAULT ''")

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _sorry(self, error: Exception) -> StoreCorrupt | StoreUnwritable:
        if type(error) is sqlite3.DatabaseError:  # its subclasses are other troubles: disk full, locked, closed
            return StoreCorrupt(
                self._path, f"the outbox is damaged ({error})", "move the file aside and restore it from a backup"
            )
        return StoreUnwritable(self._path, f"cannot be written ({error})", "free disk space or check its owner")


def _places(mark: str, count: int) -> str:
    return ", ".join([mark] * count)


def _context(record: UUID) -> bytes:
    return b"outbox\0" + record.bytes
