"""A damaged outbox does not keep a room closed: the file is set aside, and what can still be read of it is taken over.

SQLite files are damaged by disks and by people, not by power cuts (WAL, synchronous=FULL). The waiting records are read
from both ends up to the damage; what lies between stays in the file that was set aside, for sqlite3's `.recover`.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_COLUMNS = "id, kind, boot, lane, seq, session, made_utc_ns, body"

Row = tuple[bytes, str, str, str, int, bytes, int, bytes]


def set_aside_if_damaged(path: Path) -> Path | None:
    """Rename a database (and its log) that SQLite does not find healthy. Returns its new place, or None."""
    if not path.exists() or _is_healthy(path):
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def readable_rows(path: Path) -> Iterator[Row]:
    """Waiting records of a damaged outbox, oldest first, as far as they can be read; none is given twice."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        front = list(_until_damage(db, "ASC"))
        last = front[-1][0] if front else -1
        back = [row for row in _until_damage(db, "DESC") if row[0] > last]
    for row in [*front, *reversed(back)]:
        yield row[1]


def _is_healthy(path: Path) -> bool:
    """False only when SQLite says so; a busy or unreadable file is somebody else's trouble."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


def _until_damage(db: sqlite3.Connection, order: str) -> Iterator[tuple[int, Row]]:
    with contextlib.suppress(sqlite3.Error):
        for place, *row in db.execute(f"SELECT place, {_COLUMNS} FROM waiting ORDER BY place {order}"):  # noqa: S608 - no outside text
            yield place, (row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
