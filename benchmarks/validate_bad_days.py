"""Bad days: full and failing disks, jumping clocks, pulled cables, slow stores, poison. Nothing lost, said, mended.

    python -m benchmarks.validate_bad_days [--short] [--only NAME]

Each day is made for real (a disk of its own that is full, errors of the kernel injected by strace, libfaketime, two
network name spaces) in a cage of name spaces. A day is good when nothing that was promised is lost, the state is said
in a line, and all is well by itself when the trouble has passed. Exit code 1 otherwise.
"""

import argparse
import asyncio
import contextlib
import glob
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.bad_days_rig import Cable, SmallSite, in_a_cage, injected, memory_mb, one_line, run, small_disk, until
from benchmarks.postgres_rig import Postgres
from gateway import link as link_module
from gateway import topics
from gateway.box import new_id
from gateway.errors import StoreError
from gateway.keys import Keyring
from gateway.link import KEEPALIVE_S, Link
from gateway.messages import Envelope, Lane, Record, RecordKind, encode
from gateway.outbox import Outbox
from gateway.rows import Rows

_FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
DAY_S = 86_400


class Day:
    """What a day came to: what is wrong, and a line for people."""

    def __init__(self, folder: Path, *, short: bool) -> None:
        self.folder, self.short = folder, short
        self.wrong: list[str] = []
        self.notes: list[str] = []

    def expect(self, what: str, *, holds: bool) -> None:
        if not holds:
            self.wrong.append(what)

    def note(self, what: str) -> None:
        self.notes.append(what)


async def full_disk_outbox(day: Day) -> None:
    """The disk of the outbox is full: a put says so, promises nothing, and works again when there is room."""
    with small_disk(day.folder / "room", 4) as full:
        async with SmallSite(day.folder) as site:
            await site.put(5)
            full(True)
            said: StoreError | None = None
            for _ in range(400):
                try:
                    await site.put(1)
                except StoreError as error:
                    said = error
                    break
            day.expect(f"no line for people: {said}", holds=one_line(said))
            day.note(str(said))
            full(False)
            await site.put(5)
            site.centre()
            day.expect("not everything was receipted", holds=await site.all_receipted())
            day.wrong += site.wrong()


async def full_disk_rows(day: Day) -> None:
    """The disk of the rows is full: no receipt leaves, the link says down, and then everything comes."""
    with small_disk(day.folder / "centre", 8) as full:
        async with SmallSite(day.folder) as site:
            site.centre()
            await site.put(20)
            day.expect("it never worked", holds=await site.all_receipted())
            full(True)
            await site.put(300)
            took = await until(lambda: site.uplink.overdue and bool(site.said("the store does not answer")), 30)
            day.expect("overdue is not said", holds=took < 30 and not site.uplink.up)
            day.note(site.said("the store does not answer").split("centre: ")[-1][-120:])
            full(False)
            day.expect("not everything was receipted", holds=await site.all_receipted())
            day.wrong += site.wrong()


async def full_disk_points(day: Day) -> None:
    """The disk of the points is full: rows are stored and receipted all the same, the picture is drawn later."""
    with small_disk(day.folder / "points", 1) as full:
        async with SmallSite(day.folder) as site:
            Keyring.open(site.data / "keys")
            for name in ("points.sqlite", "points.sqlite-wal", "points.sqlite-shm", "points.sqlite.lock"):
                (site.data / name).symlink_to(day.folder / "points" / name)
            site.centre()
            await site.put(5)
            day.expect("it never worked", holds=await site.all_receipted())
            full(True)
            await site.put(200)
            day.expect("rows wait for points", holds=await site.all_receipted())
            day.expect("not said", holds=await until(lambda: bool(site.said("points wait")), 20) < 20)
            day.note(site.said("points wait")[-110:])
            full(False)
            day.expect("the picture is not drawn", holds=await until(lambda: _drawn(site), 60) < 60)
            day.wrong += site.wrong()


def _drawn(site: SmallSite) -> bool:
    with Rows.for_reading(site.data) as rows:
        return not rows.waiting_for_points()


async def failing_disk(day: Day) -> None:
    """The kernel makes the disk read-only, then gives errors, under a running centre; and it comes back."""
    async with SmallSite(day.folder) as site:
        site.centre()
        await site.put(10)
        day.expect("it never worked", holds=await site.all_receipted())
        for error in ("EROFS", "EIO"):
            async with injected(site.processes["centre"].pid, day.folder, error):
                before = site.outbox.counts().receipted
                await site.put(50)
                seen = site.log.stat().st_size
                took = await until(lambda seen=seen: site.log.stat().st_size > seen and site.uplink.overdue, 30)
                day.expect(f"{error} is not said", holds=took < 30)
                day.expect(f"{error}: a receipt without a commit", holds=site.outbox.counts().receipted == before)
            day.note(f"{error}: {site.said('centre: ').split('centre: ')[-1][-90:]}")
            day.expect(f"{error}: not everything was receipted", holds=await site.all_receipted())
        day.wrong += site.wrong()


