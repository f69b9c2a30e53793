"""Real ports: simulated devices on pseudo-terminals, in the loop of the test, on a clock that may run fast."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from devices.clock import Clock
from firmware_sim.catalogue import SimDevice
from firmware_sim.site import Site


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
    """`async with rig(speed=10, chair={...}, finger={...}, wait_for_sit=False) as r:`"""

    @contextlib.asynccontextmanager
    async def running(
        *, speed: float = 1.0, chair: dict | None = None, finger: dict | None = None, wait_for_sit: bool = False
    ) -> AsyncIterator[Rig]:
        clock = Clock.starting_now(speed)
        devices = []
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
