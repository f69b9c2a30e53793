"""The bytes of finger oximeters: vectors of public sources, or by hand from the layouts, and what holds for all."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import berry, berry_v15, contec, contec_v7, nonin

rates = st.one_of(st.none(), st.integers(1, 250))
percents = st.one_of(st.none(), st.integers(1, 100))
flag = st.booleans()
MOMENTS = {
    "berry": st.builds(berry.Frame, st.integers(1, 100), rates, percents, no_finger=flag, beat=flag),
    "contec": st.builds(contec.Frame, st.integers(0, 127), rates, percents, finger_out=flag, beat=flag, falling=flag),
    "contec-v7": st.builds(
        contec_v7.Frame,
        st.integers(0, 127),
        rates,
        percents,
        st.one_of(st.none(), st.integers(0, 2000).map(lambda value: value / 100)),
        finger_out=flag,
        searching=flag,
    ),
}
WIRES = {"berry": berry, "contec": contec, "contec-v7": contec_v7}


@pytest.mark.parametrize("kind", MOMENTS)
@given(data=st.data(), size=st.integers(1, 20))
def test_frames_come_back_whatever_the_chunks(kind, data, size):
    wire = WIRES[kind]
    sent = data.draw(st.lists(MOMENTS[kind], max_size=12))
    raw = b"".join(map(wire.encode, sent))
    decoder = wire.Decoder()
    assert [frame for at in range(0, len(raw), size) for frame in decoder.feed(raw[at : at + size])] == sent
    assert (decoder.dropped_bytes, decoder.lost_frames) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 255), rates, percents), min_size=60, max_size=90), st.integers(1, 30))
def test_nonin_values_come_back_with_the_next_whole_triple(moments, size):
    _, rate, spo2 = moments[0]
    raw = b"".join(nonin.encode(nonin.Frame(pleth, rate, spo2), at % 25) for at, (pleth, *_) in enumerate(moments))
    decoder = nonin.Decoder()
    heard = [frame for at in range(0, len(raw), size) for frame in decoder.feed(raw[at : at + size])]
    assert [frame.pleth for frame in heard] == [pleth for pleth, *_ in moments]
    assert all((frame.pulse_rate_per_min, frame.spo2_percent) == (rate, spo2) for frame in heard[3:])


@given(st.integers(0, 24), st.integers(1, 24))
def test_nonin_counts_what_was_lost_by_the_place_in_the_packet(begin, lost):
    raws = [nonin.encode(nonin.Frame(number % 200, 70, 97), number % 25) for number in range(150)]
    decoder = nonin.Decoder()
    heard = decoder.feed(b"".join(raws[: 50 + begin] + raws[50 + begin + lost :]))
    assert sum(frame.missed for frame in heard) == lost
    assert decoder.lost_frames == lost


def test_nonin_packet_of_the_public_suite_of_pufferfish():
    """TestNoninOEM3.cpp (Pez-Globo, Apache-2.0): 25 frames, every pulse rate 72, every saturation 97."""
    values = "00 48 61 30 00 00 00 00 61 61 61 00 00 00 48 61 61 00 00 00 48 00 48 00 00"
    status = [0x81, *[0x80] * 24]
    bodies = [bytes((1, state, 1, value)) for state, value in zip(status, bytes.fromhex(values), strict=True)]
    assert [sum(body) & 0xFF for body in bodies[:5]] == [0x83, 0xCA, 0xE3, 0xB2, 0x82]  # as they stand there
    decoder = nonin.Decoder()
    heard = decoder.feed(b"".join(body + bytes((sum(body) & 0xFF,)) for body in bodies))
    assert len(heard) == 25
    assert all((frame.pulse_rate_per_min, frame.spo2_percent, frame.contact) == (72, 97, True) for frame in heard[2:])
    assert decoder.dropped_bytes == 0


def test_nonin_wrong_frames_of_the_public_suite_of_pufferfish():
    for second in ("01 80 01 48 cb", "01 7f 01 48 ca"):  # its sum; bit 7 of its status
        decoder = nonin.Decoder()
        assert len(decoder.feed(bytes.fromhex("01 81 01 00 83" + second))) == 1


def test_nonin_by_hand():
    raw = bytes.fromhex("01 81 80 00 02  01 80 80 48 49  01 80 80 61 62  01 80 80 04 05".replace(" ", ""))
    last = nonin.Decoder().feed(raw)[-1]
    assert (last.pulse_rate_per_min, last.spo2_percent, last.contact) == (72, 97, True)


def test_nonin_wrong_sum_is_counted_and_dropped():
    good = [nonin.encode(nonin.Frame(50, 70, 97), place) for place in range(25)]
    bad = good[5][:-1] + bytes((good[5][-1] ^ 0x40,))
    decoder = nonin.Decoder()
    heard = decoder.feed(b"".join([*good[:5], bad, *good[6:]]) + good[0])
    assert (decoder.crc_errors, decoder.lost_frames, len(heard)) == (1, 1, 25)


def test_contec_v7_by_hand():
    (frame,) = contec_v7.Decoder().feed(bytes.fromhex("01 88 88 c0 90 96 e1 80 80".replace(" ", "")))
    assert (frame.pleth, frame.pulse_rate_per_min, frame.spo2_percent, frame.perfusion_percent) == (64, 150, 97, None)


def test_contec_v7_is_asked_kept_and_stopped_with_nine_bytes():
    assert contec_v7.START.hex() == "7d81a1" + "80" * 6
    assert contec_v7.KEEP_ALIVE.hex() == "7d81af" + "80" * 6
    assert contec_v7.STOP.hex() == "7d81a2" + "80" * 6


def test_contec_finger_out_is_no_contact():
    (frame,) = contec.Decoder().feed(bytes([0x90, 0, 0x20, 0x7F, 0x7F]))
    assert frame.contact is False
    assert frame.searching


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40), st.integers(1, 19))
def test_berry_v15_numbers_tell_what_is_lost(pleths, size):
    numbers = [(3 * at) & 0xFF for at in range(len(pleths))]
    raw = b"".join(
        berry_v15.encode(berry_v15.Frame(number, pleth, 70, 97)) for number, pleth in zip(numbers, pleths, strict=True)
    )
    decoder = berry_v15.Decoder()
    heard = [frame for at in range(0, len(raw), size) for frame in decoder.feed(raw[at : at + size])]
    assert [frame.pleth for frame in heard] == pleths
    assert [frame.missed for frame in heard] == [0] + [2] * (len(pleths) - 1)


def test_berry_v15_wrong_sum_drops_a_frame_only_of_a_unit_that_knows_how():
    honest = [berry_v15.encode(berry_v15.Frame(number, 60, 72, 97)) for number in range(12)]
    honest[9] = berry_v15.encode(berry_v15.Frame(9, 60, 72, 97), right_sum=False)
    decoder = berry_v15.Decoder()
    assert [frame.number for frame in decoder.feed(b"".join(honest))] == [*range(9), 10, 11]
    assert (decoder.crc_errors, decoder.lost_frames) == (1, 1)
    broken = [berry_v15.encode(berry_v15.Frame(number, 60, 72, 97), right_sum=False) for number in range(8)]
    decoder = berry_v15.Decoder()
    assert len(decoder.feed(b"".join(broken))) == 8
    assert decoder.crc_errors == 0


def test_berry_v15_constant_in_place_of_a_sum_is_never_believed_though_chance_makes_it_right():
    pleths = [1 + (37 * number) % 100 for number in range(5000)]
    raws = [berry_v15.encode(berry_v15.Frame(at & 0xFF, pleth, 72, 97)) for at, pleth in enumerate(pleths)]
    assert sum(raw[19] == 0xCE for raw in raws) > 5
    decoder = berry_v15.Decoder()
    heard = [frame for raw in raws for frame in decoder.feed(raw[:19] + b"\xce")]
    assert [frame.pleth for frame in heard] == pleths
    assert (decoder.crc_errors, decoder.lost_frames) == (0, 0)


def test_berry_v15_sum_that_goes_wrong_for_good_is_believed_no_longer():
    raws = [berry_v15.encode(berry_v15.Frame(at & 0xFF, 50, 72, 97), right_sum=at < 20) for at in range(400)]
    decoder = berry_v15.Decoder()
    heard = decoder.feed(b"".join(raws))
    assert heard[-1].number == 399 & 0xFF
    assert len(heard) > 250


def test_berry_v15_marks_of_no_value_and_of_the_battery_s_eighth_bit():
    raw = bytearray(berry_v15.encode(berry_v15.Frame(1, 0, None, None, no_finger=True)))
    assert (raw[4], raw[6]) == (127, 255)
    raw[17] = 0x80 | 55
    (frame,) = berry_v15.Decoder().feed(bytes(raw))
    assert (frame.spo2_percent, frame.pulse_rate_per_min, frame.battery_percent) == (None, None, 55)


@pytest.mark.parametrize("wire", [berry, berry_v15, contec, contec_v7, nonin], ids=lambda wire: wire.__name__)
@given(data=st.binary(max_size=300), size=st.integers(1, 50))
def test_any_bytes_are_survived_accounted_for_and_not_kept(wire, data, size):
    decoder = wire.Decoder()
    for at in range(0, len(data), size):
        decoder.feed(data[at : at + size])
        assert len(decoder._rest) < decoder.size
    assert len(data) == decoder.size * decoder.frames + decoder.dropped_bytes + len(decoder._rest)


@pytest.mark.parametrize("kind", MOMENTS)
@given(noise=st.binary(min_size=1, max_size=60))
def test_found_again_within_two_frames_after_noise(kind, noise):
    wire = WIRES[kind]
    good = wire.encode(WIRES[kind].Frame(50, 70, 97))
    decoder = wire.Decoder()
    decoder.feed(noise)
    before = decoder.frames
    decoder.feed(good * 3)
    assert decoder.frames >= before + 2


@given(noise=st.binary(min_size=1, max_size=60))
def test_nonin_is_found_again_within_two_frames_after_noise(noise):
    raws = [nonin.encode(nonin.Frame(50, 70, 97), place % 25) for place in range(40)]
    decoder = nonin.Decoder()
    decoder.feed(b"".join(raws[:30]) + noise)
    before = decoder.frames
    decoder.feed(b"".join(raws[30:]))
    assert decoder.frames >= before + 8


@given(noise=st.binary(min_size=1, max_size=60))
def test_berry_v15_is_found_again_within_two_frames_after_noise(noise):
    raws = [berry_v15.encode(berry_v15.Frame(number, 50, 70, 97)) for number in range(40)]
    decoder = berry_v15.Decoder()
    decoder.feed(b"".join(raws[:30]) + noise)
    heard = decoder.feed(b"".join(raws[30:]))
    assert [frame.number for frame in heard if 30 <= frame.number < 40][-8:] == list(range(32, 40))
    assert all(after.number > before.number for before, after in pairwise(heard[-8:]))
