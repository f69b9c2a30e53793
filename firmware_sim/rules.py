"""What a chair asks itself before it obeys: ranges, what moves or heats, what a command needs.

Of `docs/protocols/chair-link.md`, "Rules of movement". The host's own interlocks are `devices/interlocks.py`: two
opinions on purpose, so that one mistake does not move a chair.
"""

from devices.protocols import chair_link as wire

MOTION = (wire.Recline, wire.LegRest, wire.Massage, wire.Heat, wire.Pace)


def within_limits(message: wire.Message) -> bool:
    """Whether the values lie within the ranges of the page."""
    match message:
        case wire.Recline(angle_deg=angle, speed_deg_s=speed):
            return wire.UPRIGHT_DEG <= angle <= wire.FLAT_DEG and speed > 0
        case wire.LegRest(angle_deg=angle, speed_deg_s=speed):
            return wire.LEGS_DOWN_DEG <= angle <= wire.LEGS_UP_DEG and speed > 0
        case wire.Massage(zones=zones, rhythm=rhythm, level=level):
            return zones < 1 << len(wire.ZONES) and rhythm < len(wire.RHYTHMS) and level <= wire.MOST_MASSAGE
        case wire.Heat(level=level):
            return level <= wire.MOST_HEAT
        case wire.Pace(rate_per_min=rate, inhale_share=share):
            return rate == 0 or (
                wire.SLOWEST_PACE <= rate <= wire.FASTEST_PACE
                and wire.LEAST_INHALE_SHARE <= share <= wire.MOST_INHALE_SHARE
            )
        case _:
            return True


def moves_or_heats(message: wire.Message) -> bool:
    """Whether something gets moving or warm: switching off is always obeyed."""
    match message:
        case wire.Massage(level=level) | wire.Heat(level=level):
            return level > 0
        case wire.Pace(rate_per_min=rate):
            return rate > 0
        case _:
            return True


def needs(message: wire.Message) -> set[str]:
    """The parts without which `message` cannot be done."""
    match message:
        case wire.Recline() | wire.Pace():
            return {"recline_motor", "power"}
        case wire.LegRest():
            return {"leg_rest_motor", "power"}
        case wire.Massage():
            return {"massage", "power"}
        case _:
            return {"heat", "too_hot", "power"}
