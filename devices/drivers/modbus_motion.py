"""Movement that is streamed: where a controller takes no speed, and where the chair follows a breath.

At each turn of the control loop the positions of a jerk-limited trajectory (`devices/trajectory.py`) are written,
within the limits of the map and of the house. The controller has its own limits and its watchdog besides.
"""

from dataclasses import dataclass
from math import cos, pi

from devices.drivers.modbus_words import Image, Writes, angle_deg, joint_writes, scaled
from devices.events import ChairCommand, Light, Massage, Pace, Part, Recline
from devices.interlocks import Refusal
from devices.profile import Joint as JointLimits
from devices.profile import Profile
from devices.protocols import chair_link as wire
from devices.protocols.register_map import Joint, RegisterMap
from devices.trajectory import Limits, Trajectory

LEAD_S = 0.3
"""A trajectory that ends at rest lags behind a target that moves on; so it is sent a little further."""
STRAY_DEG = 8.0
"""So far from where it was sent, a joint is held by something."""
_DIMMEST = 0.4


@dataclass(frozen=True, slots=True)
class Breath:
    """A breath that goes on for ever: out to in to out, as half waves of a cosine."""

    rate_per_min: float
    inhale_share: float
    from_s: float

    def depth(self, at_s: float) -> float:
        """0 breathed out … 1 breathed in.

        >>> [round(Breath(6.0, 0.4, 0.0).depth(t), 2) for t in (0.0, 2.0, 4.0, 7.0, 10.0)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
        """
        turn = (at_s - self.from_s) * self.rate_per_min / 60 % 1.0
        share = self.inhale_share
        if turn < share:
            return (1 - cos(pi * turn / share)) / 2
        return (1 + cos(pi * (turn - share) / (1 - share))) / 2

    def depth_deg(self, limits: JointLimits) -> float:
        """How far a back rest of these limits sways: less than 2° where that would be too fast to be smooth."""
        half_s = 60 / self.rate_per_min * min(self.inhale_share, 1 - self.inhale_share)
        speed_deg_s = min(wire.PACE_SPEED_DEG_S, limits.speed_deg_s)
        by_acceleration = limits.acceleration_deg_s2 * (half_s / pi) ** 2
        return min(wire.PACE_DEG, 0.9 * speed_deg_s * half_s / pi, 0.9 * by_acceleration)


class Motion:
    """What is streamed to one chair. Times in seconds of the driver's clock."""

    def __init__(self, chart: RegisterMap, limits: Profile) -> None:
        self._chart, self._limits = chart, limits
        self._joints: dict[str, tuple[Joint, JointLimits, Trajectory]] = {}
        self._goals: dict[str, float] = {}
        self._sent: dict[str, float] = {}
        self._written: Writes = []
        self._after: Writes = []
        self._breath: Breath | None = None
        self._parts: frozenset[Part] = frozenset()
        self._light = self._massage = 0

    @property
    def streams(self) -> bool:
        """Something has to be written at the next turn."""
        return bool(self._joints or self._after) or self._breath is not None

    def takes(self, name: str) -> bool:
        """Whether a movement of this joint is ours to stream."""
        joint: Joint | None = getattr(self._chart, name)
        return joint is not None and (joint.speed is None or name in self._joints)

    def go(self, name: str, to_deg: float, image: Image) -> None:
        """Send a joint to a position, from where it is."""
        joint: Joint = getattr(self._chart, name)
        if name not in self._joints:
            limits: JointLimits = getattr(self._limits, name)
            low, high = limits.least_deg, limits.most_deg
            span = Limits(low, high, limits.speed_deg_s, limits.acceleration_deg_s2, joint.jerk_deg_s3)
            start = min(high, max(low, angle_deg(image, joint, low)))
            self._joints[name] = joint, limits, Trajectory(span, start)
        self._goals[name] = self._sent[name] = to_deg

    def follow(self, pace: Pace, asked_s: float, image: Image, light: int, massage: int) -> Refusal | None:
        """Follow a breath from now on; rate 0: no more. `light` (%), `massage` (level): the most of each breath."""
        chart = self._chart
        if pace.rate_per_min == 0:
            self._ends()
            return None
        fitted = {Part.BACK: chart.recline, Part.MASSAGE: chart.massage, Part.LIGHT: chart.light}
        if any(fitted[part] is None for part in pace.parts):
            return Refusal.NOT_FITTED
        self._ends()
        self._breath = Breath(pace.rate_per_min, pace.inhale_share, asked_s - pace.phase_s)
        self._parts, self._light, self._massage = pace.parts, light, massage
        if Part.BACK in pace.parts and chart.recline is not None and "recline" not in self._joints:
            self.go("recline", self._sent.get("recline", angle_deg(image, chart.recline, 0.0)), image)
        return None

    def note(self, command: ChairCommand) -> None:
        """What has been commanded besides: a breath goes on from there."""
        match command:
            case Recline(angle_deg=angle):
                self._sent["recline"] = angle
            case Light(percent=percent):
                self._light = percent
            case Massage(level=level):
                self._massage = level
            case _:
                pass

    def _ends(self) -> None:
        """The breath has ended; what swung with it goes back to where it was set."""
        if self._breath is not None:
            self._after = self._swung(1.0)
        self._breath = None

    def halt(self) -> None:
        """Nothing more is sent."""
        self._joints.clear()
        self._goals.clear()
        self._sent.clear()
        self._breath = None
        self._written, self._after = [], []

    def lost(self) -> None:
        """A value has not arrived: at the next turn all are sent again."""
        self._written = []

    def strays(self, image: Image, at_s: float) -> bool:
        """A joint is far from where it was sent."""
        return any(
            abs(angle_deg(image, joint, 0.0) - trajectory.at(at_s).position) > STRAY_DEG
            for joint, _, trajectory in self._joints.values()
        )

    def due(self, now_s: float, until_s: float) -> Writes:
        """What has to be written at `now_s` so that the chair is right at `until_s`, the next turn."""
        breath = self._breath
        writes, self._after = self._after, []
        for name, (joint, limits, trajectory) in list(self._joints.items()):
            sways = breath is not None and name == "recline" and Part.BACK in self._parts
            sway = 0.0
            if breath is not None and sways:
                sway = breath.depth_deg(limits) * (2 * breath.depth(now_s + LEAD_S) - 1)
            trajectory.go(self._goals[name] + sway, now_s)
            writes += joint_writes(joint, trajectory.at(until_s).position, limits.speed_deg_s)
            if not sways and trajectory.rests(now_s) and self._written:
                del self._joints[name], self._goals[name]
        if breath is not None:
            writes += self._swung(breath.depth(until_s))
        fresh = [write for write in writes if write not in self._written]
        self._written = writes
        return fresh

    def _swung(self, depth: float) -> Writes:
        """Light and massage at this depth of a breath."""
        light, massage = self._chart.light, self._chart.massage
        writes: Writes = []
        if light is not None and Part.LIGHT in self._parts:
            share = _DIMMEST + (1 - _DIMMEST) * depth
            writes.append((light.register, scaled(round(self._light * share), 100, light.full)))
        if massage is not None and Part.MASSAGE in self._parts and self._massage:
            level = round(1 + (self._massage - 1) * depth)
            writes.append((massage.level, scaled(level, wire.MOST_MASSAGE, massage.most)))
        return writes
