"""Packets captured from a belt (Espruino BangleApps, vernierrespirate), the maker's tables, and bad pieces."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import go_direct as wire

CAPTURED = bytes((32, 25, 207, 216, 6, 6, 0, 2, 252, 128, 138, 7, 191, 0, 0, 192, 127, 128, 49, 8, 191, 0, 0, 192, 127))
CAPTURED_CHANNELS = bytes((152, 10, 1, 39, 81, 253, 54, 0, 0, 0))


def measured(count, first=0, step=1, seed=1):
    luck = np.random.default_rng(seed)
    values = [tuple(float(np.float32(luck.normal())) for _ in range(2)) for _ in range(count)]
    packets = [wire.encode_measurement({1: pair}, (first + step * at) % 256) for at, pair in enumerate(values)]
    return values, packets


def test_a_captured_measurement_of_a_belt():
    (heard,) = wire.Decoder().feed(CAPTURED)
    assert heard.values[1] == pytest.approx((-0.5294571, -0.5320053))
    assert all(math.isnan(value) for value in heard.values[2])
    assert set(heard.values) == {1, 2}


def test_a_captured_answer_of_a_belt():
    (heard,) = wire.Decoder().feed(CAPTURED_CHANNELS)
    assert (heard.code, heard.counter) == (wire.CHANNELS, 0xFD)
    assert int.from_bytes(heard.payload, "little") == 0b110110  # channels 1, 2, 4, 5


def test_the_greeting_is_the_one_seen_on_the_air():
    """As in public belt code that replays it: 58 19 FE 3F 1A A5 4A 06 49 …"""
    assert wire.init().hex(" ") == "58 19 fe 3f 1a a5 4a 06 49 07 48 08 47 09 46 0a 45 0b 44 0c 43 0d 42 0e 41"
    assert [len(piece) for piece in wire.pieces(wire.init())] == [20, 5]


def test_commands_are_those_of_the_makers_library():
    assert wire.command(wire.START, 0xF9, wire.start(1 << 1))[4:].hex(" ") == (
        "18 ff 01 02 00 00 00 00 00 00 00 00 00 00 00"
    )
    assert wire.command(wire.PERIOD, 0xFA, wire.period(100_000))[4:].hex(" ") == "1b ff 00 a0 86 01 00 00 00 00 00"
    assert wire.command(wire.STOP, 0xF8, wire.STOP_ALL)[4:].hex(" ") == "19 ff 00 ff ff ff ff"


def test_structures_are_as_long_as_the_makers():
    """The formats of godirect-py's device.py, without the six bytes before the payload."""
    device = wire.Device("GDX-RB", "0K2002Z5", "GDX-RB 0K2002Z5")
    assert len(wire.encode_status(wire.Status("1.9.5", 88))) == struct.calcsize("<BBBBHBBHBB")
    assert len(wire.encode_device(device)) == struct.calcsize("<16s16s32sHHBBBBHBBHBBBBBBI64s")
    assert len(wire.encode_channel(wire.ChannelInfo(1, "Force", "N", 1, 2, 3))) == struct.calcsize(
        "<bBIBB60s32sdddIQIII"
    )


def test_structures_come_back_and_short_ones_do_not():
    status = wire.Status("1.9.5", 88, 2)
    device = wire.Device("GDX-RB", "0K2002Z5", "GDX-RB 0K2002Z5")
    channel = wire.ChannelInfo(1, "Force", "N", 10_000, 100_000, 1_000)
    for encode, decode, what in (
        (wire.encode_status, wire.decode_status, status),
        (wire.encode_device, wire.decode_device, device),
        (wire.encode_channel, wire.decode_channel, channel),
    ):
        assert decode(encode(what)) == what
        assert decode(b"") is None
        assert decode(encode(what)[:11]) is None


def test_a_wide_measurement_has_its_channels_in_four_bytes():
    values = {1: (1.5, 2.5), 20: (-3.0, 4.0)}
    (heard,) = wire.Decoder().feed(wire.encode_measurement(values, 7, wide=True))
    assert heard.values == values


@given(st.integers(1, 30), st.integers(1, 40))
def test_packets_come_back_whatever_the_pieces(count, size):
    values, packets = measured(count)
    data = b"".join(packets)
    decoder = wire.Decoder()
    heard = [told for at in range(0, len(data), size) for told in decoder.feed(data[at : at + size])]
    assert [told.values[1] for told in heard] == values
    assert (decoder.frames, decoder.dropped_bytes, decoder.crc_errors) == (count, 0, 0)


@given(st.lists(st.binary(max_size=60), max_size=40))
def test_any_notifications_are_survived_and_all_bytes_accounted_for(notifications):
    decoder = wire.Decoder()
    for data in notifications:
        decoder.feed(data)
        assert len(decoder._part) < 256
    _, packets = measured(20)
    heard = [told for packet in packets for told in decoder.feed(packet)]
    assert len(heard) >= 20 - 1 - 256 // len(packets[0])  # at most one length's worth was waited for


def test_after_a_lost_piece_the_next_packet_is_read():
    answer = wire.encode_answer(wire.Answer(wire.CHANNEL, 0xF0, bytes(148)), 1)
    pieces = wire.pieces(answer)
    values, packets = measured(30)
    decoder = wire.Decoder()
    heard = []
    for notification in (*pieces[:3], *pieces[4:], *packets):
        heard += decoder.feed(notification)
    assert [told.values[1] for told in heard][-28:] == values[2:]
    assert decoder.crc_errors == 1


def test_a_spoilt_measurement_is_dropped_and_the_next_is_read():
    values, packets = measured(8)
    spoilt = bytearray(packets[5])
    spoilt[10] ^= 1
    decoder = wire.Decoder()
    heard = [told for packet in (*packets[:5], bytes(spoilt), *packets[6:]) for told in decoder.feed(packet)]
    assert [told.values[1] for told in heard] == values[:5] + values[6:]
    assert [told.missed for told in heard] == [0, 0, 0, 0, 0, 1, 0]
    assert (decoder.crc_errors, decoder.lost_frames, decoder.dropped_bytes) == (1, 1, len(spoilt))


@pytest.mark.parametrize("step", [1, -1])
def test_which_way_it_counts_is_learned_and_holes_are_counted(step):
    _, packets = measured(40, 250, step)
    decoder = wire.Decoder()
    heard = [told for packet in (*packets[:12], *packets[15:]) for told in decoder.feed(packet)]
    assert [at for at, told in enumerate(heard) if told.missed] == [12]
    assert heard[12].missed == decoder.lost_frames == 3


def test_a_counter_that_does_not_count_tells_no_holes():
    decoder = wire.Decoder()
    for number in (3, 3, 9, 9, 9, 200, 1, 77):
        decoder.feed(wire.encode_measurement({1: (1.0,)}, number))
    assert decoder.lost_frames == 0


@pytest.mark.parametrize("along", [True, False])
def test_answers_between_measurements_are_no_hole_whether_they_count_along_or_not(along):
    decoder, number = wire.Decoder(), 0
    for at in range(40):
        number += 1
        if at % 10 == 9:
            decoder.feed(wire.encode_answer(wire.Answer(wire.STATUS, 1, bytes(12)), number if along else 77))
            number += along
        decoder.feed(wire.encode_measurement({1: (1.0,)}, number))
    assert decoder.lost_frames == 0


def test_dropped_measurements_are_said_with_the_next_one():
    decoder = wire.Decoder()
    heard = decoder.feed(wire.encode_dropped(1)) + decoder.feed(wire.encode_measurement({1: (1.0,)}, 2))
    assert [told.dropped for told in heard] == [True]
