"""Rows as a stream that no database owns: table by table, out of one snapshot, so that a site can move between them.

A table is msgpack: the names of its columns, then one array for each row. UUIDs are 16 bytes; bodies stay sealed as
they are. Written while everything runs: a read transaction on SQLite (WAL), REPEATABLE READ on PostgreSQL; nobody
waits.
"""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.errors import StoreCorrupt
from gateway.rows import Rows

PREFIX = "rows/"
_IN_ONE = 500
_LENGTH = 4


@contextlib.contextmanager
def snapshot_of(rows: Rows) -> Iterator["Snapshot"]:
    """One moment of the rows, for as long as it takes to read them."""
    with rows.reading() as db:
        if db.dialect.name == "sqlite":
            db.exec_driver_sql("BEGIN")
            yield Snapshot(db)
        else:
            yield Snapshot(db.execution_options(isolation_level="REPEATABLE READ"))
        db.rollback()


class Snapshot:
    """Made by `snapshot_of`.

    Attributes:
        revision: of its tables.
        counted: rows of each table that was read to its end.
    """

    def __init__(self, db: sa.Connection) -> None:
        self._db = db
        self.counted: dict[str, int] = {}
        self.revision: str = db.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and blocks of each table."""
        for table in t.meta.sorted_tables:
            yield table.name, self._blocks(table)

    def _blocks(self, table: sa.Table) -> Iterator[bytes]:
        encode = msgspec.msgpack.Encoder().encode
        yield _framed(encode(["".join(column.name) for column in table.columns]))
        self.counted[table.name] = 0
        found = self._db.execution_options(yield_per=_IN_ONE).execute(sa.select(table))
        for rows in found.partitions(_IN_ONE):
            self.counted[table.name] += len(rows)
            yield b"".join(_framed(encode([_out(value) for value in row])) for row in rows)


def load(db: sa.Connection, name: str, blocks: Iterator[bytes]) -> int:
    """Fill an empty table. Returns how many rows.

    Raises:
        StoreCorrupt: it is not a table of ours.
    """
    table = t.meta.tables.get(name)
    values = _values(blocks)
    names = [str(each) for each in next(values)]
    if table is None or not set(names) <= {column.name for column in table.columns}:
        raise StoreCorrupt(name, "this table is of a newer xinyi", "restore it with the xinyi that made the backup")
    uuids = {column.name for column in table.columns if isinstance(column.type, sa.Uuid)}
    batch: list[dict[str, Any]] = []
    count = 0
    for row in values:
        batch.append({key: _in(value, is_uuid=key in uuids) for key, value in zip(names, row, strict=True)})
        if len(batch) == _IN_ONE:
            db.execute(table.insert(), batch)
            count += len(batch)
            batch = []
    if batch:
        db.execute(table.insert(), batch)
    if db.dialect.name == "postgresql" and table is t.outgoing:  # rows brought their numbers with them
        last = sa.select(sa.func.coalesce(sa.func.max(table.c.place), 0) + 1).scalar_subquery()
        db.execute(sa.select(sa.func.setval(sa.text("pg_get_serial_sequence('outgoing', 'place')"), last, sa.false())))
    return count + len(batch)


def count_rows(blocks: Iterator[bytes]) -> int:
    """How many rows a table has, and that it can be read."""
    return sum(1 for _ in _values(blocks)) - 1


def _values(blocks: Iterator[bytes]) -> Iterator[list[Any]]:
    decode = msgspec.msgpack.Decoder(list[Any]).decode
    rest = bytearray()
    for block in blocks:
        rest += block
        place = 0
        while len(rest) - place >= _LENGTH:
            length = int.from_bytes(rest[place : place + _LENGTH], "big")
            if len(rest) - place - _LENGTH < length:
                break
            yield decode(rest[place + _LENGTH : place + _LENGTH + length])
            place += _LENGTH + length
        del rest[:place]


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(_LENGTH, "big") + payload


def _out(value: Any) -> Any:
    return value.bytes if isinstance(value, UUID) else value


def _in(value: Any, *, is_uuid: bool) -> Any:
    return UUID(bytes=value) if is_uuid and value is not None else value
