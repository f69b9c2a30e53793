"""Whatever bytes come, on whatever topic: the door says good or poison with a reason, and never raises."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from struct_values import INT64, values

from docs import make_messages
from gateway import topics
from gateway.arrivals import Good, Poison, judge_down, judge_up
from gateway.contract.channels import OTHERS
from gateway.contract.examples import BOOT, ROOM, TOWN, examples
from gateway.messages import (
    BODIES,
    Envelope,
    Lane,
    Record,
    RecordKind,
    decode_body,
    encode,
    kind_of,
    lane_of,
)

MESSAGES = [one for one in examples() if one.name not in OTHERS]
SENT = [message.payload for message in MESSAGES]
TOPICS = [message.topic for message in MESSAGES]
AN_ID = UUID("0197c3b1-8c00-7000-8000-0000000000ff")
relaxed = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

any_topic = st.one_of(
    st.sampled_from(TOPICS),
    st.text(max_size=60),
    st.builds(topics.up, st.text(max_size=20), st.sampled_from([*Lane, "receipt", ""]), st.text(max_size=10)),
    st.builds(topics.down, st.sampled_from([ROOM, TOWN, ""]), st.sampled_from(list(Lane)), st.text(max_size=10)),
)


def turned(word, at, bit):
    at %= len(word)
    return word[:at] + bytes((word[at] ^ 1 << bit,)) + word[at + 1 :]


def cut(word, at, length, filling):
    at %= len(word)
    return word[:at] + filling + word[at + length :]


mutated = st.one_of(
    st.sampled_from(SENT),
    st.builds(turned, st.sampled_from(SENT), st.integers(0, 10_000), st.integers(0, 7)),
    st.builds(cut, st.sampled_from(SENT), st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=20)),
    st.builds(lambda word, end: word[: end % len(word)], st.sampled_from(SENT), st.integers(0, 10_000)),
    st.builds(lambda one, other: one + other, st.sampled_from(SENT), st.sampled_from(SENT)),
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-INT64, 2 * INT64 - 1) | st.floats() | st.text(max_size=10) | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


def swapped(example_, path, value):
    """A valid envelope with one field of its, of the record's or of the body's replaced, or taken away."""
    whole = msgspec.msgpack.decode(example_)
    body = msgspec.msgpack.decode(whole["record"]["body"])
    part = (whole, whole["record"], body)[path % 3]
    name = list(part)[path // 3 % len(part)]
    if value is ...:
        del part[name]
    else:
        part[name] = value
    if part is body:
        whole["record"]["body"] = msgspec.msgpack.encode(body)
    return msgspec.msgpack.encode(whole)


replaced = st.builds(swapped, st.sampled_from(SENT), st.integers(0, 90), plain | st.just(...))


def check(arrival, payload):
    match arrival:
        case Good():
            assert arrival.payload == payload
            assert type(arrival.body) is BODIES[arrival.record.kind]
        case Poison():
            assert arrival.reason
            assert payload.startswith(arrival.payload)
        case _:
            pytest.fail(f"neither good nor poison: {arrival!r}")


NESTED = b"\x91" * 20_000 + b"\xc0"


@relaxed
@given(any_topic, st.binary(max_size=300) | mutated | replaced)
@example(TOPICS[0], b"\x81\xa1x" + NESTED)
@example(TOPICS[0], b"\x81\xa6record\x81\xa1x" + NESTED)
@example("nowhere", b"\x81\xa6record\x81\xa1x" + NESTED)
@example(TOPICS[0], b"\x81\xa6record\xdd\xff\xff\xff\xff")
@example(TOPICS[0], b"")
def test_any_bytes_are_judged(topic, payload):
    check(judge_up(topic, payload), payload)
    check(judge_down(topic, payload, TOWN), payload)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_on_its_own_topic_a_spoilt_message_is_judged(message):
    """Where the topic is right, the body is looked at as well."""

    @settings(relaxed, max_examples=15)
    @given(
        st.one_of(
            st.builds(turned, st.just(message.payload), st.integers(0, 10_000), st.integers(0, 7)),
            st.builds(swapped, st.just(message.payload), st.integers(0, 90), plain | st.just(...)),
        )
    )
    def holds(payload):
        judge = judge_up if "/up/" in message.topic else lambda topic, data: judge_down(topic, data, TOWN)
        check(judge(message.topic, payload), payload)

    holds()


def test_a_body_of_arrays_in_arrays_is_poison_with_a_reason():
    record = Record(
        AN_ID, RecordKind.SITE_COUNTS, ROOM, "room", 1, b"\x84\xa3day\xa1d\xa7version\x01\xa6counts\x80\xa1x" + NESTED
    )
    payload = encode(Envelope(BOOT, Lane.NORMAL, 1, record))
    arrival = judge_up(topics.up(ROOM, Lane.NORMAL, "room"), payload)
    assert isinstance(arrival, Poison)
    assert arrival.id == record.id
    assert "recursion" in arrival.reason


@pytest.mark.parametrize("kind", RecordKind)
def test_every_value_comes_out_as_it_went_in(kind):
    @settings(relaxed, max_examples=15)
    @given(values(BODIES[kind]))
    def holds(body):
        assert decode_body(kind, encode(body)) == body
        assert kind_of(body) is kind
        record = Record(AN_ID, kind, ROOM, "room", 1, encode(body))
        arrival = judge_up(topics.up(ROOM, lane_of(kind), "room"), encode(Envelope(BOOT, lane_of(kind), 1, record)))
        assert isinstance(arrival, Good), arrival.reason
        assert arrival.body == body

    holds()


@pytest.mark.parametrize("struct", make_messages.structs(), ids=lambda struct: struct.__name__)
def test_every_struct_comes_out_as_it_went_in(struct):
    @settings(relaxed, max_examples=15)
    @given(values(struct))
    def holds(value):
        assert msgspec.msgpack.decode(encode(value), type=struct) == value

    holds()
