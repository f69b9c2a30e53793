"""What a process says of itself once a minute: the machine, its box of records, its devices, put together quickly.

A beacon speaks in the event loop and must not wait for a disk; so the slow part is read in a thread every few seconds
and kept.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple
from uuid import uuid4

from devices.clock import Clock
from gateway.box import Counts, Depth
from gateway.errors import StoreError
from gateway.fleet.beacon import Beacon
from gateway.fleet.health import MOST_DEVICES, Birth, Heartbeat, ResetReason
from gateway.fleet.machine import Machine, Reading, versions
from gateway.fleet.views import device_births, device_healths, with_machine
from gateway.live import DeviceView

REFRESH_S = 15.0

log = logging.getLogger(__name__)


class Load(NamedTuple):
    """How a process's records are. `limit_bytes` 0: unbounded."""

    depth: Depth = Depth(0, 0, None)
    counts: Counts = Counts(0, 0, 0)
    limit_bytes: int = 0
    sequence_gaps: int = 0
    dead_letters: int = 0
    incidents: int = 0
    hotlines_stale: int = 0


class Vitals:
    """The slow part, for all beacons of a process: its machine and its records.

    Args:
        machine: what is below it.
        load: how its records are; called in a thread.

    Attributes:
        reading: the machine when it was read last.
        load: the records, likewise.
    """

    def __init__(self, machine: Machine, load: Callable[[], Load] = Load) -> None:
        self._machine, self._load = machine, load
        self.reading: Reading | None = None
        self.load = Load()

    async def refresh(self) -> None:
        """Keep it fresh, until cancelled."""
        while True:
            try:
                self.reading = await asyncio.to_thread(self._machine.read)
                self.load = await asyncio.to_thread(self._load)
            except StoreError as error:
                log.warning("nobody knows how full it is: %s", error)
            except Exception:
                log.exception("the machine cannot be read")
            await asyncio.sleep(REFRESH_S)


class Pulse:
    """The inputs of one beacon.

    Args:
        site: where.
        process: which, "room".
        vitals: the slow part.
        clock: for wall time.
        boot: this start of the process.
        uplink: whether the next level can be reached.
        devices: its devices now; called in the event loop.
        faults: what moves people at the site and reports a fault, by id; called in the event loop.
    """

    def __init__(
        self,
        site: str,
        process: str,
        vitals: Vitals,
        clock: Clock,
        *,
        boot: str = "",
        uplink: Callable[[], Literal["up", "down", "none"]] = lambda: "none",
        devices: Callable[[], Sequence[DeviceView]] = tuple,
        faults: Callable[[], Sequence[str]] = tuple,
        reset_reason: ResetReason = "unknown",
    ) -> None:
        self._site, self._process, self._vitals, self._clock = site, process, vitals, clock
        self._boot = boot or str(uuid4())
        self._uplink, self._devices, self._reason = uplink, devices, reset_reason
        self._faults = faults
        self._began_s, self._began_utc_ns = time.monotonic(), clock.utc_ns()
        self.beacon = Beacon(site, process, self.heartbeat, self.birth, clock=clock)

    def birth(self) -> Birth:
        """Who is there."""
        return Birth(
            site=self._site,
            process=self._process,
            boot=self._boot,
            started_utc_ns=self._began_utc_ns,
            reset_reason=self._reason,
            versions=versions(),
            devices=device_births(self._devices()),
        )

    def heartbeat(self) -> Heartbeat:
        """How it is."""
        now, load, reading = self._clock.utc_ns(), self._vitals.load, self._vitals.reading
        oldest = load.depth.oldest_utc_ns
        said = Heartbeat(
            site=self._site,
            process=self._process,
            boot=self._boot,
            number=0,
            sent_utc_ns=now,
            uptime_s=time.monotonic() - self._began_s,
            outbox_depth=load.depth.records,
            outbox_oldest_s=0.0 if oldest is None else max(0.0, (now - oldest) / 1e9),
            outbox_bytes=load.depth.bytes,
            outbox_limit_bytes=load.limit_bytes,
            put=load.counts.put,
            receipted=load.counts.receipted,
            dropped=load.counts.dropped,
            uplink=self._uplink(),
            sequence_gaps=load.sequence_gaps,
            dead_letters=load.dead_letters,
            incidents=load.incidents,
            hotlines_stale=load.hotlines_stale,
            devices=device_healths(self._devices()),
            faults=list(self._faults())[:MOST_DEVICES],
        )
        return with_machine(said, reading) if reading else said
