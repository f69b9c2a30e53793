"""The emergency stop of a Modbus chair, and its faults."""

import asyncio

import numpy as np
import pytest

from devices.errors import CommandRefused
from devices.events import (
    DeviceNote,
    Heat,
    Light,
    Massage,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import Refusal
from devices.protocols.modbus_rtu import Write
from devices.protocols.register_map import MAPS
from firmware_sim.line import LinkConditions

RELAXATION = (MAPS / "relaxation-chair.toml").read_text("utf-8")
MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)
TURNAROUND = LinkConditions(baud=19200, delay_ms=5)
STOP = (17, 1)


@pytest.mark.parametrize("baud", [9600, 19200, 115200])
@pytest.mark.parametrize("moment", range(12))
def test_a_stop_is_on_the_wire_within_50_ms_whatever_waits(play, baud, moment):
    """Also while a question waits for an answer that never comes, and while others queue."""

    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(0.4 + moment * 0.017)
        room.firmware.unit = 9  # from now on nobody answers
        await asyncio.sleep(0.15 + moment * 0.007)
        queued = [asyncio.create_task(room.driver.command(command)) for command in (Light(10), Volume(10), Heat(1))]
        await asyncio.sleep(0.01)
        asked_s = room.world.now_s
        stop = asyncio.create_task(room.driver.command(StopMotion()))
        await asyncio.sleep(0.6)
        stops = [at for at in room.stops() if at >= asked_s]
        assert stops[0] - asked_s < 0.05
        assert not stop.done()
        assert len(stops) > 3
        assert np.diff(stops).max() < 0.25
        room.firmware.unit = 1
        await stop
        assert room.firmware.guard.stopped
        light, _, heat = await asyncio.gather(*queued, return_exceptions=True)
        assert (light.detail, heat.detail) == (Refusal.STOPPED, Refusal.STOPPED)

    text = RELAXATION.replace("baud = 19200", f"baud = {baud}")
    play(scenario, chart=text)


def test_between_a_stop_and_its_confirmation_nothing_else_is_said_and_nothing_of_before_comes_after(play):
    async def scenario(room):
        await room.armed()
        room.firmware.unit = 9
        moves = asyncio.create_task(room.driver.command(Recline(150)))
        await asyncio.sleep(0.05)
        before = len(room.wire)
        stop = asyncio.create_task(room.driver.command(StopMotion()))
        await asyncio.sleep(0.8)
        said = [question for _, question in room.wire[before:]]
        assert {(question.address, question.values) for question in said} == {(17, (1,))}
        room.firmware.unit = 1
        await stop
        with pytest.raises(CommandRefused) as refused:
            await moves
        assert refused.value.detail is Refusal.STOPPED
        await asyncio.sleep(2)
        after = [question for _, question in room.wire[before:] if isinstance(question, Write)]
        assert 32 not in {question.address for question in after}

    play(scenario)


def test_a_stop_keeps_the_pause_before_it_so_that_the_chair_understands_it(play):
    async def scenario(room):
        await room.armed()
        for wait in range(40):
            task = asyncio.create_task(room.driver.command(Light(wait)))
            await asyncio.sleep(0.0005 * wait)
            await room.driver.command(StopMotion())
            await asyncio.gather(task, return_exceptions=True)

    room = play(scenario)
    char_s = 11 / 19200
    ends = [at for at, _ in room.wire]
    gaps = np.diff(ends)[1:] - np.array([10 / 19200 * 8 for _ in ends[2:]])
    assert gaps.min() > 3 * char_s


def test_a_second_stop_does_not_confirm_the_first(play):
    async def scenario(room):
        await room.armed()
        room.firmware.unit = 9
        stops = [asyncio.create_task(room.driver.command(StopMotion())) for _ in range(2)]
        await asyncio.sleep(0.5)
        assert not any(stop.done() for stop in stops)
        room.firmware.unit = 1
        await asyncio.gather(*stops)
        assert room.firmware.guard.stopped

    play(scenario)


def test_a_refused_stop_is_repeated_and_starves_the_watchdog(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        room.firmware.refusing = 4
        stop = asyncio.create_task(room.driver.command(StopMotion()))
        await asyncio.sleep(1.4)
        assert not stop.done()
        assert room.firmware.guard.tripped
        assert len(room.stops()) > 10
        room.firmware.refusing = None
        await stop

    play(scenario)


def test_an_echoing_adapter_confirms_no_stop(play):
    async def scenario(room):
        await room.armed()
        assert room.driver._line.decoder.echoes
        await room.driver.command(Recline(150))
        room.firmware.unit = 9  # only the echo comes back
        stop = asyncio.create_task(room.driver.command(StopMotion()))
        await asyncio.sleep(1.0)
        assert not stop.done()
        room.firmware.unit = 1
        await stop
        assert room.firmware.guard.stopped

    play(scenario, prepare=lambda room: setattr(room.firmware, "echo", True))


@pytest.mark.parametrize("fault", ["obstruction", "over_current", "too_hot", "recline_motor"])
def test_a_fault_stops_latches_and_is_named(play, fault):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(1)
        room.do("fault", fault=fault)
        await room.wait(lambda: room.status.faults == (fault,))
        assert room.status.stopped
        assert not room.status.armed
        room.do("reset")
        assert await room.refused(ReleaseStop()) is Refusal.FAULT
        room.do("fault", fault=fault, on=False)
        room.do("reset")
        await room.wait(lambda: room.status.cleared and not room.status.faults)
        await room.driver.command(ReleaseStop())

    play(scenario)


def test_a_chair_that_moves_although_nobody_armed_it_is_stopped_from_here(play):
    async def scenario(room):
        await room.ready()
        room.firmware.actuators.go_back(150, 3.0, 3.0)  # its own handset
        await room.wait(lambda: room.status.stopped, 5.0)
        assert any(isinstance(event, DeviceNote) and "not armed" in event.text for event in room.events)
        await room.wait(lambda: not room.status.moving, 1.0)

    play(scenario)
