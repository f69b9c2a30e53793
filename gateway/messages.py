"""The message contract: what is kept and what travels between sites, as typed structs.

A `Record` is one thing worth keeping, made once and the same at every level; an `Envelope` carries it over one hop and
is numbered there. A record's kind says which struct its body is (`BODIES`). Bodies are msgpack; fields may be added
with defaults, never renamed or removed (`docs/messages` holds the released schemas, CI compares). Session times are ns
since the session began, on its own clock; all others are UTC ns since 1970.
"""

from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import Struct

from care.alerts import AlertEvent as AlertEvent  # noqa: PLC0414 - part of the contract

CONTRACT = 1
"""Version of the contract, the second segment of every topic."""


class Lane(StrEnum):
    """Priority class. Alerts overtake everything, bulk yields to everything and is dropped first; each lane numbers
    what it sends for itself.
    """

    ALERT = "alert"
    NORMAL = "normal"
    BULK = "bulk"


LANES = (Lane.ALERT, Lane.NORMAL, Lane.BULK)
"""Most urgent first."""


class RecordKind(StrEnum):
    SESSION_OPENED = "session_opened"
    SESSION_CHUNK = "session_chunk"
    SESSION_CLOSED = "session_closed"
    SESSION_WAVE = "session_wave"
    ASSESSMENT = "assessment"
    ALERT_EVENT = "alert_event"
    SITE_COUNTS = "site_counts"
    DEVICE_MINUTES = "device_minutes"
    DUTY_ROSTER = "duty_roster"
    APPOINTMENT = "appointment"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    DELETION = "deletion"
    DELETION_DONE = "deletion_done"
    KEY_ESCROW = "key_escrow"
    REVOCATION = "revocation"
    SITE_SETTINGS = "site_settings"
    RELEASE_MANIFEST = "release_manifest"
    RELEASE_REPORT = "release_report"
    PERSON_FILE = "person_file"
    CONTENT_VIEWED = "content_viewed"
    LIBRARY_PIECE = "library_piece"
    TOMBSTONE = "tombstone"


class Record(Struct, frozen=True):
    """One thing worth keeping.

    Attributes:
        id: UUIDv7, given by whoever made it and kept at every level; it arrives any number of times and counts once.
        site: where it was made, "huadu.xinhua.0007".
        producer: process that made it, "room".
        made_utc_ns: wall time when it was made.
        target: site that it is meant for, when it travels down; "" for what stays or goes up.
    """

    id: UUID
    kind: RecordKind
    site: str
    producer: str
    made_utc_ns: int
    body: bytes
    target: str = ""


class Envelope(Struct, frozen=True):
    """A record on one hop.

    Attributes:
        boot: start of the sending process, UUID text.
        seq: 1, 2, 3 … per (sender, receiver, producer, boot, lane) without holes: a hole is a loss, and what was
            dropped on purpose leaves a `Tombstone`.
    """

    boot: str
    lane: Lane
    seq: int
    record: Record


class Receipt(Struct, frozen=True):
    """These records are durable here: rows, and the relay's entry for the next level. The next level holds them, no
    more.
    """

    level: str
    ids: list[UUID]


class BeatRow(Struct, frozen=True, array_like=True, gc=False):
    """One beat: time, interval to the beat before (None after a gap), label of that interval, quality 0-1.

    `label` is a `signals.Label` value, or "first" where there is no interval.
    """

    t_ns: int
    rr_ms: float | None
    label: str
    quality: float


class FeatureRow(Struct, frozen=True, array_like=True, gc=False):
    """One number with its quality. `value` is None where the floor was not reached; `reason` says why."""

    t_ns: int
    name: str
    value: float | None
    unit: str
    window_s: float
    quality: float
    reason: str = ""


class EventRow(Struct, frozen=True, array_like=True, gc=False):
    """Something happened: a code of `care/words`, and what a person wrote or a number that belongs to it."""

    t_ns: int
    code: str
    detail: str = ""
    value: float | None = None


class GapRow(Struct, frozen=True, array_like=True, gc=False):
    """No data from … to …, and why ("device_lost", "room_down", "paused", "samples_lost")."""

    from_ns: int
    to_ns: int
    cause: str


class SessionOpened(Struct, frozen=True):
    """A session began. `subject` is the pseudonym of the person ("" for nobody's), never a name."""

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
    subject: str = ""


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


class SessionWave(Struct, frozen=True):
    """A stretch of a raw signal: little-endian int16, value = samples * scale + offset, -32768 where none came.

    `number` is the ms of its beginning; (session, channel, number) is unique. Bulk: the first to go when room is short.
    """

    session: UUID
    channel: str
    number: int
    start_ns: int
    rate_hz: float
    unit: str
    scale: float
    offset: float
    samples: bytes


