"""Chair Link's numbers and the room's words for the same things, both ways. Pure tables and three functions."""

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
from devices.interlocks import LEG_REST_SPEED_DEG_S, RECLINE_SPEED_DEG_S, Refusal
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
    )


def message_of(command: ChairCommand, *, late_s: float = 0.0) -> wire.Message:
    """The message that asks for `command`; `late_s`: how long ago it was given (a pace has moved on since)."""
    match command:
        case Recline(angle_deg=angle):
            return wire.Recline(angle, RECLINE_SPEED_DEG_S)
        case LegRest(angle_deg=angle):
            return wire.LegRest(angle, LEG_REST_SPEED_DEG_S)
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
            return wire.Pace(0, 0.4, 0)
        case Pace(rate_per_min=rate, inhale_share=share, phase_s=phase):
            return wire.Pace(rate, share, (phase + late_s) % (60 / rate))
        case ReleaseStop():
            return wire.Release()
        case Arm():
            return wire.Heartbeat()
        case Disarm() | StopMotion():
            return wire.Stop()


def _named(mask: int, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(names) if mask >> bit & 1)
