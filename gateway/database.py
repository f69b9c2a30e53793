"""How the database of a centre is opened: SQLite embedded, PostgreSQL by its URL.

SQLite runs in WAL with synchronous=FULL (a commit is on the disk when it returns) and secure_delete (what is erased is
overwritten); writers begin IMMEDIATE, so two of them wait instead of failing half-way. PostgreSQL is asked for
synchronous_commit=on, its default, in case a server says otherwise. Migrations (Alembic) run when a writer opens.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import exc

from gateway.errors import StoreBusy, StoreCorrupt, StoreError, StoreMissing, StoreUnwritable

HEAD = "0003"
"""The migration that this program needs."""
BUSY_S = 10.0
_ONLY_ASKS = "xinyi_only_asks"
_migrating = threading.Lock()
"""Alembic keeps its state in the module: one thread at a time."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_PATIENCE: dict[str, Any] = {
    "options": "-c synchronous_commit=on -c idle_in_transaction_session_timeout=10s -c lock_timeout=15s",
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Several centres share it: one that is stopped in the middle of a transaction must not hold the others up for longer
than this, and a server that has gone without a word is noticed. What is cut short is done again.
"""


def open_for_writing(url: str, revision: str = HEAD, *, empty: bool = False) -> sa.Engine:
    """An engine for a process that writes; tables are made, or brought up to date, when needed.

    Args:
        url: SQLAlchemy URL.
        revision: the migration to bring it to; another one than `HEAD` only for a backup that is to be loaded.
        empty: refuse a database that has tables.

    Raises:
        StoreCorrupt: it was written by a newer xinyi.
        StoreUnwritable: it should be empty and is not.
    """
    options: dict[str, Any] = {}
    if not url.startswith("sqlite"):
        options = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED", "connect_args": _PATIENCE}
    engine = sa.create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "begin", _begin_immediate)
    try:
        if empty:
            _check_empty(engine)
        migrate(engine, revision)
    except BaseException:
        engine.dispose()
        raise
    return engine


def migrate(engine: sa.Engine, revision: str = HEAD) -> None:
    """Bring the tables to a revision. One process at a time does it; others wait.

    Raises:
        StoreCorrupt: they are of a newer xinyi.
    """
    with _migrating, engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(sa.text("SELECT pg_advisory_xact_lock(7894655)"))
        found = _revision(db)
        if found == HEAD:
            return
        if max(found or "", revision) > HEAD:
            raise _other_version(engine, max(found or "", revision))
        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = db
        if found is None and sa.inspect(db).has_table("about"):
            command.stamp(config, "0001")  # made before there were migrations
        command.upgrade(config, revision)


def _check_empty(engine: sa.Engine) -> None:
    if sa.inspect(engine).get_table_names():
        where = engine.url.database or engine.url.render_as_string()
        raise StoreUnwritable(where, "this database is not empty", "name an empty one")


def _revision(db: sa.Connection) -> str | None:
    if not sa.inspect(db).has_table("alembic_version"):
        return None
    found: str | None = db.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def _other_version(engine: sa.Engine, found: str | None) -> StoreCorrupt:
    where = engine.url.database or engine.url.render_as_string()
    if found is None or found < HEAD:
        return StoreCorrupt(
            where,
            f"has tables of version {found or '0001'}, this is {HEAD}",
            "start its centre once to bring it up to date",
        )
    return StoreCorrupt(where, f"has tables of version {found}, this is {HEAD}", "open it with the xinyi that wrote it")


def open_for_reading(path: Path) -> sa.Engine:
    """A read-only engine on a SQLite file, with or without a running centre, also in a folder that cannot be written.

    Raises:
        StoreMissing: no such file.
        StoreCorrupt: not a database of ours, or of another version.
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


def open_url_for_reading(url: str) -> sa.Engine:
    """An engine that only reads, on another database than the embedded one.

    Raises:
        StoreCorrupt: its tables are of another version.
    """
    options = {"options": "-c default_transaction_read_only=on", "connect_timeout": 5}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=options)
    return _checked(engine)


def _reader(path: Path, how: str) -> sa.Engine:
    uri = f"{path.resolve().as_uri()}?{how}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)

    return _checked(sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool), path)


def _checked(engine: sa.Engine, path: Path | None = None) -> sa.Engine:
    try:
        with engine.connect() as db:
            found = _revision(db)
            ours = sa.inspect(db).has_table("records")
    except BaseException:
        engine.dispose()
        raise
    if found != HEAD:
        engine.dispose()
        if not ours:
            where = path or engine.url.render_as_string()
            raise StoreCorrupt(
                where, "this is not a healthy store (it has no tables of ours)", "restore it from a backup"
            )
        error = _other_version(engine, found)
        raise StoreCorrupt(path, error.problem, error.remedy) if path else error
    return engine


def _durable(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", f"busy_timeout={int(BUSY_S * 1000)}")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    asks = connection.get_execution_options().get(_ONLY_ASKS)
    connection.exec_driver_sql("BEGIN" if asks else "BEGIN IMMEDIATE")


def asking(engine: sa.Engine) -> sa.Connection:
    """A connection that only asks: beside a writer in SQLite it waits for nobody and holds nobody up."""
    return engine.connect().execution_options(**{_ONLY_ASKS: True})


@contextlib.contextmanager
def plain_words(where: Path | str) -> Iterator[None]:
    """Turn what the database says into one line for people."""
    try:
        yield
    except StoreError:
        raise
    except exc.DatabaseError as error:
        said = " ".join(str(error.orig).split())
        if " locked" in said:
            raise StoreBusy(where, "another process holds the store", "try again when it has finished") from error
        if any(word in said for word in ("malformed", "not a database", "no such table", "no such column")):
            raise StoreCorrupt(where, f"this is not a healthy store ({said})", "restore it from a backup") from error
        raise StoreUnwritable(
            where, f"the store does not answer ({said})", "check disk space and the folder's owner"
        ) from error
    except (OSError, exc.SQLAlchemyError) as error:
        raise StoreUnwritable(where, f"the store does not answer ({error})", "check its address and folder") from error
