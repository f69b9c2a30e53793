"""Every decoder and any bytes. The table (`benchmarks/decoders.py`) finds them by looking; a new one is here by itself.

The same checks run under a coverage-guided fuzzer for much longer: `make validate`.
"""

import random
import sys
from collections import deque

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.decoders import check_recovery, check_stream, home, seeds, targets, traffic
from devices.families import FAMILIES

TARGETS = targets()
STREAMS = [(f"{name}-{n}", name, stream) for name, of in TARGETS.items() for n, stream in enumerate(of.streams)]
FED = [(name, of.streams[0]) for name, of in TARGETS.items() if of.streams]
READERS = [(f"{name}.{reader.__name__}", name, reader) for name, of in TARGETS.items() for reader in of.readers]

sizes = st.sampled_from([0, 1, 2, 3, 5, 7, 20, 63])


def spoilt(name):
    """Real words of the device, cut, repeated, swapped, with noise between and bits turned over."""
    words = seeds(name) or [b""]
    piece = st.one_of(
        st.sampled_from(words),
        st.binary(max_size=40),
        st.builds(lambda word, end: word[:end], st.sampled_from(words), st.integers(0, 30)),
        st.builds(_turned, st.sampled_from(words), st.integers(0, 10_000), st.integers(0, 7)),
    )
    return st.lists(piece, max_size=6).map(b"".join)


def _turned(word, at, bit):
    if not word:
        return word
    at %= len(word)
    return word[:at] + bytes((word[at] ^ 1 << bit,)) + word[at + 1 :]


@pytest.mark.parametrize(("name", "stream"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_any_bytes_in_any_pieces_are_read_alike_and_accounted_for_without_hoarding(name, stream):
    @settings(max_examples=80, deadline=None)
    @given(st.one_of(st.binary(max_size=400), spoilt(name)), sizes)
    @example(b"\x00" * 700, 1)
    @example(b"\xff" * 700, 7)
    @example(b"\x80" * 700, 3)
    @example(b"\x01" * 700, 5)
    def holds(data, size):
        check_stream(stream, data, size)

    holds()


def kept(it, seen):
    """Bytes of all objects that hang on a decoder, of whatever kind they are."""
    if id(it) in seen or isinstance(it, type) or callable(it):
        return 0
    seen.add(id(it))
    inside = [*getattr(it, "__dict__", {}).values()]
    inside += [getattr(it, slot) for kind in type(it).__mro__ for slot in getattr(kind, "__slots__", ())]
    if isinstance(it, dict):
        inside += [*it, *it.values()]
    elif isinstance(it, list | tuple | set | frozenset | deque):
        inside += it
    return sys.getsizeof(it) + sum(kept(one, seen) for one in inside)


@pytest.mark.parametrize(("name", "stream"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_a_hundred_kilobytes_of_rubbish_leave_less_than_four_behind(name, stream):
    dice, words = random.Random(1), seeds(name)
    rubbish = {
        "noise": lambda: dice.randbytes(100),
        "nought": lambda: bytes(100),
        "ones": lambda: b"\xff" * 100,
        "few values": lambda: bytes(dice.choices(b"\x00\x01\x03\x55\x80\xff", k=100)),
        "cut words": lambda: b"".join(word[: dice.randrange(30)] for word in dice.choices(words, k=8)),
    }
    for what, piece in rubbish.items():
        decoder = stream.make()
        for _ in range(1000):
            decoder.feed(piece())
            assert kept(decoder, set()) < 4096, what


@pytest.mark.parametrize(("name", "stream"), FED, ids=[name for name, _ in FED])
def test_after_noise_at_most_two_frames_are_lost(name, stream):
    before, *clean = [said.data for said in traffic(name)][:13]
    assert clean, "nobody says anything of this kind"

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200), st.integers(0, 30))
    def holds(noise, cut):
        check_recovery(stream, before[:cut] + noise, clean)

    holds()


@pytest.mark.parametrize(("name", "read"), [row[1:] for row in READERS], ids=[row[0] for row in READERS])
def test_any_value_is_read_or_refused_and_never_an_exception(name, read):
    words = seeds(name)

    @settings(max_examples=120, deadline=None)
    @given(st.one_of(st.binary(max_size=260), spoilt(name)))
    def holds(value):
        read(value)
        read(value + value)

    holds()
    for word in words:
        for end in range(len(word)):
            read(word[:end])


def test_a_clean_line_loses_nothing():
    for name, stream in FED:
        decoder = stream.make()
        heard = [frame for said in traffic(name)[5:] for frame in decoder.feed(said.data)]
        assert decoder.frames > 10, name
        assert heard
        assert (decoder.crc_errors, decoder.lost_frames) == (0, 0), name


def test_every_protocol_that_is_fuzzed_is_spoken_by_a_device_and_every_device_speaks_one():
    assert all(home(name) for name in TARGETS)
    assert {home(name).kind for name in TARGETS} <= {family.kind for family in FAMILIES}
    for family in FAMILIES:
        own = family.kind.replace("-", "_")
        assert own in TARGETS or any(home(name) is family for name in TARGETS), f"nothing of {family.kind} is fuzzed"
