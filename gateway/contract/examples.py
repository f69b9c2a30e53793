"""One example of each record kind, on the hop that it takes: invented people and places, fixed ids, the same bytes
every time. A new kind without one fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from care.alerts import AlertStep, Deadline
from gateway import topics
from gateway.contract.channels import CHANNELS, OTHERS
from gateway.contract.structs import KINDS
from gateway.messages import (
    AlertEvent,
    Appointment,
    Assessment,
    BeatRow,
    Body,
    ConsentWithdrawn,
    ContentViewed,
    Deletion,
    DeletionDone,
    DeviceMinute,
    DeviceMinutes,
    DutyEntry,
    DutyRoster,
    Envelope,
    EventRow,
    FeatureRow,
    GapRow,
    KeyEscrow,
    Lane,
    LibraryPiece,
    PersonFile,
    Record,
    ReleaseManifest,
    ReleaseReport,
    Revocation,
    SessionChunk,
    SessionClosed,
    SessionOpened,
    SessionWave,
    SiteCounts,
    SiteSettings,
    Tombstone,
    decode_body,
    encode,
    kind_of,
    lane_of,
)

ROOM, TOWN = "huadu.xinhua.0007", "huadu.xinhua"
BOOT = "0197c3b0-0000-7000-8000-00000000b007"
BEGAN = 1_796_000_000_000_000_000
S = 1_000_000_000


def _id(number: int) -> UUID:
    return UUID(f"0197c3b1-8c00-7000-8000-{number:012x}")


_SESSION, _ALERT, _DELETION = _id(0xA1), _id(0xA2), _id(0xA3)

BODY_EXAMPLES: tuple[Body, ...] = (
    SessionOpened(_SESSION, "resonance", 1, "chair-1", "RX-3", "0042", "1.4", "ecg", 256.0, BEGAN, subject="p-7f3a"),
    SessionChunk(
        _SESSION,
        1,
        0,
        10 * S,
        [BeatRow(412_000_000, None, "first", 0.96), BeatRow(1_240_000_000, 828.0, "normal", 0.97)],
        [
            FeatureRow(10 * S, "rmssd", 31.5, "ms", 60.0, 0.91),
            FeatureRow(10 * S, "lf", None, "ms2", 60.0, 0.4, "short"),
        ],
        [EventRow(0, "segment_began", "呼吸", 6.0)],
        [GapRow(3 * S, 4 * S, "samples_lost")],
    ),
    SessionClosed(_SESSION, 600 * S, "completed", 60, 724, 72.4, 31.5, 0.012, 63.0, 58.0, 68.0),
    SessionWave(_SESSION, "ecg", 1, 0, 256.0, "mV", 0.001, 0.0, bytes.fromhex("0000100020000080")),
    Assessment(
        _id(0xA4), "phq9", 1, "zh-Hans", BEGAN, BEGAN + 180 * S, {"phq9.1": 1, "phq9.2": 0}, False, consents=["keep"]
    ),
    AlertEvent(
        _ALERT,
        1,
        AlertStep.RAISED,
        BEGAN,
        "room",
        "system",
        tier="red",
        seat="chair-1",
        cause="help_button",
        deadlines=[Deadline("room", BEGAN + 120 * S), Deadline("town", BEGAN + 600 * S)],
    ),
    SiteCounts("2026-11-29", 1, {"sessions.completed": 12, "alerts.red": 1}),
    DeviceMinutes([DeviceMinute(BEGAN, "chair-1", 1.0, 15_360, 0, 2, 0, 0.0, battery_percent=88.0, rssi_dbm=None)]),
    DutyRoster(3, [DutyEntry("s-12", "Li Na", "counsellor", BEGAN, BEGAN + 28_800 * S, ["pager"])]),
    Appointment(_id(0xA5), 2, "offered", "p-7f3a", BEGAN + 86_400 * S, "s-12", "second floor"),
    ConsentWithdrawn("p-7f3a", "keep", BEGAN),
    Deletion(_DELETION, "p-7f3a", [_SESSION], [_id(0xA4)], ROOM, "s-12", BEGAN),
    DeletionDone(_DELETION, ROOM, BEGAN + 5 * S, {"sessions": 1, "session_chunks": 60}, 0),
    KeyEscrow("k-2026-11", TOWN, bytes.fromhex("00112233445566778899aabbccddeeff")),
    Revocation(4, b"-----BEGIN X509 CRL-----\n(an example)\n-----END X509 CRL-----\n"),
    SiteSettings(2, {"console.language": "en", "centre.keep_waves": False, "kiosk.idle_s": 90}),
    ReleaseManifest("0.2.0", b'{"version":"0.2.0"}', bytes(64), "release-1"),
    ReleaseReport("0.2.0", "healthy", BEGAN + 3600 * S),
    PersonFile("ABCD2347", 1, bytes(16), bytes(32), 1 << 14, 8, 1, "60+", "zh-Hans", BEGAN, "kiosk"),
    ContentViewed("sleep-ten-habits", 1, "zh-Hans", BEGAN, 140),
    LibraryPiece("sleep-ten-habits", 2, 'key = "sleep-ten-habits"\nversion = 2\n'),
    Tombstone(BOOT, Lane.BULK, [(17, 40), (44, 44)], {"session_wave": 25}, "bounds"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One message: where it travels, its bytes, and the same for people (bodies decoded, bytes as base64)."""

    name: str
    topic: str
    payload: bytes
    readable: Any


def examples(others: Mapping[str, Struct] = OTHERS) -> list[Example]:
    """All of them: record kinds in the order of the contract, then what is no record."""
    return [_record(number, body) for number, body in enumerate(BODY_EXAMPLES, 1)] + [
        Example(name, _topic_of(name), encode(example), {"topic": _topic_of(name), "message": readable(example)})
        for name, example in others.items()
    ]


def readable(value: Struct) -> Any:
    """A struct as JSON has it; a record's body decoded."""
    plain = msgspec.json.decode(msgspec.json.encode(value))
    match value:
        case Envelope():
            plain["record"] = readable(value.record)
        case Record():
            plain["body"] = readable(decode_body(value.kind, value.body))
        case _:
            pass
    return plain


def _record(number: int, body: Body) -> Example:
    kind = kind_of(body)
    goes_down = KINDS[kind].down and not isinstance(body, AlertEvent | Deletion | ConsentWithdrawn | Tombstone)
    by_centre = goes_down or "centre" in KINDS[kind].maker
    site, target = (TOWN, ROOM) if goes_down else (ROOM, "")
    producer = topics.CENTRE if by_centre else KINDS[kind].maker.partition(" ")[0]
    producer = {topics.CENTRE: topics.CENTRE, "kiosk": topics.KIOSKS[0]}.get(producer, "room")
    record = Record(_id(number), kind, site, producer, BEGAN + number * S, encode(body), target)
    envelope = Envelope(BOOT, lane_of(kind), number, record)
    turn = topics.down if goes_down else topics.up
    topic = turn(ROOM, envelope.lane, topics.RELAY if by_centre else producer)
    return Example(str(kind), topic, encode(envelope), {"topic": topic, "message": readable(envelope)})


def _topic_of(name: str) -> str:
    """The first topic on which a message travels, filled in."""
    address = next(channel.address for channel in CHANNELS.values() if name in channel.messages)
    for parameter, value in {"site": ROOM, "lane": "normal", "producer": "room", "process": "room"}.items():
        address = address.replace(f"{{{parameter}}}", value)
    return address
