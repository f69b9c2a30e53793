"""Three levels, both ways: room, town and district with a broker and a centre each, in name spaces of their own.

    python -m benchmarks.validate_levels [--short]

What policy lets goes up to the district and nothing else ever does; rosters and acknowledgements come down to the room,
with receipts; a room that was off catches up both ways while the middle level is killed; a policy that is tightened
while things wait leaves tombstones and no gaps. Exit code 1 when anything is lost, seen by whom it may not be, or open.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from benchmarks.bad_days_rig import Cable, in_a_cage, until
from benchmarks.level_rig import Level
from care.alerts import AlertEvent, AlertStep, Deadline
from gateway import tables as t
from gateway.box import new_id
from gateway.keys import Keyring
from gateway.messages import (
    Body,
    DutyEntry,
    DutyRoster,
    SessionChunk,
    SessionClosed,
    SessionOpened,
    SessionWave,
    SiteCounts,
)
from gateway.outbox import Outbox
from gateway.uplink import Uplink

ROOM, TOWN, DISTRICT = "huadu.xinhua.0007", "huadu.xinhua", "huadu"
S = 1_000_000_000
BEGAN = 1_750_000_000 * S
MAY_SEE = {"alert_event", "site_counts", "duty_roster", "tombstone"}


class House:
    """The three levels and what has been checked of them."""

    def __init__(self, folder: Path, *, caged: bool, records: int) -> None:
        self.cables = []
        if caged:
            self.cables.append(Cable(1))
            self.cables.append(Cable(2, self.cables[0].inside))
        to_town, to_district = self.cables or (None, None)
        self.district = Level(DISTRICT, folder / "district", to_district)
        self.town = Level(TOWN, folder / "town", to_town, self.district)
        self.room = Level(ROOM, folder / "room", None, self.town)
        self.levels = (self.district, self.town, self.room)
        self.records, self.wrong = records, list[str]()
        self.sessions: list[UUID] = []
        self.version = 0
        keyring = Keyring.open(folder / "room" / "outbox-keys")
        self.outbox = Outbox(folder / "room" / "outbox.sqlite", keyring, site=ROOM, producer="room", boot="b1")

    async def expect(self, what: str, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        began = time.monotonic()
        if await until(condition, timeout_s) >= timeout_s:
            self.wrong.append(what)
        print(f"    {'WRONG: ' if what in self.wrong else ''}{what} ({time.monotonic() - began:.1f} s)", flush=True)

    async def put(self, body: Body) -> UUID:
        return await asyncio.to_thread(self.outbox.put, body, made_utc_ns=BEGAN)

    async def put_session(self) -> None:
        session = new_id()
        self.sessions.append(session)
        await self.put(SessionOpened(session, "resonance", 1, "chair-1", "", "", "", "ecg", 256.0, BEGAN))
        for number in range(1, 4):
            await self.put(SessionChunk(session, number, number, number + 1, [], [], [], []))
            await self.put(SessionWave(session, "ecg", number, 0, 256.0, "mV", 1.0, 0.0, bytes(512)))
        await self.put(SessionClosed(session, 5, "completed", 3, 0))

    async def put_alert(self) -> tuple[UUID, UUID]:
        """An alert in the room; its id and the record's."""
        alert = new_id()
        ladder = [Deadline(level, BEGAN + at * S) for at, level in enumerate(("room", "town", "district"))]
        step = AlertEvent(
            alert, 1, AlertStep.RAISED, BEGAN, "room", "system", "red", "chair-1", "help_button", None, ladder
        )
        return alert, await self.put(step)

    async def put_counts(self, day: int) -> UUID:
        return await self.put(
            SiteCounts(f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}", 1, {"sessions.completed": day})
        )

    async def roster(self) -> UUID:
        """A new duty roster for the room, put at the district."""
        self.version += 1
        entry = DutyEntry("p1", "Li", "counsellor", BEGAN, BEGAN + S, ["pager"])
        return await asyncio.to_thread(self.district.put, DutyRoster(self.version, [entry]), ROOM)

    async def acknowledge(self, alert: UUID) -> UUID:
        step = AlertEvent(alert, 2, AlertStep.ACKNOWLEDGED, BEGAN + S, "district", "wang")
        return await asyncio.to_thread(self.district.put, step, ROOM)

    def status(self, level: Level, alert: UUID) -> str:
        found = level.ask(sa.select(t.alerts.c.status).where(t.alerts.c.alert == alert))
        return str(found[0][0]) if found else ""

    def newest_roster(self) -> int:
        found = self.room.ask(sa.select(t.documents.c.version).where(t.documents.c.target == ROOM))
        return int(found[0][0]) if found else 0

    def received(self, level: Level, record: UUID) -> str:
        """Which level said that it holds a record that was sent from here."""
        found = level.ask(sa.select(t.receipts.c.level).where(t.receipts.c.record == record))
        return str(found[0][0]) if found else ""

    def close(self) -> None:
        for level in self.levels:
            level.kill()
        for cable in self.cables:
            cable.close()
        self.outbox.close()


