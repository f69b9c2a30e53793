"""The board's driver against its twin on a real port."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from devices.clock import Clock
from devices.drivers.bitalino import Bitalino, SampleCount
from devices.drivers.lithium import percent
from devices.errors import CommandRefused, NoAnswer, PortLost, WrongDevice, WrongOption
from devices.events import Connected, Gap, Light, LinkHealth
from devices.families import BY_KIND
from devices.links.serial import SerialPort
from devices.protocols import bitalino as wire
from devices.supervisor import Supervised
from signals.samples import Channel, Samples


def board(r, **options):
    return Bitalino("board", r.paths["bitalino-1"], r.clock, **options)


def runs(events, channel=Channel.ECG):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


def values(events, channel=Channel.ECG):
    return np.concatenate([np.empty(0), *(part.values for part in runs(events, channel))])


def joined(parts):
    return all(
        after.first_index == before.first_index + len(before.values) and abs(after.start_ns - before.end_ns) < 2e6
        for before, after in pairwise(parts)
    )


async def test_heart_skin_and_breath_arrive_as_they_are(rig, until, listening):
    async with rig("bitalino", speed=4) as r, board(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 8000)
        person, twin = r.firmware("bitalino-1").seat.person, r.site.twins["bitalino-1"]
        ecg, skin = values(events), values(events, Channel.SKIN_CONDUCTANCE)
        assert 0.6 < ecg.max() < 1.5  # mV, of an R peak
        assert np.isfinite(ecg).all()
        t_s = np.array([twin.now_s])
        assert abs(skin[-1] - person.measure("skin_conductance", t_s)[0]) < 0.5  # µS
        assert np.ptp(values(events, Channel.RESPIRATION)) > 0.2
        assert all(joined(runs(events, channel)) for channel in BY_KIND["bitalino"].channels)
        assert runs(events)[0].rate_hz == 1000


async def test_it_says_who_it_is_and_how_full_its_battery_is(rig, until, listening):
    async with rig("bitalino", speed=4) as r:
        r.do("battery", volts=3.61)
        async with board(r) as driver, listening(driver) as events:
            who = driver.identity
            assert (who.maker, who.model, who.firmware) == ("PLUX", "BITalino", "5.1")
            assert [channel for channel, _ in who.channels] == list(BY_KIND["bitalino"].channels)
            await until(lambda: any(isinstance(event, LinkHealth) for event in events))
            health = next(event for event in events if isinstance(event, LinkHealth))
            assert health.battery_percent == pytest.approx(30, abs=1)


async def test_sensors_on_other_inputs_and_a_board_with_only_one(rig, until, listening):
    async with rig("bitalino", speed=4) as r:
        async with (
            board(r, ecg=0, eda=3, respiration=0, rate_hz=100) as driver,
            listening(driver) as events,
        ):
            await until(lambda: len(values(events, Channel.SKIN_CONDUCTANCE)) > 100)
            assert not runs(events)
            assert runs(events, Channel.SKIN_CONDUCTANCE)[0].rate_hz == 100
        async with board(r, ecg=2, eda=1, respiration=5) as driver, listening(driver) as events:
            await until(lambda: len(values(events, Channel.SKIN_CONDUCTANCE)) > 100)
            assert np.allclose(values(events, Channel.SKIN_CONDUCTANCE), 12.5)  # nothing is on A1: half of the supply


@pytest.mark.parametrize(
    "options",
    [{"ecg": 7}, {"ecg": 3, "eda": 3}, {"rate_hz": 250}, {"ecg": 0, "eda": 0, "respiration": 0}, {"eda": -1}],
)
def test_options_that_cannot_be_are_refused_in_one_line(options):
    with pytest.raises(WrongOption, match=r"xinyi-board at /dev/x: .*; ") as caught:
        Bitalino("xinyi-board", "/dev/x", Clock(), **options)
    assert "\n" not in str(caught.value)


async def test_without_electrodes_there_is_no_value(rig, until, listening):
    async with rig("bitalino", speed=4, wait_for_sit=True) as r, board(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 500)
        assert np.isnan(values(events)).all()
        assert np.isnan(values(events, Channel.SKIN_CONDUCTANCE)).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events)[-1].values).all())


async def test_a_board_that_still_sends_to_somebody_who_has_gone_is_stopped_first(rig, until, listening):
    async with rig("bitalino", speed=2) as r:
        firmware = r.firmware("bitalino-1")
        firmware.hear(wire.set_rate(1000) + wire.start([1, 2]), r.site.twins["bitalino-1"].now_s)
        assert firmware.live
        async with board(r) as driver, listening(driver) as events:
            assert driver.identity.firmware == "5.1"
            await until(lambda: len(values(events, Channel.RESPIRATION)) > 500)
        assert firmware.lines == 0  # asked while it sent, it would have switched its outputs


async def test_it_is_stopped_on_leaving_and_when_cancelled(rig, until):
    async with rig("bitalino", speed=2) as r:
        firmware = r.firmware("bitalino-1")
        async with board(r):
            assert firmware.live
        assert not firmware.live

        async def session():
            async with board(r) as driver:
                async for _ in driver.events():
                    pass

        task = asyncio.create_task(session())
        await until(lambda: firmware.live)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not firmware.live


async def test_a_bad_cable_costs_gaps_and_no_wrong_value(rig, until, listening):
    async with rig("bitalino", speed=2) as r, board(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 1000)
        r.do("noise", share=0.02)
        await until(lambda: sum(isinstance(event, Gap) for event in events) > 30)
        assert {event.channel for event in events if isinstance(event, Gap)} == set(BY_KIND["bitalino"].channels)
        health = [event for event in events if isinstance(event, LinkHealth)][-1]
        await until(lambda: [event for event in events if isinstance(event, LinkHealth)][-1].lost_frames > 0)
        assert health.dropped_bytes >= 0


async def test_a_hole_longer_than_its_count_is_as_long_as_it_was(rig, until, listening):
    async with rig("bitalino", speed=2) as r, board(r, rate_hz=100) as driver, listening(driver) as events:
        await until(lambda: len(values(events)) > 300)
        r.do("stall", seconds=1.0)  # 100 frames: six times sixteen and four
        await until(lambda: any(isinstance(event, Gap) for event in events))
        gap = next(event for event in events if isinstance(event, Gap))
        assert gap.lost == pytest.approx(100, abs=4)
        assert (gap.lost - 100) % 16 in {0, 15, 1, 2, 14}  # the twin counts in ticks of its own
        before = len(events)
        await until(lambda: len(values(events[before:])) > 200)
        assert driver.decoder.lost_frames == gap.lost


async def test_silence_is_no_answer_and_another_device_is_the_wrong_one(rig):
    async with rig("bitalino", finger={}, speed=4) as r:
        r.do("mute", "bitalino-1")
        with pytest.raises(NoAnswer, match="switch the board on"):
            await board(r).__aenter__()
        with pytest.raises(WrongDevice, match="goes on talking"):
            await Bitalino("board", r.paths["finger-1"], r.clock).__aenter__()


async def test_pulled_out_and_put_back_it_goes_on_with_a_new_epoch(rig, until, listening):
    async with rig("bitalino", speed=2) as r:
        async with Supervised("board", lambda: board(r), r.clock) as device, listening(device) as events:
            await until(lambda: len(values(events)) > 100)
            r.do("unplug")
            await until(lambda: not device.connected)
            r.do("plug")  # its battery kept it sending all the while
            await until(lambda: any(part.epoch == 2 for part in runs(events)))
        assert sum(isinstance(event, Connected) for event in events) == 2


async def test_it_takes_no_commands_and_a_lost_link_ends_the_stream(rig):
    async with rig("bitalino", speed=2) as r, board(r) as driver:
        with pytest.raises(CommandRefused, match="send Light to a chair"):
            await driver.command(Light(10))
        r.do("unplug")
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass


def count(rate_hz, arrivals):
    """`arrivals`: (second, frames, missed, stray); the index after each."""
    of = SampleCount(rate_hz)
    for at_s, frames, missed, stray in arrivals:
        of.index += frames + missed + of.unseen(frames, missed, stray, round(at_s * 1e9))
        yield of.index


STEADY = [(0.05 * at + 0.05, 50, 0, 0) for at in range(40)]


def test_a_short_hole_is_what_the_numbers_say_however_late_it_comes():
    assert list(count(1000, [*STEADY, (2.08, 47, 3, 0)]))[-1] == 2050


def test_a_long_hole_is_told_by_the_silence():
    assert list(count(1000, [*STEADY, (3.0, 50, 950 % 16, 0)]))[-1] == 3000


def test_a_hole_of_a_multiple_of_sixteen_is_told_by_the_silence_alone():
    assert list(count(1000, [*STEADY, (2.85, 50, 0, 0)]))[-1] == 2850


def test_a_busy_host_that_gets_all_later_has_lost_nothing():
    assert list(count(1000, [*STEADY, (3.0, 1000, 0, 0)]))[-1] == 3000


def test_rubbish_counts_as_the_frames_that_it_was():
    assert list(count(100, [(0.1 * at + 0.1, 10, 0, 0) for at in range(20)] + [(2.5, 10, 40 % 16, 40)]))[-1] == 250


def test_a_battery_is_empty_where_its_lamp_warns():
    assert [percent(volts) for volts in (3.0, 3.4, 3.75, 4.1, 4.2)] == [0, 0, 50, 100, 100]


async def test_behind_a_device_server_it_is_the_same_board_and_is_stopped_as_well(rig, until, listening):
    async with rig("bitalino", speed=2) as r:

        async def serve(reader, writer):
            """What a device server does: bytes of a serial line to a socket and back."""
            async with SerialPort(r.paths["bitalino-1"], wire.BAUD) as line:

                async def outward():
                    while True:
                        writer.write(await line.read(1.0))

                task = asyncio.create_task(outward())
                while data := await reader.read(100):
                    line.write(data)
                task.cancel()
                await asyncio.wait([task])
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with Bitalino("board", port, r.clock) as driver, listening(driver) as events:
                await until(lambda: len(values(events)) > 1000)
                assert all(joined(runs(events, channel)) for channel in BY_KIND["bitalino"].channels)
            assert not r.firmware("bitalino-1").live
