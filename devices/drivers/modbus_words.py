"""A register map's numbers and the room's words for the same things, both ways. Pure: no port, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from devices import profile
from devices.events import (
    ChairCommand,
    ChairStatus,
    Heat,
    LegRest,
    Light,
    Massage,
    Recline,
    Rhythm,
    Volume,
)
from devices.interlocks import Refusal
from devices.profile import Profile
from devices.protocols import chair_link as wire
from devices.protocols.modbus_rtu import Code, Table
from devices.protocols.register_map import Bit, Joint, Order, RegisterMap, Word, place

Image = Mapping[tuple[Table, int], int]
"""What the registers held when they were last read."""
Writes = list[tuple[int, int]]
"""(register, value), to be written in this order."""

REFUSALS: dict[int, Refusal] = {
    Code.FUNCTION: Refusal.NOT_FITTED,
    Code.ADDRESS: Refusal.NOT_FITTED,
    Code.VALUE: Refusal.OUT_OF_RANGE,
    Code.DEVICE: Refusal.FAULT,
    Code.BUSY: Refusal.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know ourselves, because a controller need not.

    Attributes:
        stopped: we asked for a stop that has not been released.
        armed: `Arm` was obeyed, and nothing has ended it.
        here: the person has said by a press that they sit, and it still counts.
    """

    stopped: bool = False
    armed: bool = False
    here: bool = False


def profile_of(chart: RegisterMap) -> Profile:
    """The limits of this chair: those of its map, and never more than those of the house."""
    house = profile.CHAIR_LINK
    return Profile(recline=_joint(chart.recline, house.recline), leg_rest=_joint(chart.leg_rest, house.leg_rest))


def _joint(joint: Joint | None, house: profile.Joint) -> profile.Joint:
    if joint is None:
        return house
    return profile.Joint(
        max(joint.lowest_deg, house.least_deg),
        min(joint.highest_deg, house.most_deg),
        min(joint.fastest_deg_s, house.speed_deg_s),
        min(joint.acceleration_deg_s2, house.acceleration_deg_s2),
    )


def word(image: Image, where: Word, *, signed: bool = False) -> int:
    """What a register held; 0 where it has not been read."""
    value = image.get(place(where).key, 0)
    return value - 0x10000 if signed and value >= 0x8000 else value


def bit(image: Image, where: Bit | None) -> bool:
    """Whether it is so; a bit that the chair lacks never is."""
    return where is not None and bool(image.get(where.key, 0) >> where.bit & 1) != where.inverted


def angle_deg(image: Image, joint: Joint | None, absent_deg: float) -> float:
    """Where a joint is; `absent_deg` for a chair without it."""
    return absent_deg if joint is None else joint.angle_deg(word(image, joint.position, signed=joint.signed))


def status_of(image: Image, chart: RegisterMap, ours: Ours, device: str, t_ns: int) -> ChairStatus:
    """What the chair says about itself, in the room's words."""
    state, massage, heat = chart.state, chart.massage, chart.heat
    level = _scaled_back(word(image, massage.level), massage.most, wire.MOST_MASSAGE) if massage else 0
    stopped = ours.stopped or bit(image, state.stopped)
    return ChairStatus(
        device,
        t_ns,
        recline_deg=angle_deg(image, chart.recline, wire.UPRIGHT_DEG),
        leg_rest_deg=angle_deg(image, chart.leg_rest, wire.LEGS_DOWN_DEG),
        massage_level=level,
        massage_zones=_zones(image, chart) if level else (),
        massage_rhythm=_rhythm(image, chart) if level else Rhythm.OFF,
        heat_level=_scaled_back(word(image, heat.level), heat.most, wire.MOST_HEAT) if heat else 0,
        light_percent=_scaled_back(word(image, chart.light.register), chart.light.full, 100) if chart.light else 0,
        volume_percent=_scaled_back(word(image, chart.volume.register), chart.volume.full, 100) if chart.volume else 0,
        moving=bit(image, state.moving),
        occupied=ours.here if state.here is not None else bit(image, state.occupied),
        stop_pressed=bit(image, state.stop_pressed),
        watchdog_tripped=bit(image, state.watchdog_tripped),
        faults=tuple(name for name, where in chart.faults.items() if bit(image, where)),
        stopped=stopped,
        cleared=stopped and bit(image, state.cleared),
        armed=ours.armed,
    )


