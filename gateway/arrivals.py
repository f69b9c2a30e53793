"""What comes up from a producer, judged once at the door: good with a typed body, or poison with a reason.

Nothing raises here and nothing is refused silently: a poison goes to the dead letters and is receipted like the rest,
so that one bad record blocks nobody behind it (DESIGN, receipts).
"""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from gateway.messages import Body, Record, decode_body
from gateway.topics import parse_up

_INT64 = 1 << 63

_record = msgspec.msgpack.Decoder(Record)


class _OnlyId(msgspec.Struct):
    id: UUID


_only_id = msgspec.msgpack.Decoder(_OnlyId)


@dataclass(frozen=True, slots=True)
class Good:
    """A record of the contract."""

    record: Record
    body: Body
    payload: bytes


@dataclass(frozen=True, slots=True)
class Poison:
    """Something that cannot be stored as a row. `id` is None when not even that can be read."""

    id: UUID | None
    reason: str
    payload: bytes


def judge(topic: str, payload: bytes) -> Good | Poison:
    """Decode and check a message of an `up` topic."""
    try:
        record = _record.decode(payload)
    except (msgspec.DecodeError, UnicodeError) as error:
        return Poison(_id_in(payload), f"not a record: {error}", payload)
    try:
        where = parse_up(topic)
        if (record.site, record.lane, record.producer) != where:
            return Poison(record.id, f"says {record.site} {record.lane} {record.producer}, came on {topic}", payload)
        body = decode_body(record)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        return Poison(record.id, f"body of {record.kind} does not decode: {error}", payload)
    if not (0 < record.seq < _INT64 and 0 <= record.made_utc_ns < _INT64):
        return Poison(record.id, "sequence number or time is out of range", payload)
    if not all(-_INT64 <= number < _INT64 for number in _integers(body)):
        return Poison(record.id, f"a number in the body of {record.kind} is out of range", payload)
    return Good(record, body, payload)


def _integers(value: object) -> list[int]:
    """All integers at the top level of a body: those that become columns."""
    return (
        [number for name in type(value).__struct_fields__ if isinstance(number := getattr(value, name), int)]
        if isinstance(value, msgspec.Struct)
        else []
    )


def _id_in(payload: bytes) -> UUID | None:
    try:
        return _only_id.decode(payload).id
    except (msgspec.DecodeError, UnicodeError):
        return None
