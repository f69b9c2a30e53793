"""The message contract: what is kept and what travels upward, as typed structs.

A `Record` is an envelope with an encoded body; its kind says which struct the body is (`BODIES`). Bodies are msgpack;
fields may be added with defaults, never renamed. Session times are ns since the session began, on its own clock.
"""

from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import Struct


class Lane(StrEnum):
    """Priority class. Alerts overtake everything; each lane numbers what it sends for itself."""

    ALERT = "alert"
    NORMAL = "normal"


class RecordKind(StrEnum):
    SESSION_OPENED = "session_opened"
    SESSION_CHUNK = "session_chunk"
    SESSION_CLOSED = "session_closed"


class Record(Struct, frozen=True):
    """One thing worth keeping.

    Attributes:
        id: UUIDv7; a record arrives any number of times and is stored once.
        site: three-level path folded into one segment, "huadu.xinhua.0007".
        producer: process that made it, "room".
        boot: start of that process, UUID text.
        seq: 1, 2, 3 … per (producer, boot, lane) without holes: a hole is a loss.
        made_utc_ns: wall time when it was made.
    """

    id: UUID
    kind: RecordKind
    site: str
    producer: str
    boot: str
    lane: Lane
    seq: int
    made_utc_ns: int
    body: bytes


class Receipt(Struct, frozen=True):
    """These records are durable here (rows committed). The next level holds them, no more."""

    level: str
    ids: list[UUID]


class BeatRow(Struct, frozen=True, array_like=True):
    """One beat: time, interval to the beat before (None after a gap), label of that interval, quality 0-1.

    `label` is a `signals.Label` value, or "first" where there is no interval.
    """

    t_ns: int
    rr_ms: float | None
    label: str
    quality: float


class FeatureRow(Struct, frozen=True, array_like=True):
    """One number with its quality. `value` is None where the floor was not reached; `reason` says why."""

    t_ns: int
    name: str
    value: float | None
    unit: str
    window_s: float
    quality: float
    reason: str = ""


class EventRow(Struct, frozen=True, array_like=True):
    """Something happened: a code of `care/words`, and what a person wrote or a number that belongs to it."""

    t_ns: int
    code: str
    detail: str = ""
    value: float | None = None


class GapRow(Struct, frozen=True, array_like=True):
    """No data from … to …, and why ("device_lost", "room_down", "paused", "samples_lost")."""

    from_ns: int
    to_ns: int
    cause: str


class SessionOpened(Struct, frozen=True):
    session: UUID
    programme: str
    programme_version: int
    device: str
    device_model: str
    device_serial: str
    device_firmware: str
    heart_channel: str
    heart_rate_hz: float
    began_utc_ns: int
    speed: float = 1.0


class SessionChunk(Struct, frozen=True):
    """What happened from `from_ns` to `to_ns`. (session, number, version) is unique; a higher version replaces."""

    session: UUID
    number: int
    from_ns: int
    to_ns: int
    beats: list[BeatRow]
    features: list[FeatureRow]
    events: list[EventRow]
    gaps: list[GapRow]
    version: int = 1


class SessionClosed(Struct, frozen=True):
    """The end, and the summary that the room could make. Chunks say how many there must be."""

    session: UUID
    ended_ns: int
    outcome: str
    chunks: int
    beats: int
    mean_hr_bpm: float | None = None
    rmssd_ms: float | None = None
    artefact_share: float | None = None
    relaxation: float | None = None
    relaxation_low: float | None = None
    relaxation_high: float | None = None
    relaxation_reason: str = ""
    replay_record: str = ""
    replay_offset_s: float | None = None


Body = SessionOpened | SessionChunk | SessionClosed

BODIES: dict[RecordKind, type[Body]] = {
    RecordKind.SESSION_OPENED: SessionOpened,
    RecordKind.SESSION_CHUNK: SessionChunk,
    RecordKind.SESSION_CLOSED: SessionClosed,
}


def kind_of(body: Body) -> RecordKind:
    """The record kind of a body."""
    return next(kind for kind, struct in BODIES.items() if type(body) is struct)


def encode(value: Struct) -> bytes:
    """Msgpack bytes of any struct of the contract."""
    return msgspec.msgpack.encode(value)


def decode_body(record: Record) -> Body:
    """The typed body of a record.

    Raises:
        msgspec.ValidationError: the bytes do not match the record's kind.
    """
    return msgspec.msgpack.decode(record.body, type=BODIES[record.kind])
