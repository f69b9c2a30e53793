"""A small site for bad days: an outbox and its uplink here, broker and centre as processes, disks that fill, a cable.

Everything happens in name spaces of its own (`in_a_cage`): mounts and network cards vanish with it, and nothing of the
machine is touched. Without root a user name space gives the same.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

import msgspec

from benchmarks.fault_roles import SITE, CentreTask, bodies
from gateway.broker import broker_command, free_port, private_address
from gateway.errors import StoreError
from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.outbox import MAX_BYTES, Outbox
from gateway.rows import Rows
from gateway.uplink import Uplink

ROOT = Path(__file__).parents[1]
_CAGED = "XINYI_CAGED"


def in_a_cage(module: str) -> None:
    """Run this module again in its own mount and network name spaces, and end with its exit code."""
    if os.environ.get(_CAGED):
        run("mount", "--make-rprivate", "/")
        run("ip", "link", "set", "lo", "up")
        return
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *root, "--mount", "--net", "--", sys.executable, "-m", module, *sys.argv[1:]]
    raise SystemExit(subprocess.run(command, env=os.environ | {_CAGED: "1"}, cwd=ROOT, check=False).returncode)


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")


async def until(condition: Callable[[], bool], timeout_s: float) -> float:
    """Seconds until it is true; the time-out when it never is."""
    began = time.monotonic()
    while not condition() and time.monotonic() - began < timeout_s:
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Callable[[bool], None]]:
    """A disk of its own; the function fills it to the last byte, or frees it again."""
    folder.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder))
    ballast = folder / "ballast"

    def full(yes: bool) -> None:
        if not yes:
            ballast.unlink(missing_ok=True)
            return
        with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    try:
        yield full
    finally:
        run("umount", "-l", str(folder))


class Cable:
    """A second network name space behind a pair of cards; `cut` ends both directions without a word to TCP.

    Args:
        number: tells cables and their addresses apart.
        of: commands that run at the near end begin like this; [] for where we are.

    Attributes:
        far: address of the far end.
        inside: commands that run at the far end begin like this.
    """

    def __init__(self, number: int = 0, of: Sequence[str] = ()) -> None:
        self._keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        pid = str(self._keeper.pid)
        mine, deadline = Path("/proc/self/ns/net").readlink(), time.monotonic() + 10
        while Path(f"/proc/{pid}/ns/net").readlink() == mine and time.monotonic() < deadline:
            time.sleep(0.01)
        self.inside = ["nsenter", "-t", pid, "-n", "--"]
        self.far, self._near, self._of = f"10.99.{number}.2", f"near{number}", list(of)
        self._at_near("link", "add", self._near, "type", "veth", "peer", "name", "far", "netns", pid)
        self._at_near("addr", "add", f"10.99.{number}.1/24", "dev", self._near)
        self._at_near("link", "set", self._near, "up")
        for command in ("link set lo up", f"addr add {self.far}/24 dev far", "link set far up"):
            run(*self.inside, "ip", *command.split())

    def cut(self, *, half_open: bool) -> None:
        """Pull the plug here, or silently somewhere behind the next switch."""
        if half_open:  # our card stays up and every packet vanishes: nobody answers for the far address any more
            run(*self.inside, "ip", "addr", "del", f"{self.far}/24", "dev", "far")
            nobody = ("lladdr", "02:00:00:00:00:99", "dev", self._near, "nud", "permanent")
            self._at_near("neigh", "replace", self.far, *nobody)
        else:
            self._at_near("link", "set", self._near, "down")

    def mend(self) -> None:
        self._at_near("link", "set", self._near, "up")
        mine = [*self._of, "ip", "neigh", "del", self.far, "dev", self._near]
        its = [*self.inside, "ip", "addr", "add", f"{self.far}/24", "dev", "far"]
        for command in (mine, its):
            subprocess.run(command, capture_output=True, check=False)

    def close(self) -> None:
        self._keeper.kill()
        self._keeper.wait()

    def _at_near(self, *words: str) -> None:
        run(*self._of, "ip", *words)


class SmallSite:
    """Outbox and uplink in this process; broker and centres beside it.

    Args:
        folder: of everything.
        cable: broker and centres are at its far end.
        rows_url: PostgreSQL for several centres.

    Attributes:
        promised: ids whose put has returned.
    """

    def __init__(
        self, folder: Path, *, cable: Cable | None = None, rows_url: str = "", max_bytes: int = MAX_BYTES
    ) -> None:
        self._max_bytes = max_bytes
        self.folder, self.data, self._rows_url = folder, folder / "centre", rows_url
        self._prefix = cable.inside if cable else []
        port = free_port()
        self._broker_command = broker_command(folder / "broker", port)
        inner = private_address(folder / "broker", port)
        self.address = BrokerAddress(cable.far if cable else inner.host, port, inner.password)
        if cable:
            configuration = folder / "broker" / "mosquitto.conf"
            configuration.write_text(configuration.read_text().replace("127.0.0.1", "0.0.0.0"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.promised: set[UUID] = set()
        self._bodies = bodies(random.Random(1), "chair-1", 1)
        self.log = folder / "centre.log"

    async def __aenter__(self) -> Self:
        self.start("broker", self._broker_command)
        keyring = Keyring.open(self.folder / "room" / "keys")
        self.outbox = Outbox(
            self.folder / "room" / "outbox.sqlite",
            keyring,
            site=SITE,
            producer="room",
            boot="b1",
            max_bytes=self._max_bytes,
        )
        self.uplink = Uplink(self.outbox, self.address, resend_s=1.0)
        self.go_on()
        return self

    def go_on(self) -> None:
        """Have the uplink work."""
        self._running = asyncio.create_task(self.uplink.run())

    def pause(self) -> None:
        """Have no uplink."""
        self._running.cancel()

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        for name in list(self.processes):
            self.kill(name)
        self.outbox.close()

    def start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*self._prefix, *command],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ | (env or {}),
                start_new_session=True,
            )

    def centre(self, worker: str = "", env: dict[str, str] | None = None) -> None:
        task = CentreTask(
            self.address.host, self.address.port, self.address.password, str(self.data), worker, self._rows_url
        )
        told = msgspec.json.encode(task).decode()
        self.start(f"centre{worker}", [sys.executable, "-m", "benchmarks.fault_roles", "centre", told], env)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    async def put(self, count: int) -> None:
        for _ in range(count):
            record = await asyncio.to_thread(self.outbox.put, next(self._bodies), made_utc_ns=len(self.promised))
            self.promised.add(record)

    async def all_receipted(self, timeout_s: float = 60.0) -> bool:
        return await until(lambda: not self.outbox.counts().waiting, timeout_s) < timeout_s

    def said(self, words: str) -> str:
        """The last line of the centre's log with these words, or ""."""
        return next((line for line in reversed(self.log.read_text().splitlines()) if words in line), "")

    def wrong(self) -> list[str]:
        """What the rows do not hold that was promised, and the rest of what must not be."""
        with Rows.for_reading(self.data, self._rows_url) as rows:
            here = rows.record_ids()
            found = [f"{len(self.promised - here)} lost"] if self.promised - here else []
            found += [f"{len(here - self.promised)} never promised"] if here - self.promised else []
            found += [f"gaps {rows.sequence_gaps()[:2]}"] if rows.sequence_gaps() else []
            found += [f"dead letters {rows.dead_letters()[:2]}"] if rows.dead_letters() else []
        return found


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def one_line(error: StoreError | None) -> bool:
    return error is not None and "\n" not in str(error) and ";" in str(error)


@contextlib.asynccontextmanager
async def injected(pid: int, folder: Path, error: str) -> AsyncIterator[None]:
    """Every write and sync of a process on its disk fails with an error of the kernel's, for a while (strace)."""
    strace = shutil.which("strace")
    if not strace:
        raise SystemExit("strace is not installed; run: sudo apt install strace")
    calls = "pwrite64,fdatasync,fsync"
    command = [
        strace,
        "-f",
        "-qq",
        "-o",
        str(folder / "strace"),
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:error={error}",
        "-p",
        str(pid),
    ]
    process = await asyncio.create_subprocess_exec(*command)
    await until(lambda: "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text(), 10)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()