async def read_only_start(day: Day) -> None:
    """A room that starts on a read-only disk says so in one line, and starts when the disk can be written again."""
    room = day.folder / "room"
    with small_disk(room, 8):
        keyring = Keyring.open(room / "keys")

        def start() -> Outbox:
            return Outbox(room / "outbox.sqlite", keyring, site="huadu.xinhua.0007", producer="room", boot="b")

        start().close()
        run("mount", "-o", "remount,ro", str(room))
        said: StoreError | None = None
        try:
            start().close()
        except StoreError as error:
            said = error
        day.expect(f"no line for people: {said}", holds=one_line(said))
        day.note(str(said))
        run("mount", "-o", "remount,rw", str(room))
        start().close()


async def jumping_clock(day: Day) -> None:
    """The clock of one of two centres jumps a day ahead and back under load, and it dies a day ahead."""
    library = next(iter(sorted(glob.glob(_FAKETIME))), None)  # noqa: PTH207 - an absolute pattern
    if library is None:
        raise SystemExit("libfaketime is not installed; run: sudo apt install libfaketime")
    server = Postgres(day.folder / "pg")
    clock = day.folder / "clock"
    clock.write_text("+0d")
    env = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    env |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    try:
        async with SmallSite(day.folder, rows_url=server.url) as site:
            Keyring.open(site.data / "keys")
            site.centre("w0", env)
            await site.put(20)
            day.expect("it never worked", holds=await site.all_receipted())
            site.centre("w1")
            for jump in ("+1d", "-1d", "+1d"):
                clock.write_text(jump)
                await asyncio.sleep(1.2 if day.short else 5)  # its cache of the file lives for a second
                await site.put(50)
                day.expect(f"{jump}: not everything was receipted", holds=await site.all_receipted())
            took = await until(lambda: _until_utc_ns(site) > time.time_ns() + DAY_S * 9 * 10**8, 10)
            day.expect("the clock did not jump", holds=took < 10)
            holder = _holder(site)
            site.kill("centrew0")
            took = await until(lambda: _holder(site) != holder, 40)
            day.expect("nobody took the lease of the dead", holds=took < 40)
            day.note(f"the lease of one who died a day ahead was taken over after {took:.1f} s")
            await site.put(20)
            day.expect("not everything was receipted", holds=await site.all_receipted())
            day.wrong += site.wrong()
    finally:
        server.kill()


def _lease(site: SmallSite) -> tuple[str, int]:
    import sqlalchemy as sa

    with Rows.for_reading(site.data, site._rows_url) as rows, rows._engine.connect() as db:  # noqa: SLF001
        row = db.execute(sa.text("SELECT holder, until_utc_ns FROM leases")).one()
        return row[0], row[1]


def _holder(site: SmallSite) -> str:
    return _lease(site)[0]


def _until_utc_ns(site: SmallSite) -> int:
    return _lease(site)[1]


async def cut_cable(day: Day) -> None:
    """The network is cut, and half-open: noticed within one and a half keep-alives, and caught up."""
    if day.short:
        link_module.KEEPALIVE_S = 4
    most = 1.5 * (4 if day.short else KEEPALIVE_S)
    cable = Cable()
    try:
        async with SmallSite(day.folder, cable=cable) as site:
            site.centre()
            await site.put(10)
            day.expect("it never worked", holds=await site.all_receipted())
            for half_open, busy in ((False, True), (True, True), (True, False)):
                what = f"{'half-open' if half_open else 'cut'}, {'busy' if busy else 'idle'}"
                await until(lambda: site.uplink.up, 30)
                cable.cut(half_open=half_open)
                if busy:
                    await site.put(20)
                took = await until(lambda: not site.uplink.connected, most + 15)
                day.expect(f"{what}: noticed after {took:.1f} s", holds=took <= most + 1)
                await site.put(20)
                cable.mend()
                began = time.monotonic()
                day.expect(f"{what}: not caught up", holds=await site.all_receipted())
                day.note(f"{what}: noticed after {took:.1f} s, caught up {time.monotonic() - began:.1f} s after")
            day.wrong += site.wrong()
    finally:
        link_module.KEEPALIVE_S = KEEPALIVE_S
        cable.close()


