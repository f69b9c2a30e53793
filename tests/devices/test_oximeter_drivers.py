"""Finger oximeters against their twins on real ports: what they share, and what is their own."""

import contextlib
from itertools import pairwise

import numpy as np
import pytest

from devices.discovery import Place, ask
from devices.errors import PortLost, WrongDevice
from devices.events import Gap, LinkHealth
from devices.families import BY_KIND
from signals.samples import Channel, Samples

CABLE = {"berry": 100.0, "berry-v15": 200.0, "contec": 60.0, "contec-v7": 60.0, "nonin": 75.0}


def oximeter(r, kind, port=None):
    return BY_KIND[kind].make(f"{kind}-1", r.paths[port or f"{kind}-1"], r.clock)


def runs(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


@pytest.mark.parametrize(("kind", "rate_hz"), CABLE.items())
async def test_pulse_wave_and_numbers_arrive(rig, until, listening, kind, rate_hz):
    async with rig(kind, speed=8) as r, oximeter(r, kind) as driver, listening(driver) as events:
        await until(lambda: sum(len(run.values) for run in runs(events, Channel.PULSE_RATE)) > 12)
        waves = runs(events, Channel.PPG)
        assert waves[0].rate_hz == rate_hz
        pleth = np.concatenate([run.values for run in waves])
        assert np.isfinite(pleth).all()
        assert np.ptp(pleth) > 30
        assert 90 <= runs(events, Channel.SPO2)[-1].values[-1] <= 100
        assert 50 <= runs(events, Channel.PULSE_RATE)[-1].values[-1] <= 110
        assert all(b.first_index == a.first_index + len(a.values) for a, b in pairwise(waves))


@pytest.mark.parametrize("kind", CABLE)
async def test_without_a_finger_there_is_no_number(rig, until, listening, kind):
    async with rig(kind, speed=8, wait_for_sit=True) as r, oximeter(r, kind) as driver, listening(driver) as events:
        await until(lambda: runs(events, Channel.SPO2))
        assert np.isnan(runs(events, Channel.PPG)[0].values).all()
        assert np.isnan(runs(events, Channel.SPO2)[0].values).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events, Channel.PPG)[-1].values).all())


@pytest.mark.parametrize(
    ("kind", "other"),
    [("berry", "contec"), ("contec", "berry"), ("nonin", "contec"), ("contec", "berry-v15"), ("contec-v7", "berry")],
)
async def test_another_makers_oximeter_is_the_wrong_device(rig, kind, other):
    async with rig(other, speed=2) as r:
        with pytest.raises(WrongDevice):
            await oximeter(r, kind, f"{other}-1").__aenter__()


@pytest.mark.parametrize("way", ["leave", "error"])
async def test_contec_v7_is_stopped_on_every_way_out(rig, way):
    async with rig("contec-v7", speed=4) as r:
        firmware = r.firmware("contec-v7-1")
        with contextlib.suppress(ZeroDivisionError):
            async with oximeter(r, "contec-v7"):
                assert firmware.until_s > 0
                assert way == "leave" or 1 / 0
        assert firmware.until_s == float("-inf")


async def test_contec_v7_goes_on_longer_than_the_device_would_by_itself(rig, until, listening):
    async with rig("contec-v7", speed=20) as r, oximeter(r, "contec-v7") as driver, listening(driver) as events:
        firmware = r.firmware("contec-v7-1")
        began_s = firmware.until_s - 30
        await until(lambda: firmware.until_s > began_s + 65)
        assert not any(isinstance(event, Gap) for event in events)


async def test_berry_v15_tells_its_battery_and_is_read_though_its_sums_are_wrong(rig, until, listening):
    async with rig("berry-v15", speed=8) as r:
        r.do("sum", on=False)
        r.do("battery", percent=12)
        async with oximeter(r, "berry-v15") as driver, listening(driver) as events:
            await until(lambda: any(isinstance(event, LinkHealth) and event.battery_percent == 12 for event in events))
            health = [event for event in events if isinstance(event, LinkHealth)][-1]
            assert (health.crc_errors, health.lost_frames) == (0, 0)


@pytest.mark.parametrize("kind", CABLE)
async def test_pulling_it_out_ends_the_stream(rig, kind):
    async with rig(kind, speed=8) as r, oximeter(r, kind) as driver:
        r.do("unplug")
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass


@pytest.mark.parametrize("kind", ["berry", "berry-v15"])
async def test_both_berries_are_called_the_same_by_air_and_told_apart_by_their_frames(air, kind):
    async with air(kind, speed=4) as r:
        found = await ask(Place(r.address, "BerryMed"), r.clock)
        assert found.family.kind == kind


async def test_berry_by_air_is_the_same_oximeter(air, until, listening):
    async with air("berry", speed=4) as r:
        driver = BY_KIND["berry"].make("berry-1", r.address, r.clock)
        async with driver, listening(driver) as events:
            await until(lambda: runs(events, Channel.PULSE_RATE))
            assert runs(events, Channel.PPG)[0].rate_hz == 100
            assert [event for event in events if isinstance(event, LinkHealth)][-1].rssi_dbm is not None