class Assessment(Struct, frozen=True):
    """One sitting at a questionnaire. The centre scores again from `answers` and never trusts the rest.

    Attributes:
        subject: pseudonym of the person ("" for nobody's), never a name.
        answers: item id → chosen value, what was answered so far.
        complete: all items that its rules need were answered; without it there is no band.
        tier: "green", "yellow", "orange", "red" by the rules of `rules_version`.
        sex, age_band: as said at the kiosk, "" if not; some instruments have norms for each.
        route: key and version of the route that led here, "screening 1".
        stopped_at: item at which somebody stopped; "" if nobody did.
    """

    assessment: UUID
    instrument: str
    instrument_version: int
    language: str
    began_utc_ns: int
    ended_utc_ns: int
    answers: dict[str, int]
    complete: bool
    score: float | None = None
    band: str = ""
    tier: str = ""
    rules_version: int = 1
    subject: str = ""
    consents: list[str] = []
    version: int = 1
    sex: str = ""
    age_band: str = ""
    route: str = ""
    stopped_at: str = ""


class SiteCounts(Struct, frozen=True):
    """What a site did on one day, as numbers without people. A higher version of the same day replaces a lower.

    Attributes:
        day: "2026-11-29", in the site's own time zone.
        counts: name → number: "sessions.completed", "assessments.phq9.orange", "alerts.red" …
    """

    day: str
    version: int
    counts: dict[str, int]


class DeviceMinute(Struct, frozen=True, array_like=True, gc=False):
    """How one device was in one minute; counters are those of the minute. None: it does not say."""

    t_utc_ns: int
    device: str
    connected_share: float
    frames: int
    crc_errors: int
    lost_frames: int
    reconnects: int
    silent_s: float
    battery_percent: float | None = None
    rssi_dbm: float | None = None


class DeviceMinutes(Struct, frozen=True):
    """The devices of a site over the last minutes."""

    minutes: list[DeviceMinute]


class DutyEntry(Struct, frozen=True):
    """Who answers, and when. `person` is a staff id; `reach` says how ("pager", "mailto:…", "https://…")."""

    person: str
    name: str
    role: str
    from_utc_ns: int
    to_utc_ns: int
    reach: list[str] = []


class DutyRoster(Struct, frozen=True):
    """Who is on duty at the target site. A higher version replaces the whole roster."""

    version: int
    entries: list[DutyEntry]


class Appointment(Struct, frozen=True):
    """An appointment that somebody asks for or is given. States: "asked", "offered", "confirmed", "cancelled".

    A higher version of the same appointment replaces a lower.
    """

    appointment: UUID
    version: int
    state: str
    subject: str
    at_utc_ns: int | None = None
    person: str = ""
    note: str = ""


class ConsentWithdrawn(Struct, frozen=True):
    """Somebody takes a consent back ("keep", "see"); what rests on it goes with a `Deletion`."""

    subject: str
    consent: str
    at_utc_ns: int


class Deletion(Struct, frozen=True):
    """Everything about a person, or these things of theirs, goes at every level that holds it.

    Attributes:
        subject: pseudonym; "" when only the ids are meant.
        sessions: chair sessions to erase.
        assessments: sittings to erase.
        origin: site that waits for the `DeletionDone` of every level.
        reason: why, in the words of who asked: "consent withdrawn", "asked by letter" …
    """

    deletion: UUID
    subject: str
    sessions: list[UUID]
    assessments: list[UUID]
    origin: str
    actor: str
    asked_utc_ns: int
    reason: str = ""


class DeletionDone(Struct, frozen=True):
    """Proof of one level: what was removed, table by table, and that a second search found nothing (`left` is 0)."""

    deletion: UUID
    site: str
    done_utc_ns: int
    removed: dict[str, int]
    left: int


class KeyEscrow(Struct, frozen=True):
    """A site's key, wrapped for the level above: a lost key is lost data."""

    key_id: str
    wrapped_for: str
    wrapped: bytes


class Revocation(Struct, frozen=True):
    """Certificates that are no longer good: a signed list (X.509 CRL, PEM); the newest number counts."""

    number: int
    crl_pem: bytes


class SiteSettings(Struct, frozen=True):
    """Settings of the target site, key → value as in `xinyi.toml` ("console.language" → "en"); the newest counts."""

    version: int
    values: dict[str, str | int | float | bool]


class ReleaseManifest(Struct, frozen=True):
    """A release as its signers signed it: the bytes are what counts, they are verified before they are read."""

    version: str
    manifest: bytes
    signature: bytes
    key_id: str


class ReleaseReport(Struct, frozen=True):
    """How a site is doing with a release: "offered", "fetched", "applied", "healthy", "rolled_back", "refused"."""

    version: str
    state: str
    at_utc_ns: int
    detail: str = ""


class PersonFile(Struct, frozen=True):
    """A code has a file at this site, under a PIN that only its owner knows. It never goes up.

    A higher version replaces a lower (a new PIN); of equal versions the one that was opened first counts.

    Attributes:
        subject: the code, "ABCD2345".
        pin_salt, pin_hash: scrypt (RFC 7914) of the PIN with n = `scrypt_n`, r = `scrypt_r`, p = `scrypt_p`.
        age_band: "14-17", "18-59", "60+", or "".
        opened_by: "kiosk", or "counsellor:<id>".
    """

    subject: str
    version: int
    pin_salt: bytes
    pin_hash: bytes
    scrypt_n: int
    scrypt_r: int
    scrypt_p: int
    age_band: str
    language: str
    opened_utc_ns: int
    opened_by: str


