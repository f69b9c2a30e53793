"""A whole district in one process: rooms that open in the morning, hold their sessions, and close with nothing unsent.

Each room has a connection of its own. How many are in session follows the profile's hours: a room rests between two
sessions so long that the share comes out right. `Figures` say what it cost.
"""

import asyncio
import contextlib
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from devices.clock import Clock
from firmware_sim.fleet.connection import Broker, BrokerAway
from firmware_sim.fleet.profile import FleetProfile
from firmware_sim.fleet.rooms import Room, Totals
from firmware_sim.fleet.sessions import Template, pool

_AT_ONCE = 16
_DRAIN_S = 30.0
_REPORT_S = 10.0
_CLOSED_S = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to.

    Attributes:
        totals: of all rooms.
        waiting: records that never got a receipt.
        seconds: how long it took on the wall, from the first session on.
        cpu_share: of one core, over that time.
        memory_mb: the most that the process held.
    """

    rooms: int
    totals: Totals
    waiting: int
    seconds: float
    cpu_share: float
    memory_mb: float

    def __str__(self) -> str:
        t = self.totals
        return (
            f"{self.rooms} rooms, {t.opened} sessions opened, {t.closed} closed; {t.records} records, "
            f"{t.published} published ({t.published / self.seconds:.1f}/s, {t.bytes / 1e6 / self.seconds:.3f} MB/s), "
            f"{t.resent} of them again, {t.receipted} receipted, {self.waiting} without a receipt; "
            f"{t.lost_links} links lost; CPU {100 * self.cpu_share:.1f} % of a core, {self.memory_mb:.0f} MB"
        )


class District:
    """The rooms of a profile on one broker.

    Attributes:
        rooms: all of them.
        totals: so far.
    """

    def __init__(self, profile: FleetProfile, broker: Broker, clock: Clock, *, seed: int = 1) -> None:
        self.profile, self.totals = profile, Totals()
        self._clock = clock
        lucks = np.random.default_rng(seed).spawn(profile.rooms)
        self.rooms = [Room(profile.site(number), broker, clock, self.totals, luck) for number, luck in enumerate(lucks)]
        self._lucks = lucks
        self._templates: list[Template] = pool(profile, seed)
        self._closing = asyncio.Event()

    async def run(
        self, stop: asyncio.Event, seconds: float | None = None, say: Callable[[str], None] = lambda _: None
    ) -> Figures:
        """Until `stop`, or for so many seconds of the clock; then sessions are ended and receipts awaited for a while.

        Raises:
            BrokerAway: the broker did not take the rooms at the start.
        """
        try:
            await self._connect_all()
            say(f"{len(self.rooms)} rooms are online")
            began, cpu = time.monotonic(), time.process_time()
            async with asyncio.TaskGroup() as group:
                rooms = [group.create_task(self._live(number, room)) for number, room in enumerate(self.rooms)]
                others = [group.create_task(self._care()), group.create_task(self._report(say))]
                await self._until(stop, seconds)
                self._closing.set()
                await self._drain(rooms)
                for task in (*rooms, *others):
                    task.cancel()
            took = time.monotonic() - began
            return Figures(
                len(self.rooms),
                self.totals,
                sum(room.waiting for room in self.rooms),
                took,
                (time.process_time() - cpu) / took,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )
        finally:
            for room in self.rooms:
                room.disconnect()

    async def _connect_all(self) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(room: Room) -> None:
            async with gate:
                await room.connect()

        results = await asyncio.gather(*(one(room) for room in self.rooms), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _until(self, stop: asyncio.Event, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else self._clock.real_s(seconds)):
                await stop.wait()

    async def _drain(self, rooms: list[asyncio.Task[None]]) -> None:
        """Sessions under way end with their next chunk; then every record wants its receipt."""
        deadline = time.monotonic() + self._clock.real_s(self.profile.chunk_s) + _DRAIN_S
        while time.monotonic() < deadline:
            ended = self.totals.closed == self.totals.opened or all(room.done() for room in rooms)
            if ended and not any(room.waiting for room in self.rooms):
                return
            await asyncio.sleep(0.05)

    async def _live(self, number: int, room: Room) -> None:
        """A day of one room."""
        luck, profile = self._lucks[number], self.profile
        born_ns = self._clock.now_ns()
        turn = int(luck.integers(len(self._templates)))
        first = True
        while not self._closing.is_set():
            share = profile.busy_at((self._clock.now_ns() - born_ns) / 1e9)
            if share <= 0:
                await self._clock.sleep(_CLOSED_S)
                continue
            rest_s = profile.session_s * (1 - share) / share
            most_s = (profile.session_s + rest_s) if first else 2 * rest_s
            first = False
            await self._clock.sleep(float(luck.uniform(0, most_s)))
            if self._closing.is_set():
                return
            turn = (turn + 1) % len(self._templates)
            await room.hold(self._templates[turn], profile, self._closing.is_set)

    async def _care(self) -> None:
        """Keep-alive, resending, outages and reconnects, about once a second."""
        profile = self.profile
        luck = self._lucks[0].spawn(1)[0]
        per_s = self._clock.speed / (3600 * profile.offline_every_h) if profile.offline_every_h else 0.0
        back_at: dict[int, float] = {}
        while True:
            now = time.monotonic()
            for number, room in enumerate(self.rooms):
                if per_s and not self._closing.is_set() and room.connected and luck.random() < per_s:
                    room.disconnect()
                    back_at[number] = now + self._clock.real_s(profile.offline_s)
                room.care()
                if not room.connected and now >= back_at.get(number, 0.0):
                    try:
                        await room.connect()
                    except BrokerAway:
                        back_at[number] = now + float(luck.uniform(1, 5))
            await asyncio.sleep(1.0)

    async def _report(self, say: Callable[[str], None]) -> None:
        while True:
            published = self.totals.published
            await asyncio.sleep(_REPORT_S)
            t = self.totals
            say(
                f"{t.opened - t.closed} sessions under way, {t.closed} closed, "
                f"{(t.published - published) / _REPORT_S:.1f} messages/s, "
                f"{sum(room.waiting for room in self.rooms)} without a receipt"
            )
