"""The belt's driver, through the real bleak, against its twin on a virtual BlueZ."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from devices.drivers import go_direct
from devices.drivers.go_direct import RespirationBelt
from devices.errors import CommandRefused, NoAnswer, PortLost, WrongDevice
from devices.events import Connected, Gap, Light, LinkHealth
from devices.protocols import go_direct as wire
from devices.supervisor import Supervised
from signals.samples import Channel, Samples


def belt(r, device="go-direct-1"):
    return RespirationBelt("belt", r.paths[device], r.clock)


def runs(events):
    return [event for event in events if isinstance(event, Samples)]


def values(events):
    return np.concatenate([np.empty(0), *(part.values for part in runs(events))])


async def test_breath_arrives_as_force_in_newton(air, until, listening):
    async with air("go-direct", speed=20) as r, belt(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 200)
        force = values(events)
        assert 2 < force.min() < force.max() < 15
        assert np.ptp(force) > 1.5
        assert {part.channel for part in runs(events)} == {Channel.RESPIRATION}
        assert runs(events)[0].rate_hz == 10
        for before, after in pairwise(runs(events)):
            assert after.first_index == before.first_index + len(before.values)
        assert not any(isinstance(event, Gap) for event in events)
        assert r.firmware().ignored == 0  # every sum and every counter was right


async def test_it_says_who_it_is_and_its_battery_is_followed(air, until, listening, monkeypatch):
    monkeypatch.setattr(go_direct, "BATTERY_EVERY_S", 3.0)
    async with air("go-direct", speed=20) as r, belt(r) as driver, listening(driver) as events:
        who = driver.identity
        assert (who.maker, who.model, who.serial, who.firmware) == ("Vernier", "GDX-RB", "go-direct-1", "1.9.5")
        assert driver.battery_percent == 88
        r.do("battery", percent=9)
        await until(lambda: [e.battery_percent for e in events if isinstance(e, LinkHealth)][-1:] == [9])
        await until(lambda: len(values(events)) > 100)
        assert not any(isinstance(event, Gap) for event in events)


async def test_it_is_stopped_and_dismissed_on_leaving_and_when_cancelled(air, until):
    async with air("go-direct", speed=20) as r:
        async with belt(r):
            assert r.firmware().measuring
        assert not r.firmware().measuring
        assert not r.firmware().greeted
        assert await r.twin()._hosts() == []

        async def session():
            async with belt(r) as driver:
                async for _ in driver.events():
                    pass

        task = asyncio.create_task(session())
        await until(lambda: r.firmware().measuring)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not r.firmware().measuring
        assert await r.twin()._hosts() == []


async def test_one_that_still_measures_for_somebody_who_has_gone_is_stopped_first(air, until, listening):
    async with air("go-direct", speed=20) as r:
        firmware = r.firmware()
        firmware.measuring, firmware._channels, firmware._since_s = True, 0b110, r.twin().now_s
        async with belt(r) as driver, listening(driver) as events:
            await until(lambda: len(values(events)) > 50)
            assert firmware._channels == 0b10
            assert firmware.ignored == 0


async def test_lost_packets_are_gaps(air, until, listening):
    async with air("go-direct", speed=10) as r, belt(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 40)
        r.do("link", loss_share=1.0)
        from_s = r.twin().now_s
        await until(lambda: r.twin().now_s > from_s + 1.5)
        r.do("link", loss_share=0.0)
        await until(lambda: any(isinstance(event, Gap) for event in events))
        gap = next(event for event in events if isinstance(event, Gap))
        assert gap.lost % 2 == 0
        assert 10 <= gap.lost <= 30
        health = [event for event in events if isinstance(event, LinkHealth)]
        await until(lambda: [e for e in events if isinstance(e, LinkHealth)][-1].lost_frames == gap.lost)
        assert health[0].lost_frames == 0


async def test_what_the_belt_says_it_has_dropped_is_measured_by_the_time_it_took(air, until, listening):
    async with air("go-direct", speed=5) as r, belt(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 40)
        r.do("drop", count=20)
        await until(lambda: any(isinstance(event, Gap) for event in events))
        gap = next(event for event in events if isinstance(event, Gap))
        assert 18 <= gap.lost <= 23


async def test_another_go_direct_device_is_named(air, monkeypatch):
    monkeypatch.setattr("firmware_sim.twins.go_direct.ORDER_CODE", "GDX-TMP")
    async with air("go-direct", speed=20) as r:
        with pytest.raises(WrongDevice, match=r"it is a GDX-TMP\); use a respiration belt"):
            await belt(r).__aenter__()
        assert await r.twin()._hosts() == []


async def test_a_strap_is_no_belt(air):
    async with air("heart-rate", speed=20) as r:
        with pytest.raises(WrongDevice, match="is no Go Direct device"):
            await belt(r, "heart-rate-1").__aenter__()


async def test_a_belt_that_does_not_answer_is_said(air):
    async with air("go-direct", speed=20) as r:
        r.do("mute")
        with pytest.raises(NoAnswer, match="to command 1a"):
            await belt(r).__aenter__()


async def test_the_twin_ignores_a_wrong_sum_a_wrong_counter_and_the_impolite(air):
    async with air("go-direct", speed=20) as r:
        firmware, now_s = r.firmware(), r.twin().now_s
        firmware.written(wire.COMMAND, wire.command(wire.STATUS, 0xFE), now_s)
        assert firmware.ignored == 1
        firmware.written(wire.COMMAND, wire.init()[:20], now_s)
        firmware.written(wire.COMMAND, wire.init()[20:], now_s)
        assert firmware.greeted
        good = wire.command(wire.STATUS, 0xFD)
        firmware.written(wire.COMMAND, good[:-1] + bytes((good[-1] ^ 1,)), now_s)
        firmware.written(wire.COMMAND, wire.command(wire.STATUS, 0xFC), now_s)
        assert firmware.ignored == 3
        firmware.written(wire.COMMAND, good, now_s)
        assert firmware.ignored == 3


async def test_out_of_reach_and_back_it_goes_on_with_a_new_epoch(air, until, listening):
    async with air("go-direct", speed=20) as r:
        async with Supervised("belt", lambda: belt(r), r.clock) as device, listening(device) as events:
            await until(lambda: len(values(events)) > 20)
            r.do("unplug")
            await until(lambda: not device.connected)
            r.do("plug")
            await until(lambda: any(part.epoch == 2 for part in runs(events)))
        assert sum(isinstance(event, Connected) for event in events) == 2
        assert not r.firmware().measuring


async def test_it_takes_no_commands_and_a_lost_link_ends_the_stream(air):
    async with air("go-direct", speed=20) as r, belt(r) as driver:
        with pytest.raises(CommandRefused, match="send Light to a chair"):
            await driver.command(Light(10))
        await r.drop_link()
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass
