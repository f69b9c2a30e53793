"""The strap's driver, through the real bleak, against its twin on a virtual BlueZ."""

import asyncio
import contextlib
from itertools import pairwise

import numpy as np
import pytest

from devices.drivers.heart_rate import HeartRateStrap
from devices.errors import BluetoothOff, CommandRefused, OutOfReach, PortLost, WrongDevice
from devices.events import Connected, Disconnected, Gap, Light, LinkHealth
from devices.links.link import Notification
from devices.protocols import heart_rate as wire
from devices.protocols.heart_rate import Measurement, encode
from devices.supervisor import Supervised
from signals.samples import Channel, Intervals, Samples


def strap(r, device="heart-rate-1"):
    return HeartRateStrap(device, r.paths[device], r.clock)


def supervised(r, device="heart-rate-1"):
    return Supervised(device, lambda: strap(r, device), r.clock)


def kinds(events):
    """Connections and losses in order: "+" or the class of the error."""
    return [
        "+" if isinstance(event, Connected) else type(event.error)
        for event in events
        if isinstance(event, Connected | Disconnected)
    ]


def beats(events):
    return np.concatenate([np.empty(0, np.int64), *(e.t_ns for e in events if isinstance(e, Intervals))])


def intervals(events):
    return np.concatenate([np.empty(0), *(e.rr_ms for e in events if isinstance(e, Intervals))])


def true_beats(r, device="heart-rate-1"):
    """When the person's heart beat, ns of the room's clock."""
    twin = r.twin(device)
    return twin._born_ns + twin.firmware.seat.person.beats(0.0, twin.now_s) * 1e9


async def test_beats_are_the_persons(air, until, listening):
    async with air("heart-rate", speed=20) as r, strap(r) as driver, listening(driver) as events:
        await until(lambda: len(beats(events)) > 40)
        told, rr_ms, true_ns = beats(events), intervals(events), true_beats(r)
        true_rr = np.diff(true_ns) / 1e6
        place = next(i for i in range(len(true_rr)) if np.abs(true_rr[i : i + 9] - rr_ms[:9]).max() < 1.0)
        assert np.abs(true_rr[place : place + len(rr_ms)] - rr_ms).max() < 1.0  # 1/1024 s
        assert np.abs(np.diff(told) / 1e6 - rr_ms[1:]).max() < 1.0  # placed by their sum
        late_s = (told - true_ns[place + 1 : place + 1 + len(told)]) / 1e9
        assert late_s.min() > 0
        assert late_s.max() < 1.5
        assert np.ptp(late_s) < 0.02
        first, *others = [event for event in events if isinstance(event, Intervals) and len(event.rr_ms)]
        assert not first.joined
        assert all(event.joined for event in others)


async def test_it_says_who_it_is_and_how_it_is(air, until, listening):
    async with air("heart-rate", speed=20) as r, strap(r) as driver, listening(driver) as events:
        who = driver.identity
        assert (who.maker, who.model, who.serial, who.firmware) == ("Xinyi", "Simulated strap", "heart-rate-1", "1.0")
        assert who.channels == ((Channel.RR, 0.0),)
        await until(lambda: any(isinstance(event, LinkHealth) and event.frames > 2 for event in events))
        r.do("battery", percent=7)
        await until(lambda: [e for e in events if isinstance(e, LinkHealth)][-1].battery_percent == 7)
        assert -80 < [event for event in events if isinstance(event, LinkHealth)][-1].rssi_dbm < -40


async def test_a_band_that_tells_only_a_rate_gives_the_rate_and_says_so(air, until, listening):
    async with air("heart-rate", speed=10) as r:
        r.do("rr", on=False)
        async with strap(r) as driver, listening(driver) as events:
            assert driver.identity.channels == ((Channel.PULSE_RATE, 1.0),)
            await until(lambda: sum(isinstance(event, Samples) for event in events) > 4)
            rates = [event for event in events if isinstance(event, Samples)]
            assert all(event.channel is Channel.PULSE_RATE for event in rates)
            assert 50 < rates[-1].values[0] < 110
            for before, after in pairwise(rates):
                assert after.first_index == before.first_index + len(before.values)
            assert not len(beats(events))
            r.do("contact", on=False)
            await until(lambda: np.isnan([e for e in events if isinstance(e, Samples)][-1].values[-1]))


async def test_without_skin_there_is_no_beat_and_after_it_a_new_stretch(air, until, listening):
    async with air("heart-rate", speed=20) as r, strap(r) as driver, listening(driver) as events:
        await until(lambda: len(beats(events)) > 5)
        r.do("contact", on=False)
        await until(lambda: any(isinstance(event, Intervals) and event.contact is False for event in events))
        before = len(events)
        r.do("contact")
        await until(lambda: len(beats(events[before:])) > 3)
        again = next(event for event in events[before:] if isinstance(event, Intervals) and len(event.rr_ms))
        assert not again.joined


async def test_a_strap_that_nobody_wears_is_connected_and_says_so(air, until, listening):
    async with air("heart-rate", speed=10, wait_for_sit=True) as r, strap(r) as driver, listening(driver) as events:
        await until(lambda: any(isinstance(event, Intervals) and event.contact is False for event in events))
        assert not len(beats(events))
        r.do("sit")
        await until(lambda: len(beats(events)) > 3)


