"""What is streamed to a Modbus chair: breath, and joints whose controller takes no speed."""

import asyncio

import numpy as np
import pytest

from devices.events import (
    ChairStatus,
    Light,
    Massage,
    Pace,
    Part,
    Recline,
    Rhythm,
    StopMotion,
)
from devices.protocols.register_map import MAPS
from firmware_sim.line import LinkConditions

RELAXATION = (MAPS / "relaxation-chair.toml").read_text("utf-8")
MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)
TURNAROUND = LinkConditions(baud=19200, delay_ms=5)
STOP = (17, 1)


def _pacing(text, parts, rate=6.0):
    async def scenario(room):
        await room.armed()
        await room.driver.command(MASSAGE)
        await room.driver.command(Light(80))
        await asyncio.sleep(0.5)
        await room.driver.command(Pace(rate, 0.4, 0.0, frozenset(parts)))
        await asyncio.sleep(12)
        seen = len(room.events)
        await asyncio.sleep(20)
        room.seen = [event for event in room.events[seen:] if isinstance(event, ChairStatus)]
        await room.driver.command(Pace(0))
        await room.wait(lambda: not room.status.moving)
        await asyncio.sleep(1)

    return scenario


@pytest.mark.parametrize("speed", ["speed = 33\n", ""])
def test_the_back_follows_a_breath_by_two_degrees_smoothly(play, speed):
    text = RELAXATION.replace("speed = 33\n", speed, 1)
    room = play(_pacing(text, {Part.BACK}), chart=text)
    angles = np.array([status.recline_deg for status in room.seen])
    assert 107.8 <= angles.min() < 108.6
    assert 111.4 < angles.max() <= 112.2
    sides = np.sign(angles - 110.0)[np.abs(angles - 110.0) > 0.5]
    assert np.count_nonzero(np.diff(sides)) in {3, 4}
    assert np.abs(np.diff(angles)).max() < 0.5
    assert room.status.recline_deg == pytest.approx(110, abs=0.3)


def test_light_and_massage_follow_a_breath_and_go_back_to_where_they_were(play):
    room = play(_pacing(RELAXATION, {Part.LIGHT, Part.MASSAGE}))
    light = [status.light_percent for status in room.seen]
    assert (min(light), max(light)) == (32, 80)
    assert {status.massage_level for status in room.seen} >= {2, 3}
    assert room.status.light_percent == 80
    assert room.status.massage_level == 3


def test_a_chair_without_a_speed_register_is_driven_no_faster_than_its_map_says(play):
    text = RELAXATION.replace("speed = 33\n", "", 1)

    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        angles = []
        while len(angles) < 200:
            await asyncio.sleep(0.1)
            angles.append(room.firmware.actuators.back_deg)
        assert angles[-1] == pytest.approx(150, abs=0.2)
        assert np.diff(angles).max() / 0.1 < 3.0 * 1.35

    room = play(scenario, chart=text)
    targets = np.array(room.written(32))
    assert np.abs(np.diff(targets)).max() <= 0.2 * 3.0 * 10 + 2


def test_a_stop_ends_the_breath_for_good(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Pace(6))
        await asyncio.sleep(5)
        await room.driver.command(StopMotion())
        at = len(room.firmware.written)
        await asyncio.sleep(5)
        assert 32 not in {register for register, _ in room.firmware.written[at:]}

    play(scenario)
