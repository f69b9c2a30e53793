"""Frames by the maker's own formulas (revolution-python-api, bitalino.py), and what a 4-bit number can bear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import bitalino as wire


def frames_of(inputs, count, first=0, seed=1):
    luck = np.random.default_rng(seed)
    return [
        wire.Frame(
            tuple(int(luck.integers(0, wire.greatest(place) + 1)) for place in range(inputs)),
            (first + at) % 16,
            int(luck.integers(16)),
        )
        for at in range(count)
    ]


def raw(frames):
    return b"".join(map(wire.encode, frames))


def maker_reads(data, inputs):
    """`BITalino.read` of the maker's API, as formulas: (number, lines, counts, CRC told, CRC computed)."""
    told, x = data[-1] & 0x0F, 0
    for byte in (*data[:-1], data[-1] & 0xF0):
        for bit in range(7, -1, -1):
            x <<= 1
            if x & 0x10:
                x ^= 0x03
            x ^= byte >> bit & 1
    counts = [
        lambda: (data[-2] & 0x0F) << 6 | data[-3] >> 2,
        lambda: (data[-3] & 0x03) << 8 | data[-4],
        lambda: data[-5] << 2 | data[-6] >> 6,
        lambda: (data[-6] & 0x3F) << 4 | data[-7] >> 4,
        lambda: (data[-7] & 0x0F) << 2 | data[-8] >> 6,
        lambda: data[-8] & 0x3F,
    ]
    return data[-1] >> 4, data[-2] >> 4, tuple(of() for of in counts[:inputs]), told, x & 0x0F


@pytest.mark.parametrize("inputs", range(1, 7))
def test_the_maker_reads_what_we_encode(inputs):
    for frame in frames_of(inputs, 64):
        number, lines, counts, told, computed = maker_reads(wire.encode(frame), inputs)
        assert (number, lines, counts) == (frame.sequence, frame.lines, frame.counts)
        assert told == computed


@pytest.mark.parametrize(("inputs", "length"), [(1, 3), (2, 4), (3, 6), (4, 7), (5, 8), (6, 8)])
def test_frames_are_as_long_as_the_firmware_makes_them(inputs, length):
    """uart.c, sendFrameCRC: it sends frame[startPos … 7]."""
    begin = 6 - inputs - (3 <= inputs <= 5)
    assert wire.frame_bytes(inputs) == length == 8 - begin
    assert len(wire.encode(frames_of(inputs, 1)[0])) == length


def test_commands_are_those_of_the_api():
    assert [wire.set_rate(rate) for rate in (1, 10, 100, 1000)] == [b"\x03", b"\x43", b"\x83", b"\xc3"]
    assert wire.start(range(1, 7)) == b"\xfd"
    assert wire.start([1]) == b"\x05"


def test_a_state_comes_back_and_a_spoilt_one_does_not():
    state = wire.State((1, 1023, 512, 0, 300, 7), 590, 63, 0b1010)
    data = wire.encode_state(state)
    assert len(data) == 16
    assert maker_reads(data, 0)[3] == maker_reads(data, 0)[4]
    assert wire.decode_state(data) == state
    assert abs(state.battery_v - 3.8) < 0.01  # uart.c: 527 is 3.4 V, 590 is 3.8 V
    assert wire.decode_state(bytes((data[0] ^ 1, *data[1:]))) is None
    assert wire.decode_state(data[:-1]) is None


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (b"BITalino_v5.1\n", (5, 1)),
        (b"BITalino_v4.2\n", (4, 2)),
        (b"\x17\xffBITalinoV3.0\n", (3, 0)),
        (b"BITalino_v5.1", None),
        (b"BIT", None),
        (b"\n", None),
    ],
)
def test_versions_as_boards_say_them(said, version):
    assert wire.decode_version(said) == version


@given(st.integers(1, 6), st.integers(2, 60), st.integers(0, 15), st.integers(1, 40))
def test_frames_come_back_whatever_the_chunks(inputs, count, first, size):
    sent = frames_of(inputs, count, first)
    data = raw(sent)
    decoder = wire.Decoder(inputs)
    heard = [frame for at in range(0, len(data), size) for frame in decoder.feed(data[at : at + size])]
    assert heard == sent
    assert (decoder.frames, decoder.dropped_bytes, decoder.lost_frames) == (count, 0, 0)


