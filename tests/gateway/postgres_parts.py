"""A real PostgreSQL of the tests' own (`benchmarks/postgres_rig.py`), and an empty database of it for each test.

A machine without PostgreSQL fails with a plain message; nothing is skipped.
"""

import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Self

import psycopg

from benchmarks.postgres_rig import DATABASE
from benchmarks.postgres_rig import Postgres as Server


class Postgres(Server):
    """One server in a folder of its own; a context manager."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="xinyi-pg-"))
        self._home.chmod(0o755)  # its own user must get to the folder in it
        super().__init__(self._home / "pg")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def new_database(self) -> str:
        """The SQLAlchemy URL of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")  # no outside text
        return self.url.replace(f"/{DATABASE}?", f"/{name}?")
