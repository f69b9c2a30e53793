"""Chair Link's numbers and the room's words for the same things, both ways. Pure."""

from dataclasses import replace

from devices.events import (
    Arm,
    ChairCommand,
    ChairStatus,
    Disarm,
    Heat,
    Identity,
    LegRest,
    Light,
    Massage,
    Pace,
    Recline,
    ReleaseStop,
    Rhythm,
    StopMotion,
    Volume,
)
from devices.interlocks import Refusal
from devices.profile import Profile
from devices.protocols import chair_link as wire
from signals.samples import Channel

REFUSALS: dict[int, Refusal] = {
    wire.Reason.UNKNOWN_TYPE: Refusal.NOT_FITTED,
    wire.Reason.MALFORMED: Refusal.NO_ANSWER,
    wire.Reason.OUT_OF_RANGE: Refusal.OUT_OF_RANGE,
    wire.Reason.STOPPED: Refusal.STOPPED,
    wire.Reason.BUTTON_IN: Refusal.BUTTON_IN,
    wire.Reason.SEAT_EMPTY: Refusal.SEAT_EMPTY,
    wire.Reason.FAULT: Refusal.FAULT,
    wire.Reason.NOT_FITTED: Refusal.NOT_FITTED,
    wire.Reason.NOT_ARMED: Refusal.NOT_ARMED,
    wire.Reason.NOT_CLEARED: Refusal.NOT_CLEARED,
}


def identity_of(ident: wire.Ident) -> Identity:
    """Who answered. A watchdog slower than 2 s does not count as one."""
    return Identity(
        ident.maker,
        ident.model,
        ident.serial,
        ident.firmware,
        channels=tuple((Channel(stream.sensor.name.lower()), stream.rate_hz) for stream in ident.streams),
        hardware_watchdog=0 < ident.watchdog_ms <= wire.WATCHDOG_S * 1000,
        seat_sensor=bool(ident.flags & wire.Ident.SEAT_SENSOR),
    )


def status_of(status: wire.Status, device: str, t_ns: int) -> ChairStatus:
    """What the chair says about itself, in the room's words."""
    return ChairStatus(
        device,
        t_ns,
        recline_deg=status.recline_deg,
        leg_rest_deg=status.leg_rest_deg,
        massage_level=status.level,
        massage_zones=_named(status.zones, wire.ZONES),
        massage_rhythm=Rhythm(wire.RHYTHMS[status.rhythm]) if status.rhythm < len(wire.RHYTHMS) else Rhythm.OFF,
        heat_level=status.heat,
        light_percent=status.light,
        volume_percent=status.volume,
        moving=bool(status.flags & wire.Status.MOVING),
        occupied=bool(status.flags & wire.Status.OCCUPIED),
        stop_pressed=bool(status.flags & wire.Status.BUTTON),
        watchdog_tripped=bool(status.flags & wire.Status.WATCHDOG),
        faults=_named(status.faults, wire.FAULTS),
        stopped=bool(status.flags & wire.Status.STOPPED),
        cleared=bool(status.flags & wire.Status.CLEARED),
        armed=bool(status.flags & wire.Status.ARMED),
    )


def message_of(command: ChairCommand, profile: Profile, *, late_s: float = 0.0) -> wire.Message:
    """The message that asks for `command`, with the speeds of `profile`.

    `late_s`: how long ago the command was given (a pace has moved on since).
    """
    match command:
        case Arm(session=session):
            return wire.Arm(session)
        case Disarm():
            return wire.Disarm()
        case Recline(angle_deg=angle):
            return wire.Recline(angle, profile.recline.speed_deg_s, profile.recline.acceleration_deg_s2)
        case LegRest(angle_deg=angle):
            return wire.LegRest(angle, profile.leg_rest.speed_deg_s, profile.leg_rest.acceleration_deg_s2)
        case Massage(zones=zones, rhythm=rhythm, level=level):
            mask = sum(1 << bit for bit, zone in enumerate(wire.ZONES) if zone in zones)
            return wire.Massage(mask, wire.RHYTHMS.index(rhythm), level)
        case Heat(level=level):
            return wire.Heat(level)
        case Light(percent=percent):
            return wire.Light(percent)
        case Volume(percent=percent):
            return wire.Volume(percent)
        case Pace(rate_per_min=rate) if rate == 0:
            return wire.Pace(0, 0.4, 0, 0)
        case Pace(rate_per_min=rate, inhale_share=share, phase_s=phase, parts=parts):
            mask = sum(1 << bit for bit, part in enumerate(wire.PARTS) if part in parts)
            return wire.Pace(rate, share, (phase + late_s) % (60 / rate), mask)
        case ReleaseStop():
            return wire.Release()
        case StopMotion():
            return wire.Stop()


def standing(status: ChairStatus, cause: int, t_ns: int) -> ChairStatus:
    """`status` as it is after STOPPED with this cause; the chair says the rest in the STATUS that follows."""
    status = replace(status, t_ns=t_ns, moving=False, massage_level=0, heat_level=0, armed=False)
    match cause:
        case wire.Cause.BUTTON:
            return replace(status, stop_pressed=True, stopped=True, cleared=False)
        case wire.Cause.WATCHDOG:
            return replace(status, watchdog_tripped=True)
        case wire.Cause.SEAT_EMPTY:
            return replace(status, occupied=False)
        case _:
            return replace(status, stopped=True, cleared=False)


def after(command: ChairCommand, status: ChairStatus) -> ChairStatus:
    """`status` as it is when the chair has confirmed `command`, before it says so itself."""
    match command:
        case Arm():
            return replace(status, armed=True, watchdog_tripped=False)
        case Disarm():
            return replace(status, armed=False)
        case ReleaseStop():
            return replace(status, stopped=False, stop_pressed=False, cleared=False)
        case _:
            return status


def _named(mask: int, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(names) if mask >> bit & 1)
