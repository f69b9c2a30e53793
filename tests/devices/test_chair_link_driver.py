"""The driver against the simulated chair, over a real port."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from devices.drivers.chair_link import ChairLinkChair
from devices.drivers.chair_words import message_of
from devices.errors import CommandRefused, NoAnswer, PortBusy, PortLost, WrongDevice
from devices.events import (
    Arm,
    ChairStatus,
    DeviceNote,
    Disarm,
    Gap,
    Heat,
    LegRest,
    Light,
    LinkHealth,
    Massage,
    Pace,
    Part,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import Refusal
from devices.profile import CHAIR_LINK
from devices.protocols import chair_link as wire
from signals.samples import Channel, Samples

MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)


def chair(rig):
    return ChairLinkChair("chair-1", rig.paths["chair-1"], rig.clock)


def statuses(events):
    return [event for event in events if isinstance(event, ChairStatus)]


async def ready(driver, events, until, session=1):
    """It has said how it stands, and is armed."""
    await until(lambda: statuses(events))
    await driver.command(Arm(session))


async def refused(driver, command):
    with pytest.raises(CommandRefused) as error:
        await driver.command(command)
    return error.value.detail


def runs(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


async def test_it_knows_who_answered(rig):
    async with rig(chair={"heart": "ppg"}) as r, chair(r) as driver:
        assert (driver.identity.maker, driver.identity.serial) == ("Xinyi", "chair-1")
        assert dict(driver.identity.channels)[Channel.PPG] == 125.0
        assert driver.identity.hardware_watchdog


async def test_every_declared_channel_arrives_whole_and_in_its_place(rig, until, listening):
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: len(runs(events, Channel.SKIN_TEMPERATURE)) > 40)
        for channel, rate_hz in driver.identity.channels:
            parts = runs(events, channel)
            assert parts[0].first_index == 0
            for before, after in pairwise(parts):
                assert after.first_index == before.first_index + len(before.values)
                assert abs(after.start_ns - before.end_ns) < 1e6
            values = np.concatenate([part.values for part in parts])
            assert np.isfinite(values).all()
            assert parts[0].rate_hz == rate_hz
        skin = np.concatenate([part.values for part in runs(events, Channel.SKIN_CONDUCTANCE)])
        assert 0.5 < skin.min() < skin.max() < 30
        assert any(isinstance(event, LinkHealth) for event in events)


async def test_an_empty_seat_shows_no_contact(rig, until, listening):
    async with rig(speed=10, chair={}, wait_for_sit=True) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: runs(events, Channel.ECG))
        assert np.isnan(runs(events, Channel.ECG)[0].values).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events, Channel.ECG)[-1].values).all())
        assert statuses(events)[-1].occupied


async def test_commands_are_carried_out_at_the_speed_of_motors(rig, until, listening):
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        for command in (Recline(125), LegRest(20), MASSAGE, Heat(2), Light(70), Volume(55)):
            await driver.command(command)
        await until(lambda: not statuses(events)[-1].moving and statuses(events)[-1].recline_deg == 125)
        last = statuses(events)[-1]
        assert (last.leg_rest_deg, last.massage_level, last.massage_zones) == (20.0, 3, ("back", "legs"))
        assert (last.massage_rhythm, last.heat_level) == (Rhythm.WAVE, 2)
        assert (last.light_percent, last.volume_percent) == (70, 55)
        assert r.firmware("chair-1").actuators.recline.speed_deg_s == driver.profile.recline.speed_deg_s


async def test_a_pace_moves_the_back_by_two_degrees(rig, until, listening):
    async with rig(speed=20, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Pace(6, 0.4))
        await until(lambda: len(statuses(events)) > 120)
        angles = [status.recline_deg for status in statuses(events)[20:]]
        assert 107.9 <= min(angles) < 108.5
        assert 111.5 < max(angles) <= 112.1
        await driver.command(Pace(0))
        await until(lambda: not statuses(events)[-1].moving)


async def test_a_stop_stays_until_somebody_at_the_chair_has_reset_it_and_it_has_to_be_armed_again(
    rig, until, listening
):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        for command in (Recline(160), MASSAGE, Heat(1)):
            await driver.command(command)
        await driver.command(StopMotion())
        await until(lambda: statuses(events)[-1].stopped and not statuses(events)[-1].moving)
        last = statuses(events)[-1]
        assert (last.armed, last.massage_level, last.heat_level, last.stop_pressed) == (False, 0, 0, False)
        for command in (Recline(100), MASSAGE, Heat(1), Pace(6), Arm(1)):
            assert await refused(driver, command) is Refusal.STOPPED
        await driver.command(Light(20))
        assert await refused(driver, ReleaseStop()) is Refusal.NOT_CLEARED
        r.do("reset", "chair-1")
        await until(lambda: statuses(events)[-1].cleared)
        assert await refused(driver, Recline(115)) is Refusal.STOPPED
        await driver.command(ReleaseStop())
        assert await refused(driver, Recline(115)) is Refusal.NOT_ARMED
        await driver.command(Arm(1))
        await driver.command(Recline(115))
        await until(lambda: statuses(events)[-1].moving)


async def test_stop_is_repeated_through_a_bad_cable_until_it_is_confirmed(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        r.do("mute")  # no confirmation reaches us
        stopping = asyncio.create_task(driver.command(StopMotion()))
        await until(lambda: not r.firmware("chair-1").actuators.moving)
        assert not stopping.done()
        r.do("mute", on=False)
        await stopping


async def test_stop_takes_a_waiting_command_with_it(rig, until, listening):
    async with rig(chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        r.do("mute")
        waiting = asyncio.create_task(driver.command(Recline(160)))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(driver.command(StopMotion()))
        with pytest.raises(CommandRefused) as error:
            await waiting
        assert error.value.detail is Refusal.STOPPED
        r.do("mute", on=False)
        await stopping
        assert not r.firmware("chair-1").actuators.moving


async def test_a_second_stop_does_not_confirm_the_first(rig, until, listening):
    async with rig(chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        r.do("mute")
        stops = [asyncio.create_task(driver.command(StopMotion())) for _ in range(2)]
        await until(lambda: r.firmware("chair-1").actuators.busy is False)
        assert not any(stop.done() for stop in stops)
        r.do("mute", on=False)
        await asyncio.gather(*stops)


async def test_the_button_stops_at_once_and_must_be_pulled_out_first(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        r.do("press_stop", "chair-1")
        await until(lambda: statuses(events)[-1].stop_pressed and not statuses(events)[-1].moving)
        r.do("reset", "chair-1")  # too early
        assert await refused(driver, ReleaseStop()) is Refusal.BUTTON_IN
        r.do("release_stop", "chair-1")
        assert await refused(driver, ReleaseStop()) is Refusal.NOT_CLEARED
        r.do("reset", "chair-1")
        await driver.command(ReleaseStop())
        await driver.command(Arm(1))
        await driver.command(Recline(120))


async def test_another_stop_takes_the_reset_back(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(StopMotion())
        r.do("reset", "chair-1")
        await driver.command(StopMotion())
        await until(lambda: statuses(events)[-1].stopped and not statuses(events)[-1].cleared)
        assert await refused(driver, ReleaseStop()) is Refusal.NOT_CLEARED


async def test_leaving_the_seat_stops_and_it_has_to_be_armed_again(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        await driver.command(MASSAGE)
        r.do("stand")
        await until(lambda: not (statuses(events)[-1].occupied or statuses(events)[-1].moving))
        assert (statuses(events)[-1].armed, statuses(events)[-1].massage_level) == (False, 0)
        for command in (Recline(159), Recline(90), LegRest(0), Arm(1)):
            assert await refused(driver, command) is Refusal.SEAT_EMPTY
        r.do("sit")
        await until(lambda: statuses(events)[-1].occupied)
        assert await refused(driver, Recline(159)) is Refusal.NOT_ARMED
        await driver.command(Arm(1))
        await driver.command(Recline(159))


async def test_without_a_seat_sensor_a_press_at_the_chair_is_good_for_one_session(rig, until, listening):
    async with (
        rig(speed=5, chair={"seat_sensor": False}) as r,
        chair(r) as driver,
        listening(driver) as events,
    ):
        await until(lambda: statuses(events))
        assert not driver.identity.seat_sensor
        assert await refused(driver, Arm(1)) is Refusal.SEAT_EMPTY
        r.do("here", "chair-1")
        await until(lambda: statuses(events)[-1].occupied)
        await driver.command(Arm(1))
        assert await refused(driver, Arm(2)) is Refusal.SEAT_EMPTY
        await driver.command(Recline(130))
        await driver.command(Disarm())
        await until(lambda: not (statuses(events)[-1].armed or statuses(events)[-1].moving))
        assert await refused(driver, Arm(1)) is Refusal.SEAT_EMPTY
        r.do("here", "chair-1")
        await until(lambda: statuses(events)[-1].occupied)
        await driver.command(Arm(2))
        await driver.command(Recline(130))
        r.do("here", "chair-1")  # they get up
        await until(lambda: not (statuses(events)[-1].occupied or statuses(events)[-1].moving))


async def test_disarming_brings_everything_that_moves_or_heats_to_rest(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        for command in (Recline(160), MASSAGE, Heat(2), Light(60)):
            await driver.command(command)
        await driver.command(Disarm())
        assert await refused(driver, Recline(120)) is Refusal.NOT_ARMED
        await until(lambda: not (statuses(events)[-1].moving or statuses(events)[-1].armed))
        last = statuses(events)[-1]
        assert (last.massage_level, last.heat_level, last.stopped, last.light_percent) == (0, 0, False, 60)


async def test_a_chair_that_goes_on_without_anybody_is_stopped_from_here(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        r.firmware("chair-1").seat.occupied = False  # a firmware that forgets its rule
        await until(lambda: statuses(events)[-1].stopped and not statuses(events)[-1].moving)
        assert not r.firmware("chair-1").actuators.busy
        assert any(isinstance(event, DeviceNote) and "nobody" in event.text for event in events)
        r.do("sit")
        r.do("reset")
        await until(lambda: statuses(events)[-1].occupied and statuses(events)[-1].cleared)
        await driver.command(ReleaseStop())
        await driver.command(Arm(1))
        await driver.command(Recline(120))


async def test_a_chair_that_moves_without_being_armed_is_stopped_from_here(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        r.firmware("chair-1").actuators.go_back(160, 3, 3)  # a firmware that forgets to ask
        await until(lambda: statuses(events)[-1].stopped and not statuses(events)[-1].moving)
        assert any(isinstance(event, DeviceNote) and "not armed" in event.text for event in events)


async def test_a_chair_that_moves_faster_than_it_was_told_is_stopped_from_here(rig, until, listening):
    async with rig(speed=2, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        joint = r.firmware("chair-1").actuators.recline
        joint.build = replace(joint.build, speed_deg_s=15.0, free_deg_s=30.0)
        await driver.command(Recline(160))
        joint.speed_deg_s = 15.0  # a drive that has lost its limit
        await until(lambda: statuses(events)[-1].stopped and not statuses(events)[-1].moving)
        assert any(isinstance(event, DeviceNote) and "too fast" in event.text for event in events)
        assert statuses(events)[-1].recline_deg < 150


async def test_massage_ends_after_its_time(rig, until, listening):
    async with rig(speed=10, chair={}) as r:
        short = replace(CHAIR_LINK, longest_massage_s=3.0)
        async with (
            ChairLinkChair("chair-1", r.paths["chair-1"], r.clock, short) as driver,
            listening(driver) as events,
        ):
            await ready(driver, events, until)
            await driver.command(MASSAGE)
            await until(lambda: statuses(events)[-1].massage_level == 3)
            await until(lambda: statuses(events)[-1].massage_level == 0)


@pytest.mark.parametrize("fault", ["obstruction", "over_current", "too_hot", "recline_motor"])
async def test_a_fault_stops_is_named_and_stays_until_its_cause_is_gone_and_somebody_has_looked(
    rig, until, listening, fault
):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        r.do("fault", "chair-1", fault=fault)
        await until(lambda: statuses(events)[-1].faults == (fault,) and not statuses(events)[-1].moving)
        r.do("reset", "chair-1")
        assert await refused(driver, ReleaseStop()) is Refusal.FAULT
        r.do("fault", "chair-1", fault=fault, on=False)
        assert await refused(driver, ReleaseStop()) is Refusal.NOT_CLEARED
        r.do("reset", "chair-1")
        await until(lambda: statuses(events)[-1].cleared)
        await driver.command(ReleaseStop())
        await until(lambda: statuses(events)[-1].faults == ())
        await driver.command(Arm(1))
        await driver.command(Recline(120))


@pytest.mark.parametrize("watchdog_ms", [0, 2001])
async def test_a_chair_without_a_good_watchdog_gets_no_movement_but_shows_its_samples(
    rig, until, listening, watchdog_ms
):
    async with rig(speed=5, chair={"watchdog_ms": watchdog_ms}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events) and runs(events, Channel.ECG))
        for command in (Arm(1), Recline(120)):
            assert await refused(driver, command) is Refusal.NO_WATCHDOG
        await driver.command(Light(20))


async def test_a_hung_event_loop_lets_the_chair_stop_itself(rig, until, listening):
    """The heartbeat must not come from anywhere else than the loop that is hung here."""
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        control = driver._loop
        driver._loop = None
        control.cancel()
        await until(lambda: r.firmware("chair-1").guard.tripped)
        await until(lambda: not r.firmware("chair-1").actuators.moving)
        driver._loop = control


async def test_after_silence_nothing_resumes_until_it_is_armed_again(rig, until, listening):
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        await driver.command(Recline(160))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver._link, "write", lambda *_, **__: None)
            await until(lambda: statuses(events)[-1].watchdog_tripped)
        await until(lambda: not statuses(events)[-1].moving)
        stood = r.firmware("chair-1").actuators.back_deg
        assert await refused(driver, Recline(150)) is Refusal.NOT_ARMED
        assert r.firmware("chair-1").actuators.back_deg == stood
        await driver.command(Arm(1))
        await driver.command(Recline(stood + 3))
        await until(lambda: statuses(events)[-1].moving)
        assert not statuses(events)[-1].watchdog_tripped


async def test_whoever_comes_after_a_crashed_host_finds_a_chair_that_comes_to_rest(rig, until, listening):
    async with rig(speed=10, chair={}) as r:
        first = chair(r)
        await first.__aenter__()
        async with listening(first) as events:
            await ready(first, events, until)
            await first.command(Recline(160))
            await first._close()  # without a farewell
        assert r.firmware("chair-1").actuators.moving
        async with chair(r) as driver, listening(driver) as events:
            await until(lambda: statuses(events))
            assert not statuses(events)[-1].armed
            assert await refused(driver, Recline(150)) is Refusal.NOT_ARMED
            await until(lambda: not r.firmware("chair-1").actuators.moving)


async def test_it_leaves_a_chair_that_rests_and_whose_sensors_rest(rig, until, listening):
    async with rig(speed=5, chair={}) as r:
        async with chair(r) as driver, listening(driver) as events:
            await ready(driver, events, until)
            await driver.command(Recline(160))
        assert r.firmware("chair-1").guard.session == 0
        assert not r.firmware("chair-1")._sampler.running


async def test_a_chair_that_is_armed_without_our_knowing_is_disarmed(rig, until, listening):
    async with rig(chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        r.do("mute")
        assert await refused(driver, Arm(1)) is Refusal.NO_ANSWER
        assert r.firmware("chair-1").guard.session == 1
        r.do("mute", on=False)
        await until(lambda: r.firmware("chair-1").guard.session == 0)


async def test_a_stop_works_while_the_chair_is_still_being_identified(rig, until):
    async with rig(chair={}) as r:
        r.do("mute")
        driver = chair(r)
        opening = asyncio.create_task(driver.__aenter__())
        await until(lambda: driver._loop is not None)
        stopping = asyncio.create_task(driver.command(StopMotion()))
        await until(lambda: r.firmware("chair-1").guard.stopped)
        r.do("mute", on=False)
        await stopping
        await opening
        await driver.__aexit__(None, None, None)


async def test_a_stop_is_on_the_wire_before_the_loop_turns(rig, until, listening):
    async with rig(chair={}) as r, chair(r) as driver, listening(driver) as events:
        await ready(driver, events, until)
        sent = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver._link, "write", lambda data, **how: sent.append((data, how)))
            driver._begin_stop()
        ((data, how),) = sent
        assert [frame.message for frame in wire.Decoder().feed(data)] == [wire.Stop()]
        assert how == {"overtaking": True}


def test_the_speeds_of_the_profile_go_with_every_movement():
    slow = replace(CHAIR_LINK, recline=replace(CHAIR_LINK.recline, speed_deg_s=1.5, acceleration_deg_s2=0.5))
    assert message_of(Recline(120), slow) == wire.Recline(120, 1.5, 0.5)
    assert message_of(LegRest(20), CHAIR_LINK) == wire.LegRest(20, 5.0, 5.0)
    assert message_of(Pace(6, 0.4, 1.0, frozenset({Part.BACK, Part.LIGHT})), slow, late_s=10.5) == wire.Pace(
        6, 0.4, 1.5, parts=0b101
    )


async def test_a_bad_cable_costs_gaps_that_are_named_and_counted(rig, until, listening):
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: runs(events, Channel.ECG))
        r.do("noise", share=0.3)
        await until(lambda: len([event for event in events if isinstance(event, Gap)]) > 10)
        r.do("noise", share=0)
        await until(lambda: sum(1 for event in events if isinstance(event, LinkHealth)) > 5)
        health = [event for event in events if isinstance(event, LinkHealth)][-1]
        assert health.crc_errors > 0
        assert health.lost_frames > 0
        ecg = [event for event in events if isinstance(event, Samples | Gap) and event.channel is Channel.ECG]
        index = 0
        for event in ecg:
            if isinstance(event, Gap):
                index += event.lost
            else:
                assert event.first_index == index
                index += len(event.values)


async def test_a_silent_port_does_not_answer(rig):
    async with rig(speed=10, chair={}) as r:
        r.do("mute")
        with pytest.raises(NoAnswer):
            await chair(r).__aenter__()
        r.do("mute", on=False)
        async with chair(r):
            pass


async def test_an_oximeter_is_the_wrong_device(rig):
    async with rig(speed=10, finger={}) as r:
        with pytest.raises(WrongDevice):
            await ChairLinkChair("chair-1", r.paths["finger-1"], r.clock).__aenter__()


async def test_the_port_of_an_open_chair_is_busy(rig):
    async with rig(chair={}) as r, chair(r):
        with pytest.raises(PortBusy):
            await chair(r).__aenter__()


async def test_pulling_the_cable_ends_the_stream_and_every_waiting_command(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver:
        r.do("mute")
        waiting = asyncio.create_task(driver.command(Light(10)))
        await asyncio.sleep(0)
        r.do("unplug")
        with pytest.raises(PortLost):
            await waiting
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass
        with pytest.raises(PortLost):
            await driver.command(Light(10))
