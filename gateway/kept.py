"""Small states that a centre keeps over a restart in its rows, each encoded by whoever keeps it."""

import sqlalchemy as sa

from gateway import tables as t
from gateway.rows import Rows
from gateway.upsert import insert


def load_kept(rows: Rows, name: str) -> bytes | None:
    """A small state that was kept under a name."""
    with rows.reading() as db:
        value: bytes | None = db.scalar(sa.select(t.kept.c.value).where(t.kept.c.name == name))
        return value


def save_kept(rows: Rows, name: str, value: bytes) -> None:
    with rows.writing() as db:
        statement = insert(db, t.kept).values(name=name, value=value)
        new = {"value": statement.excluded.value}
        db.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new))
