"""What is said on Chair Link, as frozen types: host to chair, chair to host, and the numbers of the wire.

Angles and times are physical here; `codec.py` knows how many counts they become. The tables of
`docs/protocols/chair-link.md` say the same for people.
"""

from dataclasses import dataclass
from enum import IntEnum

BAUD = 115_200
WATCHDOG_S = 2.0
"""The chair stops all motion and heat when it has heard nothing from the host for this long."""
ZONES = ("back", "lumbar", "seat", "legs")
RHYTHMS = ("off", "steady", "wave", "breath")
PARTS = ("back", "massage", "light")
"""What PACE can move with a breath."""
FAULTS = (
    "recline_motor",
    "leg_rest_motor",
    "massage",
    "heat",
    "sensors",
    "too_hot",
    "power",
    "obstruction",
    "over_current",
)
UNITS = ("", "mV", "a.u.", "µS", "°C", "%")
NO_CHANNEL = 0
UPRIGHT_DEG, FLAT_DEG = 90.0, 160.0
LEGS_DOWN_DEG, LEGS_UP_DEG = 0.0, 70.0
MOST_MASSAGE, MOST_HEAT = 5, 3
SLOWEST_PACE, FASTEST_PACE = 3.0, 15.0
LEAST_INHALE_SHARE, MOST_INHALE_SHARE = 0.2, 0.8
PACE_DEG, PACE_SPEED_DEG_S = 2.0, 2.0
"""How far PACE moves the back rest around its angle, and how fast at most."""
REST_WITHIN_S = 0.5
"""After a stop of any kind nothing moves any more once this has passed."""
PRESS_GOOD_FOR_S = 60.0
"""A press of the "here" button that no ARM has used lapses."""
RETREAT_DEG, RETREAT_WITHIN_S = 3.0, 2.5
"""A joint that has met an obstruction may take back this much of its way within this time of the stop."""
MOST_SESSION = 65535


class Sensor(IntEnum):
    """Numbers of the channels on the wire."""

    ECG = 1
    PPG = 2
    SKIN_CONDUCTANCE = 3
    SKIN_TEMPERATURE = 4
    RESPIRATION = 5


class Reason(IntEnum):
    """Why a chair says NAK."""

    UNKNOWN_TYPE = 1
    MALFORMED = 2
    OUT_OF_RANGE = 3
    STOPPED = 4
    BUTTON_IN = 5
    SEAT_EMPTY = 6
    FAULT = 7
    NOT_FITTED = 8
    NOT_ARMED = 9
    NOT_CLEARED = 10


class Cause(IntEnum):
    """Why a chair has stopped by itself or on request."""

    BUTTON = 1
    HOST = 2
    WATCHDOG = 3
    SEAT_EMPTY = 4
    FAULT = 5


# Host to chair


@dataclass(frozen=True, slots=True)
class Identify:
    """Who are you? Answered with IDENT."""


@dataclass(frozen=True, slots=True)
class StartStreams:
    """All sample counters start again at 0, at one instant. A new host begins: the chair is disarmed."""


@dataclass(frozen=True, slots=True)
class StopStreams:
    pass


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The host lives. Not acknowledged."""


@dataclass(frozen=True, slots=True)
class Recline:
    angle_deg: float
    speed_deg_s: float
    acceleration_deg_s2: float


@dataclass(frozen=True, slots=True)
class LegRest:
    angle_deg: float
    speed_deg_s: float
    acceleration_deg_s2: float


@dataclass(frozen=True, slots=True)
class Massage:
    zones: int
    rhythm: int
    level: int


@dataclass(frozen=True, slots=True)
class Heat:
    level: int


@dataclass(frozen=True, slots=True)
class Light:
    percent: int


@dataclass(frozen=True, slots=True)
class Volume:
    percent: int


@dataclass(frozen=True, slots=True)
class Pace:
    """`parts` (bits of `PARTS`) follow a breath. `phase_s`: since the start of an inhalation."""

    rate_per_min: float
    inhale_share: float
    phase_s: float
    parts: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Motion may be asked for, for one session: 1 … 65535."""

    session: int


@dataclass(frozen=True, slots=True)
class Disarm:
    """What moves, kneads or warms comes to rest; the next motion needs another ARM."""


@dataclass(frozen=True, slots=True)
class Stop:
    pass


@dataclass(frozen=True, slots=True)
class Release:
    pass


# Chair to host


@dataclass(frozen=True, slots=True)
class Declared:
    """One stream that a chair has. Value in `unit` = count x `scale`."""

    sensor: Sensor
    rate_mhz: int
    bits: int
    unit: int
    scale_nano: int

    @property
    def rate_hz(self) -> float:
        return self.rate_mhz / 1000

    @property
    def scale(self) -> float:
        return self.scale_nano / 1e9


@dataclass(frozen=True, slots=True)
class Ident:
    watchdog_ms: int
    flags: int
    maker: str
    model: str
    serial: str
    firmware: str
    streams: tuple[Declared, ...]

    SEAT_SENSOR = 1
    """It feels who sits in it. Without one, the press of a button at the chair stands in."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Consecutive samples. `counter` is that of the first one."""

    sensor: Sensor
    contact: bool
    bits: int
    counter: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Status:
    flags: int
    recline_deg: float
    leg_rest_deg: float
    zones: int
    rhythm: int
    level: int
    heat: int
    light: int
    volume: int
    faults: int
    at_ms: int = 0
    """The chair's own clock, modulo 2^32: how fast something moved is told by it, not by arrivals."""

    MOVING, OCCUPIED, BUTTON, WATCHDOG, STOPPED, ARMED, CLEARED = 1, 2, 4, 8, 16, 32, 64


@dataclass(frozen=True, slots=True)
class Ack:
    sequence: int


@dataclass(frozen=True, slots=True)
class Nak:
    sequence: int
    reason: int


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the chair's log, at a sample of one channel (or of none: `NO_CHANNEL`)."""

    channel: int
    counter: int
    text: str


@dataclass(frozen=True, slots=True)
class Stopped:
    cause: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A good frame of a type or layout that this version does not know."""

    code: int
    known_type: bool


Command = (
    Identify
    | StartStreams
    | StopStreams
    | Heartbeat
    | Recline
    | LegRest
    | Massage
    | Heat
    | Light
    | Volume
    | Pace
    | Arm
    | Disarm
    | Stop
    | Release
)
Message = Command | Ident | Stream | Status | Ack | Nak | Note | Stopped | Unknown


def of_host(message: Message) -> bool:
    """Whether it is a host that says such a thing: on a line that echoes, each side hears itself as well."""
    return message.code < 0x80 if isinstance(message, Unknown) else isinstance(message, Command)


@dataclass(frozen=True, slots=True)
class Frame:
    sequence: int
    message: Message
