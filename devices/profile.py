"""How far, how fast and how long a chair may be asked to move: the driver's own limits, whatever the chair would do.

The firmware has limits of its own (`docs/protocols/chair-link.md`); these hold even where it is wrong. Speeds and
accelerations are ours: slow enough that somebody of eighty, half asleep, is never startled, and that a back rest at
full speed stands within half a degree of where it was told to.
"""

from dataclasses import dataclass

from devices.protocols import chair_link as wire


@dataclass(frozen=True, slots=True)
class Joint:
    """One joint, in absolute angles.

    Attributes:
        least_deg, most_deg: where it may be sent.
        speed_deg_s, acceleration_deg_s2: sent with every movement; nothing makes it faster.
    """

    least_deg: float
    most_deg: float
    speed_deg_s: float
    acceleration_deg_s2: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits of one kind of chair.

    Attributes:
        pace_speed_deg_s: what following a breath may add to the speed of the back rest.
        slowest_pace, fastest_pace: breaths per minute.
        rest_within_s: how long after a stop something may still be coming to rest.
        longest_massage_s, longest_heat_s: after that they are switched off from here.
    """

    recline: Joint = Joint(wire.UPRIGHT_DEG, wire.FLAT_DEG, 3.0, 3.0)
    leg_rest: Joint = Joint(wire.LEGS_DOWN_DEG, wire.LEGS_UP_DEG, 5.0, 5.0)
    pace_speed_deg_s: float = wire.PACE_SPEED_DEG_S
    slowest_pace: float = wire.SLOWEST_PACE
    fastest_pace: float = wire.FASTEST_PACE
    most_massage: int = wire.MOST_MASSAGE
    most_heat: int = wire.MOST_HEAT
    zones: tuple[str, ...] = wire.ZONES
    rest_within_s: float = 1.0
    longest_massage_s: float = 20 * 60.0
    longest_heat_s: float = 30 * 60.0


CHAIR_LINK = Profile()
"""Of a Chair Link chair."""
