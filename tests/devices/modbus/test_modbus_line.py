"""The line of a Modbus chair: silence, noise, the wrong device, slow values."""

import asyncio
import math

import pytest

from devices.errors import NoAnswer, PortLost, WrongDevice, WrongMap
from devices.events import (
    Light,
    LinkHealth,
    Massage,
    Recline,
    Rhythm,
)
from devices.protocols.register_map import MAPS
from firmware_sim.line import LinkConditions
from signals.samples import Channel, Samples

RELAXATION = (MAPS / "relaxation-chair.toml").read_text("utf-8")
MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)
TURNAROUND = LinkConditions(baud=19200, delay_ms=5)
STOP = (17, 1)


def test_silence_for_a_second_and_a_half_is_a_loss(play):
    async def scenario(room):
        await room.ready()
        room.firmware.unit = 9
        since_s = room.world.now_s
        with pytest.raises(PortLost, match="fallen silent"):
            await room.listening
        assert 1.4 < room.world.now_s - since_s < 2.2
        with pytest.raises(PortLost):
            await room.driver.command(Light(10))

    play(scenario)


def test_pulling_the_cable_ends_everything_that_waits(play):
    async def scenario(room):
        await room.ready()
        room.firmware.unit = 9
        waiting = asyncio.create_task(room.driver.command(Light(10)))
        await asyncio.sleep(0.05)
        room.cable.pull()
        with pytest.raises(PortLost):
            await waiting

    play(scenario)


def test_a_bad_cable_is_counted_and_survived(play):
    async def scenario(room):
        await room.armed()
        room.cable.noise.share = 0.1
        await room.driver.command(Recline(150))
        await asyncio.sleep(30)
        room.cable.noise.share = 0.0
        await asyncio.sleep(2)
        health = [event for event in room.events if isinstance(event, LinkHealth)][-1]
        assert health.frames > 300
        assert health.dropped_bytes > 0
        assert health.lost_frames > 10
        assert health.heard_ns > 0

    play(scenario)


def test_silence_does_not_answer(play):
    async def scenario(room):
        with pytest.raises(NoAnswer):
            await room.driver.__aenter__()

    play(scenario, inside=False, prepare=lambda room: setattr(room.firmware, "unit", 9))


def test_another_chair_is_told_by_its_registers(play):
    async def scenario(room):
        room.firmware._values = lambda table: iter([(0, 0x1234), (1, 2)])
        with pytest.raises(WrongDevice, match="input register 0 holds 4660, the map says 22610"):
            await room.driver.__aenter__()

    play(scenario, inside=False)


def test_something_else_on_the_line_is_no_modbus(play):
    async def scenario(room):
        room.firmware.output = lambda: [b"Quectel BG96\r\nOK\r\n"]
        with pytest.raises(WrongDevice, match="no Modbus RTU of unit 1, 19200 baud, parity E"):
            await room.driver.__aenter__()

    play(scenario, inside=False)


def test_a_map_with_registers_that_the_chair_lacks_is_wrong(play):
    text = RELAXATION.replace("register = 41\n", "register = 900\n")

    async def scenario(room):
        room.firmware._image = lambda table, at_s: {0: 0x5852, 1: 2, 2: 0, 3: 0, 22: 0}
        with pytest.raises(WrongMap, match=r"holding registers 36 … 40"):
            await room.listening

    play(scenario, chart=text)


def test_measured_values_are_slow_samples(play):
    async def scenario(room):
        await asyncio.sleep(20)
        skin = [
            event for event in room.events if isinstance(event, Samples) and event.channel is Channel.SKIN_TEMPERATURE
        ]
        assert len(skin) >= 18
        assert [run.first_index for run in skin] == list(range(len(skin)))
        assert all(25 < run.values[0] < 38 for run in skin)
        room.firmware.seat.contact = False
        await asyncio.sleep(3)
        skin = [
            event for event in room.events if isinstance(event, Samples) and event.channel is Channel.SKIN_TEMPERATURE
        ]
        assert math.isnan(skin[-1].values[0])

    play(scenario)
