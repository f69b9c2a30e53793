"""Oximeters by air: the vectors of their values, and the drivers through the real bleak against their twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import PortLost, WrongDevice
from devices.events import DeviceNote, Gap, LinkHealth
from devices.families import BY_KIND
from devices.links.link import Notification
from devices.protocols import nonin_ble, pulse_oximeter
from signals.samples import Channel, Samples

KINDS = ("pulse-oximeter", "nonin-ble")


# --- bytes


@pytest.mark.parametrize(
    ("raw", "spo2", "rate"),
    [("00 5e 00 5a 00", 94, 90), ("00 ff 07 ff 07", None, None), ("00 cf f3 09 10", 97.5, 90)],
)
def test_continuous_values_of_the_public_suite(raw, spo2, rate):
    reading = pulse_oximeter.decode(bytes.fromhex(raw))
    assert (reading.spo2_percent, reading.pulse_rate_per_min) == (spo2, rate)


def test_values_of_a_choicemmed_oximeter():
    """As its owner saw them in nRF Connect: stackoverflow.com/questions/71264072."""
    continuous = pulse_oximeter.decode(bytes.fromhex("0c 62 00 4e 00 20 00 00 00 00"))
    assert (continuous.spo2_percent, continuous.pulse_rate_per_min, continuous.no_finger) == (98, 78, False)
    spot = pulse_oximeter.decode_spot_check(bytes.fromhex("17 61 00 60 00 e1 07 01 01 01 22 13 20 00 20 00 00"))
    assert (spot.spo2_percent, spot.pulse_rate_per_min, spot.no_finger) == (97, 96, False)


@pytest.mark.parametrize(("bit", "no_finger"), [(5, False), (11, True), (12, False), (13, True), (15, True)])
def test_device_status_tells_whether_a_finger_is_in(bit, no_finger):
    reading = pulse_oximeter.decode(bytes.fromhex("08 61 00 48 00") + (1 << bit).to_bytes(3, "little"))
    assert reading.no_finger is no_finger


@pytest.mark.parametrize(("bit", "spo2"), [(5, 97), (8, 97), (9, None), (10, None), (11, None), (13, None), (15, None)])
def test_what_is_not_measured_now_is_no_number(bit, spo2):
    reading = pulse_oximeter.decode(bytes.fromhex("04 61 00 48 00") + (1 << bit).to_bytes(2, "little"))
    assert reading.spo2_percent == spo2


@pytest.mark.parametrize("bit", [1, 14])
def test_equipment_that_fails_gives_no_number(bit):
    reading = pulse_oximeter.decode(bytes.fromhex("08 61 00 48 00") + (1 << bit).to_bytes(3, "little"))
    assert (reading.spo2_percent, reading.pulse_rate_per_min) == (None, None)


@pytest.mark.parametrize("raw", [0x07FF, 0x0800, 0x07FE, 0x0802, 0x0801, 0xF7FF])
def test_what_stands_for_no_number_is_none(raw):
    assert pulse_oximeter.sfloat(raw) is None


@given(st.integers(0, 0xFFFF))
def test_every_sfloat_is_a_number_or_none(raw):
    value = pulse_oximeter.sfloat(raw)
    assert value is None or np.isfinite(value)


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80])
def test_reserved_flags_are_not_read(flags):
    assert pulse_oximeter.decode(bytes((flags, 0x5E, 0, 0x5A, 0))) is None


def test_every_optional_part_has_its_place():
    raw = bytes.fromhex("1f 5e00 5a00 5f00 5b00 5d00 5900 0100 002000 2af0".replace(" ", ""))
    reading = pulse_oximeter.decode(raw)
    assert (reading.spo2_percent, reading.amplitude_percent, reading.no_finger) == (94, 4.2, True)
    assert pulse_oximeter.decode(raw[:-1]) is None
    assert pulse_oximeter.decode(raw + bytes(1)) is None


def test_spot_check_with_a_time_is_read():
    reading = pulse_oximeter.decode_spot_check(bytes.fromhex("015e005a00ea070b19040000"))
    assert (reading.spo2_percent, reading.pulse_rate_per_min) == (94, 90)


@given(
    st.one_of(st.none(), st.integers(1, 100)),
    st.one_of(st.none(), st.integers(1, 300)),
    st.one_of(st.none(), st.booleans()),
)
def test_what_is_encoded_comes_back(spo2, rate, no_finger):
    reading = pulse_oximeter.Reading(spo2, rate, None, no_finger)
    assert pulse_oximeter.decode(pulse_oximeter.encode(reading)) == reading


@given(st.binary(max_size=40))
def test_any_bytes_are_survived(data):
    pulse_oximeter.decode(data)
    pulse_oximeter.decode_spot_check(data)
    nonin_ble.decode(data)
    nonin_ble.decode_wave(data)


@given(st.lists(st.integers(0, 0xFFFF), min_size=25, max_size=25), st.integers(0, 0xFFFF))
def test_nonin_wave_comes_back(samples, counter):
    wave = nonin_ble.Wave(counter, tuple(samples))
    assert nonin_ble.decode_wave(nonin_ble.encode_wave(wave)) == wave
    assert nonin_ble.decode_wave(nonin_ble.encode_wave(wave)[:-1]) is None


def test_nonin_value_by_hand():
    said = nonin_ble.decode(bytes.fromhex("0a 14 1c 01 90 00 07 61 00 48"))
    assert (said.counter, said.spo2_percent, said.pulse_rate_per_min, said.seated) == (7, 97, 72, True)
    assert (said.battery_v, said.amplitude_percent) == (2.8, 4.0)


def test_nonin_value_that_is_encrypted_or_invalid_is_none():
    assert nonin_ble.decode(bytes.fromhex("0a 54 1c 01 90 00 07 61 00 48")) is None
    said = nonin_ble.decode(bytes.fromhex("0a 04 1c 01 90 00 07 7f 01 ff"))
    assert (said.spo2_percent, said.pulse_rate_per_min, said.seated) == (None, None, False)


# --- drivers


def oximeter(r, kind):
    return BY_KIND[kind].make(f"{kind}-1", r.address, r.clock)


def runs(events, channel):
    return [event for event in events if isinstance(event, Samples) and event.channel is channel]


@pytest.mark.parametrize("kind", KINDS)
async def test_saturation_and_rate_arrive(air, until, listening, kind):
    async with air(kind, speed=10) as r, oximeter(r, kind) as driver, listening(driver) as events:
        assert driver.identity.serial == f"{kind}-1"
        await until(lambda: sum(len(run.values) for run in runs(events, Channel.SPO2)) > 8)
        assert 90 <= runs(events, Channel.SPO2)[-1].values[-1] <= 100
        await until(lambda: 50 <= runs(events, Channel.PULSE_RATE)[-1].values[-1] <= 110)
        assert [event for event in events if isinstance(event, LinkHealth)][-1].battery_percent is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_finger_there_is_no_number(air, until, listening, kind):
    async with air(kind, speed=10, wait_for_sit=True) as r, oximeter(r, kind) as driver, listening(driver) as events:
        await until(lambda: runs(events, Channel.SPO2))
        assert np.isnan(runs(events, Channel.SPO2)[-1].values).all()
        r.do("sit")
        await until(lambda: np.isfinite(runs(events, Channel.SPO2)[-1].values[-1]))


@pytest.mark.parametrize("kind", KINDS)
async def test_hanging_up_ends_the_stream(air, kind):
    async with air(kind, speed=10) as r, oximeter(r, kind) as driver:
        await r.drop_link()
        with pytest.raises(PortLost):
            async for _ in driver.events():
                pass


async def test_strap_is_the_wrong_device(air):
    async with air("heart-rate", speed=10) as r:
        for kind in KINDS:
            with pytest.raises(WrongDevice):
                await oximeter(r, kind).__aenter__()


async def test_nonin_value_that_is_lost_is_a_gap_and_one_that_comes_twice_is_none(air):
    async with air("nonin-ble", speed=10) as r:
        driver = oximeter(r, "nonin-ble")
        for number in (1, 2, 2, 3, 5, 4, *range(6, 30)):
            value = nonin_ble.encode(nonin_ble.Measurement(number, 97, 72))
            driver.take(Notification(nonin_ble.MEASUREMENT, value, number * 1_000_000_000))
        events = driver.streams.events()
        gaps = [event for event in events if isinstance(event, Gap)]
        assert [gap.lost for gap in gaps] == [1, 1]  # one for each channel
        assert driver.lost == 1


async def test_nonin_wave_arrives_and_is_nan_without_a_finger(air, until, listening):
    async with air("nonin-ble", speed=8) as r, oximeter(r, "nonin-ble") as driver, listening(driver) as events:
        assert (Channel.PPG, 75.0) in driver.identity.channels
        await until(lambda: sum(len(run.values) for run in runs(events, Channel.PPG)) > 600)
        waves = runs(events, Channel.PPG)
        assert np.ptp(np.concatenate([run.values[100:] for run in waves if len(run.values) > 100])) > 20_000
        assert all(run.rate_hz == 75.0 for run in waves)
        r.do("stand")
        await until(lambda: np.isnan(runs(events, Channel.PPG)[-1].values).all())


async def test_nonin_piece_of_the_wave_that_is_lost_is_a_gap_of_its_samples(air):
    async with air("nonin-ble") as r:
        driver = oximeter(r, "nonin-ble")
        for number in (65_533, 65_534, 65_535, 0, 2, 3, 3, 1, *range(4, 40)):
            value = nonin_ble.encode_wave(nonin_ble.Wave(number, (1000,) * 25))
            driver.take(Notification(nonin_ble.WAVE, value, ((number + 3) % 65_536) * 333_333_333))
        gaps = [event for event in driver.wave.events() if isinstance(event, Gap)]
        assert [(gap.channel, gap.lost) for gap in gaps] == [(Channel.PPG, 25)]


async def test_nonin_without_a_wave_gives_its_numbers(air, until, listening):
    async with air("nonin-ble", speed=10) as r:
        driver = oximeter(r, "nonin-ble")
        driver.link.has = lambda uuid: uuid != nonin_ble.WAVE and uuid in driver.link._table
        async with driver, listening(driver) as events:
            assert [channel for channel, _ in driver.identity.channels] == [Channel.SPO2, Channel.PULSE_RATE]
            await until(lambda: runs(events, Channel.SPO2))


async def test_spot_check_is_a_note(air, until, listening):
    async with air("pulse-oximeter", speed=10) as r:
        driver = oximeter(r, "pulse-oximeter")
        async with driver, listening(driver) as events:
            await until(lambda: any(isinstance(event, DeviceNote) for event in events))
            (note,) = [event for event in events if isinstance(event, DeviceNote)]
            assert note.text.startswith("spot check: SpO2 9")


@pytest.mark.parametrize("every_s", [0.5, 0.98, 1.0, 1.02])
async def test_seconds_are_those_of_the_clock_whatever_the_device_s_pace(air, every_s):
    async with air("pulse-oximeter") as r:
        driver = oximeter(r, "pulse-oximeter")
        value, length_s = pulse_oximeter.encode(pulse_oximeter.Reading(97, 72)), 300
        seconds, gaps = 0, 0
        for number in range(round(length_s / every_s)):
            driver.take(Notification(pulse_oximeter.CONTINUOUS, value, round(number * every_s * 1e9)))
            events = driver.streams.events()
            seconds += sum(len(run.values) for run in runs(events, Channel.SPO2))
            gaps += sum(event.lost for event in events if isinstance(event, Gap) and event.channel is Channel.SPO2)
        assert abs(seconds + gaps - length_s) <= 2
        assert gaps <= max(0, round(length_s * (every_s - 1)))


async def test_seconds_without_a_value_are_a_gap(air):
    async with air("pulse-oximeter") as r:
        driver = oximeter(r, "pulse-oximeter")
        value = pulse_oximeter.encode(pulse_oximeter.Reading(97, 72))
        for second in (*range(10), *range(14, 30)):
            driver.take(Notification(pulse_oximeter.CONTINUOUS, value, second * 1_000_000_000))
        gaps = [event for event in driver.streams.events() if isinstance(event, Gap)]
        assert [gap.lost for gap in gaps] == [4, 4]
        assert driver.lost == 4