async def live(house: House) -> None:
    for level in house.levels:
        level.start()
    running = asyncio.create_task(Uplink(house.outbox, house.room.address, resend_s=1.0).run())
    try:
        alerts = await _good_days(house)
        await _a_month_off(house, alerts)
        await _tightened(house)
        await _at_the_end(house)
    finally:
        running.cancel()


async def _good_days(house: House) -> list[UUID]:
    print("good days")
    goes_up: set[UUID] = set()
    alerts: list[UUID] = []
    for day in range(house.records):
        await house.put_session()
        alert, record = await house.put_alert()
        alerts.append(alert)
        goes_up |= {record, await house.put_counts(day)}
    await house.expect("the room's outbox is empty", lambda: not house.outbox.counts().waiting)
    await house.expect("alerts and counts are at the district", lambda: goes_up <= house.district.holds())
    roster = await house.roster()
    await house.expect("the roster is in the room", lambda: house.newest_roster() == house.version)
    await house.expect("the town's receipt is at the district", lambda: house.received(house.district, roster) == TOWN)
    await house.expect("the room's receipt is at the town", lambda: house.received(house.town, roster) == ROOM)
    await house.acknowledge(alerts[0])
    await house.expect("the room knows of the answer", lambda: house.status(house.room, alerts[0]) == "acknowledged")
    return alerts


async def _a_month_off(house: House, alerts: list[UUID]) -> None:
    print("the room is off for a month, the town is killed in between")
    house.room.kill()
    with closing(sqlite3.connect(house.town.data / "rows.sqlite", timeout=10)) as db, db:
        db.execute("UPDATE sites SET heard_utc_ns = 1")  # a month without a word
    goes_up: set[UUID] = set()
    for day in range(28, 28 + house.records):
        await house.put_session()
        _, record = await house.put_alert()
        goes_up |= {record, await house.put_counts(day)}
        await house.roster()
        if day % 5 == 0:
            house.town.kill("broker" if day % 2 else "centre")
            house.town.start_broker() if day % 2 else house.town.start_centre()
    for alert in alerts[1:]:
        await house.acknowledge(alert)
    house.town.kill()
    house.room.start()
    house.town.start()
    await house.expect("the room's outbox is empty", lambda: not house.outbox.counts().waiting)
    await house.expect("what the room did is at the district", lambda: goes_up <= house.district.holds())
    await house.expect("the newest roster is in the room", lambda: house.newest_roster() == house.version, 90)
    await house.expect(
        "the room knows of all answers",
        lambda: all(house.status(house.room, each) == "acknowledged" for each in alerts),
        90,
    )
    await house.expect("nothing waits anywhere", lambda: not any(level.waiting() for level in house.levels), 90)


async def _tightened(house: House) -> None:
    print("counts may not go up any more, while some wait")
    house.town.kill()
    stays = {await house.put_counts(day) for day in range(100, 105)}
    alert, record = await house.put_alert()
    await house.expect("all of it is in the room's rows", lambda: {record, *stays} <= house.room.holds())
    house.room.kill("centre")
    house.room.stays = ["site_counts"]
    house.room.start_centre()
    house.town.start()
    await house.expect("the alert is at the district", lambda: house.status(house.district, alert) == "open")
    await house.expect("nothing waits anywhere", lambda: not any(level.waiting() for level in house.levels), 90)
    await house.expect(
        "no count has left the room", lambda: not stays & (house.town.holds() | house.district.holds()), 5
    )
    await house.expect("tombstones say so", lambda: "tombstone" in house.town.kinds())


async def _at_the_end(house: House) -> None:
    print("at the end")
    for level in (house.town, house.district):
        seen = level.kinds()
        await house.expect(f"{level.site} holds {', '.join(sorted(seen))}", lambda seen=seen: seen <= MAY_SEE, 1)
        level.kill("centre")
        disk = level.bytes_on_disk()
        found = [each for each in house.sessions if each.hex.encode() in disk or each.bytes in disk]
        await house.expect(f"no session's id is on the disk of {level.site}", lambda found=found: not found, 1)
    house.room.kill("centre")
    for level in house.levels:
        house.wrong += level.troubles()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_levels", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="few records, and no name spaces")
    given = parser.parse_args()
    if not given.short:
        in_a_cage("benchmarks.validate_levels")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xl", dir="/tmp", ignore_cleanup_errors=True) as folder:
        house = House(Path(folder), caged=not given.short, records=5 if given.short else 28)
        try:
            asyncio.run(live(house))
        finally:
            house.close()
            if house.wrong:
                for level in house.levels:
                    print(f"{level.site}: …{(level.folder / 'centre.log').read_text()[-1500:]}")
    for line in house.wrong:
        print(f"WRONG: {line}")
    print(f"levels: {'BAD' if house.wrong else 'good'}, {time.monotonic() - began:.0f} s")
    return 1 if house.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
