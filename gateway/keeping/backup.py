"""Backup and restore of a site, room or centre alike: one command each, while everything runs.

What is read first is what moves on: journals, then outboxes, then rows, so that a record on its way is in at least one
of them; twice does no harm. Keys are read last and only lie inside the sealed archive. It is verified before it gets
its name. A restore goes into an empty folder, loads rows into whichever database is asked for, and does the erasures
again that came after the backup.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from uuid import uuid4

import msgspec

from gateway import topics
from gateway.arrivals import Good, Hop
from gateway.database import migrate, open_for_writing, plain_words
from gateway.disk import OneWriter, make_folder, sync_folder
from gateway.errors import ArchiveRefused, StoreError, StoreUnwritable
from gateway.keeping.archive import ArchiveReader, ArchiveWriter, Part, Secret, file_blocks
from gateway.keeping.asking import Place
from gateway.keeping.dump import PREFIX, count_rows, load, snapshot_of
from gateway.keeping.erasures import ERASURES_FILE, read_erasures
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.messages import Envelope, Record, decode_body, lane_of
from gateway.placement import Placement
from gateway.routing import Routing
from gateway.rows import ROWS_FILE, Rows

SUFFIX = ".xinyibackup"
CONFIG_PART = "xinyi.toml"
_FIRST = ("**/*.journal", "**/*.journal.torn")
_DATABASES = ("**/outbox*.sqlite",)
_THEN = (
    ERASURES_FILE,
    "audit.log",
    "audit.log.taken",
    "*.json",
    "identity/*",
    "authority/**/*",
    "draft-*",  # of a kiosk: sealed
    "reviews/*",
    "packs/*.toml",
    "library/**/*",
)
_LAST = (f"{KEYS_FOLDER}/*.key",)
_POINTS = "points.sqlite"


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup. Parts "rows/…" are tables, the others files of the data folder."""

    site: str
    made_utc_ns: int
    revision: str
    rows: dict[str, int]
    parts: list[Part]


class Restored(NamedTuple):
    """What came back. `erased_again`: deletions that had been done after the backup."""

    manifest: Manifest
    erased_again: int


def back_up(
    place: Place,
    to: Path,
    secret: Secret,
    *,
    config: Path | None = None,
    with_points: bool = False,
    keep: int = 0,
) -> tuple[Path, Manifest]:
    """Write a backup of a site, verified and durable when this returns.

    Args:
        place: the site.
        to: the file, or a folder in which it gets a name by site and time.
        secret: recovery passphrase or public key.
        config: its configuration file.
        with_points: the embedded points, too; they can be drawn again from the rows.
        keep: of a folder, how many backups of this site stay; 0 keeps all.

    Raises:
        StoreBusy: another backup of this site is being made.
        StoreError: nothing was written; an older backup of the same name is as it was.
    """
    made = time.time_ns()
    moment = datetime.fromtimestamp(made // 10**9, UTC).strftime("%Y%m%dT%H%M%SZ")
    path = to / f"{place.site}-{moment}{SUFFIX}" if to.is_dir() else to
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.part")
    place.keyring()  # without keys there is nothing to keep
    one_at_a_time = OneWriter(place.data / "backup")
    try:
        _clear_away(place, path.parent)
        with contextlib.ExitStack() as stack:
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            file = stack.enter_context(os.fdopen(handle, "wb"))
            writer = ArchiveWriter(file, secret)
            manifest = _write(writer, place, made, config, with_points=with_points)
            file.flush()
            os.fsync(file.fileno())
        _read(temporary, Secret(), writer.key)
        temporary.replace(path)
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise StoreUnwritable(
            path, f"the backup cannot be written ({said})", "free disk space, or choose another disk"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
        one_at_a_time.close()
    if keep and to.is_dir():
        for old in sorted(to.glob(f"{place.site}-*{SUFFIX}"))[:-keep]:
            old.unlink()
    return path, manifest


def verify(path: Path, secret: Secret) -> Manifest:
    """Read a backup to its end.

    Raises:
        ArchiveRefused: something is not as it was written.
    """
    return _read(path, secret)


def restore(
    path: Path,
    secret: Secret,
    data: Path,
    *,
    rows_url: str = "",
    erasures: Sequence[Path] = (),
    force: bool = False,
) -> Restored:
    """Bring a site back into an empty data folder; it is there whole when this returns, or not at all.

    Args:
        path: the backup.
        secret: recovery passphrase or private key.
        data: the new data folder.
        rows_url: an empty database for the rows, instead of the embedded one.
        erasures: `erasures.log` files or data folders (the old one, that of the level above): deletions since then.
        force: an existing folder is moved aside instead of refused; its own `erasures.log` is used, too.

    Raises:
        StoreError: nothing was changed in `data`; the database of `rows_url` may be filled then: drop it.
    """
    manifest = verify(path, secret)
    erasures = list(erasures)
    full = data.exists() and (not data.is_dir() or any(data.iterdir()))
    if full and not force:
        raise StoreUnwritable(data, "is not empty", "name an empty folder, or give --force to move this one aside")
    make_folder(data.parent)
    new = data.with_name(f".{data.name}.restoring")
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new)
    try:
        _unpack(path, secret, new, manifest, rows_url)
        keyring = Keyring.open(new / KEYS_FOLDER, create=False)
        if full and (data / ERASURES_FILE).exists():
            erasures.append(data)
        again = _erase_again(new, keyring, manifest.site, rows_url, erasures)
        if full:
            data.rename(data.with_name(f"{data.name}.before-{time.time_ns()}"))
        elif data.exists():
            data.rmdir()
        new.rename(data)
        sync_folder(data.parent)
    except OSError as error:
        raise StoreUnwritable(data, f"cannot be restored ({error.strerror})", "free disk space") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return Restored(manifest, again)


def _write(writer: ArchiveWriter, place: Place, made: int, config: Path | None, *, with_points: bool) -> Manifest:
    data = place.data
    counted: dict[str, int] = {}
    revision = ""
    _put_files(writer, data, _FIRST)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=data) as folder:
        copy = Path(folder) / "copy"
        databases = {path for pattern in _DATABASES for path in data.glob(pattern)}
        if with_points and (data / _POINTS).is_file():
            databases.add(data / _POINTS)
        for path in sorted(databases):
            _copy_database(path, copy)
            writer.part(path.relative_to(data).as_posix(), file_blocks(copy))
    if place.rows_url or (data / ROWS_FILE).is_file():
        with place.reading() as rows, snapshot_of(rows) as snapshot:
            revision, counted = snapshot.revision, snapshot.counted
            for name, blocks in snapshot.tables():
                writer.part(PREFIX + name, blocks)
    _put_files(writer, data, _THEN)
    if config:
        writer.part(CONFIG_PART, file_blocks(config))
    _put_files(writer, data, _LAST)
    manifest = Manifest(place.site, made, revision, counted, list(writer.parts))
    writer.finish(msgspec.msgpack.encode(manifest))
    return manifest


