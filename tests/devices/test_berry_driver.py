from itertools import pairwise

import numpy as np
import pytest

from devices.drivers.berry import BerryOximeter
from devices.errors import CommandRefused, NoAnswer, PortLost, WrongDevice
from devices.events import Gap, Light
from devices.protocols import chair_link
from signals.samples import Channel, Samples


def oximeter(rig, device="finger-1"):
    return BerryOximeter("finger-1", rig.paths[device], rig.clock)


def runs(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


async def test_pulse_wave_and_numbers_arrive(rig, until, listening):
    async with rig(speed=10, finger={}) as r, oximeter(r) as driver, listening(driver) as events:
        await until(lambda: len(runs(events, Channel.PULSE_RATE)) > 12)
        pleth = np.concatenate([part.values for part in runs(events, Channel.PPG)])
        assert 0 <= pleth.min() < 40
        assert 70 < pleth.max() <= 100
        assert 90 <= runs(events, Channel.SPO2)[-1].values[0] <= 100
        assert 50 <= runs(events, Channel.PULSE_RATE)[-1].values[0] <= 100
        parts = runs(events, Channel.PPG)
        for before, after in pairwise(parts):
            assert after.first_index == before.first_index + len(before.values)
            assert abs(after.start_ns - before.end_ns) < 1e6


async def test_without_a_finger_there_is_no_number(rig, until, listening):
    async with rig(speed=10, finger={}, wait_for_sit=True) as r, oximeter(r) as driver, listening(driver) as events:
        await until(lambda: runs(events, Channel.SPO2))
        assert np.isnan(runs(events, Channel.PPG)[0].values).all()
        assert np.isnan(runs(events, Channel.SPO2)[0].values).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events, Channel.PPG)[-1].values).all())


async def test_a_bad_cable_costs_gaps(rig, until, listening):
    async with rig(speed=10, finger={}) as r, oximeter(r) as driver, listening(driver) as events:
        r.do("noise", share=0.2)
        await until(lambda: any(isinstance(event, Gap) for event in events))


async def test_a_chair_is_the_wrong_device(rig):
    async with rig(speed=10, chair={}) as r:
        twin = r.site.twins["chair-1"]
        twin.firmware.hear(chair_link.encode(chair_link.StartStreams(), 1), twin.now_s)  # it talks
        with pytest.raises(WrongDevice):
            await oximeter(r, "chair-1").__aenter__()


async def test_silence_is_no_answer(rig):
    async with rig(speed=10, finger={}) as r:
        r.do("mute")
        with pytest.raises(NoAnswer):
            await oximeter(r).__aenter__()


async def test_pulling_it_out_ends_the_stream(rig):
    async with rig(speed=10, finger={}) as r, oximeter(r) as driver:
        r.do("unplug")
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass


async def test_it_takes_no_commands(rig):
    async with rig(speed=10, finger={}) as r, oximeter(r) as driver:
        with pytest.raises(CommandRefused, match="send Light to a chair"):
            await driver.command(Light(10))
