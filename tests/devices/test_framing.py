import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.framing import Unwrapper, crc16, stuff, unstuff, wrap


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        ("", "01"),
        ("00", "01 01"),
        ("00 00", "01 01 01"),
        ("11 22 00 33", "03 11 22 02 33"),
        ("11 22 33 44", "05 11 22 33 44"),
        ("11 00 00 00", "02 11 01 01 01"),
    ],
)
def test_stuffing_gives_the_published_examples(plain, stuffed):
    assert stuff(bytes.fromhex(plain)) == bytes.fromhex(stuffed)


def test_check_sum_is_ccitt_false():
    assert crc16(b"123456789") == 0x29B1


@given(st.binary(max_size=700))
def test_stuffing_is_undone_and_leaves_no_zero(data):
    assert 0 not in stuff(data)
    assert unstuff(stuff(data)) == data


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8), st.data())
def test_bodies_come_out_whole_whatever_the_chunks(bodies, data):
    stream = b"".join(wrap(body) for body in bodies)
    reader, out = Unwrapper(longest=100), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        out += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert out == bodies
    assert (reader.crc_errors, reader.dropped_bytes) == (0, 0)


@given(st.binary(max_size=300))
def test_a_frame_after_rubbish_is_found(rubbish):
    reader = Unwrapper(longest=100)
    assert reader.feed(rubbish + wrap(b"hello"))[-1:] == [b"hello"]


def test_an_endless_run_without_delimiter_is_dropped_and_counted():
    reader = Unwrapper(longest=50)
    for _ in range(100):
        assert reader.feed(b"\x55" * 40) == []
    assert reader.feed(wrap(b"hello")) == [b"hello"]
    assert reader.dropped_bytes == 4000
