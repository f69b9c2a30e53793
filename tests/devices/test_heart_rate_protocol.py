"""Heart Rate Service: vectors of the SIG's page, and anything else that a radio may bring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import device_information
from devices.protocols import heart_rate as wire
from devices.protocols.heart_rate import Measurement, decode, encode

VECTORS = {
    "SIG page: 77, contact, RR 790": ("16 4d 16 03", Measurement(77, True, None, (790,))),
    "u8, contact not told": ("00 48", Measurement(72)),
    "u8, contact not told, bit 1 set all the same": ("02 48", Measurement(72)),
    "no contact": ("04 00", Measurement(0, contact=False)),
    "contact": ("06 3c", Measurement(60, contact=True)),
    "u16": ("01 2c 01", Measurement(300)),
    "energy": ("0e 3c 34 12", Measurement(60, True, 0x1234)),
    "u16, energy, two RR": ("1f 2c 01 34 12 00 04 ff ff", Measurement(300, True, 0x1234, (1024, 65535))),
    "RR flagged, none there": ("16 4d", Measurement(77, contact=True)),
    "bits 5-7 reserved, ignored": ("f6 4d 16 03", Measurement(77, True, None, (790,))),
}

measurements = st.builds(
    Measurement,
    st.integers(0, 0xFFFF),
    st.sampled_from([None, False, True]),
    st.none() | st.integers(0, 0xFFFF),
    st.lists(st.integers(0, 0xFFFF), max_size=wire.MOST_RR).map(tuple),
)


@pytest.mark.parametrize(("data", "said"), VECTORS.values(), ids=VECTORS.keys())
def test_vector(data, said):
    assert decode(bytes.fromhex(data)) == said


def test_rr_are_1024ths_of_a_second():
    assert decode(bytes.fromhex("16 4d 16 03")).rr_ms == [771.484375]


def test_nine_rr_fit_into_the_smallest_connection():
    said = Measurement(75, None, None, tuple(range(800, 809)))
    data = encode(said)
    assert len(data) == 20  # ATT_MTU 23 less 3
    assert decode(data) == said


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 6])
def test_a_cut_notification_is_none(cut):
    """Cut between two RR it cannot be told from a shorter one; the hole is found by `BeatClock`."""
    whole = encode(Measurement(300, True, 7, (900,)))
    assert len(whole) == 7
    assert decode(whole[:cut]) is None


def test_bytes_that_no_flag_announces_are_not_guessed_at():
    assert decode(bytes.fromhex("06 3c 16 03")) is None


@given(measurements)
def test_what_is_written_is_read(said):
    assert decode(encode(said)) == said


@given(st.binary(max_size=300))
def test_any_bytes_are_a_measurement_or_none(data):
    said = decode(data)
    if said is not None:
        assert 2 * len(said.rr_ticks) <= len(data)
        assert 0 <= said.heart_rate_per_min <= 0xFFFF


@given(st.lists(st.floats(0.25, 3), max_size=200))
def test_rr_of_a_counter_add_up_without_drift(periods):
    t, beats = 0.0, [0.0]
    for period in periods:
        t += period
        beats.append(t)
    ticks = wire.seconds_to_ticks(beats)
    assert abs((ticks[-1] - ticks[0]) / wire.TICKS_PER_S - t) < 1 / wire.TICKS_PER_S


@pytest.mark.parametrize(
    ("data", "name"), [(b"\x01", "chest"), (b"\x03", "finger"), (b"\x05", "ear lobe"), (b"\x07", ""), (b"", "")]
)
def test_body_location(data, name):
    assert wire.location(data) == name


@pytest.mark.parametrize(
    ("data", "percent"), [(b"\x00", 0), (b"\x64", 100), (b"\x65", None), (b"", None), (b"\1\2", None)]
)
def test_battery(data, percent):
    assert device_information.battery_percent(data) == percent


@given(st.binary(max_size=600))
def test_what_a_maker_wrote_can_be_shown(data):
    shown = device_information.text(data)
    assert len(shown) <= 64
    assert shown.isprintable()