async def test_lost_notifications_are_gaps_and_never_bridged(air, until, listening):
    async with air("heart-rate", speed=20) as r, strap(r) as driver, listening(driver) as events:
        await until(lambda: len(beats(events)) > 15)
        r.do("link", loss_share=1.0)
        lost_from_s = r.twin().now_s
        await until(lambda: r.twin().now_s > lost_from_s + 3.2)
        r.do("link", loss_share=0.0)
        await until(lambda: any(isinstance(event, Gap) for event in events))
        gap = next(event for event in events if isinstance(event, Gap))
        assert gap.channel is Channel.RR
        assert 1 <= gap.lost <= 7
        after = events[events.index(gap) + 1]
        assert not after.joined
        assert after.t_ns[0] > gap.start_ns


async def test_leaving_stops_the_notifications_and_the_connection(air):
    async with air("heart-rate", speed=10) as r:
        async with strap(r):
            assert wire.MEASUREMENT in r.firmware().listened
        assert not r.firmware().listened
        assert await r.twin()._hosts() == []


async def test_a_cancelled_session_stops_them_as_well(air, until):
    async with air("heart-rate", speed=10) as r:

        async def session():
            async with strap(r) as driver:
                async for _ in driver.events():
                    pass

        task = asyncio.create_task(session())
        await until(lambda: wire.MEASUREMENT in r.firmware().listened)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not r.firmware().listened
        assert await r.twin()._hosts() == []


@pytest.mark.parametrize("way", ["it hangs up", "its power fails", "out of reach", "the adapter"])
async def test_whatever_breaks_the_link_it_comes_back_with_a_new_epoch(air, until, listening, way):
    async with air("heart-rate", speed=20) as r, supervised(r) as device, listening(device) as events:
        await until(lambda: len(beats(events)) > 3)
        match way:
            case "it hangs up":
                await r.drop_link()
            case "its power fails":
                r.kill()
                await until(lambda: not device.connected)
                r.restart()
            case "out of reach":
                r.do("unplug")
                await until(lambda: not device.connected)
                r.do("plug")
            case _:
                await r.bluez.power(0, on=False)
                await until(lambda: kinds(events)[-1] is BluetoothOff)
                await r.bluez.power(0, on=True)
        await until(lambda: kinds(events)[-1] == "+" and len(kinds(events)) > 1)
        assert kinds(events)[1] is PortLost
        await until(lambda: any(isinstance(e, Intervals) and e.epoch == 2 and len(e.rr_ms) for e in events))
        again = next(e for e in events if isinstance(e, Intervals) and e.epoch == 2 and len(e.rr_ms))
        assert not again.joined


async def test_failed_connections_are_told_once_and_tried_again(air, until, listening):
    async with air("heart-rate", speed=5) as r:
        await r.bluez.fail_connects(3)
        async with supervised(r) as device, listening(device) as events:
            await until(lambda: kinds(events) == [OutOfReach, "+"])


async def test_a_strap_that_falls_silent_is_lost_and_comes_back(air, until, listening):
    async with air("heart-rate", speed=20) as r, supervised(r) as device, listening(device) as events:
        await until(lambda: len(beats(events)) > 3)
        r.do("mute")
        await until(lambda: PortLost in kinds(events))
        r.do("mute", on=False)
        await until(lambda: kinds(events)[-1] == "+")


async def test_eight_straps_tell_eight_hearts(air, until, listening):
    async with air(*["heart-rate"] * 8, speed=10) as r, contextlib.AsyncExitStack() as stack:
        told = {}
        for name in r.paths:
            device = await stack.enter_async_context(supervised(r, name))
            told[name] = await stack.enter_async_context(listening(device))
        await until(lambda: all(len(beats(events)) > 12 for events in told.values()), within_s=40.0)
        assert all(kinds(events) == ["+"] for events in told.values())
        for name, events in told.items():
            rr_ms, true_rr = intervals(events)[:10], np.diff(true_beats(r, name)) / 1e6
            assert any(np.abs(true_rr[i : i + 10] - rr_ms).max() < 1.0 for i in range(len(true_rr) - 10))


async def test_a_chairs_line_is_no_strap(air):
    async with air("heart-rate") as r:
        r.firmware().peripheral = type(r.firmware().peripheral)("Nothing", (), ())
        r.kill()
        await asyncio.gather(*r.tasks.values(), return_exceptions=True)
        r.twin()._values.clear()
        r.restart()
        await r.site.there()
        with pytest.raises(WrongDevice, match="no heart rate service"):
            await strap(r).__aenter__()


async def test_it_takes_no_commands(air):
    async with air("heart-rate", speed=10) as r, strap(r) as driver:
        with pytest.raises(CommandRefused, match="send Light to a chair"):
            await driver.command(Light(10))


def test_what_cannot_be_read_is_counted_and_harmless(air):
    from devices.clock import Clock

    driver = HeartRateStrap("strap", "ble:02:00:00:00:00:01", Clock())
    whole = encode(Measurement(60, True, None, (1000,)))
    assert not driver.take(Notification(wire.MEASUREMENT, whole[:3], 0))
    assert not driver.take(Notification(wire.MEASUREMENT, b"", 1))
    assert driver.take(Notification(wire.MEASUREMENT, whole, 2))
