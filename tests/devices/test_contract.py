"""What every registered driver has to do, whatever its device: held against its twin, by cable or by the real bleak.

Driven by the table of kinds (`devices/families.py`): a new row is under test without a line here. What only one device
does stands in its own tests.
"""

import asyncio
import contextlib
from itertools import pairwise

import numpy as np
import pytest

from devices.address import Medium
from devices.errors import CommandRefused, DeviceError, NoAnswer, OutOfReach, PortLost, WrongDevice
from devices.events import ChairStatus, Connected, Disconnected, Light, LinkHealth
from devices.families import BY_KIND, FAMILIES
from devices.links import ble
from devices.supervisor import Supervised
from firmware_sim.catalogue import SimDevice
from firmware_sim.site import Site
from signals.samples import UNITS, Channel, Intervals, Samples

KINDS = [family.kind for family in FAMILIES]
BY_CABLE = [family.kind for family in FAMILIES if Medium.SERIAL in family.media]
BY_AIR = [kind for kind in KINDS if kind not in BY_CABLE]
SENSORS = [family.kind for family in FAMILIES if not family.chair]
CANNOT_TELL = {"go-direct", "shimmer"}
"""A belt measures force, worn or not; a Shimmer's probe sees light, with a finger or without: that is for the quality
of the signal to tell (`signals/quality.py`).
"""
GOING = {
    "chair-link": lambda firmware: firmware._sampler.running,
    "contec-v7": lambda firmware: firmware.until_s > float("-inf"),
    "bitalino": lambda firmware: firmware.live,
    "shimmer": lambda firmware: firmware.streaming,
    "polar": lambda firmware: bool(firmware.running) or bool(firmware.listened),
    "go-direct": lambda firmware: firmware.measuring or bool(firmware.listened),
    "heart-rate": lambda firmware: bool(firmware.listened),
    "pulse-oximeter": lambda firmware: bool(firmware.listened),
    "nonin-ble": lambda firmware: bool(firmware.listened),
}
"""Whether a device is at work for a host; the others talk to anybody, or only answer."""
UNASKED = {family.kind for family in FAMILIES if family.speaks_first}
ONLY_ANSWERS = {"modbus-chair"}
MAP = "relaxation-chair"
HEART = {Channel.ECG, Channel.PPG, Channel.RR, Channel.SPO2, Channel.PULSE_RATE}


@pytest.fixture
def worn(rig, air, tmp_path):
    """`async with worn(kind, …) as r:` one device of this kind at its port or on the air; `r.make()` is its driver."""

    @contextlib.asynccontextmanager
    async def running(kind, *, speed=8.0, wait_for_sit=False):
        options = {"map": MAP} if BY_KIND[kind].needs_map else {}
        more = {"wait_for_sit": wait_for_sit, "speed": speed}
        async with contextlib.AsyncExitStack() as stack:
            if kind in BY_AIR:
                r = await stack.enter_async_context(air(kind, **more))
            elif options:
                r = await stack.enter_async_context(_mapped(rig, tmp_path, kind, **more))
            else:
                r = await stack.enter_async_context(rig(kind, **more))
            r.make = lambda: BY_KIND[kind].make(f"{kind}-1", r.paths[f"{kind}-1"], r.clock, **options)
            yield r

    return running


@contextlib.asynccontextmanager
async def _mapped(rig, tmp_path, kind, *, speed, wait_for_sit):
    """A chair with a register map, in the rig."""
    async with rig(speed=speed, wait_for_sit=wait_for_sit) as r:
        device = SimDevice(f"{kind}-1", kind, tmp_path / kind, map=MAP)
        r.site = Site([device], r.clock, seed=3, wait_for_sit=wait_for_sit)
        r.paths[device.id] = str(device.path)
        task = asyncio.create_task(r.site.twins[device.id].run())
        await r.site.there()
        try:
            yield r
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def hang_up(r, kind):
    """The cable is pulled, or the device hangs up."""
    if kind in BY_AIR:
        await r.drop_link()
    else:
        r.do("unplug")


def pieces(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_declared_channel_comes_in_order_at_its_rate(worn, until, listening, kind):
    async with worn(kind) as r, r.make() as driver, listening(driver) as events:
        identity = driver.identity
        assert identity.channels
        assert identity.maker or identity.model
        for channel, rate_hz in identity.channels:
            if channel is Channel.RR:
                await until(lambda: sum(len(e.t_ns) for e in events if isinstance(e, Intervals)) > 3)
                continue
            enough = max(3, 4 * rate_hz)
            await until(lambda c=channel, n=enough: sum(len(p.values) for p in pieces(events, c)) > n, 40)
            runs = pieces(events, channel)
            assert {run.unit for run in runs} == {UNITS[channel]}
            assert all(b.first_index == a.first_index + len(a.values) for a, b in pairwise(runs))
            assert all(b.start_ns > a.start_ns for a, b in pairwise(runs))
            count = runs[-1].first_index + len(runs[-1].values) - runs[0].first_index
            span_s = (runs[-1].end_ns - runs[0].start_ns) / 1e9
            assert count / span_s == pytest.approx(rate_hz, rel=0.02)
        await until(lambda: any(isinstance(e, LinkHealth) and e.frames > 0 and e.heard_ns > 0 for e in events))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in CANNOT_TELL])
