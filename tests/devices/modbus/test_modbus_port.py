"""The same chair on a real port, kept connected by the supervisor, and the table of families."""

import asyncio
import contextlib

import pytest

from devices.clock import Clock
from devices.errors import CommandRefused, WrongMap
from devices.events import Arm, ChairStatus, Connected, Disconnected, Light, Recline, StopMotion
from devices.families import BY_KIND
from devices.supervisor import Supervised
from firmware_sim.catalogue import SimDevice
from firmware_sim.site import Site


@pytest.fixture
def running(tmp_path):
    """`async with running() as (site, supervised, events):` a chair on a pseudo-terminal."""

    @contextlib.asynccontextmanager
    async def run(chart="relaxation-chair"):
        clock = Clock()
        path = tmp_path / "chair"
        site = Site([SimDevice("chair-1", "modbus-chair", path, map=chart)], clock, seed=3, wait_for_sit=False)
        events = []

        async def listen(supervised):
            async for event in supervised.events():
                events.append(event)  # noqa: PERF401 - others look at the list while it grows

        make = BY_KIND["modbus-chair"].make
        tasks = [asyncio.create_task(site.twins["chair-1"].run())]
        await asyncio.sleep(0)
        try:
            async with Supervised("chair-1", lambda: make("chair-1", str(path), clock, map=chart), clock) as supervised:
                tasks.append(asyncio.create_task(listen(supervised)))
                yield site, supervised, events
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return run


def last(events):
    return next((event for event in reversed(events) if isinstance(event, ChairStatus)), None)


async def test_it_is_driven_over_a_real_port(running, until):
    async with running() as (site, chair, events):
        await until(lambda: last(events))
        await chair.command(Arm(1))
        await chair.command(Recline(112))
        await until(lambda: last(events).moving)
        assert site.twins["chair-1"].firmware.guard.session == 1
        await chair.command(Light(80))
        await until(lambda: last(events).light_percent == 80)


async def test_a_stop_reaches_a_chair_whose_answers_get_lost(running, until):
    async with running() as (site, chair, events):
        await until(lambda: last(events))
        await chair.command(Arm(1))
        await chair.command(Recline(150))
        site.act("mute", {})
        stop = asyncio.create_task(chair.command(StopMotion()))
        await until(lambda: site.twins["chair-1"].firmware.guard.stopped)
        assert not stop.done()
        site.act("mute", {"on": False})
        await stop
        with pytest.raises(CommandRefused):
            await chair.command(Recline(150))


async def test_it_comes_back_after_the_plug_was_out(running, until):
    async with running() as (site, _, events):
        await until(lambda: last(events))
        site.act("unplug", {})
        await until(lambda: isinstance(events[-1], Disconnected))
        site.act("plug", {})
        await until(lambda: any(isinstance(event, Connected) and event.epoch == 2 for event in events))
        assert site.twins["chair-1"].firmware.guard.session == 0


async def test_a_silent_chair_is_lost(running, until):
    async with running() as (site, _, events):
        await until(lambda: last(events))
        site.act("mute", {})
        await until(lambda: any(isinstance(event, Disconnected) for event in events))


async def test_a_wrong_map_is_said_with_its_line(tmp_path):
    (tmp_path / "chair.toml").write_text('title = "x"\n[line]\nunit = 300\nbaud = 9600\n', "utf-8")
    with pytest.raises(WrongMap, match=r"chair.toml, line 3: line.unit: Expected `int` <= 247"):
        BY_KIND["modbus-chair"].make("chair-1", "/dev/ttyUSB0", Clock(), map=tmp_path / "chair.toml")
