"""What goes over the room's own socket: live frames out, commands in.

A `LiveFrame` is the whole picture of the room, several times a second. A face that was away needs nothing but the next
frame. Commands carry the machine's monotonic time and an expiry; late ones are refused. `EmergencyStop` is its own
message and waits for nothing.
"""

from enum import StrEnum

from msgspec import Struct


class Health(StrEnum):
    """How a device is, in one word. Words for faces are in `care/words`."""

    CONNECTED = "connected"
    SEARCHING = "searching"
    FAULT = "fault"


class DeviceView(Struct, frozen=True):
    """One device of the room. `problem` is a code ("port_missing", "recline_motor" …) or ""; `advice` is one line."""

    id: str
    name: str
    kind: str
    health: Health
    problem: str = ""
    advice: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    port: str = ""
    frames: int = 0
    crc_errors: int = 0
    lost_frames: int = 0
    dropped_bytes: int = 0
    reconnects: int = 0
    silent_s: float | None = None
    """How long ago the last good frame came; None before the first."""
    battery_percent: int | None = None
    rssi_dbm: int | None = None
    chair: bool = False
    """It moves people."""


class ChairView(Struct, frozen=True):
    """Actuators as the chair reports them. `limits` of angles are those of the driver."""

    device: str
    recline_deg: float
    leg_rest_deg: float
    massage_level: int
    massage_zones: list[str]
    massage_rhythm: str
    heat_level: int
    light_percent: int
    volume_percent: int
    moving: bool
    occupied: bool
    stop_pressed: bool
    motion_locked: bool
    """True after an emergency stop until a counsellor has released it."""
    faults: list[str] = []
    armed: bool = False
    """A person has said that it may move, and nothing has taken that back."""
    cleared: bool = False
    """After a stop: somebody has pressed the reset at the chair; now it can be released."""
    has_motion: bool = True
    """False for a chair that gets no motion from us (no watchdog of its own)."""


class Metric(Struct, frozen=True):
    """A number for a person. None below the quality floor, then `reason` (a code of `signals.Reason`) says why."""

    value: float | None
    unit: str
    quality: float
    reason: str = ""
    low: float | None = None
    high: float | None = None


class Metrics(Struct, frozen=True):
    heart_rate: Metric
    rmssd_60s: Metric
    coherence: Metric
    """Share of the peak in the spectrum, 0-100."""
    skin_conductance: Metric
    skin_temperature: Metric
    breathing_rate: Metric
    relaxation: Metric
    spo2: Metric
    artefact_share: Metric


class SignalView(Struct, frozen=True):
    """Quality of the heart signal right now: 0-1 and, when it is weak, the code of what to do."""

    score: float
    reason: str = ""


class SegmentView(Struct, frozen=True):
    """One part of the programme: done, now or next."""

    key: str
    title_zh: str
    title_en: str
    seconds: float
    state: str
    breaths_per_min: float | None = None


class PacerView(Struct, frozen=True):
    """The breath that is asked for: breathing in begins at `breath_began_ns` (session time) and every period after."""

    breaths_per_min: float
    inhale_share: float
    breath_began_ns: int


class LogLine(Struct, frozen=True):
    t_ns: int
    code: str
    detail: str = ""


class SessionView(Struct, frozen=True):
    """The running (or last) session. States: "idle", "running", "paused", "finished"."""

    id: str
    state: str
    programme: str
    title_zh: str
    title_en: str
    device: str
    began_utc_ns: int
    now_ns: int
    segments: list[SegmentView]
    segment_left_s: float
    pause_reason: str = ""
    """Why it stands still: "asked", "device_lost", "emergency_stop", "room_restarted" …"""
    pacer: PacerView | None = None
    log: list[LogLine] = []
    saved: str = "room"
    """How far the data has come: "room" (on this machine's disk), "site" (receipt of the centre), or "disk_full"."""
    beats: int = 0
    summary: "SummaryView | None" = None