async def test_nobody_at_it_makes_no_number_of_a_heart(worn, until, listening, kind):
    async with worn(kind, wait_for_sit=True) as r, r.make() as driver, listening(driver) as events:
        await until(lambda: sum(isinstance(event, LinkHealth) for event in events) > 3)
        for event in events:
            if isinstance(event, Samples) and event.channel in HEART:
                assert np.isnan(event.values).all(), event.channel
            if isinstance(event, Intervals):
                assert not len(event.t_ns)
                assert event.contact is not True
            if isinstance(event, ChairStatus):
                assert not event.occupied
                assert not event.moving


@pytest.mark.parametrize("kind", KINDS)
async def test_a_link_that_breaks_ends_the_stream(worn, kind):
    async with worn(kind) as r, r.make() as driver:
        await hang_up(r, kind)
        with pytest.raises(PortLost):
            await asyncio.wait_for(_to_the_end(driver), 20)


async def _to_the_end(driver):
    async for _ in driver.events():
        pass


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_lost_is_found_again(worn, until, kind):
    async with worn(kind) as r:
        seen = []
        async with Supervised(f"{kind}-1", r.make, r.clock) as device:

            async def watch():
                async for event in device.events():
                    seen.extend([event] if isinstance(event, Connected | Disconnected) else [])

            task = asyncio.create_task(watch())
            await until(lambda: [type(event) for event in seen] == [Connected])
            await hang_up(r, kind)
            await until(lambda: len(seen) > 1)
            if kind not in BY_AIR:
                r.do("plug")
            await until(lambda: isinstance(seen[-1], Connected) and seen[-1].epoch >= 2, 30)
            task.cancel()


@pytest.mark.parametrize("kind", BY_CABLE)
async def test_a_bad_cable_is_survived(worn, until, listening, kind):
    async with worn(kind) as r, r.make() as driver, listening(driver) as events:
        channel = driver.identity.channels[0][0]
        await until(lambda: pieces(events, channel))
        r.do("noise", share=0.2)
        before = len(pieces(events, channel))
        await until(lambda: len(pieces(events, channel)) > before + 5, 40)


@pytest.mark.parametrize("kind", BY_CABLE)
async def test_a_device_that_says_nothing_is_no_answer(worn, kind):
    async with worn(kind, speed=8) as r:
        r.do("mute", on=True)
        with pytest.raises(NoAnswer):
            async with asyncio.timeout(20):
                await r.make().__aenter__()


@pytest.mark.parametrize("kind", BY_AIR)
async def test_who_is_not_there_is_out_of_reach(worn, until, monkeypatch, kind):
    monkeypatch.setattr(ble, "LOOK_S", 0.3)
    async with worn(kind) as r:
        r.do("unplug")
        await until(lambda: not r.twin().on_air.is_set())
        with pytest.raises(OutOfReach):
            async with asyncio.timeout(20):
                await r.make().__aenter__()


@pytest.mark.parametrize("kind", BY_CABLE)
async def test_another_device_on_the_port_is_told_in_time(rig, kind):
    other = "contec" if kind == "nonin" else "nonin"
    async with rig(other, speed=8) as r:
        options = {"map": MAP} if BY_KIND[kind].needs_map else {}
        driver = BY_KIND[kind].make("one", r.paths[f"{other}-1"], r.clock, **options)
        with pytest.raises((WrongDevice, NoAnswer)):
            async with asyncio.timeout(20):
                await driver.__aenter__()


@pytest.mark.parametrize("way", ["leave", "error"])
@pytest.mark.parametrize("kind", GOING)
async def test_it_is_off_after_every_way_out(worn, kind, way):
    async with worn(kind) as r:
        firmware = r.firmware(f"{kind}-1")
        with contextlib.suppress(ZeroDivisionError):
            async with r.make():
                assert GOING[kind](firmware)
                assert way == "leave" or 1 / 0
        assert not GOING[kind](firmware)


def test_of_every_kind_it_is_said_how_it_is_seen_to_be_off():
    assert set(GOING) | UNASKED | ONLY_ANSWERS == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_after_leaving_it_can_be_opened_again(worn, until, listening, kind):
    async with worn(kind) as r:
        with contextlib.suppress(ZeroDivisionError):
            async with r.make():
                1 / 0  # noqa: B018
        async with r.make() as driver, listening(driver) as events:
            await until(lambda: any(isinstance(event, LinkHealth) for event in events))


@pytest.mark.parametrize("kind", SENSORS)
async def test_a_sensor_takes_no_commands_and_says_what_to_do(worn, kind):
    async with worn(kind) as r, r.make() as driver:
        with pytest.raises(CommandRefused, match="to a chair"):
            await driver.command(Light(10))


def test_every_error_is_one_line_with_a_remedy():
    for kind in DeviceError.__subclasses__():
        error = kind("/dev/ttyUSB0", "one", "why")
        assert str(error).count("\n") == 0
        assert error.remedy
        assert error.code
