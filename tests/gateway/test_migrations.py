"""Older databases come to this version whole, on SQLite and PostgreSQL; a crash in the middle leaves the old one."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from gateway_parts import ROOT, SITE, S, a_session, judge_all, placement, whole_session
from postgres_parts import Postgres

from gateway.database import HEAD, migrate
from gateway.errors import StoreUnwritable
from gateway.messages import encode, session_of
from gateway.rows import ROWS_FILE, Rows
from gateway.sealing import of_record
from gateway.services import read_session
from gateway.tables import meta

BODIES = whole_session(a_session(), 3)


def at_revision_1(data: Path, url: str) -> str:
    """A database as the first release left it: made before migrations, with a session in it."""
    where = url or f"sqlite:///{data / ROWS_FILE}"
    seal = placement(data).keyring.seal
    engine = sa.create_engine(where)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "gateway" / "migrations"))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.execute(sa.text("DROP TABLE alembic_version"))
        old = sa.MetaData()
        old.reflect(db)
        for arrival in judge_all(BODIES):
            record, envelope = arrival.record, arrival.envelope
            values = {name: getattr(record, name) for name in ("id", "kind", "site", "producer", "made_utc_ns")}
            values |= {"boot": envelope.boot, "lane": envelope.lane, "seq": envelope.seq, "stored_utc_ns": 1}
            sealed = seal(encode(arrival.body), of_record(record.id))
            values |= {"session": session_of(arrival.body), "body": sealed}
            if not url:  # what is reflected from SQLite has no UUIDs any more
                values |= {"id": record.id.hex, "session": values["session"].hex}
            db.execute(old.tables["records"].insert().values(values))
            db.execute(old.tables["to_project"].insert().values(record=values["id"], session=values["session"]))
        row = {"session": values["session"], "site": SITE, "device": "chair-1", "began_utc_ns": 5, "chunks": 3}
        db.execute(old.tables["sessions"].insert().values(row))
    engine.dispose()
    return where


def test_a_database_of_the_first_release_comes_here_with_everything_in_it(tmp_path: Path, rows_url: str) -> None:
    at_revision_1(tmp_path, rows_url)
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        stored = read_session(rows, BODIES[0].session)
        assert [stored.opened, *stored.chunks, stored.closed] == BODIES
        assert rows.waiting_for_points() == 5
        (row,) = rows.find()
        assert (row.device, row.began_utc_ns, row.chunks) == ("chair-1", 5, 3)
        rows.store(judge_all(whole_session(a_session(), 2), boot="b2"), 2)
        assert len(rows.find()) == 2
        assert rows.dead_letters() == []


def test_migrations_make_exactly_the_tables_that_the_program_knows(tmp_path: Path, rows_url: str) -> None:
    Rows.for_writing(tmp_path, placement(tmp_path), rows_url).close()
    engine = sa.create_engine(rows_url or f"sqlite:///{tmp_path / ROWS_FILE}")
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, meta) == []
    engine.dispose()


def test_a_database_from_migrations_and_one_from_the_first_release_are_the_same(tmp_path: Path, rows_url: str) -> None:
    where = at_revision_1(tmp_path, rows_url)
    engine = sa.create_engine(where)
    migrate(engine)
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), meta) == []
    migrate(engine)  # again: nothing to do
    engine.dispose()


KILLED = textwrap.dedent("""
    import os, signal, sys
    import sqlalchemy as sa
    from pathlib import Path
    from gateway.keys import Keyring
    from gateway.placement import Placement
    from gateway.routing import Routing
    from gateway.rows import Rows
    data, url, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seen = 0
    @sa.event.listens_for(sa.engine.Engine, "before_cursor_execute")
    def count(conn, cursor, statement, *rest):
        global seen
        seen += any(word in statement for word in ("CREATE", "ALTER", "DROP", "UPDATE alembic"))
        if seen > after:
            os.kill(os.getpid(), signal.SIGKILL)
    Rows.for_writing(data, Placement(Keyring.open(data / "keys"), Routing("a.b.c"), "boot"), url)
""")


@pytest.mark.parametrize("after", [1, 6, 20, 30])
def test_a_crash_in_the_middle_of_a_migration_leaves_the_old_database(
    tmp_path: Path, rows_url: str, after: int
) -> None:
    where = at_revision_1(tmp_path, rows_url)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), rows_url, str(after)], check=False, env=environment
    )
    assert said.returncode == -signal.SIGKILL
    engine = sa.create_engine(where)
    assert sa.inspect(engine).has_table("about")
    assert not sa.inspect(engine).has_table("outgoing")
    engine.dispose()
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        assert read_session(rows, BODIES[0].session).complete


def test_many_centres_may_start_on_an_empty_database_at_once(tmp_path: Path, postgres: Postgres) -> None:
    from test_rows_together import together

    url = postgres.new_database()
    place = placement(tmp_path)
    together(*[lambda: Rows.for_writing(tmp_path, place, url).close()] * 4)
    engine = sa.create_engine(url)
    with engine.connect() as db:
        assert db.scalars(sa.text("SELECT version_num FROM alembic_version")).all() == [HEAD]
    engine.dispose()


def test_a_disk_that_is_full_is_one_line_and_the_store_goes_on_afterwards(tmp_path: Path) -> None:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        with rows.writing() as db:
            db.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(StoreUnwritable, match="disk is full"):
            rows.store(judge_all(whole_session(a_session(), 300)), S)
        with rows.writing() as db:
            db.exec_driver_sql("PRAGMA max_page_count=1000000")
        rows.store(judge_all(BODIES), S)
        assert rows.sequence_gaps() == []
    assert sqlite3.connect(tmp_path / ROWS_FILE).execute("PRAGMA quick_check").fetchone() == ("ok",)
