"""A real PostgreSQL of the tests' own: made, started and stopped by them, on a Unix socket, fsync on.

A server refuses to be root, so root's tests run it as `postgres` or `nobody` in a folder which that user owns. Every
test gets a database of its own. A machine without PostgreSQL fails with a plain message; nothing is skipped.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Self

import psycopg

_FOLDERS = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
MISSING = "PostgreSQL is not installed: run deploy/setup test, or sudo apt install postgresql"


def program(name: str) -> str:
    """A program of the server.

    Raises:
        RuntimeError: it is not installed.
    """
    found = shutil.which(name, path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", "")]))
    if found is None:
        raise RuntimeError(MISSING)
    return found


def _as_user() -> tuple[list[str], int, int]:
    """What stands before a command so that it does not run as root; whose files they are then."""
    if os.geteuid() != 0:
        return [], -1, -1
    known = {each.pw_name: each for each in pwd.getpwall()}
    who = known.get("postgres") or known["nobody"]
    ids = [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--"], who.pw_uid, who.pw_gid


class Postgres:
    """One server in a folder of its own; a context manager."""

    def __init__(self) -> None:
        self._before, uid, gid = _as_user()
        self.folder = Path(tempfile.mkdtemp(prefix="xinyi-pg-"))
        if uid >= 0:
            os.chown(self.folder, uid, gid)
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        data = self.folder / "data"
        made = [program("initdb"), "-D", str(data), "-U", "xinyi", "-A", "trust", "-E", "UTF8", "--locale=C"]
        said = subprocess.run([*self._before, *made], capture_output=True, text=True, check=False, cwd=self.folder)
        assert said.returncode == 0, said.stderr
        self.start()
        return self

    def start(self) -> None:
        options = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses="]
        with (self.folder / "log").open("ab") as log:
            command = [*self._before, program("postgres"), *options]
            self._child = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._dsn("postgres")).close()
            except psycopg.OperationalError:
                assert self._child.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, "PostgreSQL does not answer after 30 s"
                time.sleep(0.02)
            else:
                return

    def __exit__(self, *_: object) -> None:
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGQUIT)  # nobody needs it again
            self._child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The SQLAlchemy URL of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")  # no outside text
        return f"postgresql+psycopg://xinyi@/{name}?host={self.folder}"

    def _dsn(self, name: str) -> str:
        return f"host={self.folder} user=xinyi dbname={name}"
