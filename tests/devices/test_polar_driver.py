"""The Polars' driver, through the real bleak, against their twins on a virtual BlueZ."""

import asyncio
import itertools

import numpy as np
import pytest

from devices.drivers.polar import PolarSensor
from devices.errors import CommandRefused, PortLost, WrongDevice
from devices.events import Connected, Disconnected, Gap, LinkHealth
from devices.protocols.polar import Measurement
from devices.supervisor import Supervised
from signals.samples import Channel, Intervals, Samples

AXES = (Channel.ACCELERATION_X, Channel.ACCELERATION_Y, Channel.ACCELERATION_Z)


def polar(r, **options):
    return PolarSensor("polar-1", r.address, r.clock, **options)


def runs(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


def values(events, channel):
    return np.concatenate([np.empty(0), *(run.values for run in runs(events, channel))])


def kinds(events):
    return [
        "+" if isinstance(event, Connected) else type(event.error)
        for event in events
        if isinstance(event, Connected | Disconnected)
    ]


async def test_an_h10_gives_its_ecg_and_its_acceleration(air, until, listening):
    async with air("polar", speed=10) as r, polar(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events, Channel.ECG)) > 1300 and len(values(events, AXES[0])) > 250)
        who = driver.identity
        assert (who.maker, who.model, who.serial) == ("Polar Electro Oy", "H10", "polar-1")
        assert who.channels == ((Channel.ECG, 130.0), *((axis, 25.0) for axis in AXES))
        ecg = values(events, Channel.ECG)
        assert 0.5 < np.ptp(ecg) < 5  # mV
        gravity = np.sqrt(sum(np.mean(values(events, axis)) ** 2 for axis in AXES))
        assert gravity == pytest.approx(1.0, abs=0.02)  # g
        assert not [event for event in events if isinstance(event, Gap)]


async def test_r_waves_stand_where_the_heart_beat(air, until, listening):
    async with air("polar", speed=10, drift_ppm=50) as r, polar(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events, Channel.ECG)) > 2600)
        ecg = runs(events, Channel.ECG)
        t_s = np.concatenate([run.start_ns / 1e9 + np.arange(len(run.values)) / run.rate_hz for run in ecg])
        wave = np.concatenate([run.values for run in ecg])
        peaks = [
            i
            for i in range(40, len(wave) - 40)
            if wave[i] == wave[i - 40 : i + 41].max() and wave[i] > 0.5 * wave.max()
        ]
        twin = r.twin()
        beats = twin._born_ns / 1e9 + twin.firmware.seat.person.beats(0.0, twin.now_s) / (1 + 50e-6)
        late = np.array(
            [t_s[peak] - beats[np.argmin(np.abs(beats - t_s[peak] + 0.05 * r.clock.speed / 10))] for peak in peaks]
        )
        assert len(peaks) > 15
        assert np.std(late) < 0.010  # half a sample and the noise of the machine at ten times its speed


async def test_stretches_join_and_the_counter_goes_on(air, until, listening):
    async with air("polar", speed=10) as r, polar(r) as driver, listening(driver) as events:
        await until(lambda: len(runs(events, Channel.ECG)) > 30)
    told = runs(events, Channel.ECG)
    for one, other in itertools.pairwise(told):
        assert other.first_index == one.first_index + len(one.values)
        assert abs(other.start_ns - one.end_ns) < 1e6


async def test_a_verity_sense_gives_a_pulse_wave_without_the_lamp(air, until, listening):
    async with air("polar", speed=10, heart="ppg") as r, polar(r) as driver, listening(driver) as events:
        await until(lambda: len(values(events, Channel.PPG)) > 1100)
        assert driver.identity.channels[0] == (Channel.PPG, 55.0)
        wave = values(events, Channel.PPG)
        wave = wave - wave.mean()
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
        hz = np.fft.rfftfreq(len(wave), 1 / 55)
        lamp = spectrum[np.abs(hz - 10.3) < 0.3].max()
        heart = spectrum[(hz > 0.8) & (hz < 2.0)].max()
        assert heart > 50 * lamp
        skew = np.mean(np.diff(wave) ** 3)
        assert skew > 0  # it rises faster than it falls: upright


async def test_intervals_on_request(air, until, listening):
    async with air("polar", speed=20, heart="ppg") as r, polar(r, ppi=True) as driver, listening(driver) as events:
        await until(lambda: sum(len(e.rr_ms) for e in events if isinstance(e, Intervals)) > 30)
        assert (Channel.RR, 0.0) in driver.identity.channels
        told = [e for e in events if isinstance(e, Intervals) and len(e.rr_ms)]
        rr_ms = np.concatenate([e.rr_ms for e in told])
        t_ns = np.concatenate([e.t_ns for e in told])
        assert np.abs(np.diff(t_ns) / 1e6 - rr_ms[1:]).max() < 2
        twin = r.twin()
        true_ms = np.diff(twin.firmware.seat.person.beats(0.0, twin.now_s)) * 1e3
        place = min(range(len(true_ms) - 8), key=lambda i: np.abs(true_ms[i : i + 8] - rr_ms[:8]).max())
        assert np.abs(true_ms[place : place + 8] - rr_ms[:8]).max() < 1.0


