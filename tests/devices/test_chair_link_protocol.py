import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import chair_link as wire

tenths = st.integers(0, 1600).map(lambda n: n / 10)
bytes_ = st.integers(0, 255)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
declared = st.builds(
    wire.Declared,
    st.sampled_from(list(wire.Sensor)),
    st.integers(1, 2**32 - 1),
    st.sampled_from([16, 24]),
    bytes_,
    st.integers(0, 2**32 - 1),
)


@st.composite
def streams(draw):
    bits = draw(st.sampled_from([16, 24]))
    top = 1 << (bits - 1)
    counts = draw(st.lists(st.integers(-top, top - 1), max_size=wire.most_samples(bits)))
    sensor = draw(st.sampled_from(list(wire.Sensor)))
    return wire.Stream(sensor, draw(st.booleans()), bits, draw(st.integers(0, 2**32 - 1)), tuple(counts))


messages = st.one_of(
    st.sampled_from([wire.Identify(), wire.StartStreams(), wire.StopStreams(), wire.Heartbeat()]),
    st.sampled_from([wire.Stop(), wire.Release(), wire.Disarm()]),
    st.builds(wire.Arm, st.integers(0, 65535)),
    st.builds(wire.Recline, tenths, tenths, tenths),
    st.builds(wire.LegRest, tenths, tenths, tenths),
    st.builds(wire.Massage, bytes_, bytes_, bytes_),
    st.builds(wire.Heat, bytes_),
    st.builds(
        wire.Pace,
        tenths,
        st.integers(0, 100).map(lambda n: n / 100),
        st.integers(0, 65535).map(lambda n: n / 1000),
        bytes_,
    ),
    st.builds(
        wire.Ident, st.integers(0, 65535), bytes_, texts, texts, texts, texts, st.lists(declared, max_size=5).map(tuple)
    ),
    streams(),
    st.builds(wire.Note, bytes_, st.integers(0, 2**32 - 1), st.text(max_size=40)),
    st.builds(wire.Status, bytes_, tenths, tenths, *[bytes_] * 6, st.integers(0, 65535), st.integers(0, 2**32 - 1)),
    st.builds(wire.Ack, bytes_),
    st.builds(wire.Nak, bytes_, bytes_),
    st.builds(wire.Stopped, bytes_),
)


@given(messages, bytes_)
def test_every_message_comes_back_as_it_was(message, sequence):
    decoder = wire.Decoder()
    assert decoder.feed(wire.encode(message, sequence)) == [wire.Frame(sequence, message)]
    assert (decoder.frames, decoder.crc_errors, decoder.dropped_bytes, decoder.lost_frames) == (1, 0, 0, 0)


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_decoder_survives_any_bytes(chunks):
    decoder = wire.Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    assert decoder.frames + decoder.crc_errors + decoder.dropped_bytes <= sum(map(len, chunks))


@given(st.integers(0, 255), st.binary(max_size=240))
def test_a_good_frame_with_any_payload_is_read_or_named_unknown(code, payload):
    from devices.protocols import framing

    frames = wire.Decoder().feed(framing.wrap(bytes([wire.VERSION, code, 1]) + payload))
    assert len(frames) == 1


@given(st.lists(messages, min_size=3, max_size=6), st.data())
def test_a_flipped_bit_costs_one_frame_and_no_other(sent, data):
    raw = [wire.encode(message, at) for at, message in enumerate(sent)]
    hit = data.draw(st.integers(0, len(sent) - 1))
    at = data.draw(st.integers(1, len(raw[hit]) - 2))
    bit = data.draw(st.integers(0, 7))
    raw[hit] = raw[hit][:at] + bytes([raw[hit][at] ^ 1 << bit]) + raw[hit][at + 1 :]
    decoder = wire.Decoder()
    heard = decoder.feed(b"".join(raw))
    assert heard == [wire.Frame(at, message) for at, message in enumerate(sent) if at != hit]
    assert decoder.dropped_bytes > 0 or decoder.crc_errors > 0


@given(st.lists(messages, min_size=2, max_size=5), st.data())
def test_half_a_frame_costs_itself_only(sent, data):
    raw = [wire.encode(message, at) for at, message in enumerate(sent)]
    keep = data.draw(st.integers(1, len(raw[0]) - 2))
    heard = wire.Decoder().feed(raw[0][:keep] + b"".join(raw[1:]))
    assert heard == [wire.Frame(at, message) for at, message in enumerate(sent) if at > 0]


def test_lost_frames_are_counted_by_sequence_across_the_turn():
    decoder = wire.Decoder()
    for sequence in (253, 254, 1, 2):
        decoder.feed(wire.encode(wire.Heartbeat(), sequence))
    assert decoder.lost_frames == 2


def test_another_version_is_noticed_and_not_read():
    from devices.protocols import framing

    decoder = wire.Decoder()
    assert decoder.feed(framing.wrap(bytes([1, 0x04, 0]))) == []
    assert decoder.other_version == 1


def test_unknown_types_and_broken_layouts_are_told_apart():
    from devices.protocols import framing

    heard = wire.Decoder().feed(framing.wrap(bytes([2, 0x7A, 0])) + framing.wrap(bytes([2, 0x10, 1, 0])))
    assert [frame.message for frame in heard] == [
        wire.Unknown(0x7A, known_type=False),
        wire.Unknown(0x10, known_type=True),
    ]


@pytest.mark.parametrize(
    "message",
    [
        wire.Recline(-1, 3, 3),
        wire.Heat(300),
        wire.Stream(wire.Sensor.ECG, True, 16, 0, (40_000,)),
        wire.Note(0, 0, "x" * 300),
        wire.Ident(0, 0, "m" * 300, "", "", "", ()),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(message):
    with pytest.raises(ValueError) as refused:
        wire.encode(message, 0)
    assert "\n" not in str(refused.value)
