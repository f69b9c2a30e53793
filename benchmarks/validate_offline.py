"""A month offline at real volume, then catching up: the outbox keeps its bound, and what is live does not starve.

    python -m benchmarks.validate_offline [--days 30] [--bound-mb 200]

A room's records as the simulated district makes them, eight hours a day at the profile's busiest share, each chunk with
its raw waveform as bulk, go into a real outbox under a clock that is only counted. Then a real broker and centre
appear: an alert and a live record are put now and then while the backlog drains. Exit code 1 when the bound is broken,
anything but bulk is given up, anything is lost, or an alert or a live record waits too long.
"""

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec
import numpy as np
import sqlalchemy as sa

from benchmarks.bad_days_rig import SmallSite, until
from care.alerts import AlertEvent, AlertStep, Deadline
from firmware_sim.fleet.profile import load
from firmware_sim.fleet.sessions import pool
from gateway import tables as t
from gateway.box import new_id
from gateway.messages import Body, RecordKind, SessionOpened, SessionWave, Tombstone, decode_body
from gateway.outbox import Outbox
from gateway.rows import Rows
from gateway.sealing import of_record

PROFILES = Path(__file__).parent / "profiles.toml"
S = 1_000_000_000
BEGAN = 1_750_000_000 * S
OPEN_H = 8.0
RATE_HZ = 256.0
ALERT_S, LIVE_S = 2.0, 3.0
_THREADS = 8


@dataclass
class Month:
    """What the room did.

    Attributes:
        kept: ids of everything but bulk.
        waves: how many records of bulk.
        most_bytes: the most that ever waited.
    """

    kept: set[UUID] = field(default_factory=set)
    waves: int = 0
    most_bytes: int = 0
    sessions: int = 0


def sessions(days: int) -> Iterator[tuple[int, list[Body]]]:
    """Time and records of each session of so many days."""
    profile = load(PROFILES, "district")
    templates = pool(profile, 1)
    each_s = profile.session_s / max(profile.busy)
    for day in range(days):
        for number in range(int(OPEN_H * 3600 / each_s)):
            began = BEGAN + int((day * 86_400 + 9 * 3600 + number * each_s) * S)
            template, session = templates[(day + number) % len(templates)], new_id()
            bodies: list[Body] = [SessionOpened(session, "resonance", 1, "chair-1", "", "", "", "ecg", RATE_HZ, began)]
            for chunk in template.chunks:
                samples = (np.arange(int(profile.chunk_s * RATE_HZ)) * 37 % 2000).astype("<i2").tobytes()
                bodies.append(msgspec.structs.replace(chunk, session=session))
                bodies.append(
                    SessionWave(session, "ecg", chunk.number, chunk.from_ns, RATE_HZ, "mV", 0.001, 0.0, samples)
                )
            bodies.append(msgspec.structs.replace(template.closed, session=session))
            yield began, bodies


def live_a_month(outbox: Outbox, days: int) -> Month:
    """Put all of it, as fast as the disk takes it."""
    month, turn = Month(), threading.Lock()

    def put(began: int, bodies: list[Body]) -> None:
        for body in bodies:
            record = outbox.put(body, made_utc_ns=began)
            with turn:
                if isinstance(body, SessionWave):
                    month.waves += 1
                else:
                    month.kept.add(record)
                look = (month.waves + len(month.kept)) % 16 == 0
            if look:
                month.most_bytes = max(month.most_bytes, outbox.depth().bytes)
        with turn:
            month.sessions += 1

    with ThreadPoolExecutor(_THREADS) as threads:
        for done in [threads.submit(put, *each) for each in sessions(days)]:
            done.result()
    return month


async def catch_up(site: SmallSite) -> tuple[float, list[float], list[float]]:
    """Seconds until nothing waits, and how long alerts and live records took meanwhile."""
    site.centre()
    await until(lambda: site.uplink.up, 30)
    began, last = time.monotonic(), 0.0
    taken: dict[bool, list[float]] = {True: [], False: []}
    under_way: set[asyncio.Task[None]] = set()

    async def one(urgent: bool) -> None:
        body = _alert() if urgent else SessionOpened(new_id(), "resonance", 1, "c", "", "", "", "ecg", 1.0, BEGAN)
        sent = time.monotonic()
        record = await asyncio.to_thread(site.outbox.put, body, made_utc_ns=BEGAN)
        site.promised.add(record)
        while await asyncio.to_thread(site.outbox.take, [record]):
            await asyncio.sleep(0.02)
        taken[urgent].append(time.monotonic() - sent)

    while site.outbox.counts().waiting > len(under_way) and time.monotonic() - began < 1200:
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            for urgent in (True, False):
                task = asyncio.create_task(one(urgent))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        await asyncio.sleep(0.1)
    await asyncio.gather(*under_way)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not site.outbox.counts().waiting, 60)
    return time.monotonic() - began, taken[True], taken[False]


