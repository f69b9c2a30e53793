"""The driver of a Modbus chair against the controller twin: who it is, what it obeys, what it refuses."""

import asyncio

import numpy as np
import pytest

from devices.events import (
    Arm,
    Disarm,
    Heat,
    LegRest,
    Light,
    Massage,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import Refusal
from devices.protocols.modbus_rtu import Read, Write
from devices.protocols.register_map import MAPS
from firmware_sim.line import LinkConditions

RELAXATION = (MAPS / "relaxation-chair.toml").read_text("utf-8")
MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)
TURNAROUND = LinkConditions(baud=19200, delay_ms=5)
STOP = (17, 1)


def test_it_knows_who_answered_and_asked_without_writing(play):
    async def scenario(room):
        await room.ready()
        identity = room.driver.identity
        assert (identity.maker, identity.model, identity.firmware, identity.serial) == (
            "Example",
            "RX-2",
            "1.3",
            "1234",
        )
        assert identity.hardware_watchdog
        assert identity.seat_sensor

    room = play(scenario)
    assert all(isinstance(question, Read) for _, question in room.wire[:4])


def test_commands_are_carried_out_at_the_speed_of_the_map(play):
    async def scenario(room):
        await room.armed()
        for command in (Recline(125), LegRest(20), MASSAGE, Heat(2), Light(70), Volume(50)):
            await room.driver.command(command)
        began_s = room.world.now_s
        await room.wait(lambda: not room.status.moving and room.status.recline_deg == pytest.approx(125, abs=0.1))
        assert room.world.now_s - began_s > 15 / 3.0
        last = room.status
        assert last.leg_rest_deg == pytest.approx(20, abs=0.1)
        assert (last.massage_level, last.massage_zones, last.massage_rhythm) == (3, ("back", "legs"), Rhythm.WAVE)
        assert (last.heat_level, last.light_percent, last.volume_percent) == (2, 70, 50)
        assert room.firmware.actuators.light == 70

    play(scenario)


async def _not_armed(room):
    await room.ready()
    return await room.refused(Recline(120))


async def _too_far(room):
    await room.armed()
    return await room.refused(Recline(156))


async def _seat_empty(room):
    await room.ready()
    return await room.refused(Arm(1))


async def _stopped(room):
    await room.armed()
    await room.driver.command(StopMotion())
    return await room.refused(Recline(120))


async def _not_cleared(room):
    await room.armed()
    await room.driver.command(StopMotion())
    await room.wait(lambda: room.status.stopped)
    return await room.refused(ReleaseStop())


async def _button_in(room):
    await room.armed()
    room.do("press_stop")
    await room.wait(lambda: room.status.stop_pressed)
    return await room.refused(ReleaseStop())


async def _fault(room):
    await room.ready()
    room.do("fault", fault="over_current")
    await room.wait(lambda: room.status.faults == ("over_current",))
    return await room.refused(ReleaseStop())


async def _not_fitted(room):
    await room.armed()
    return await room.refused(Massage(("back",), Rhythm.BREATH, 1))


async def _no_answer(room):
    await room.armed()
    room.firmware.unit = 9
    return await room.refused(Light(20))


async def _no_status(room):
    room.firmware.refusing = 6
    await asyncio.sleep(3.0)
    return await room.refused(Arm(1))


async def _value(room):
    await room.ready()
    room.firmware.refusing = 3
    return await room.refused(Light(20))


async def _device(room):
    await room.armed()
    room.firmware.guard.disarm()  # a controller that knows better
    return await room.refused(Recline(120))


REFUSALS = [
    (_not_armed, Refusal.NOT_ARMED, True),
    (_too_far, Refusal.OUT_OF_RANGE, True),
    (_seat_empty, Refusal.SEAT_EMPTY, False),
    (_stopped, Refusal.STOPPED, True),
    (_not_cleared, Refusal.NOT_CLEARED, True),
    (_button_in, Refusal.BUTTON_IN, True),
    (_fault, Refusal.FAULT, True),
    (_not_fitted, Refusal.NOT_FITTED, True),
    (_no_answer, Refusal.NO_ANSWER, True),
    (_no_status, Refusal.NO_STATUS, True),
    (_value, Refusal.OUT_OF_RANGE, True),
    (_device, Refusal.FAULT, True),
]


@pytest.mark.parametrize(("why", "reason", "sits"), REFUSALS)
def test_every_refusal_has_its_reason_and_moves_nothing(play, why, reason, sits):
    async def scenario(room):
        assert await why(room) is reason
        assert not room.firmware.actuators.moving

    text = RELAXATION.replace(", breath = 2", "")
    play(scenario, chart=text, sits=sits)


