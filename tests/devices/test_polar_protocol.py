"""Polar Measurement Data against vectors of the maker's public SDK, and against everything that is not PMD."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import polar as wire
from devices.protocols import polar_data as data
from devices.protocols.polar import Measurement, Setting

HEADER = "00 94 35 77 00 00 00 00"

ACC_DELTA_16 = """
71 07 F0 6A 9E 8D 0A 38 BE 5C BE BA 2F 96 B3 EE 4B E5 AD FB 42 B9 EB BE 4C FE BA 2F 92 BF EE 4B E4 B1 FB 12 B9 EC BD 3C
3E BB 2F 8F D3 DE 4B E3 B5 F7 D2 B8 ED BD 30 7E 7B 2F 8B E3 CE 8B E2 BA F7 A2 B8 EE BC 20 BE 7B 2F 88 F3 CE CB E1 BD EF
52 F8 EF BC 18 FE 3B 2F 84 03 BF CB E0 C2 EF 32 B8 F0 BB 04 4E BC 2E 81 13 AF 0B E0 C6 EF F2 F7 F1 B9 FC 7D BC 2E 7D 27
9F 4B DF CA EB C2 F7 F2 B8 EC CD 7C 2E 7B 37 8F 4B DE CE E3 92 F7 F3 B8 E0 0D FD 2D 77 4B 7F CB DD D2 DF 62 37 F5 B7 D4
4D BD 2D 74 5B 6F CB DC D7 D7 32 37 F6 B5 C8 8D 7D 2D 71 6B 4F 4B DC DC D3 F2 36 F7 B4 BC DD FD 2C 6F 7B 3F 4B DB E0 CF
D2 36 F8 B2 B0 2D BE 2C 6C 8F 1F CB DA E3 C7 A2 76 F9
"""
PPG_DELTA = """
2C 2D 00 C2 77 00 D3 D2 FF 3D 88 FF 0A 29 B2 F0 EE 34 11 B2 EC EE 74 11 B1 E8 FE B4 11 B1 E8 FE B4 11 B1 E0 FE 34 12 B0
DC 0E 75 12 B0 D8 0E B5 12 AF D4 1E F5 12 AF D0 1E 35 13 AE CC 2E 75 13 AE C8 2E B5 13 AD C4 3E F5 13 AD BC 3E 75 14 AD
BC 3E 75 14 AC B8 4E B5 14 AC B4 4E F5 14 AB B0 5E 35 15 AA AC 6E 75 15 AA A8 6E B5 15 AA A4 6E F5 15 A9 A0 7E 35 16 A9
9C 7E 75 16 A8 98 8E B5 16 A7 94 9E F5 16 A7 90 9E 35 17 A7 8C 9E 75 17 A6 88 AE B5 17 A5 88 BE B5 17 A5 80 BE 35 18 A4
7C CE 75 18 A4 78 CE B5 18 A3 78 DE B5 18 A2 70 EE 35 19 A2 6C EE 75 19 A2 6C EE 75 19 A1 68 FE B5 19 A0 60 0E 36 1A 9F
60 1E 36 1A 9F 5C 1E 76 1A 9F 58 1E B6 1A 9D 54 3E F6 1A
"""


def frame(kind, header, body):
    return data.decode(bytes.fromhex(f"{kind:02x} {HEADER} {header:02x} {body}"))


def test_ecg_of_the_sdk():
    """EcgDataTest: process raw ecg data type 0."""
    said = frame(0, 0, "02 80 FF 02 80 00")
    assert said.stamp_ns == 2_000_000_000
    assert said.counts.ravel().tolist() == [-32766, 32770]


def test_ppg_of_the_sdk():
    """PpgDataTest: raw PPG frame type 0."""
    said = frame(1, 0, "010203 040506 FFFF7F 000000 FFFFFF 0FEFEF 000080 0FEFEF")
    assert said.counts.tolist() == [[197121, 394500, 8388607, 0], [-1, -1052913, -8388608, -1052913]]


def test_compressed_ppg_of_the_sdk():
    """PpgDataTest: compressed PPG frame type 0."""
    said = frame(1, 0x80, PPG_DELTA)
    assert said.counts.shape == (42, 4)
    assert said.counts[0].tolist() == [11564, 30658, -11565, -30659]
    assert (said.counts[1] - said.counts[0]).tolist() == [178, -68, -178, 68]


def test_acceleration_of_the_sdk():
    """AccDataTest: raw type 1, in mg."""
    said = frame(2, 1, "F7FF FFFF E703 F8FF FEFF E503")
    assert said.counts.tolist() == [[-9, -1, 999], [-8, -2, 997]]


def test_compressed_acceleration_of_the_sdk():
    """AccDataTest: compressed type 0 (57 samples of 10-bit differences), compressed type 1."""
    said = frame(2, 0x80, ACC_DELTA_16)
    assert said.counts.shape == (57, 3)
    assert said.counts[:2].tolist() == [[1905, 27376, -29282], [1905 + 190, 27376 - 105, -29282 - 85]]
    assert np.abs(said.counts * 2.44e-4).max() < 8
    short = frame(2, 0x81, "F1FF 1400 F003 06 01 7B 0F 08")
    assert short.counts.tolist() == [[-15, 20, 1008], [-20, 17, 1008]]


def test_intervals_of_the_sdk():
    """PpiDataTest: raw type 0."""
    said = data.decode(bytes.fromhex("03 0000000000000000 00 80 8080 8080 FF 00 0100 0100 00"))
    assert said == data.Intervals(
        0, (data.Interval(32896, 32896, True, True, 128), data.Interval(1, 1, False, None, 0))
    )


def test_settings_of_the_sdk():
    """PmdSettingTest: settings with range, settings with range in milli-units."""
    found = wire.decode_settings(bytes.fromhex("000134000101100002 04F500F401E803D007 040103".replace(" ", "")))
    assert found == {
        Setting.RATE_HZ: (52,),
        Setting.RESOLUTION_BITS: (16,),
        Setting.RANGE: (245, 500, 1000, 2000),
        Setting.CHANNELS: (3,),
    }
    milli = wire.decode_settings(bytes.fromhex("0302FFFFFFFFFF000000 01010E00".replace(" ", "")))
    assert milli == {Setting.RANGE_MILLI: (0xFFFFFFFF, 0xFF), Setting.RESOLUTION_BITS: (14,)}


def test_what_the_sensor_stops_by_itself_of_the_sdk():
    """BlePmdClientTest: measurement stop control point command, with and without content."""
    assert wire.decode_control(b"\x01\x01\x02") == wire.Stopped((1, 2))
    assert wire.decode_control(b"\x01") == wire.Stopped(())


@pytest.mark.parametrize("status", wire.Status)
def test_every_status_has_words(status):
    said = wire.decode_control(wire.encode_control(wire.Response(2, 0, status)))
    assert said.words == status.words
    assert wire.Response(2, 0, 99).words == "status 99"


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(noise):
    for read in (data.decode, wire.decode_control, wire.decode_settings, wire.features, wire.decode_command):
        read(noise)


@given(st.sampled_from([0, 1, 2, 3]), st.sampled_from([0x00, 0x01, 0x80, 0x81]), st.binary(max_size=600))
def test_any_body_gives_a_bounded_number_of_whole_samples(kind, header, body):
    said = data.decode(bytes((kind,)) + bytes(8) + bytes((header,)) + body)
    if isinstance(said, data.Frame):
        assert 1 <= len(said.counts) <= 8 * len(body) + 1
        assert said.counts.shape[1] == {0: 1, 1: 4, 2: 3}[kind]


WAVES = st.lists(st.integers(-(2**22), 2**22 - 1), min_size=4, max_size=160)


@given(WAVES, st.sampled_from([(Measurement.ECG, 0, 1), (Measurement.PPG, 0, 4), (Measurement.PPG, 0x80, 4)]))
def test_what_is_encoded_is_decoded(wave, kind):
    measurement, header, channels = kind
    counts = np.array(wave[: len(wave) // channels * channels], dtype=np.int64).reshape(-1, channels)
    sent = data.Frame(measurement, 7, header, counts)
    got = data.decode(data.encode(sent))
    assert (got.measurement, got.stamp_ns, got.kind) == (measurement, 7, header)
    assert np.array_equal(got.counts, counts)


@given(st.integers(0, 228))
def test_a_frame_that_was_cut_short_is_refused_or_is_a_beginning(length):
    whole = bytes.fromhex(f"01 {HEADER} 80 {PPG_DELTA}")
    said = data.decode(whole[: min(length, len(whole) - 1)])
    assert said is None or len(said.counts) == 1
