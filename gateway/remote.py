"""Remote requests to a room and their answers: to look, never to move.

A `Request` travels on `down/request/room` at the room's own broker, or on `down/request/relay` at the broker above,
from where the site's centre passes it on. It has an id, unique for ever, and an end after seconds; late, repeated or
older than the process that gets it, it is refused. The `Answer` carries the same id. There is no kind that moves
anything: what moves is asked for at the room's own socket (`gateway.live`) by somebody who sees the chair.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.fleet.health import Amount, Count, DeviceBirth, DeviceHealth, Id, Percent, Text, Versions

LIVES_S = 10.0
"""How long a request lives unless its sender says less."""
LONGEST_S = 60.0
"""No request lives longer, whatever it says of itself."""
LEAST_PER_S, MOST_PER_S, LONGEST_LEASE_S, MOST_VIEWERS = 0.2, 2.0, 60.0, 4
VIEWER = r"^[a-z0-9-]{1,40}$"
"""A viewer's id is a segment of a topic."""
MOST_LINES, LONGEST_LINE = 50, 300


class Kind(StrEnum):
    """What may be asked from afar."""

    DIAGNOSTICS = "diagnostics"
    LIVE = "live"
    SELF_TEST = "self_test"
    ANNOUNCE = "announce"


ROLES: dict[str, frozenset[str]] = {
    "technician": frozenset(Kind),
    "counsellor": frozenset({Kind.DIAGNOSTICS, Kind.LIVE}),
}
"""What each role may ask; who is not here may ask nothing. A kiosk is not here."""
SEES_HEART = frozenset({"counsellor"})
"""Whose glances hold the heart rate: it is the person's, and repairs need only its quality."""


class Arguments(Struct, frozen=True):
    """What belongs to a kind; the rest is left as it is.

    Attributes:
        device: of a self-test; "": all.
        viewer: of a live lease: the last segment of the topic on which glances come.
        per_s: glances a second, 0.2 to 2.
        seconds: how long the lease runs from now, at most 60; 0 ends it.
    """

    device: Annotated[str, Meta(max_length=64)] = ""
    viewer: Annotated[str, Meta(max_length=64)] = ""
    per_s: float = 1.0
    seconds: float = 30.0


class Request(Struct, frozen=True):
    """Asks a room for something that moves nothing.

    Attributes:
        id: unique for ever; its answer has the same.
        kind: one of `Kind`; what the room does not know is refused.
        actor: who asks, "technician:li".
        made_utc_ns: when it was made.
        expires_utc_ns: from then on it is not done any more.
    """

    id: Id
    kind: Id
    actor: Id
    made_utc_ns: Count
    expires_utc_ns: Count
    arguments: Arguments = Arguments()


class Diagnostics(Struct, frozen=True):
    """How a room is, without anything about people.

    Attributes:
        boot: this start of the room service.
        journal: of the session journal: "none", "open", "closing" or "disk_full".
        outbox_oldest_s: age of what waits longest.
        lines: the last warnings of the service: the sentences of the programme with numbers and names of errors,
            without any text that was filled in.
    """

    site: Id
    boot: Id
    started_utc_ns: Count
    now_utc_ns: Count
    versions: Versions
    uplink: Text
    journal: Text
    outbox_records: Count = 0
    outbox_bytes: Count = 0
    outbox_oldest_s: Amount = 0.0
    disk_free_mb: float | None = None
    who: list[DeviceBirth] = []
    devices: list[DeviceHealth] = []
    lines: list[str] = []


class Lease(Struct, frozen=True):
    """Glances come on `live/<viewer>` until `seconds` have passed; asked for again, it runs on."""

    viewer: Text
    per_s: Amount
    seconds: Amount


class Check(Struct, frozen=True):
    """One thing that was looked at. `problem` is a code, or ""."""

    device: Id
    name: Text
    ok: bool
    problem: Text = ""


class Answer(Struct, frozen=True):
    """What came of a request.

    Attributes:
        ok: it was done.
        code: why not: "late", "repeated", "before_start", "from_the_future", "retained", "not_allowed", "unknown_kind",
            "out_of_range", "too_many_viewers", "no_device", "not_now".
        detail: one line more.
        checks: of a self-test.
    """

    id: Id
    ok: bool
    code: Text = ""
    detail: Text = ""
    diagnostics: Diagnostics | None = None
    lease: Lease | None = None
    checks: list[Check] = []


class LiveGlance(Struct, frozen=True):
    """A room at a glance, for a viewer with a lease. No names, no ids of sessions or people.

    Attributes:
        number: counts the glances of this lease, so that a viewer sees what was dropped.
        sent_utc_ns: when; what is old is not live.
        heart_rate_bpm: None below the quality floor, and for viewers who need it not.
        quality_percent: of the heart signal.
        reason: why it is weak, a code.
        chair: "none", "away", "stopped", "moving" or "still".
        session: "none", "idle", "running", "paused" or "finished".
    """

    site: Id
    number: Count
    sent_utc_ns: Count
    heart_rate_bpm: Amount | None
    quality_percent: Percent
    reason: Text
    chair: Text
    session: Text
