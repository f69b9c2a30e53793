"""Vectors from pyshimmer (test_bt_commands.py, test_bluetooth_api.py, test_device_gsr.py), and resynchronising."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import shimmer as wire

CHANNELS = (wire.PPG, wire.GSR)
LENGTH = 8


def packets(count, first=0xFFF000, divisor=256, seed=1):
    luck = np.random.default_rng(seed)
    return [
        wire.Packet(first + at * divisor, (int(luck.integers(4096)), int(luck.integers(1 << 16))))
        for at in range(count)
    ]


def raw(sent):
    return b"".join(wire.encode(packet, CHANNELS) for packet in sent)


def fed(data, divisor=256, sizes=(1 << 20,)):
    decoder, heard, at = wire.Decoder(CHANNELS, divisor), [], 0
    while at < len(data):
        for size in sizes:
            heard += decoder.feed(data[at : at + size])
            assert len(decoder._rest) < 3 * LENGTH
            at += size
    return decoder, heard


def test_vectors_of_packets_from_pyshimmer():
    decoder = wire.Decoder((wire.PPG,), 64)
    heard = decoder.feed(bytes.fromhex("00 de d0 b2 26 07  00 1e d1 b2 fc 06"))
    assert heard == [wire.Packet(0xB2D0DE, (0x0726,)), wire.Packet(0xB2D11E, (0x06FC,))]


def test_vectors_of_answers_from_pyshimmer():
    assert wire.decode_inquiry(bytes.fromhex("02 40 00 01 ff 01 09 01 01 12")) == wire.Inquiry(64, (wire.PPG,))
    assert wire.CLOCK_HZ / 64 == 512.0
    assert wire.decode_firmware(bytes.fromhex("2f 03 00 00 00 0b 00")) == wire.Firmware(3, (0, 11, 0))
    assert wire.decode_hardware(bytes.fromhex("25 03")) == wire.SHIMMER3


@pytest.mark.parametrize(
    ("value", "conductance_us"),
    [
        (697, 0.5284930658064968),
        (17188, 0.6202856377072405),
        (33869, 0.6131868131868133),
        (50567, 0.3252303252303253),
    ],
)
def test_vectors_of_skin_conductance_from_pyshimmer(value, conductance_us):
    assert wire.conductance_us(value) == pytest.approx(conductance_us, rel=1e-12)


def test_an_open_circuit_is_no_value_in_any_range():
    assert all(math.isnan(wire.conductance_us(of << 14 | count)) for of in range(4) for count in (0, 682))
    assert not math.isnan(wire.conductance_us(683))


@pytest.mark.parametrize("cut", range(1, 10))
def test_half_an_answer_is_none(cut):
    whole = wire.encode_inquiry(wire.Inquiry(256, CHANNELS))
    assert wire.decode_inquiry(whole) == wire.Inquiry(256, CHANNELS)
    assert wire.decode_inquiry(whole[:-cut]) is None
    assert wire.decode_firmware(b"\x2f\x03\x00\x00\x00\x0b"[:cut]) is None
    assert wire.decode_battery(b"\x8a\x94\x01\x02"[:cut]) is None


def test_a_battery_is_read_through_its_divider():
    assert wire.battery_v(wire.decode_battery(bytes.fromhex("8a 94 5e 0a 80"))) == pytest.approx(
        2654 * 3 / 4095 * 1.988
    )


@given(st.integers(2, 60), st.integers(0, (1 << 24) - 1), st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_packets_come_back_whatever_the_chunks_and_wherever_the_clock_goes_round(count, first, sizes):
    sent = packets(count, first)
    decoder, heard = fed(raw(sent), sizes=sizes)
    assert heard == sent
    assert (decoder.frames, decoder.dropped_bytes, decoder.lost_frames) == (count, 0, 0)


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_any_bytes_are_survived_the_same_whatever_the_chunks(noise, sizes):
    sent = packets(12)
    data = raw(sent[:5]) + noise + raw(sent[5:])
    at_once, expected = fed(data)
    decoder, heard = fed(data, sizes=sizes)
    assert heard == expected
    assert (decoder.dropped_bytes, decoder.lost_frames) == (at_once.dropped_bytes, at_once.lost_frames)


@pytest.mark.parametrize("divisor", [64, 256, 640])
def test_after_noise_it_is_found_again_within_two_packets(divisor):
    late = []
    for seed in range(200):
        luck = np.random.default_rng(seed)
        sent = packets(30, int(luck.integers(1 << 24)), divisor, seed)
        noise = luck.bytes(int(luck.integers(1, 60)))
        _, heard = fed(raw(sent[:5]) + noise + raw(sent[5:]), divisor)
        values = [packet.values for packet in heard if isinstance(packet, wire.Packet)]
        late.append(next(lost for lost in range(25) if values[-(25 - lost) :] == [p.values for p in sent[5 + lost :]]))
    assert max(late) <= 2


def test_lost_packets_are_told_by_their_timestamps_and_lost_bytes_cost_one_packet():
    sent = packets(40)
    decoder, heard = fed(raw(sent[:10]) + raw(sent[17:20]) + raw(sent[20:])[3:])
    assert [(packet.ticks, packet.missed) for packet in heard if packet.missed] == [
        (sent[17].ticks, 7),
        (sent[21].ticks, 1),
    ]
    assert (decoder.lost_frames, decoder.dropped_bytes) == (8, LENGTH - 3)


def test_a_spoilt_header_or_timestamp_costs_that_packet_and_a_spoilt_value_is_not_noticed():
    sent = packets(20)
    for byte in range(4):
        data = bytearray(raw(sent))
        data[5 * LENGTH + byte] ^= 0x80
        _, heard = fed(bytes(data))
        assert [packet.values for packet in heard] == [packet.values for packet in sent[:5] + sent[6:]]
    data = bytearray(raw(sent))
    data[5 * LENGTH + 6] ^= 0x80
    assert len(fed(bytes(data))[1]) == 20


def test_a_packet_that_comes_twice_or_late_is_no_packet():
    sent = packets(12)
    _, heard = fed(raw([*sent[:5], sent[4], *sent[5:8], sent[6], *sent[8:]]))
    assert [packet.ticks for packet in heard] == [packet.ticks for packet in sent]


def test_what_is_said_amid_the_packets_is_heard():
    sent = packets(6)
    data = (
        raw(sent[:3]) + bytes.fromhex("ff 8a 94 5e 0a 80") + raw(sent[3:5]) + bytes.fromhex("8a 71 10") + raw(sent[5:])
    )
    for size in (1, 2, 5, 1000):
        decoder, heard = fed(data, sizes=(size,))
        assert heard == [*sent[:3], wire.Told(battery=0x0A5E), *sent[3:5], wire.Told(status=0x10), sent[5]]
        assert decoder.dropped_bytes == 0


def test_a_jump_beyond_half_a_minute_is_noise():
    near, far = packets(5, 0), packets(5, 40 * wire.CLOCK_HZ, seed=2)
    decoder, heard = fed(raw(near) + raw(far))
    assert heard == near
    assert decoder.lost_frames == 0
