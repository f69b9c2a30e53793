"""No promise before its fsync: a system-call trace of outbox and centre says so, and so does a disk cut off anywhere.

    python -m benchmarks.validate_power_cut

For the outbox: an id is written to standard output only after a sync of the log that began when the record's page and
its commit were written. For a centre on SQLite, and one on PostgreSQL: a receipt that names a record leaves on the
broker's socket only after such a sync. Then disks as a power cut would leave them at random moments are opened by our
own code: what was promised before is there. The same with durability broken on purpose must fail, or the check is
worth nothing. Exit code 1 otherwise.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from benchmarks.fault_roles import SITE, bodies
from benchmarks.postgres_rig import Postgres
from benchmarks.power_roles import THREADS
from benchmarks.power_trace import Call, Disk, calls_of, strace_command
from gateway.broker import broker_command, free_port, private_address, wait_until_listening
from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.outbox import Outbox
from gateway.placement import Placement
from gateway.routing import Routing
from gateway.rows import Rows
from gateway.uplink import Uplink

ROOT = Path(__file__).parents[1]
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_FRAME = 24
_SYNCS = ("fsync", "fdatasync")


@dataclass
class Verdict:
    """What a trace says.

    Attributes:
        named: promises or receipts that were looked at.
        early: those that no sync covers; ids.
        cuts: disks that were cut off and opened.
        missing: promised records that were not on such a disk.
    """

    what: str
    named: int = 0
    early: list[str] = field(default_factory=list)
    syncs: int = 0
    cuts: int = 0
    missing: int = 0

    @property
    def good(self) -> bool:
        return self.named > 0 and not self.early and not self.missing

    def __str__(self) -> str:
        cut = f"; {self.cuts} power cuts, {self.missing} promised records missing" if self.cuts else ""
        return f"{self.what}: {self.named} promises, {len(self.early)} before their sync, {self.syncs} syncs{cut}"


def covered(calls: list[Call], log: str, needle: bytes, said: Call, *, frames: bool) -> bool:
    """Whether a sync of a log that began after the needle and its commit were written there had ended before a word.

    Args:
        calls: of all processes, by end.
        log: how the path of the log's files begins.
        needle: bytes of the record as they stand there.
        said: the word.
        frames: it is a log of SQLite, whose commit is the first frame from there on that gives the file's size.
    """
    writes = [each for each in calls if each.name == "pwrite64" and each.path.startswith(log)]
    first = next((at for at, each in enumerate(writes) if needle in each.data), None)
    if first is None:
        return False
    last = writes[first]
    if frames:
        rest = iter(writes[max(first - 1, 0) :])
        for each in rest:
            if len(each.data) == _FRAME and each.data[4:8] != bytes(4):
                last = max(next(rest, each), writes[first], key=lambda call: call.ended)
                break
    return any(
        each.name in _SYNCS and each.path.startswith(log) and each.began >= last.ended and each.ended <= said.began
        for each in calls
    )


def trace_outbox(folder: Path, puts: int, cuts: int, broken: str = "") -> Verdict:
    """Trace a process that puts."""
    trace, room = folder / "trace", folder / "room"
    command = [sys.executable, "-m", "benchmarks.power_roles", "outbox", str(room), str(puts), *filter(None, [broken])]
    Keyring.open(room / "keys")
    subprocess.run(strace_command(trace, *command), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    calls = calls_of(trace)
    log = str(room / "outbox.sqlite-wal")
    verdict = Verdict("outbox", syncs=_syncs(calls, log))
    words = [each for each in calls if each.name == "write" and _UUID.match(each.data)]
    gone = {each.data[5:41].decode(): each.began for each in calls if each.data.startswith(b"gone ")}
    for word in words:
        verdict.named += 1
        record = word.data.decode().strip()
        if not covered(calls, log, UUID(record).bytes, word, frames=True):
            verdict.early.append(record)
    for at, files in _cuts(calls, room, cuts):
        _restore(files, room, folder / "cut")
        with Outbox(
            folder / "cut" / "outbox.sqlite", Keyring.open(room / "keys"), site=SITE, producer="room", boot="b"
        ) as box:
            here = {str(each) for each in box.pending(1 << 30)}
        promised = {word.data.decode().strip() for word in words if word.ended <= at}
        going = {each for each in promised if each in gone or each in _receipted(folder / "cut")}
        verdict.cuts += 1
        verdict.missing += len(promised - going - here)
    return verdict


def trace_centre(folder: Path, records: int, cuts: int, *, postgres: bool = False, broken: str = "") -> Verdict:
    """Trace a centre that takes records in, and its PostgreSQL."""
    trace, data = folder / "trace", folder / "centre"
    server = Postgres(folder / "pg") if postgres else None
    url = server.url if server else ""
    traces = [trace]
    with contextlib.ExitStack() as stack:
        if server:
            stack.callback(server.kill)
            Keyring.open(data / "keys")
            traces.append(folder / "trace-pg")
            stack.enter_context(_attached(traces[1], server.pid))
        asyncio.run(_feed(folder, trace, data, url, records, broken))
    calls = sorted((call for each in traces for call in calls_of(each)), key=lambda call: call.ended)
    log = str(folder / "pg" / "data" / "pg_wal") if server else str(data / "rows.sqlite-wal")
    verdict = Verdict("centre on PostgreSQL" if server else "centre on SQLite", syncs=_syncs(calls, log))
    receipts: dict[str, Call] = {}
    for call in calls:
        if call.name == "sendto" and call.path.startswith("TCP") and b"/down/receipt/" in call.data:
            for found in _UUID.findall(call.data):
                receipts.setdefault(found.decode(), call)
    for record, said in receipts.items():
        verdict.named += 1
        needle = UUID(record).bytes if server else UUID(record).hex.encode()
        if not covered(calls, log, needle, said, frames=server is None):
            verdict.early.append(record)
    for at, files in _cuts(calls, data, 0 if server else cuts):
        _restore(files, data, folder / "cut")
        placement = Placement(Keyring.open(data / "keys"), Routing(SITE), "after")
        with Rows.for_writing(folder / "cut", placement) as rows:
            here = {str(each) for each in rows.record_ids()}
        verdict.cuts += 1
        verdict.missing += len({record for record, said in receipts.items() if said.began <= at} - here)
    return verdict


async def _feed(folder: Path, trace: Path, data: Path, url: str, records: int, broken: str) -> None:
    """A broker, a producer of our own, and the traced centre, until everything is receipted."""
    port = free_port()
    broker = subprocess.Popen(broker_command(folder / "broker", port), stderr=subprocess.DEVNULL)
    address = private_address(folder / "broker", port)
    await wait_until_listening(address)
    role = ["centre", address.host, str(port), address.password, str(data), url, *filter(None, [broken])]
    command = strace_command(trace, sys.executable, "-m", "benchmarks.power_roles", *role)
    centre = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        await asyncio.wait_for(_put_all(folder, address, records), 120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(centre.pid, signal.SIGKILL)
        centre.wait()
        broker.kill()
        broker.wait()


async def _put_all(folder: Path, address: BrokerAddress, records: int) -> None:
    keyring = Keyring.open(folder / "room" / "keys")
    with Outbox(folder / "room" / "outbox.sqlite", keyring, site=SITE, producer="room", boot="boot-1") as outbox:
        uplink = Uplink(outbox, address, window=8)
        running = asyncio.create_task(uplink.run())
        for number, body in zip(range(records), bodies(random.Random(3), "chair-1", 1), strict=False):
            await asyncio.to_thread(outbox.put, body, made_utc_ns=number)
        while outbox.counts().waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await uplink.changed()
        running.cancel()


@contextlib.contextmanager
def _attached(trace: Path, pid: int) -> Iterator[None]:
    strace = subprocess.Popen(strace_command(trace, "-p", str(pid)), stderr=subprocess.PIPE)
    assert strace.stderr
    strace.stderr.readline()  # "attached"
    try:
        yield
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait()


def _syncs(calls: list[Call], log: str) -> int:
    return sum(each.name in _SYNCS and each.path.startswith(log) for each in calls)


def _cuts(calls: list[Call], folder: Path, cuts: int) -> Iterator[tuple[float, dict[str, bytes]]]:
    luck, disk = random.Random(5), Disk(calls, folder)
    inside = [each for each in calls if each.path.startswith(str(folder))]
    ready = next((each.ended for each in calls if each.path.endswith("-wal") and each.name in _SYNCS), 0.0)
    for _ in range(cuts):
        at = luck.uniform(ready, inside[-1].ended)
        yield at, disk.after_a_cut(at, luck)


def _restore(files: dict[str, bytes], source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path, content in files.items():
        if path.endswith((".sqlite", "-wal")):
            (target / Path(path).relative_to(source)).write_bytes(content)


def _receipted(folder: Path) -> set[str]:
    import sqlite3

    with contextlib.closing(sqlite3.connect(folder / "outbox.sqlite")) as db:
        return {str(UUID(bytes=row[0])) for row in db.execute("SELECT id FROM receipted")}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.validate_power_cut", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--records", type=int, default=400)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--no-postgres", action="store_true")
    given = parser.parse_args()
    began, ok = time.monotonic(), True
    puts = given.records // THREADS
    runs = [("outbox", False, ""), ("sqlite", False, ""), ("outbox", False, "nosync"), ("sqlite", False, "nosync")]
    runs.append(("sqlite", False, "early"))
    if not given.no_postgres:
        runs += [("pg", True, ""), ("pg", True, "nosync")]
    for what, postgres, broken in runs:
        folder = Path(tempfile.mkdtemp(prefix="xp", dir="/tmp"))
        folder.chmod(0o755)
        if what == "outbox":
            verdict = trace_outbox(folder, puts, given.cuts, broken)
        else:
            verdict = trace_centre(folder, given.records, given.cuts, postgres=postgres, broken=broken)
        as_it_should = verdict.named > 0 and verdict.good != bool(broken)
        ok = ok and as_it_should
        note = f" (durability broken on purpose, {broken}: must fail)" if broken else ""
        print(f"{'good' if as_it_should else 'BAD'}: {verdict}{note}", flush=True)
        if as_it_should:
            shutil.rmtree(folder)
        else:
            print(f"  {verdict.early[:3]}; everything is in {folder}")
    print(f"power cut: {'good' if ok else 'BAD'}, {time.monotonic() - began:.0f} s")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
