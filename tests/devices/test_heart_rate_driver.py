"""The strap's driver, through the real bleak, against its twin on a virtual BlueZ."""

import numpy as np

from devices.drivers.heart_rate import HeartRateStrap
from devices.events import LinkHealth
from signals.samples import Channel, Intervals, Samples


def strap(r, device="heart-rate-1"):
    return HeartRateStrap(device, r.paths[device], r.clock)


def beats(events):
    return np.concatenate([np.empty(0, np.int64), *(e.t_ns for e in events if isinstance(e, Intervals))])


async def test_beats_are_where_the_person_had_them(air, until, listening):
    async with air("heart-rate", speed=10) as r, strap(r) as driver, listening(driver) as events:
        assert driver.identity.channels == ((Channel.RR, 0.0),)
        assert driver.identity.serial == "heart-rate-1"
        await until(lambda: len(beats(events)) > 30)
        told = beats(events)
        twin = r.twin()
        true_s = twin.firmware.seat.person.beats(0.0, twin.now_s)
        true_ns = twin._born_ns + true_s * 1e9
        first = int(np.argmin(np.abs(np.diff(true_s[: len(true_s)]) - np.diff(told)[0] / 1e9)))
        assert first >= 0
        spans = np.diff(told) / 1e6
        place = next(i for i in range(len(true_ns)) if abs((true_ns[i + 1] - true_ns[i]) / 1e6 - spans[0]) < 1.5)
        assert np.abs(np.diff(true_ns[place : place + len(told)]) / 1e6 - spans).max() < 2.5
        health = [event for event in events if isinstance(event, LinkHealth)][-1]
        assert health.battery_percent == 95
        assert health.rssi_dbm < 0


async def test_a_band_that_tells_only_a_rate_gives_the_rate_and_says_so(air, until, listening):
    async with air("heart-rate", speed=10) as r:
        r.do("rr", on=False)
        async with strap(r) as driver, listening(driver) as events:
            assert driver.identity.channels == ((Channel.PULSE_RATE, 1.0),)
            await until(lambda: sum(isinstance(event, Samples) for event in events) > 4)
            rates = [event for event in events if isinstance(event, Samples)]
            assert all(event.channel is Channel.PULSE_RATE for event in rates)
            assert 50 < rates[-1].values[0] < 110
            assert not len(beats(events))
