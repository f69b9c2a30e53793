from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import berry as wire

flags = st.booleans()
frames = st.builds(
    wire.Frame,
    st.integers(0, 100),
    st.one_of(st.none(), st.integers(0, 254)),
    st.one_of(st.none(), st.integers(0, 126)),
    st.integers(0, 15),
    st.integers(0, 15),
    flags,
    flags,
    flags,
    flags,
    flags,
)


@given(st.lists(frames, max_size=10), st.integers(1, 7))
def test_frames_come_back_whatever_the_chunks(sent, size):
    raw = b"".join(map(wire.encode, sent))
    decoder = wire.Decoder()
    heard = [frame for at in range(0, len(raw), size) for frame in decoder.feed(raw[at : at + size])]
    assert heard == sent
    assert decoder.dropped_bytes == 0


@given(st.binary(max_size=200))
def test_decoder_survives_any_bytes_and_accounts_for_all_of_them(data):
    decoder = wire.Decoder()
    decoder.feed(data)
    waiting = len(data) - 5 * decoder.frames - decoder.dropped_bytes
    assert 0 <= waiting < 5


def test_only_the_first_byte_of_a_frame_has_bit_7():
    raw = wire.encode(wire.Frame(100, 200, 99, strength=15, bar=15, beat=True))
    assert [byte >> 7 for byte in raw] == [1, 0, 0, 0, 0]


def test_a_rate_above_127_uses_its_eighth_bit():
    (frame,) = wire.Decoder().feed(bytes([0x88, 50, 0x40, 22, 98]))
    assert frame.pulse_rate_per_min == 150


def test_invalid_marks_become_none():
    (frame,) = wire.Decoder().feed(bytes([0x90, 0, 0x50, 0x7F, 0x7F]))
    assert (frame.pulse_rate_per_min, frame.spo2_percent, frame.contact) == (None, None, False)


def test_a_broken_frame_is_counted_and_the_next_one_says_so():
    good = wire.encode(wire.Frame(50, 70, 98))
    decoder = wire.Decoder()
    heard = decoder.feed(good + good[:3] + good)
    assert [frame.missed for frame in heard] == [0, 1]
    assert (decoder.dropped_bytes, decoder.lost_frames) == (3, 1)
