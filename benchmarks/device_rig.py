"""Any family's real driver against its twin in virtual time, with all that the device said written down.

What fuzzing, the benches and the contract suite feed on: a minute of a device costs milliseconds and is the same every
time. The link is put under the driver where addresses become links, so no driver has to know of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast
from unittest.mock import patch

from benchmarks.air_rig import Air, AirEnd
from devices.address import Medium
from devices.events import DeviceEvent
from devices.families import BY_KIND, Family
from devices.supervisor import Driver
from firmware_sim.catalogue import SimDevice, build
from firmware_sim.gatt import GattFirmware
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person
from firmware_sim.twin import Firmware
from firmware_sim.virtual import Cable, CableEnd, VirtualClock, VirtualLoop, World

MAP = "relaxation-chair"
_AIR_PORT = "ble:02:00:00:00:00:01"
_SERIAL_PORT = "/dev/virtual"


@dataclass(frozen=True, slots=True)
class Said:
    """What a device sent at once. `uuid`: of the characteristic; "" by cable."""

    at_s: float
    uuid: str
    data: bytes


@dataclass
class Play:
    """One device and its driver.

    Attributes:
        said: all that the device has sent, as it arrived.
    """

    family: Family
    world: World
    firmware: Firmware | GattFirmware
    driver: Driver
    cable: Cable | None
    events: list[DeviceEvent] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


def by_air(family: Family) -> bool:
    """Whether it speaks in named values rather than in a stream of bytes."""
    return Medium.SERIAL not in family.media


def options(family: Family) -> dict[str, object]:
    """What its driver wants besides a port."""
    return {"map": MAP} if family.needs_map else {}


def twin(family: Family, name: str = "it-1", *, empty: bool = False, seed: int = 3) -> Firmware | GattFirmware:
    """The firmware of its twin, somebody in it unless `empty`."""
    device = SimDevice(name, family.kind, Path("unused"), map=MAP if family.needs_map else "")
    return build(device, Person(seed), wait_for_sit=empty)


@contextmanager
def plugged(link: object) -> Iterator[None]:
    """Whatever driver is made inside has this link under it."""
    with (
        patch("devices.links.serial.SerialPort", lambda *_: link),
        patch("devices.links.ble.Peripheral", lambda *_: link),
    ):
        yield


def play(
    kind: str,
    scenario: Callable[[Play], Awaitable[None]],
    *,
    empty: bool = False,
    chunk: int = 0,
    seed: int = 3,
) -> Play:
    """Run `scenario` inside the driver's context, its events being listened to.

    Args:
        kind: of the family.
        scenario: what happens.
        empty: nobody sits there.
        chunk: frames by cable are cut into pieces of this many bytes; 0: they stay whole.
        seed: of the person.
    """
    family, world = BY_KIND[kind], World()
    loop = VirtualLoop(world)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_play(family, world, scenario, twin(family, empty=empty, seed=seed), chunk))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _play(
    family: Family,
    world: World,
    scenario: Callable[[Play], Awaitable[None]],
    firmware: Firmware | GattFirmware,
    chunk: int,
) -> Play:
    said: list[Said] = []
    cable = None
    link: CableEnd | AirEnd
    if by_air(family):
        air = Air(world, cast(GattFirmware, firmware))
        air.told = lambda uuid, data, at_s: said.append(Said(at_s, uuid, data))
        link, port = AirEnd(air), _AIR_PORT
    else:
        cable = _Heard(world, cast(Firmware, firmware), said, chunk)
        link, port = CableEnd(cable), _SERIAL_PORT
    with plugged(link):
        driver = family.make("it-1", port, VirtualClock(world=world), **options(family))
    of = Play(family, world, firmware, driver, cable, said=said)
    async with driver:
        listening = asyncio.create_task(_listen(of))
        try:
            await scenario(of)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    return of


async def _listen(of: Play) -> None:
    async for event in of.driver.events():
        of.events.append(event)


class _Heard(Cable):
    """A cable on which somebody else listens as well."""

    def __init__(self, world: World, firmware: Firmware, said: list[Said], chunk: int) -> None:
        super().__init__(world, firmware, 1, LinkConditions(), chunk=chunk)
        self._said = said

    def _reach_host(self) -> None:
        end = self._end
        before = len(end.arrived) if end is not None else 0
        super()._reach_host()
        if end is not None and len(end.arrived) > before:
            self._said.append(Said(self.world.now_s, "", bytes(end.arrived[before:])))


@cache
def recorded(kind: str, seconds: float = 20.0, seed: int = 3) -> tuple[Said, ...]:
    """All that a device of this kind says to its driver, from the first word on, somebody sitting in it."""

    async def wait(_: Play) -> None:
        await asyncio.sleep(seconds)

    return tuple(play(kind, wait, seed=seed).said)