def test_a_chair_without_a_watchdog_shows_how_it_stands_and_gets_no_motion(play):
    async def scenario(room):
        await room.ready()
        assert await room.refused(Arm(1)) is Refusal.NO_WATCHDOG
        assert await room.refused(MASSAGE) is Refusal.NO_WATCHDOG
        assert await room.refused(Recline(120)) is Refusal.NO_WATCHDOG
        await room.driver.command(Light(20))
        await room.driver.command(Volume(50))
        await room.driver.command(StopMotion())
        await room.wait(lambda: (room.status.light_percent, room.status.volume_percent) == (20, 51))
        assert room.status.occupied

    room = play(scenario, chart="music-chair")
    assert room.written(18) == [1, 0]
    assert room.written(20) == []
    assert not any(isinstance(question, Write) and not question.many for _, question in room.wire)


def test_the_watchdog_is_fed_in_time_for_as_long_as_it_is_open(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(20)
        assert not room.firmware.guard.tripped

    room = play(scenario)
    fed = [at for at, question in room.wire if isinstance(question, Write) and question.address == 16]
    assert np.diff(fed).max() < 0.5


def test_a_hung_host_lets_the_controller_stop_the_chair(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(1)
        room.loop.hang(1.4)
        assert room.firmware.guard.tripped
        room.loop.hang(0.5)
        assert not room.firmware.actuators.moving
        await room.wait(lambda: not room.status.armed)
        assert await room.refused(Recline(150)) is Refusal.NOT_ARMED

    play(scenario)


def test_leaving_the_context_disarms_and_writes_what_the_map_wants(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await room.driver.command(MASSAGE)
        await asyncio.sleep(1)

    room = play(scenario)
    assert room.firmware.written[-4:] == [(17, 4), (36, 0), (39, 0), (41, 0)]
    assert room.firmware.guard.session == 0
    assert not room.firmware.actuators.busy or room.firmware.actuators.moving


def test_leaving_the_seat_ends_it(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(1)
        room.firmware.stand(room.world.now_s)
        await room.wait(lambda: not room.status.occupied)
        assert not room.status.armed
        room.firmware.sit(room.world.now_s)
        await room.wait(lambda: room.status.occupied)
        assert await room.refused(Recline(150)) is Refusal.NOT_ARMED

    play(scenario)


def test_a_controller_that_forgets_the_empty_seat_is_disarmed_from_here(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await asyncio.sleep(1)
        room.firmware.seat.occupied = False
        await room.wait(lambda: not room.firmware.actuators.moving, 2.0)

    room = play(scenario)
    assert (17, 4) in room.firmware.written[2:-4]


def test_a_stop_is_released_only_after_the_reset_at_the_chair(play):
    async def scenario(room):
        await room.armed()
        await room.driver.command(Recline(150))
        await room.driver.command(MASSAGE)
        await room.driver.command(StopMotion())
        await room.wait(lambda: room.status.stopped and not room.status.moving)
        assert (room.status.massage_level, room.status.armed) == (0, False)
        assert await room.refused(ReleaseStop()) is Refusal.NOT_CLEARED
        room.do("reset")
        await room.wait(lambda: room.status.cleared)
        await room.driver.command(ReleaseStop())
        assert await room.refused(Recline(120)) is Refusal.NOT_ARMED
        await room.wait(lambda: not room.status.stopped)
        await room.armed(2)
        await room.driver.command(Recline(120))

    play(scenario)


def test_a_press_stands_in_for_a_seat_sensor_for_one_session(play):
    text = RELAXATION.replace("occupied = {", "here = {")

    async def scenario(room):
        assert not room.driver.identity.seat_sensor
        await room.ready()
        assert await room.refused(Arm(1)) is Refusal.SEAT_EMPTY
        await press(room)
        assert room.status.occupied
        await room.driver.command(Arm(1))
        await room.driver.command(Recline(115))
        assert await room.refused(Arm(2)) is Refusal.SEAT_EMPTY
        await room.driver.command(Disarm())
        await room.wait(lambda: not room.status.occupied)
        assert await room.refused(Arm(2)) is Refusal.SEAT_EMPTY
        await press(room)
        await room.driver.command(Arm(2))

    async def press(room):
        room.do("here")
        await asyncio.sleep(0.5)
        room.do("here", on=False)
        await asyncio.sleep(0.5)

    play(scenario, chart=text)


def test_a_press_that_nobody_uses_lapses(play):
    text = RELAXATION.replace("occupied = {", "here = {")

    async def scenario(room):
        await room.ready()
        room.do("here")
        await room.wait(lambda: room.status.occupied)
        await asyncio.sleep(61)
        assert not room.status.occupied

    play(scenario, chart=text)