async def slow_store(day: Day) -> None:
    """Another program holds the rows for a while: the intake stops, memory stays, nothing is lost."""
    import sqlite3

    async with SmallSite(day.folder) as site:
        site.centre()
        await site.put(20)
        day.expect("it never worked", holds=await site.all_receipted())
        pid = site.processes["centre"].pid
        before, receipted = memory_mb(pid), site.outbox.counts().receipted
        with contextlib.closing(sqlite3.connect(site.data / "rows.sqlite", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            began, most = time.monotonic(), before
            while time.monotonic() - began < (4 if day.short else 20):
                await site.put(40)
                most = max(most, memory_mb(pid))
            day.expect("a receipt without a commit", holds=site.outbox.counts().receipted == receipted)
            day.expect("the state is not said", holds=site.uplink.overdue)
            holder.execute("ROLLBACK")
        day.expect("not everything was receipted", holds=await site.all_receipted(120))
        day.expect(f"memory grew from {before:.0f} to {most:.0f} MB", holds=most < before + 30)
        day.note(f"{len(site.promised)} records waited in the outbox; centre {before:.0f} MB, at most {most:.0f} MB")
        day.wrong += site.wrong()


async def poison(day: Day) -> None:
    """Poisoned records between good ones, on PostgreSQL, which is the pickier: each a dead letter, nobody waits."""
    server = Postgres(day.folder / "pg")
    try:
        async with SmallSite(day.folder, rows_url=server.url) as site:
            Keyring.open(site.data / "keys")
            site.centre("w0")
            site.centre("w1")
            await site.put(5)
            day.expect("it never worked", holds=await site.all_receipted())
            poisons = _poisons()
            async with Link(site.address, "poisoner", username="room", on_message=lambda _: None, window=200) as link:
                for number, payload in enumerate(poisons):
                    link.publish(topics.up("huadu.xinhua.0007", Lane.NORMAL, "room"), payload)
                    if number % 2:
                        await site.put(3)
                day.expect("good ones wait", holds=await site.all_receipted())
                link.check()
                took = await until(lambda: _letters(site) >= len(set(poisons)), 30)
                day.expect(f"{_letters(site)} dead letters for {len(set(poisons))}", holds=took < 30)
            with Rows.for_reading(site.data, server.url) as rows:
                day.expect("a good one is lost", holds=site.promised <= rows.record_ids())
            day.note(f"{len(site.promised)} good, {_letters(site)} dead letters")
    finally:
        server.kill()


def _letters(site: SmallSite) -> int:
    with Rows.for_reading(site.data, site._rows_url) as rows:  # noqa: SLF001 - the rig's own
        return len(rows.dead_letters())


def _poisons() -> list[bytes]:
    def record(body: bytes, kind: RecordKind = RecordKind.SESSION_CHUNK, boot: str = "p", seq: int = 1) -> bytes:
        made = Record(new_id(), kind, "huadu.xinhua.0007", "room", 1, body)
        return encode(Envelope(boot, Lane.NORMAL, seq, made))

    from gateway.messages import Appointment, SessionOpened

    opened = SessionOpened(new_id(), "a\0b", 1, "chair\0", "", "", "", "ecg", 1.0, 1)
    asked = Appointment(new_id(), 1, "as\0ked", "nobody")
    return [
        b"",
        b"\xc1" * 30,
        b"hello",
        record(b"no body"),
        record(encode(opened), RecordKind.SESSION_OPENED, seq=2),
        record(encode(asked), RecordKind.APPOINTMENT, seq=3),
        record(encode(opened), RecordKind.SESSION_OPENED, boot="b\0t"),
        record(encode(asked), RecordKind.APPOINTMENT, seq=1 << 63),
    ]


DAYS: dict[str, Callable[[Day], Awaitable[None]]] = {
    "full-disk-outbox": full_disk_outbox,
    "full-disk-rows": full_disk_rows,
    "full-disk-points": full_disk_points,
    "failing-disk": failing_disk,
    "read-only-start": read_only_start,
    "jumping-clock": jumping_clock,
    "cut-cable": cut_cable,
    "slow-store": slow_store,
    "poison": poison,
}


def live_through(name: str, *, short: bool) -> list[str]:
    """One day; what was wrong."""
    with tempfile.TemporaryDirectory(prefix="xb", dir="/tmp", ignore_cleanup_errors=True) as root:
        Path(root).chmod(0o755)
        day, began = Day(Path(root) / "d", short=short), time.monotonic()
        day.folder.mkdir()
        asyncio.run(DAYS[name](day))
        print(f"{'BAD' if day.wrong else 'good'}: {name}, {time.monotonic() - began:.0f} s", flush=True)
        for line in day.notes:
            print(f"    {line}")
        for line in day.wrong:
            print(f"    WRONG: {line}")
    return day.wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_bad_days", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--only", choices=DAYS, action="append")
    given = parser.parse_args()
    in_a_cage("benchmarks.validate_bad_days")
    wrong = [line for name in given.only or DAYS for line in live_through(name, short=given.short)]
    print(f"bad days: {'BAD' if wrong else 'good'}: {len(given.only or DAYS)} days, {len(wrong)} things wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