def _zones(image: Image, chart: RegisterMap) -> tuple[str, ...]:
    zones = chart.massage.zones if chart.massage else None
    if zones is None:
        return wire.ZONES
    mask = word(image, zones.register)
    return tuple(name for at, name in enumerate(zones.bits) if mask >> at & 1)


def _rhythm(image: Image, chart: RegisterMap) -> Rhythm:
    rhythm = chart.massage.rhythm if chart.massage else None
    if rhythm is None:
        return Rhythm.STEADY
    now = word(image, rhythm.register)
    return next((Rhythm(name) for name, value in rhythm.values.items() if value == now), Rhythm.STEADY)


def writes_of(command: ChairCommand, chart: RegisterMap, limits: Profile) -> Writes | Refusal:
    """What has to be written for a command that is one of values; the driver does the others itself.

    `Refusal.NOT_FITTED`: the chair has nothing for it.
    """
    match command:
        case Recline(angle_deg=angle) if chart.recline is not None:
            return joint_writes(chart.recline, angle, limits.recline.speed_deg_s)
        case LegRest(angle_deg=angle) if chart.leg_rest is not None:
            return joint_writes(chart.leg_rest, angle, limits.leg_rest.speed_deg_s)
        case Massage() if chart.massage is not None:
            return _massage(command, chart)
        case Heat(level=level) if chart.heat is not None:
            return [(chart.heat.level, scaled(level, wire.MOST_HEAT, chart.heat.most))]
        case Light(percent=percent) if chart.light is not None:
            return [(chart.light.register, scaled(percent, 100, chart.light.full))]
        case Volume(percent=percent) if chart.volume is not None:
            return [(chart.volume.register, scaled(percent, 100, chart.volume.full))]
        case _:
            return Refusal.NOT_FITTED


def joint_writes(joint: Joint, angle_deg: float, speed_deg_s: float) -> Writes:
    """The speed where the controller takes one, then the target."""
    speed: Writes = []
    if joint.speed is not None:
        speed = [(joint.speed, max(1, int(speed_deg_s / joint.speed_unit_deg_s)))]
    return [*speed, (joint.target, joint.counts(angle_deg) & 0xFFFF)]


def _massage(command: Massage, chart: RegisterMap) -> Writes | Refusal:
    massage = chart.massage
    if massage is None:
        return Refusal.NOT_FITTED
    off = (massage.level, 0)
    if command.level == 0:
        return [off]
    writes: Writes = []
    if massage.zones is not None:
        if not set(command.zones) <= set(massage.zones.bits):
            return Refusal.NOT_FITTED
        writes.append((massage.zones.register, sum(1 << massage.zones.bits.index(zone) for zone in command.zones)))
    if massage.rhythm is not None:
        value = {Rhythm(name): value for name, value in massage.rhythm.values.items()}.get(command.rhythm)
        if value is None:
            return Refusal.NOT_FITTED
        writes.append((massage.rhythm.register, value))
    return [*writes, (massage.level, scaled(command.level, wire.MOST_MASSAGE, massage.most))]


def rest_writes(chart: RegisterMap, image: Image) -> Writes:
    """What brings everything that moves, kneads or warms to rest, for a controller without an order for that."""
    writes: Writes = [(part.level, 0) for part in (chart.massage, chart.heat) if part is not None]
    for joint in (chart.recline, chart.leg_rest):
        if joint is not None and place(joint.position).key in image:
            writes.append((joint.target, joint.counts(angle_deg(image, joint, 0.0)) & 0xFFFF))
    return writes


def scaled(level: int, most: int, full: int) -> int:
    """`level` of `most` in counts of `full`; what is not off stays on."""
    return max(1, round(level * full / most)) if level > 0 else 0


def _scaled_back(counts: int, full: int, most: int) -> int:
    return min(most, max(1, round(counts * most / full))) if counts > 0 else 0


def values(orders: tuple[Order | None, ...]) -> Writes:
    """What is written for orders; nothing for those that the chair lacks."""
    return [(order.register, order.value) for order in orders if order is not None]