@given(st.integers(1, 6), st.binary(max_size=400), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_any_bytes_are_survived_the_same_whatever_the_chunks_and_all_accounted_for(inputs, noise, sizes):
    data = raw(frames_of(inputs, 5)) + noise + raw(frames_of(inputs, 5, 3))
    at_once = wire.Decoder(inputs)
    expected = at_once.feed(data)
    decoder, heard, at = wire.Decoder(inputs), [], 0
    while at < len(data):
        for size in sizes:
            heard += decoder.feed(data[at : at + size])
            assert len(decoder._rest) < 3 * wire.frame_bytes(inputs)
            at += size
    assert heard == expected
    assert decoder.dropped_bytes == at_once.dropped_bytes
    waiting = len(data) - wire.frame_bytes(inputs) * decoder.frames - decoder.dropped_bytes
    assert waiting == len(decoder._rest)


@pytest.mark.parametrize("inputs", [1, 3, 6])
def test_after_noise_it_is_found_again_within_two_frames(inputs):
    """Noise may look like frames: two in a row that continue each other, once in some thousand places."""
    late = []
    for seed in range(200):
        luck = np.random.default_rng(seed)
        noise = luck.bytes(int(luck.integers(1, 60)))
        decoder = wire.Decoder(inputs)
        decoder.feed(raw(frames_of(inputs, 4)))
        sent = frames_of(inputs, 30, int(luck.integers(16)), seed)
        heard = decoder.feed(noise + raw(sent))
        counts = [frame.counts for frame in heard]
        late.append(next(lost for lost in range(30) if counts[-(30 - lost) :] == [f.counts for f in sent[lost:]]))
    assert sum(lost <= 2 for lost in late) >= 195
    assert max(late) <= 4


def test_lost_frames_are_told_by_their_numbers():
    sent = frames_of(3, 40)
    decoder = wire.Decoder(3)
    heard = decoder.feed(raw(sent[:10] + sent[13:30] + sent[39:] + frames_of(3, 3, 8)))
    assert [(frame.sequence, frame.missed) for frame in heard if frame.missed] == [(13, 3), (7, 9)]
    assert decoder.lost_frames == 12
    assert decoder.dropped_bytes == 0


def test_a_spoilt_byte_costs_one_frame():
    sent = frames_of(3, 20)
    data = bytearray(raw(sent))
    data[5 * 6 + 2] ^= 0x40
    decoder = wire.Decoder(3)
    heard = decoder.feed(bytes(data))
    assert [frame.counts for frame in heard] == [frame.counts for frame in sent[:5] + sent[6:]]
    assert heard[5].missed == 1
    assert (decoder.crc_errors, decoder.lost_frames, decoder.dropped_bytes) == (1, 1, 6)


def test_a_lost_byte_costs_one_frame():
    sent = frames_of(3, 20)
    data = raw(sent)
    decoder = wire.Decoder(3)
    heard = decoder.feed(data[:32] + data[33:])
    assert [frame.counts for frame in heard] == [frame.counts for frame in sent[:5] + sent[6:]]
    assert heard[5].missed == 1


def test_every_single_spoilt_bit_is_noticed():
    data = wire.encode(frames_of(4, 1)[0])
    for bit in range(8 * len(data)):
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert spoilt[-1] & 0x0F != wire.crc4(bytes(spoilt))


def test_a_repeated_frame_is_no_frame():
    sent = frames_of(3, 10)
    decoder = wire.Decoder(3)
    heard = decoder.feed(raw([*sent[:5], sent[4], *sent[5:]]))
    assert [frame.counts for frame in heard] == [frame.counts for frame in sent]
    assert decoder.lost_frames == 0


def test_counting_afresh_forgets_how_it_came_in():
    decoder = wire.Decoder(2)
    decoder.feed(b"\x55\xaa\x33" + raw(frames_of(2, 6)))
    decoder.forget()
    assert (decoder.dropped_bytes, decoder.lost_frames, decoder.crc_errors) == (0, 0, 0)
