"""The driver of the Shimmer3 GSR+ against its twin on a real port."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from devices.drivers import shimmer
from devices.drivers.shimmer import Shimmer
from devices.errors import CommandRefused, NoAnswer, PortLost, WrongDevice
from devices.events import Connected, Gap, Light, LinkHealth
from devices.protocols import shimmer as wire
from devices.supervisor import Supervised
from signals.samples import Channel, Samples


def unit(r, device="shimmer-1"):
    return Shimmer("hand", r.paths[device], r.clock)


def runs(events, channel=Channel.SKIN_CONDUCTANCE):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


def values(events, channel=Channel.SKIN_CONDUCTANCE):
    return np.concatenate([np.empty(0), *(part.values for part in runs(events, channel))])


async def test_skin_and_pulse_arrive_as_they_are(rig, until, listening):
    async with rig("shimmer", speed=10) as r, unit(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 1500)
        skin, pulse = values(events), values(events, Channel.PPG)
        twin = r.site.twins["shimmer-1"]
        now = twin.firmware.seat.person.measure("skin_conductance", np.array([twin.now_s]))[0]
        assert abs(skin[-1] - now) < 0.5
        assert np.isfinite(skin).all()
        assert np.ptp(pulse) > 300
        for channel in (Channel.SKIN_CONDUCTANCE, Channel.PPG):
            for before, after in pairwise(runs(events, channel)):
                assert after.first_index == before.first_index + len(before.values)
                assert abs(after.start_ns - before.end_ns) < 2e6


async def test_it_says_who_it_is_and_its_battery_is_followed(rig, until, listening, monkeypatch):
    monkeypatch.setattr(shimmer, "BATTERY_EVERY_S", 2.0)
    async with rig("shimmer", speed=10) as r:
        r.do("battery", volts=3.75)
        async with unit(r) as driver, listening(driver) as events:
            who = driver.identity
            assert (who.maker, who.model, who.firmware) == ("Shimmer", "Shimmer3 GSR+", "0.16.9")
            assert driver.battery_percent == pytest.approx(50, abs=1)
            r.do("battery", volts=3.4)
            await until(lambda: [e.battery_percent for e in events if isinstance(e, LinkHealth)][-1:] == [0])
            assert driver.decoder.dropped_bytes == 0  # the answer came amid the packets and is none of them
            assert not any(isinstance(event, Gap) for event in events)


async def test_one_that_still_streams_to_somebody_who_has_gone_is_stopped_first(rig, until, listening):
    async with rig("shimmer", speed=5) as r:
        twin = r.site.twins["shimmer-1"]
        twin.firmware.hear(wire.START, twin.now_s)
        assert twin.firmware.streaming
        async with unit(r) as driver, listening(driver) as events:
            assert twin.firmware.channels == (wire.PPG, wire.GSR)
            await until(lambda: len(values(events)) > 300)
            assert driver.decoder.dropped_bytes == 0


async def test_it_is_stopped_on_leaving_and_when_cancelled(rig, until):
    async with rig("shimmer", speed=5) as r:
        firmware = r.firmware("shimmer-1")
        async with unit(r):
            assert firmware.streaming
        assert not firmware.streaming

        async def session():
            async with unit(r) as driver:
                async for _ in driver.events():
                    pass

        task = asyncio.create_task(session())
        await until(lambda: firmware.streaming)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not firmware.streaming


async def test_electrodes_off_is_no_value_and_not_a_small_one(rig, until, listening):
    async with rig("shimmer", speed=10, wait_for_sit=True) as r, unit(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 200)
        assert np.isnan(values(events)).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events)[-1].values).all())


async def test_a_bad_line_costs_gaps(rig, until, listening):
    async with rig("shimmer", speed=10) as r, unit(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 300)
        r.do("link", loss_share=0.02)
        await until(lambda: sum(isinstance(event, Gap) for event in events) > 10)
        gaps = [event for event in events if isinstance(event, Gap)]
        assert {gap.channel for gap in gaps} == {Channel.SKIN_CONDUCTANCE, Channel.PPG}
        assert all(abs((gap.end_ns - gap.start_ns) / 1e9 * 128 - gap.lost) < 0.1 for gap in gaps)


async def test_its_clock_goes_round_and_nobody_notices(rig, until, listening):
    async with rig("shimmer", speed=10) as r:
        twin = r.site.twins["shimmer-1"]
        twin._born_ns -= round(510e9 - twin.now_s * 1e9)  # two seconds before
        async with unit(r) as driver, listening(driver) as events:
            await until(lambda: len(values(events)) > 1200)
            assert not any(isinstance(event, Gap) for event in events)
            assert twin.now_s > 515


async def test_another_generation_and_other_firmware_are_named(rig, monkeypatch):
    async with rig("shimmer", speed=5) as r:
        monkeypatch.setattr("firmware_sim.twins.shimmer.VERSION", (0, 5, 0))
        with pytest.raises(WrongDevice, match=r"kind 3, 0\.5\.0\); load LogAndStream 0\.5\.4"):
            await unit(r).__aenter__()
        monkeypatch.setattr(wire, "SHIMMER3", 10)
        monkeypatch.setattr(wire, "decode_hardware", lambda _answer: 3)
        with pytest.raises(WrongDevice, match="of hardware 3"):
            await unit(r).__aenter__()


async def test_silence_is_no_answer_and_another_device_is_the_wrong_one(rig):
    async with rig("shimmer", "bitalino", finger={}, speed=4) as r:
        r.do("mute", "shimmer-1")
        with pytest.raises(NoAnswer, match="out of its dock"):
            await unit(r).__aenter__()
        with pytest.raises(WrongDevice, match="goes on talking"):
            await unit(r, "finger-1").__aenter__()


async def test_a_command_that_is_not_acknowledged_ends_the_attempt(rig, monkeypatch):
    async with rig("shimmer", speed=5) as r:
        monkeypatch.setattr(wire, "POWER_ON", b"\x5b")  # one that it does not know
        with pytest.raises(NoAnswer):
            await unit(r).__aenter__()
        assert not r.firmware("shimmer-1").streaming


async def test_pulled_out_and_put_back_it_goes_on_with_a_new_epoch(rig, until, listening):
    async with rig("shimmer", speed=5) as r:
        async with Supervised("hand", lambda: unit(r), r.clock) as device, listening(device) as events:
            await until(lambda: len(values(events)) > 100)
            r.do("unplug")
            await until(lambda: not device.connected)
            assert r.firmware("shimmer-1").streaming  # nobody could tell it
            r.do("plug")
            await until(lambda: any(part.epoch == 2 for part in runs(events)))
        assert sum(isinstance(event, Connected) for event in events) == 2
        assert not r.firmware("shimmer-1").streaming


async def test_it_takes_no_commands_and_a_lost_link_ends_the_stream(rig):
    async with rig("shimmer", speed=5) as r, unit(r) as driver:
        with pytest.raises(CommandRefused, match="send Light to a chair"):
            await driver.command(Light(10))
        r.do("unplug")
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass


async def test_false_packets_ahead_of_time_cost_a_connection_and_not_the_stream(rig, until):
    """Nothing guards its packets: two false ones that follow each other are believed, and then true ones are not."""
    async with rig("shimmer", speed=4) as r, Supervised("hand", lambda: unit(r), r.clock) as device:
        seen, skin = [], []

        async def watch():
            async for event in device.events():
                seen.extend([event] if isinstance(event, Connected) else [])
                skin.extend([event] if isinstance(event, Samples) else [])

        task = asyncio.create_task(watch())
        await until(lambda: len(skin) > 5)
        twin = r.site.twins["shimmer-1"]
        ahead = round(twin.now_s * wire.CLOCK_HZ) + 20 * wire.CLOCK_HZ
        channels, divisor = twin.firmware.channels, twin.firmware.divisor
        false = [wire.encode(wire.Packet(ahead + n * divisor, (0, 0)), channels) for n in range(2)]
        twin.port.write(b"\xaa" + b"".join(false))
        await until(lambda: len(seen) > 1)
        assert seen[-1].epoch == 2
        before = len(skin)
        await until(lambda: len(skin) > before + 5)
        assert skin[-1].epoch == 2
        task.cancel()