def _clear_away(place: Place, folder: Path) -> None:
    """What a backup that was killed has left."""
    for path in place.data.glob(".backup-*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(f".{place.site}-*{SUFFIX}.part"):
        path.unlink(missing_ok=True)


def _put_files(writer: ArchiveWriter, data: Path, patterns: Sequence[str]) -> None:
    done: set[Path] = set()
    for path in sorted(found for pattern in patterns for found in data.glob(pattern)):
        if path in done or path.is_symlink() or not path.is_file():
            continue
        done.add(path)
        with contextlib.suppress(FileNotFoundError):  # a session that has just ended takes its journal away
            writer.part(path.relative_to(data).as_posix(), iter([path.read_bytes()]))


def _copy_database(path: Path, copy: Path) -> None:
    """A consistent copy beside its writer (SQLite online backup)."""
    copy.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


def _read(path: Path, secret: Secret, key: bytes = b"") -> Manifest:
    reader = ArchiveReader(path, secret, key)
    with contextlib.closing(reader):
        counted: dict[str, int] = {}
        for name, blocks in reader.parts():
            if name.startswith(PREFIX):
                counted[name.removeprefix(PREFIX)] = count_rows(blocks)
            else:
                _spend(blocks)
        manifest = msgspec.msgpack.decode(reader.manifest, type=Manifest)
        if manifest.parts != reader.found or manifest.rows != counted:
            raise ArchiveRefused(path, "its list does not fit what is in it", "take another backup")
        return manifest


def _spend(blocks: Iterator[bytes]) -> None:
    for _ in blocks:
        pass


def _unpack(path: Path, secret: Secret, data: Path, manifest: Manifest, rows_url: str) -> None:
    has_rows = bool(manifest.rows)
    engine = None
    if has_rows:
        where = rows_url or data / ROWS_FILE
        with plain_words(str(where)):
            engine = open_for_writing(rows_url or f"sqlite:///{data / ROWS_FILE}", manifest.revision, empty=True)
    try:
        reader = ArchiveReader(path, secret)
        with contextlib.closing(reader), contextlib.ExitStack() as stack:
            if engine:
                stack.enter_context(plain_words(str(rows_url or data / ROWS_FILE)))
                db = stack.enter_context(engine.begin())
            for name, blocks in reader.parts():
                if name.startswith(PREFIX):
                    load(db, name.removeprefix(PREFIX), blocks)
                else:
                    _put_file(data, name, blocks)
        if engine:
            migrate(engine)
            if not rows_url:
                (data / ROWS_FILE).chmod(0o600)
    finally:
        if engine:
            engine.dispose()


def _put_file(data: Path, name: str, blocks: Iterator[bytes]) -> None:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise ArchiveRefused(name, "a part wants to be outside of the folder", "this is no backup of ours")
    path = data / pure
    make_folder(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _erase_again(data: Path, keyring: Keyring, site: str, rows_url: str, erasures: Sequence[Path]) -> int:
    """Do deletions again that came after the backup. Returns how many were new to it."""
    if not rows_url and not (data / ROWS_FILE).exists():
        return 0
    found: dict[object, Record] = {}
    for path in [*erasures, data]:
        found |= {record.id: record for record in read_erasures(path, keyring)}
    placement = Placement(keyring, Routing(site), str(uuid4()))
    with Rows.for_writing(data, placement, rows_url) as rows:
        new = [record for record in found.values() if record.id not in rows.record_ids()] if found else []
        rows.store([_as_arrival(record, site) for record in new], time.time_ns())
        left = [record for record in new if record.id not in rows.record_ids()] if new else []
    if left:
        raise StoreError(data, f"{len(left)} erasures could not be done again", "do not use this folder; ask for help")
    return len(new)


def _as_arrival(record: Record, site: str) -> Good:
    envelope = Envelope(record.id.hex, lane_of(record.kind), 0, record)
    return Good(Hop(site, topics.CENTRE), envelope, decode_body(record.kind, record.body), b"")