def _alert() -> AlertEvent:
    ladder = [Deadline("room", 1), Deadline("town", 2), Deadline("district", 3)]
    return AlertEvent(new_id(), 1, AlertStep.RAISED, 1, "room", "system", "red", "chair-1", "help_button", None, ladder)


def arrived(site: SmallSite) -> tuple[set[UUID], int, dict[str, int], list[str]]:
    """Ids in the rows, waves among them, what tombstones say was given up, and troubles."""
    given_up: dict[str, int] = {}
    with Rows.for_reading(site.data) as rows, rows._engine.connect() as db:  # noqa: SLF001 - behind the door
        r = t.records.c
        for row in db.execute(sa.select(r.id, r.body).where(r.kind == RecordKind.TOMBSTONE)):
            stone = decode_body(
                RecordKind.TOMBSTONE,
                rows._keyring.open_sealed(row.body, of_record(row.id)),  # noqa: SLF001
            )
            assert isinstance(stone, Tombstone)
            for kind, number in stone.kinds.items():
                given_up[kind] = given_up.get(kind, 0) + number
        waves = db.scalar(sa.select(sa.func.count()).select_from(t.records).where(r.kind == RecordKind.SESSION_WAVE))
        troubles = [f"gaps {gaps[:3]}"] if (gaps := rows.sequence_gaps()) else []
        troubles += [f"dead letters {letters[:2]}"] if (letters := rows.dead_letters()) else []
        return rows.record_ids(), waves or 0, given_up, troubles


async def run(folder: Path, days: int, bound: int) -> list[str]:
    wrong: list[str] = []

    def expect(what: str, *, holds: bool) -> None:
        if not holds:
            wrong.append(what)

    site = SmallSite(folder, max_bytes=bound)
    async with site:
        site.pause()
        began = time.monotonic()
        month = await asyncio.to_thread(live_a_month, site.outbox, days)
        counts, depth = site.outbox.counts(), site.outbox.depth()
        disk = sum(path.stat().st_size for path in (folder / "room").glob("outbox.sqlite*"))
        print(
            f"{days} days: {month.sessions} sessions, {len(month.kept)} records and {month.waves} waves put in "
            f"{time.monotonic() - began:.0f} s; most that waited {month.most_bytes / 1e6:.0f} MB of {bound / 1e6:.0f}, "
            f"on disk {disk / 1e6:.0f} MB; {counts.dropped} given up, {depth.records} wait"
        )
        expect("the bound is broken", holds=month.most_bytes <= bound)
        expect("the bound did not matter", holds=counts.dropped > 0)
        site.go_on()
        took, alerts, live = await catch_up(site)
        here, waves, given_up, troubles = arrived(site)
    wrong += troubles
    lost = (month.kept | site.promised) - here
    expect(f"{len(lost)} lost", holds=not lost)
    expect(f"given up: {given_up}", holds=set(given_up) <= {"session_wave"})
    expect(
        f"{month.waves} waves, {waves} arrived, {given_up} given up",
        holds=waves + given_up.get("session_wave", 0) == month.waves,
    )
    a99, l99 = float(np.percentile(alerts, 99)), float(np.percentile(live, 99))
    expect(f"an alert took {a99:.2f} s", holds=a99 <= ALERT_S)
    expect(f"a live record took {l99:.2f} s", holds=l99 <= LIVE_S)
    print(
        f"caught up in {took:.0f} s ({depth.records / took:.0f} records/s); meanwhile {len(alerts)} alerts p50 "
        f"{1000 * np.median(alerts):.0f} ms, p99 {1000 * a99:.0f} ms; live p50 {1000 * np.median(live):.0f} ms, "
        f"p99 {1000 * l99:.0f} ms; {waves} waves arrived, given up {given_up}"
    )
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_offline", description=__doc__.splitlines()[0])
    logging.basicConfig(level=logging.ERROR)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--bound-mb", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xn", dir="/tmp", ignore_cleanup_errors=True) as folder:
        wrong = asyncio.run(run(Path(folder), given.days, given.bound_mb * 1_000_000))
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"offline: {'BAD' if wrong else 'good'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