class SummaryView(Struct, frozen=True):
    """What can be said at the end; numbers with too little quality are None."""

    duration_s: float
    beats: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None
    coherence_share: float | None
    relaxation: float | None
    relaxation_low: float | None
    relaxation_high: float | None
    relaxation_reason: str


class TachogramPoint(Struct, frozen=True, array_like=True):
    """One interval: session time of its closing beat, length, label of `signals.Label`."""

    t_ns: int
    rr_ms: float
    label: str


class Trace(Struct, frozen=True, array_like=True):
    """Equally spaced recent values; `values[0]` is at `start_ns` (session time, or room time when idle)."""

    start_ns: int
    step_ns: int
    values: list[float | None]
    unit: str


class LiveFrame(Struct, frozen=True, tag="frame"):
    """The whole room now.

    Attributes:
        seq: counts frames of this room process.
        now_ns: the room's clock, ns; `session.now_ns` is the session's.
        speed: how fast that clock runs (1 except in demonstrations).
        tachogram: the last 60 s.
    """

    seq: int
    site: str
    site_name: str
    now_ns: int
    speed: float
    devices: list[DeviceView]
    signal: SignalView
    metrics: Metrics
    tachogram: list[TachogramPoint]
    skin_conductance: Trace
    respiration: Trace
    heart: Trace
    """The last seconds of the heart signal itself, thinned for the eye (about 60 Hz)."""
    chair: ChairView | None = None
    session: SessionView | None = None
    uplink: str = "up"
    """"up", or "down" when the site's broker or centre cannot be reached; nothing is lost meanwhile."""


class StartSession(Struct, frozen=True, tag="start"):
    """Begin. `device` "" is the first chair of the room; `limit_s` ends it after so much session time."""

    programme: str = "resonance"
    device: str = ""
    limit_s: float | None = None


class PauseSession(Struct, frozen=True, tag="pause"):
    pass


class ResumeSession(Struct, frozen=True, tag="resume"):
    pass


class NextSegment(Struct, frozen=True, tag="next"):
    pass


class EndSession(Struct, frozen=True, tag="end"):
    pass


class MarkMoment(Struct, frozen=True, tag="mark"):
    text: str = ""


class AdjustPace(Struct, frozen=True, tag="pace"):
    """Change the breathing rate by so many breaths per minute (kept within 4-7)."""

    by_per_min: float


class MoveChair(Struct, frozen=True, tag="chair"):
    """Absolute positions and levels; None leaves as it is. The driver's limits and interlocks decide."""

    recline_deg: float | None = None
    leg_rest_deg: float | None = None
    massage_level: int | None = None
    heat_level: int | None = None
    light_percent: int | None = None
    volume_percent: int | None = None


class ArmChair(Struct, frozen=True, tag="arm"):
    """A person says, looking at the chair, that it may move (again) in this session."""


class ReleaseChair(Struct, frozen=True, tag="release"):
    """A counsellor has looked: motion may be asked for again after an emergency stop."""


class EmergencyStop(Struct, frozen=True, tag="stop"):
    """All motion and heat of the chair stop now; the session pauses. Never expires, never queues."""

    device: str = ""


Action = (
    StartSession
    | PauseSession
    | ResumeSession
    | NextSegment
    | EndSession
    | MarkMoment
    | AdjustPace
    | MoveChair
    | ArmChair
    | ReleaseChair
    | EmergencyStop
)


class Command(Struct, frozen=True, tag="command"):
    """A request of a face.

    Attributes:
        id: echoed in the reply.
        action: what is asked.
        actor: who asks ("console:<name>", "kiosk", "demo").
        asked_ns: the machine's CLOCK_MONOTONIC when it was asked (all faces of a room are on its machine).
        expires_s: real seconds after which it is refused.
    """

    id: int
    action: Action
    actor: str
    asked_ns: int
    expires_s: float = 2.0


class Reply(Struct, frozen=True, tag="reply"):
    """Done, or refused with a code of `care/words` and one line of detail."""

    id: int
    ok: bool
    code: str = ""
    detail: str = ""


FromRoom = LiveFrame | Reply
