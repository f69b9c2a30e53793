"""The tables of a centre (SQLAlchemy Core) and how their database is opened: SQLite embedded, PostgreSQL by its URL.

Columns are what is asked for; everything else is the encoded struct, sealed. SQLite runs in WAL with synchronous=FULL
(a commit is on the disk when it returns); writers begin IMMEDIATE, so two of them wait instead of failing half-way.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from gateway.errors import StoreBusy, StoreCorrupt, StoreError, StoreMissing, StoreUnwritable

SCHEMA = 1
BUSY_S = 10.0

meta = sa.MetaData()

about = sa.Table(
    "about", meta, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)

records = sa.Table(
    "records",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("producer", sa.Text, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("stored_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Uuid, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

sessions = sa.Table(
    "sessions",
    meta,
    sa.Column("session", sa.Uuid, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("opened_record", sa.Uuid),
    sa.Column("programme", sa.Text),
    sa.Column("device", sa.Text),
    sa.Column("began_utc_ns", sa.BigInteger, index=True),
    sa.Column("closed_record", sa.Uuid),
    sa.Column("ended_ns", sa.BigInteger),
    sa.Column("outcome", sa.Text),
    sa.Column("chunks", sa.Integer),
    sa.Column("beats", sa.Integer),
    sa.Column("mean_hr_bpm", sa.Double),
    sa.Column("rmssd_ms", sa.Double),
    sa.Column("artefact_share", sa.Double),
    sa.Column("relaxation", sa.Double),
)

chunks = sa.Table(
    "chunks",
    meta,
    sa.Column("session", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("record", sa.Uuid, nullable=False, unique=True),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
)

to_project = sa.Table(
    "to_project",
    meta,
    sa.Column("record", sa.Uuid, primary_key=True),
    sa.Column("session", sa.Uuid, nullable=False),
)

dead_letters = sa.Table(
    "dead_letters",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

_NUMBERED = ("site", "producer", "boot", "lane")

sequences = sa.Table(
    "sequences",
    meta,
    *(sa.Column(name, sa.Text, primary_key=True) for name in _NUMBERED),
    sa.Column("highest", sa.BigInteger, nullable=False),
)

sequence_gaps = sa.Table(
    "sequence_gaps",
    meta,
    *(sa.Column(name, sa.Text, primary_key=True) for name in _NUMBERED),
    sa.Column("from_seq", sa.BigInteger, primary_key=True),
    sa.Column("to_seq", sa.BigInteger, nullable=False),
    sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
)


def open_for_writing(url: str) -> sa.Engine:
    """An engine for the one process that writes; tables are made when missing."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "begin", _begin_immediate)
    meta.create_all(engine)
    with engine.begin() as db:
        found = db.execute(sa.select(about.c.value).where(about.c.name == "schema")).scalar()
        if found is None:
            db.execute(about.insert().values(name="schema", value=str(SCHEMA)))
    _check(engine, found or str(SCHEMA))
    return engine


def open_for_reading(path: Path) -> sa.Engine:
    """A read-only engine on a SQLite file, with or without a running centre, also in a folder that cannot be written.

    Raises:
        StoreMissing: no such file.
        StoreCorrupt: not a database of ours.
        StoreUnwritable: a killed centre left its log beside the file, and the folder is read-only.
    """
    if not path.is_file():
        raise StoreMissing(path, "there is no store here", "point to the data folder of a site, or run a session first")
    log = path.with_name(path.name + "-wal")
    merged = not log.exists() or not log.stat().st_size
    try:
        return _reader(path, "mode=ro")
    except exc.OperationalError as error:
        if merged and "unable to open" in str(error):
            return _reader(path, "immutable=1")
        if "unable to open" in str(error):
            raise StoreUnwritable(
                path,
                "its log has to be merged first, and the folder is read-only",
                "copy the folder to a writable place",
            ) from error
        raise


def _reader(path: Path, how: str) -> sa.Engine:
    uri = f"{path.resolve().as_uri()}?{how}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool)
    try:
        with engine.connect() as db:
            found = db.execute(sa.select(about.c.value).where(about.c.name == "schema")).scalar()
    except BaseException:
        engine.dispose()
        raise
    _check(engine, found)
    return engine


def _check(engine: sa.Engine, found: str | None) -> None:
    if found != str(SCHEMA):
        engine.dispose()
        raise StoreCorrupt(
            str(engine.url), f"has tables of version {found}, this is {SCHEMA}", "open it with the xinyi that wrote it"
        )


def _durable(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={int(BUSY_S * 1000)}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextlib.contextmanager
def plain_words(where: Path | str) -> Iterator[None]:
    """Turn what the database says into one line for people."""
    try:
        yield
    except StoreError:
        raise
    except exc.DatabaseError as error:
        said = str(error.orig)
        if "locked" in said:
            raise StoreBusy(where, "another process holds the store", "try again when it has finished") from error
        if any(word in said for word in ("malformed", "not a database", "no such table", "no such column")):
            raise StoreCorrupt(where, f"this is not a healthy store ({said})", "restore it from a backup") from error
        raise StoreUnwritable(
            where, f"the store does not answer ({said})", "check disk space and the folder's owner"
        ) from error
    except (OSError, exc.SQLAlchemyError) as error:
        raise StoreUnwritable(where, f"the store does not answer ({error})", "check its address and folder") from error
