"""Real ports: simulated devices on pseudo-terminals, in the loop of the test, on a clock that may run fast."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.clock import Clock
from firmware_sim.catalogue import SimDevice
from firmware_sim.site import Site

sys.path.insert(0, str(Path(__file__).parent.parent / "ble_rig"))

from virtual_bluez import CENTRAL, VirtualBluez, mac, virtual_bluez


@dataclass
class Rig:
    site: Site
    clock: Clock
    paths: dict[str, str]

    def do(self, do: str, device: str | None = None, **fields: object) -> None:
        self.site.act(do, {**fields, **({"device": device} if device else {})})

    def firmware(self, device: str):
        return self.site.twins[device].firmware


@pytest.fixture
def rig(tmp_path):
    """`async with rig("bitalino", speed=10, chair={...}, finger={...}, wait_for_sit=False) as r:`: "bitalino-1"…"""

    @contextlib.asynccontextmanager
    async def running(
        *kinds: str,
        speed: float = 1.0,
        chair: dict | None = None,
        finger: dict | None = None,
        wait_for_sit: bool = False,
    ) -> AsyncIterator[Rig]:
        clock = Clock.starting_now(speed)
        devices = [SimDevice(f"{kind}-1", kind, tmp_path / kind) for kind in kinds]
        if chair is not None:
            devices.append(SimDevice("chair-1", "chair-link", tmp_path / "chair", **chair))
        if finger is not None:
            devices.append(SimDevice("finger-1", "berry", tmp_path / "finger", **finger))
        site = Site(devices, clock, seed=3, wait_for_sit=wait_for_sit)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(twin.run()) for twin in site.twins.values()]
            await asyncio.sleep(0)
            yield Rig(site, clock, {device.id: str(device.path) for device in devices})
            for task in tasks:
                task.cancel()

    return running


@pytest.fixture(scope="session")
def bluez() -> Iterator[VirtualBluez]:
    """A virtual BlueZ for the whole run; `air` plugs adapters in and out."""
    with virtual_bluez() as running:
        yield running


@dataclass
class Air(Rig):
    """Devices on the air. Without a name the first one is meant.

    Attributes:
        bluez: the virtual BlueZ, to make things go wrong.
    """

    bluez: VirtualBluez
    tasks: dict[str, asyncio.Task]

    @property
    def address(self) -> str:
        """Port of the first device, as in xinyi.toml."""
        return next(iter(self.paths.values()))

    def twin(self, device: str | None = None):
        return self.site.twins[device or next(iter(self.site.twins))]

    def firmware(self, device: str | None = None):
        return self.twin(device).firmware

    async def drop_link(self, device: str | None = None) -> None:
        """The device hangs up."""
        await self.twin(device).drop_link()

    def kill(self, device: str | None = None) -> None:
        """The device's power fails."""
        self.tasks[device or next(iter(self.tasks))].cancel()

    def restart(self, device: str | None = None) -> None:
        """Its power is back."""
        name = device or next(iter(self.tasks))
        self.tasks[name] = asyncio.create_task(self.site.twins[name].run(), name=name)


@pytest.fixture
def air(bluez):
    """`async with air("heart-rate", "heart-rate", speed=2, noise=0.1) as r:`: "heart-rate-1" and "heart-rate-2"."""

    @contextlib.asynccontextmanager
    async def running(*kinds: str, speed: float = 1.0, wait_for_sit: bool = False, **more) -> AsyncIterator[Air]:
        clock = Clock.starting_now(speed)
        numbers = range(CENTRAL, CENTRAL + 1 + len(kinds))
        for number in numbers:
            await bluez.add(number)
        names = [f"{kind}-{kinds[:place].count(kind) + 1}" for place, kind in enumerate(kinds)]
        devices = [
            SimDevice(name, kind, air=f"hci{number}", **more)
            for name, kind, number in zip(names, kinds, numbers[1:], strict=True)
        ]
        site = Site(devices, clock, seed=3, wait_for_sit=wait_for_sit)
        tasks = {name: asyncio.create_task(twin.run(), name=name) for name, twin in site.twins.items()}
        paths = {name: f"ble:{mac(number)}@hci{CENTRAL}" for name, number in zip(names, numbers[1:], strict=True)}
        try:
            await site.there()
            yield Air(site, clock, paths, bluez, tasks)
        finally:
            for task in tasks.values():
                task.cancel()
            ends = await asyncio.gather(*tasks.values(), return_exceptions=True)
            for number in numbers:
                await bluez.remove(number)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    return running


@pytest.fixture
def until():
    """`await until(lambda: ...)`: waits for a condition, and fails when it does not come."""

    async def wait(condition: Callable[[], object], within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def listening():
    """`async with listening(driver) as events:` collects everything that a driver says."""

    @contextlib.asynccontextmanager
    async def collect(driver) -> AsyncIterator[list]:
        events: list = []

        async def pump() -> None:
            async for event in driver.events():
                events.append(event)  # noqa: PERF401 - others look at the list while it grows

        task = asyncio.create_task(pump())
        try:
            yield events
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return collect
