"""The driver of a chair by air: the real bleak, a virtual BlueZ, the Nordic UART service."""

import asyncio

import pytest

from devices.drivers.chair_link import ChairLinkChair
from devices.errors import CommandRefused, PortLost
from devices.events import Arm, ChairStatus, LinkHealth, Recline, ReleaseStop, StopMotion
from devices.interlocks import Refusal
from signals.samples import Channel, Samples


def chair(air):
    return ChairLinkChair("chair-link-1", air.address, air.clock)


def statuses(events):
    return [event for event in events if isinstance(event, ChairStatus)]


async def test_a_chair_by_air_gives_samples_and_moves_as_by_cable(air, until, listening):
    async with air("chair-link") as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Arm(1))
        await driver.command(Recline(115))
        await until(lambda: statuses(events)[-1].recline_deg > 111)
        await until(lambda: any(isinstance(event, Samples) and event.channel is Channel.ECG for event in events))
        health = [event for event in events if isinstance(event, LinkHealth)][-1]
        assert (health.crc_errors, health.lost_frames) == (0, 0)
        assert health.rssi_dbm < 0


async def test_a_stop_by_air_overtakes_and_stays(air, until, listening):
    async with air("chair-link") as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Arm(1))
        await driver.command(Recline(160))
        await driver.command(StopMotion())
        assert r.firmware().inner.guard.stopped
        with pytest.raises(CommandRefused) as refused:
            await driver.command(ReleaseStop())
        assert refused.value.detail is Refusal.NOT_CLEARED
        r.do("reset")
        await until(lambda: statuses(events)[-1].cleared)
        await driver.command(ReleaseStop())


async def test_a_stop_is_handed_to_the_adapter_before_anything_that_waits(air, until, listening):
    async with air("chair-link") as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        driver._link._writer.cancel()  # an adapter that takes nothing from the queue
        stopping = asyncio.create_task(driver.command(StopMotion()))
        await until(lambda: r.firmware().inner.guard.stopped)
        await stopping


async def test_a_chair_that_goes_out_of_reach_stops_by_itself(air, until, listening):
    async with air("chair-link") as r:
        async with chair(r) as driver, listening(driver) as events:
            await until(lambda: statuses(events))
            await driver.command(Arm(1))
            await driver.command(Recline(160))
            await r.drop_link()
            await until(driver._loop.done)
            with pytest.raises(PortLost):
                await driver.command(Recline(120))
        guard = r.firmware().inner.guard
        await until(lambda: guard.tripped and not r.firmware().inner.actuators.moving)
        assert guard.session == 0