async def test_a_lost_notification_is_a_gap(air, until, listening):
    async with air("polar", speed=10) as r, polar(r, acceleration=False) as driver, listening(driver) as events:
        await until(lambda: len(runs(events, Channel.ECG)) > 5)
        r.do("noise", share=0.3)
        await until(lambda: sum(isinstance(event, Gap) for event in events) > 2)
        assert all(event.lost % 73 == 0 for event in events if isinstance(event, Gap))
        told = runs(events, Channel.ECG)
        jumps = sum(o.first_index - e.first_index - len(e.values) for e, o in itertools.pairwise(told))
        assert jumps == sum(event.lost for event in events if isinstance(event, Gap))
        await until(lambda: [e for e in events if isinstance(e, LinkHealth)][-1].lost_frames > 2)


async def test_a_sensor_clock_that_starts_afresh_is_a_gap_and_goes_on(air, until, listening):
    async with air("polar", speed=10) as r, polar(r, acceleration=False) as driver, listening(driver) as events:
        await until(lambda: len(runs(events, Channel.ECG)) > 15)
        r.do("restart_clock")
        before = len(runs(events, Channel.ECG))
        await until(lambda: len(runs(events, Channel.ECG)) > before + 10)
        assert len([event for event in events if isinstance(event, Gap)]) == 1
        starts = [run.start_ns for run in runs(events, Channel.ECG)]
        assert (np.diff(starts) > 0).all()


async def test_without_contact_there_is_no_value(air, until, listening):
    async with air("polar", speed=10) as r, polar(r) as driver, listening(driver) as events:
        await until(lambda: np.isfinite(values(events, Channel.ECG)).any())
        r.do("contact", on=False)
        await until(lambda: np.isnan(runs(events, Channel.ECG)[-1].values).all())
        r.do("contact", on=True)
        await until(lambda: np.isfinite(runs(events, Channel.ECG)[-1].values).all())


async def test_what_somebody_left_on_is_started_afresh(air, until, listening):
    async with air("polar", speed=10) as r:
        async with polar(r) as first:
            left = dict(r.firmware().running)
            first._begun.clear()  # a host that died
        assert r.firmware().running.keys() == left.keys()
        async with polar(r) as driver, listening(driver) as events:
            await until(lambda: len(runs(events, Channel.ECG)) > 3)
        assert not r.firmware().running


async def test_on_the_charger_it_says_so(air):
    async with air("polar", speed=10) as r:
        r.do("charger")
        with pytest.raises(CommandRefused, match=r"in charger.*take it off the charger"):
            await polar(r).__aenter__()
        assert not r.firmware().running


async def test_a_sensor_that_gives_up_is_opened_afresh(air, until, listening):
    async with air("polar", speed=10) as r:
        async with Supervised("polar-1", lambda: polar(r), r.clock) as keeper, listening(keeper) as events:
            await until(lambda: len(runs(events, Channel.ECG)) > 3)
            r.do("give_up")
            await until(lambda: kinds(events) == ["+", PortLost, "+"])
            lost = next(event for event in events if isinstance(event, Disconnected))
            assert "stopped measuring by itself" in str(lost.error)
        assert not r.firmware().running


async def test_a_strap_of_another_maker_is_the_wrong_device(air):
    async with air("heart-rate") as r:
        with pytest.raises(WrongDevice, match="no Polar measurement service"):
            await polar(r).__aenter__()


async def test_an_acceleration_that_is_refused_is_done_without(air, until, listening):
    async with air("polar", speed=10) as r:
        driver = polar(r)
        r.firmware()._start, refused = _refusing(r.firmware()._start)
        async with driver, listening(driver) as events:
            await until(lambda: len(runs(events, Channel.ECG)) > 3)
            assert driver.identity.channels == ((Channel.ECG, 130.0),)
        assert refused == [Measurement.ACCELERATION]


def _refusing(start):
    refused = []

    def replacement(measurement, offer, chosen, at_s):
        if measurement is Measurement.ACCELERATION:
            refused.append(measurement)
            chosen = {}
        return start(measurement, offer, chosen, at_s)

    return replacement, refused


WAYS_OUT = ("leaves", "fails", "is cancelled", "is cancelled while opening")


@pytest.mark.parametrize("way", WAYS_OUT)
async def test_the_sensor_is_off_after_every_way_out(air, until, way):
    async with air("polar", speed=5) as r:
        firmware = r.firmware()

        async def use():
            async with polar(r) as driver:
                if way == "leaves":
                    return
                if way == "fails":
                    raise ZeroDivisionError
                async for _ in driver.events():
                    pass

        task = asyncio.create_task(use())
        await until(lambda: task.done() or firmware.running)
        if way == "is cancelled":
            await until(lambda: len(firmware.running) == 2)
        if way.startswith("is cancelled"):
            task.cancel()
        ends = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ends[0], {"leaves": type(None), "fails": ZeroDivisionError}.get(way, asyncio.CancelledError))
        assert not firmware.running