class ContentViewed(Struct, frozen=True):
    """Somebody looked at a piece of the library for so long; who, nobody knows."""

    piece: str
    piece_version: int
    language: str
    at_utc_ns: int
    seconds: int


class LibraryPiece(Struct, frozen=True):
    """A piece of the library (article, audio) that stands at the target site from now on, or is withdrawn there.

    Attributes:
        key: of the piece; a higher version of the same key replaces a lower.
        body: the piece as `care/library` reads it, TOML; "" when it is withdrawn.
    """

    key: str
    version: int
    body: str
    withdrawn: bool = False


class Tombstone(Struct, frozen=True):
    """Numbers that will never come, because policy or bounds dropped what they stood for: no loss.

    Attributes:
        boot: of the dropped ones.
        lane: of the dropped ones.
        ranges: first and last number of each run, both included.
        kinds: how many of each record kind.
        reason: "bounds", "policy", "erased", "unreadable".
    """

    boot: str
    lane: Lane
    ranges: list[tuple[int, int]]
    kinds: dict[str, int]
    reason: str


Body = (
    SessionOpened
    | SessionChunk
    | SessionClosed
    | SessionWave
    | Assessment
    | AlertEvent
    | SiteCounts
    | DeviceMinutes
    | DutyRoster
    | Appointment
    | ConsentWithdrawn
    | Deletion
    | DeletionDone
    | KeyEscrow
    | Revocation
    | SiteSettings
    | ReleaseManifest
    | ReleaseReport
    | PersonFile
    | ContentViewed
    | LibraryPiece
    | Tombstone
)

BODIES: dict[RecordKind, type[Body]] = {
    RecordKind.SESSION_OPENED: SessionOpened,
    RecordKind.SESSION_CHUNK: SessionChunk,
    RecordKind.SESSION_CLOSED: SessionClosed,
    RecordKind.SESSION_WAVE: SessionWave,
    RecordKind.ASSESSMENT: Assessment,
    RecordKind.ALERT_EVENT: AlertEvent,
    RecordKind.SITE_COUNTS: SiteCounts,
    RecordKind.DEVICE_MINUTES: DeviceMinutes,
    RecordKind.DUTY_ROSTER: DutyRoster,
    RecordKind.APPOINTMENT: Appointment,
    RecordKind.CONSENT_WITHDRAWN: ConsentWithdrawn,
    RecordKind.DELETION: Deletion,
    RecordKind.DELETION_DONE: DeletionDone,
    RecordKind.KEY_ESCROW: KeyEscrow,
    RecordKind.REVOCATION: Revocation,
    RecordKind.SITE_SETTINGS: SiteSettings,
    RecordKind.RELEASE_MANIFEST: ReleaseManifest,
    RecordKind.RELEASE_REPORT: ReleaseReport,
    RecordKind.PERSON_FILE: PersonFile,
    RecordKind.CONTENT_VIEWED: ContentViewed,
    RecordKind.LIBRARY_PIECE: LibraryPiece,
    RecordKind.TOMBSTONE: Tombstone,
}

_KINDS = {struct: kind for kind, struct in BODIES.items()}
_DECODERS = {kind: msgspec.msgpack.Decoder(struct) for kind, struct in BODIES.items()}
_LANES = {
    RecordKind.ALERT_EVENT: Lane.ALERT,
    RecordKind.SESSION_WAVE: Lane.BULK,
    RecordKind.DEVICE_MINUTES: Lane.BULK,
}


def kind_of(body: Body) -> RecordKind:
    """The record kind of a body."""
    return _KINDS[type(body)]


def lane_of(kind: RecordKind) -> Lane:
    """The priority class in which records of a kind travel."""
    return _LANES.get(kind, Lane.NORMAL)


def session_of(body: Body) -> UUID | None:
    """The session that a body is part of, or None."""
    return getattr(body, "session", None)


def about_of(body: Body) -> UUID | None:
    """The alert, assessment, appointment or deletion that a body is about."""
    match body:
        case AlertEvent():
            return body.alert
        case Assessment():
            return body.assessment
        case Appointment():
            return body.appointment
        case Deletion() | DeletionDone():
            return body.deletion
        case _:
            return None


def subject_of(body: Body) -> str:
    """The pseudonym of the person that a body is about, or ""."""
    return getattr(body, "subject", "")


def encode(value: Struct) -> bytes:
    """Msgpack bytes of any struct of the contract."""
    return msgspec.msgpack.encode(value)


def decode_body(kind: RecordKind, body: bytes) -> Body:
    """The typed body of a record.

    Raises:
        msgspec.ValidationError: the bytes do not match the kind.
    """
    return _DECODERS[kind].decode(body)
