"""Oximeters by air: the vectors of their values, and the drivers through the real bleak against their twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import PortLost, WrongDevice
from devices.events import Gap, LinkHealth
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
    async with air("nonin-ble", speed=10) as r, oximeter(r, "nonin-ble") as driver:
        driver.streams = type(driver.streams)("nonin-ble-1", "")
        driver._counter, driver._index, driver.lost = None, 0, 0
        for number in (1, 2, 2, 3, 5, 4, *range(6, 30)):
            value = nonin_ble.encode(nonin_ble.Measurement(number, 97, 72))
            driver.take(Notification(nonin_ble.MEASUREMENT, value, number * 1_000_000_000))
        events = driver.streams.events()
        gaps = [event for event in events if isinstance(event, Gap)]
        assert [gap.lost for gap in gaps] == [1, 1]  # one for each channel
        assert driver.lost == 1
