"""A PostgreSQL of one's own for a validation: in a folder that its own user owns, on a Unix socket, killed at will.

It never runs as root: started by root it runs as `postgres` (setpriv); otherwise as whoever starts it. fsync stays on,
so that what is said about durability is said about the real thing.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

_PLACES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")
DATABASE = "xinyi"


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join(_PLACES)) or shutil.which(name)
    if not found:
        raise SystemExit("PostgreSQL is not installed; run: sudo apt install postgresql")
    return found


class Postgres:
    """One server.

    Args:
        folder: made here; its path must be short (a Unix socket lies in it).

    Attributes:
        url: SQLAlchemy URL of its database.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._data, self._log = folder / "data", folder / "log"
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
        owner = "postgres" if self._as else pwd.getpwuid(os.geteuid()).pw_name
        self._run("initdb", "-D", str(self._data), "-U", owner, "-A", "trust", "--no-sync", "-E", "UTF8")
        self._options = ["-D", str(self._data), "-k", str(folder), "-h", "", "-c", "max_connections=60"]
        self.url = f"postgresql+psycopg://{owner}@/{DATABASE}?host={folder}"
        self._ask = ["-h", str(folder), "-U", owner]
        self.child: subprocess.Popen[bytes] | None = None
        self.start()
        self._run("createdb", *self._ask, DATABASE)

    @property
    def pid(self) -> int:
        assert self.child
        return self.child.pid

    def start(self, timeout_s: float = 60.0) -> None:
        """Start it, again and again while remains of a killed one are in the way, until it takes connections."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.child is None or self.child.poll() is not None:
                with self._log.open("ab") as log:
                    command = [*self._as, _program("postgres"), *self._options]
                    self.child = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
            if subprocess.run([_program("pg_isready"), "-q", *self._ask], check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"PostgreSQL does not start; {self._log} says why")

    def kill(self) -> None:
        """SIGKILL for the postmaster and all its children at once."""
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, _program(name), *arguments], capture_output=True, text=True, cwd="/", check=False
        )
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr.strip()}")
