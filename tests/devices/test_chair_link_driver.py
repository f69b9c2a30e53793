"""The driver against the simulated chair, over a real port."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from devices.drivers.chair_link import ChairLinkChair
from devices.errors import CommandRefused, NoAnswer, PortBusy, PortLost, WrongDevice
from devices.events import (
    ChairStatus,
    Gap,
    Heat,
    LegRest,
    Light,
    LinkHealth,
    Massage,
    Pace,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import Refusal
from signals.samples import Channel, Samples

MASSAGE = Massage(("back", "legs"), Rhythm.WAVE, 3)


def chair(rig):
    return ChairLinkChair("chair-1", rig.paths["chair-1"], rig.clock)


def statuses(events):
    return [event for event in events if isinstance(event, ChairStatus)]


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
        await until(lambda: statuses(events))
        for command in (Recline(125), LegRest(20), MASSAGE, Heat(2), Light(70), Volume(55)):
            await driver.command(command)
        await until(lambda: not statuses(events)[-1].moving and statuses(events)[-1].recline_deg == 125)
        last = statuses(events)[-1]
        assert (last.leg_rest_deg, last.massage_level, last.massage_zones) == (20.0, 3, ("back", "legs"))
        assert (last.massage_rhythm, last.heat_level) == (Rhythm.WAVE, 2)
        assert (last.light_percent, last.volume_percent) == (70, 55)
        assert r.firmware("chair-1").actuators.recline.speed_deg_s == 3.0


async def test_a_pace_moves_the_back_by_two_degrees(rig, until, listening):
    async with rig(speed=20, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Pace(6, 0.4))
        await until(lambda: len(statuses(events)) > 120)
        angles = [status.recline_deg for status in statuses(events)[20:]]
        assert 107.9 <= min(angles) < 108.5
        assert 111.5 < max(angles) <= 112.1
        await driver.command(Pace(0))
        await until(lambda: not statuses(events)[-1].moving)


async def test_stop_ends_everything_and_nothing_moves_until_it_is_released(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        for command in (Recline(160), MASSAGE, Heat(1)):
            await driver.command(command)
        await driver.command(StopMotion())
        await until(lambda: statuses(events)[-1].stopped)
        last = statuses(events)[-1]
        assert (last.moving, last.massage_level, last.heat_level, last.stop_pressed) == (False, 0, 0, False)
        for command in (Recline(100), MASSAGE, Heat(1), Pace(6)):
            with pytest.raises(CommandRefused) as refused:
                await driver.command(command)
            assert refused.value.detail is Refusal.STOPPED
        await driver.command(Light(20))
        await driver.command(ReleaseStop())
        await driver.command(Recline(115))
        await until(lambda: statuses(events)[-1].moving)


async def test_stop_is_repeated_through_a_bad_cable_until_it_is_confirmed(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Recline(160))
        r.do("mute")  # no confirmation reaches us
        stopping = asyncio.create_task(driver.command(StopMotion()))
        await until(lambda: not r.firmware("chair-1").actuators.moving)
        assert not stopping.done()
        r.do("mute", on=False)
        await stopping


async def test_stop_takes_a_waiting_command_with_it(rig, until, listening):
    async with rig(chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        r.do("mute")
        waiting = asyncio.create_task(driver.command(Recline(160)))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(driver.command(StopMotion()))
        with pytest.raises(CommandRefused) as refused:
            await waiting
        assert refused.value.detail is Refusal.STOPPED
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
        await until(lambda: statuses(events))
        await driver.command(Recline(160))
        r.do("press_stop", "chair-1")
        await until(lambda: statuses(events)[-1].stop_pressed)
        assert not statuses(events)[-1].moving
        with pytest.raises(CommandRefused) as refused:
            await driver.command(ReleaseStop())
        assert refused.value.detail is Refusal.BUTTON_IN
        r.do("release_stop", "chair-1")
        with pytest.raises(CommandRefused):
            await driver.command(Recline(120))
        await driver.command(ReleaseStop())
        await driver.command(Recline(120))


async def test_leaving_the_seat_stops(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Recline(160))
        await driver.command(MASSAGE)
        r.do("stand")
        await until(lambda: not statuses(events)[-1].occupied)
        assert (statuses(events)[-1].moving, statuses(events)[-1].massage_level) == (False, 0)
        with pytest.raises(CommandRefused) as refused:
            await driver.command(Recline(159))
        assert refused.value.detail is Refusal.SEAT_EMPTY
        await driver.command(Recline(90))


async def test_a_chair_that_goes_on_without_anybody_is_stopped_from_here(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Recline(160))
        r.firmware("chair-1").seat.occupied = False  # a firmware that forgets its rule
        await until(lambda: statuses(events)[-1].stopped)
        assert not r.firmware("chair-1").actuators.busy
        r.do("sit")
        await driver.command(ReleaseStop())
        await until(lambda: statuses(events)[-1].occupied)
        await driver.command(Recline(120))


async def test_massage_ends_after_its_time(rig, until, listening, monkeypatch):
    monkeypatch.setattr("devices.interlocks.LONGEST_MASSAGE_S", 3.0)
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(MASSAGE)
        await until(lambda: statuses(events)[-1].massage_level == 3)
        await until(lambda: statuses(events)[-1].massage_level == 0)


async def test_a_fault_stops_and_is_named(rig, until, listening):
    async with rig(speed=5, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        r.do("fault", "chair-1", fault="recline_motor")
        await until(lambda: statuses(events)[-1].faults == ("recline_motor",))
        await driver.command(ReleaseStop())
        with pytest.raises(CommandRefused) as refused:
            await driver.command(Recline(120))
        assert refused.value.detail is Refusal.FAULT
        await driver.command(LegRest(10))


@pytest.mark.parametrize("watchdog_ms", [0, 2001])
async def test_a_chair_without_a_good_watchdog_gets_no_movement_but_shows_its_samples(
    rig, until, listening, watchdog_ms
):
    async with rig(speed=5, chair={"watchdog_ms": watchdog_ms}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events) and runs(events, Channel.ECG))
        with pytest.raises(CommandRefused) as refused:
            await driver.command(Recline(120))
        assert refused.value.detail is Refusal.NO_WATCHDOG
        await driver.command(Light(20))


async def test_a_hung_event_loop_lets_the_chair_stop_itself(rig, until, listening):
    """The heartbeat must not come from anywhere else than the loop that is hung here."""
    async with rig(speed=10, chair={}) as r, chair(r) as driver, listening(driver) as events:
        await until(lambda: statuses(events))
        await driver.command(Recline(160))
        control = driver._loop
        driver._loop = None
        control.cancel()
        await until(lambda: r.firmware("chair-1")._tripped)
        assert not r.firmware("chair-1").actuators.moving
        driver._loop = control


async def test_after_the_watchdog_nothing_resumes_until_a_new_command(rig, until, listening):
    async with rig(speed=10, chair={}) as r:
        async with chair(r) as driver, listening(driver) as events:
            await until(lambda: statuses(events))
            await driver.command(Recline(160))
        await until(lambda: r.firmware("chair-1")._tripped)
        stood = r.firmware("chair-1").actuators.back_deg
        async with chair(r) as driver, listening(driver) as events:
            await until(lambda: len(statuses(events)) > 8)
            assert statuses(events)[-1].watchdog_tripped
            assert statuses(events)[-1].recline_deg == pytest.approx(stood, abs=0.1)
            await driver.command(Recline(stood + 3))
            await until(lambda: not statuses(events)[-1].watchdog_tripped)


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
