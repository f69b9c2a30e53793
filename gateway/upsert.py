"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell the same and SQLAlchemy has once for each.

Several centres may write to one PostgreSQL, so "look, then insert" is never enough there.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def insert(db: sa.Connection, table: sa.Table) -> Insert:
    """An INSERT of the dialect that is spoken."""
    return sqlite.insert(table) if db.dialect.name == "sqlite" else postgresql.insert(table)


def insert_new(db: sa.Connection, table: sa.Table) -> Insert:
    """An INSERT that does nothing where the key is there already."""
    return insert(db, table).on_conflict_do_nothing()


def put_newest(db: sa.Connection, table: sa.Table, values: dict[str, Any], tie: str = "record") -> None:
    """Insert, or replace what is there if `version` is higher (of equal versions the greater `tie` stays)."""
    db.execute(_newest(db.dialect.name, table, tuple(values), tie), values)


@cache
def _newest(dialect: str, table: sa.Table, names: tuple[str, ...], tie: str) -> Insert:
    """The statement, spelled once: building it costs SQLAlchemy twenty times what running it does."""
    statement: Insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    new, old = statement.excluded, table.c
    newer = (new.version > old.version) | ((new.version == old.version) & (new[tie] > old[tie]))
    keys = [column.name for column in table.primary_key]
    rest = {name: new[name] for name in names if name not in keys}
    whole: Insert = statement.on_conflict_do_update(index_elements=keys, set_=rest, where=newer)
    return whole
