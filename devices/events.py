"""What a driver says and what it can be told: the vocabulary between devices and the room.

A driver's stream yields `DeviceEvent`s; a chair takes `ChairCommand`s. Everything is frozen. Times are ns on the clock
that the driver was given.
"""

from dataclasses import dataclass
from enum import StrEnum

from devices.errors import DeviceError
from signals.samples import Channel, Intervals, Samples


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered on the port."""

    maker: str
    model: str
    serial: str
    firmware: str
    channels: tuple[tuple[Channel, float], ...] = ()
    """(channel, nominal rate in Hz) of each stream that it declares."""
    hardware_watchdog: bool = False
    """True when the device stops its own motion if the host falls silent. Without it a chair gets no motion from us."""
    seat_sensor: bool = True
    """False: the chair cannot feel who sits in it; a press at the chair stands in for it, for one session."""


@dataclass(frozen=True, slots=True)
class Connected:
    device: str
    t_ns: int
    identity: Identity
    epoch: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The device is gone, or could not be reached. The supervisor keeps trying."""

    device: str
    t_ns: int
    error: DeviceError


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that the device counted and that never arrived."""

    device: str
    channel: Channel
    start_ns: int
    end_ns: int
    lost: int


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """How the link is, since the connection was opened; sent about once a second.

    Attributes:
        frames: good frames (or notifications).
        lost_frames: frames missing by the device's own count, or as far as can be told.
        heard_ns: when the last good frame came; 0: none yet.
        battery_percent: None where the device does not say.
        rssi_dbm: None by cable.
    """

    device: str
    t_ns: int
    frames: int
    crc_errors: int
    dropped_bytes: int
    lost_frames: int
    heard_ns: int = 0
    battery_percent: int | None = None
    rssi_dbm: int | None = None


class Rhythm(StrEnum):
    OFF = "off"
    STEADY = "steady"
    WAVE = "wave"
    BREATH = "breath"


@dataclass(frozen=True, slots=True)
class ChairStatus:
    """Actuators and people, as the chair reports them."""

    device: str
    t_ns: int
    recline_deg: float
    leg_rest_deg: float
    massage_level: int
    massage_zones: tuple[str, ...]
    massage_rhythm: Rhythm
    heat_level: int
    light_percent: int
    volume_percent: int
    moving: bool
    occupied: bool
    """Somebody is confirmed in the seat: by its sensor, or by a press at the chair that is valid for one session."""
    stop_pressed: bool
    """The stop button is in, or was pressed and nobody has released the stop since."""
    watchdog_tripped: bool
    """The chair heard nothing from us for 2 s and stopped itself. Ends when it is armed again."""
    faults: tuple[str, ...] = ()
    """Codes such as "recline_motor"; words in care/words/."""
    stopped: bool = False
    """Motion is refused until `ReleaseStop`, whoever asked for the stop (button, room, fault)."""
    cleared: bool = False
    """A person at the chair has pressed its reset since the stop: now `ReleaseStop` is obeyed, and not before."""
    armed: bool = False
    """Motion may be asked for: somebody is confirmed in the seat and `Arm` was obeyed for this session."""


@dataclass(frozen=True, slots=True)
class DeviceNote:
    """Free text from the device's log, tied to a moment. A replaying simulator announces its source here:
    `replay record=<name> offset_s=<record time at t_ns>`.
    """

    device: str
    t_ns: int
    text: str


DeviceEvent = Connected | Disconnected | Samples | Intervals | Gap | LinkHealth | ChairStatus | DeviceNote


@dataclass(frozen=True, slots=True)
class Recline:
    """Back rest to an absolute angle: 90 upright … 160 flat, degrees."""

    angle_deg: float


@dataclass(frozen=True, slots=True)
class LegRest:
    """Leg rest to an absolute angle: 0 down … 70 up, degrees."""

    angle_deg: float


@dataclass(frozen=True, slots=True)
class Massage:
    """Zones out of back, lumbar, seat, legs; level 0 off … 5."""

    zones: tuple[str, ...]
    rhythm: Rhythm
    level: int


@dataclass(frozen=True, slots=True)
class Heat:
    """0 off … 3."""

    level: int


@dataclass(frozen=True, slots=True)
class Light:
    percent: int


@dataclass(frozen=True, slots=True)
class Volume:
    percent: int


class Part(StrEnum):
    """What can follow a breath."""

    BACK = "back"
    """The back rest rises and falls by 2°, so that the breath can be felt with closed eyes."""
    MASSAGE = "massage"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Arm:
    """Motion may be asked for from now on, for one session. Obeyed only while somebody is confirmed in the seat.

    It ends with `Disarm`, with any stop, with an empty seat, and with the connection.
    """

    session: int
    """Number of the session, 1 … 65535. A press at the chair in place of a seat sensor is valid for one number."""


@dataclass(frozen=True, slots=True)
class Disarm:
    """No more motion; what moves comes to rest. Light and sound stay."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Parts of the chair follow a breath, smoothly. Rate 0 ends it."""

    rate_per_min: float
    inhale_share: float = 0.4
    """Part of each breath that is inhalation, 0.2 … 0.8."""
    phase_s: float = 0.0
    """How long ago, at the moment of the command, an inhalation began."""
    parts: frozenset[Part] = frozenset({Part.BACK})


@dataclass(frozen=True, slots=True)
class StopMotion:
    """Everything that moves or heats stops now. Overtakes any other command and is repeated until confirmed."""


@dataclass(frozen=True, slots=True)
class ReleaseStop:
    """A person has looked, and has pressed the reset at the chair (`ChairStatus.cleared`): the stop is over.

    It moves nothing, and the chair has to be armed again.
    """


ChairCommand = Arm | Disarm | Recline | LegRest | Massage | Heat | Light | Volume | Pace | StopMotion | ReleaseStop
