"""What comes over a hop, judged once at the door: good with a typed body, or poison with a reason.

Nothing raises here and nothing is refused silently: a poison goes to the dead letters and is receipted like the rest,
so that one bad record blocks nobody behind it (DESIGN, receipts). The topic says who may say what: the broker's ACL
binds it to a certificate, and a site speaks for itself and for those below it.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import get_args, get_type_hints
from uuid import UUID

import msgspec

from gateway import topics
from gateway.messages import Body, Envelope, Record, decode_body

MAX_BYTES = 1 << 20
"""The largest message that is looked at; the broker's limit is the same."""
_KEPT_BYTES = 1 << 12
_INT64 = 1 << 63
_NAME = re.compile(r"[!-~]{1,200}")
"""Sites, processes and starts: keys in every database, so they are short and plain."""
UNREADABLE = (msgspec.DecodeError, UnicodeError, ValueError, RecursionError)
"""What decoders raise. The last one: a few kilobytes of arrays within arrays, in a field that nobody knows."""

_envelope = msgspec.msgpack.Decoder(Envelope)


class _Id(msgspec.Struct):
    id: UUID


class _OnlyId(msgspec.Struct):
    record: _Id


_only_id = msgspec.msgpack.Decoder(_OnlyId)


@dataclass(frozen=True, slots=True)
class Hop:
    """Over which hop something came: the stream that numbers it.

    Attributes:
        sender: site, and which of its processes.
    """

    sender: str
    producer: str


@dataclass(frozen=True, slots=True)
class Good:
    """A record of the contract, as it came."""

    hop: Hop
    envelope: Envelope
    body: Body
    payload: bytes

    @property
    def record(self) -> Record:
        return self.envelope.record


@dataclass(frozen=True, slots=True)
class Poison:
    """Something that cannot be stored as a row. `id` is None when not even that can be read."""

    id: UUID | None
    reason: str
    payload: bytes
    hop: Hop | None = None
    envelope: Envelope | None = None


def within(site: str, upper: str) -> bool:
    """Whether a site is another one or below it: "huadu.xinhua.0007" is within "huadu.xinhua"."""
    return site == upper or site.startswith(upper + ".")


def judge_up(topic: str, payload: bytes) -> Good | Poison:
    """Decode and check a message of an `up` topic."""
    try:
        travel = topics.parse_up(topic)
    except ValueError as error:
        return Poison(_id_in(payload), str(error), payload[:_KEPT_BYTES])
    hop = Hop(travel.site, travel.producer)
    arrival = _judge(hop, travel.lane, payload)
    if isinstance(arrival, Poison):
        return arrival
    record = arrival.record
    speaks = (
        within(record.site, travel.site)
        if travel.producer == topics.RELAY
        else (record.site, record.producer) == (travel.site, travel.producer)
    )
    if not speaks:
        return Poison(
            record.id, f"says {record.site} {record.producer}, came on {topic}", payload, hop, arrival.envelope
        )
    return arrival


def judge_down(topic: str, payload: bytes, upper: str) -> Good | Poison:
    """Decode and check a message of a `down` topic. `upper` names the sender, which the topic does not."""
    try:
        travel = topics.parse_down(topic)
    except ValueError as error:
        return Poison(_id_in(payload), str(error), payload[:_KEPT_BYTES])
    hop = Hop(upper, topics.CENTRE)
    arrival = _judge(hop, travel.lane, payload)
    if isinstance(arrival, Good) and not within(arrival.record.target, travel.site):
        return Poison(
            arrival.record.id, f"is for {arrival.record.target!r}, came on {topic}", payload, hop, arrival.envelope
        )
    return arrival


def _judge(hop: Hop, lane: str, payload: bytes) -> Good | Poison:
    if len(payload) > MAX_BYTES:
        reason = f"{len(payload)} bytes are more than a message may have ({MAX_BYTES})"
        return Poison(_id_in(payload), reason, payload[:_KEPT_BYTES], hop)
    try:
        envelope = _envelope.decode(payload)
    except UNREADABLE as error:
        return Poison(_id_in(payload), f"not a record: {error}", payload, hop)
    record = envelope.record
    names = (hop.sender, hop.producer, envelope.boot, record.site, record.producer, record.target or record.site)
    if not all(_NAME.fullmatch(name) for name in names):
        return Poison(record.id, "a site, process or start has a name that cannot be one", payload)
    if envelope.lane != lane:
        return Poison(record.id, f"says lane {envelope.lane}, came on {lane}", payload, hop, envelope)
    try:
        body = decode_body(record.kind, record.body)
    except UNREADABLE as error:
        return Poison(record.id, f"body of {record.kind} does not decode: {error}", payload, hop, envelope)
    if not (0 < envelope.seq < _INT64 and 0 <= record.made_utc_ns < _INT64):
        return Poison(record.id, "sequence number or time is out of range", payload, hop, envelope)
    if not all(-_INT64 <= number < _INT64 for number in _integers(body)):
        return Poison(record.id, f"a number in the body of {record.kind} is out of range", payload, hop, envelope)
    return Good(hop, envelope, body, payload)


@cache
def _may_be_integers(kind: type[Body]) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if int in {hints[name], *get_args(hints[name])})


def _integers(body: Body) -> list[int]:
    """All integers at the top level of a body: those that become columns."""
    values = (getattr(body, name) for name in _may_be_integers(type(body)))
    return [value for value in values if type(value) is int]


def _id_in(payload: bytes) -> UUID | None:
    try:
        return _only_id.decode(payload).record.id
    except UNREADABLE:
        return None
