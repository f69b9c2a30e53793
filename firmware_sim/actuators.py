"""What moves, warms and shines in a simulated chair: drives, heat, supply and age, in steps of 20 ms on one clock.

The physics of `motor.py` and `heater.py` with one supply that sags under the current of all. It can do harm: nothing in
here knows who sits there or who has armed what; that is the firmware's (`rules.py`), and `hazards.py` looks at this
physics to see whether it does it well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, floor, pi

from devices.protocols import chair_link as wire
from firmware_sim.heater import Heater
from firmware_sim.motor import STEP_S, WINDING_TRIP_C, Build, Joint

RECLINE_SPEED_DEG_S, LEG_REST_SPEED_DEG_S = 4.0, 6.0
BACK = Build(wire.UPRIGHT_DEG, wire.FLAT_DEG, RECLINE_SPEED_DEG_S)
LEGS = Build(wire.LEGS_DOWN_DEG, wire.LEGS_UP_DEG, LEG_REST_SPEED_DEG_S, free_deg_s=12.0, gravity_n=60.0, lifts=1)
_PACE_LEAD_S = 0.24
"""The drive comes to rest at its target, so it follows a moving one by about this much."""
_OFF = wire.Massage(0, 0, 0)
_NO_PACE = wire.Pace(0, 0.4, 0, 0)
_VOLTS, _MASSAGE_A = 24.0, 0.35
_FADE_S = 0.08
_STILL = 1e-3
_WARM_EVERY = 5
_COLD_S = 30.0


@dataclass(frozen=True, slots=True)
class Ageing:
    """What years do to a chair; the defaults are a new one.

    Attributes:
        friction: of the joints, 1: new; from about 2 the drive takes it for an obstruction.
        worn: what is left of the motors' force, 1: all.
        offset_deg: how much too much the angle sensors read.
        heat_offset_c: how much too warm the pad's sensor reads.
        supply_ohm: of the supply and its cable.
        body_kg: who sits in it, for the load.
    """

    friction: float = 1.0
    worn: float = 1.0
    offset_deg: float = 0.0
    heat_offset_c: float = 0.0
    supply_ohm: float = 0.15
    body_kg: float = 75.0


def depth_deg(pace: wire.Pace) -> float:
    """How far the back rest goes up and down with a breath: less than 2° where that would be too fast to be smooth."""
    if pace.rate_per_min <= 0:
        return 0.0
    half_s = 60 / pace.rate_per_min * min(pace.inhale_share, 1 - pace.inhale_share)
    by_speed = wire.PACE_SPEED_DEG_S * half_s / pi
    by_acceleration = BACK.acceleration_deg_s2 * (half_s / pi) ** 2
    return min(wire.PACE_DEG, 0.9 * by_speed, 0.9 * by_acceleration)


class Actuators:
    """All of them, advanced together by `advance`.

    Attributes:
        recline, leg_rest: the joints.
        heater: the pad.
        massage, light, volume: as last asked for.
        massage_drive, light_percent: what they really give now, 0 … 1 and %: they fade.
        pace: the breath that is followed; rate 0: none.
        supply_v: the supply, now.
        now_s: how far the physics has come.
        watch: called after each step with these actuators.
    """

    def __init__(self, ageing: Ageing | None = None) -> None:
        self.recline, self.leg_rest = Joint(BACK, 110.0), Joint(LEGS, 0.0)
        self.heater = Heater()
        self.massage = _OFF
        self.light, self.volume = 30, 40
        self.massage_drive, self.light_percent = 0.0, 30.0
        self.pace = _NO_PACE
        self.supply_v = _VOLTS
        self.now_s = 0.0
        self.watch: Callable[[Actuators], None] | None = None
        self._supply_ohm = 0.15
        self._pace_from_s = 0.0
        self._base_deg = self._depth_deg = 0.0
        self._fading = self._lighting = 0.0
        self._until_warm = _WARM_EVERY
        self._cooled_s = 0.0
        if ageing is not None:
            self.age(ageing)

    def age(self, ageing: Ageing) -> None:
        """From now on it is this old."""
        for joint in (self.recline, self.leg_rest):
            joint.friction, joint.worn, joint.body_kg = ageing.friction, ageing.worn, ageing.body_kg
            joint.target_deg += ageing.offset_deg - joint.offset_deg
            joint.offset_deg = ageing.offset_deg
        self.heater.offset_c = ageing.heat_offset_c
        self._supply_ohm = ageing.supply_ohm

    # what the firmware asks and tells

    @property
    def heat(self) -> int:
        return self.heater.level

    @heat.setter
    def heat(self, level: int) -> None:
        self.heater.level = level
        self.heater.switch()

    @property
    def moving(self) -> bool:
        return not (self.recline.still and self.leg_rest.still) or self._back_breathes

    @property
    def busy(self) -> bool:
        """Something moves, kneads or warms, or is about to: a stop would stop something."""
        return self.moving or self.massage.level > 0 or self.heat > 0 or self.pace.rate_per_min > 0

    @property
    def back_deg(self) -> float:
        """As the sensor of the back rest says, within what can be said on the wire."""
        return min(wire.FLAT_DEG, max(wire.UPRIGHT_DEG, self.recline.angle_deg))

    @property
    def legs_deg(self) -> float:
        return min(wire.LEGS_UP_DEG, max(wire.LEGS_DOWN_DEG, self.leg_rest.angle_deg))

    @property
    def faults(self) -> frozenset[str]:
        """What the drives and the pad feel now, by the names of `wire.FAULTS`. It stays for at least one `advance`."""
        found = self.recline.alarms | self.leg_rest.alarms
        if self.heater.too_hot or max(self.recline.winding_c, self.leg_rest.winding_c) > WINDING_TRIP_C:
            found.add("too_hot")
        return frozenset(found)

    def go_back(self, angle_deg: float, speed_deg_s: float, acceleration_deg_s2: float) -> None:
        """The back rest to an angle; a breath goes on around it."""
        self._base_deg = angle_deg
        self.recline.go(angle_deg, speed_deg_s, acceleration_deg_s2)

    def breathe(self, pace: wire.Pace, at_s: float) -> float:
        """Move with a breath from `at_s` on (rate 0: no more); returns when its inhalation began, s."""
        began = self._back_breathes
        self.pace, self._pace_from_s = pace, at_s - pace.phase_s
        self._depth_deg = depth_deg(pace)
        if self._back_breathes:
            if not began:
                self._base_deg = self.recline.target_deg
                if self.recline.still:
                    self.recline.go(self._base_deg, wire.PACE_SPEED_DEG_S)
        elif began:
            self._settle()
        return self._pace_from_s

    def halt(self, *, retreat: bool = False) -> None:
        """Everything that moves, kneads or warms: off, and at rest within `wire.REST_WITHIN_S`. With `retreat` (an
        obstruction) the drive may still take back what it has trapped.
        """
        self.recline.halt(retreat=retreat)
        self.leg_rest.halt(retreat=retreat)
        self.massage = _OFF
        self.heat = 0
        self.pace = _NO_PACE

    def advance(self, at_s: float) -> None:
        """Physics up to `at_s`, in whole steps."""
        for joint in (self.recline, self.leg_rest):
            if joint.still:
                joint.alarms.clear()
        steps = floor((at_s - self.now_s) / STEP_S + 1e-6)
        if steps <= 0:
            return
        while steps and not self._quiet:
            self._step()
            steps -= 1
        if steps:
            self.now_s += steps * STEP_S
            self._cooled_s += steps * STEP_S
            if self._cooled_s >= _COLD_S or self.heater.power_w:
                self._cool()
            if self.watch is not None:
                self.watch(self)

    # inside

    @property
    def _back_breathes(self) -> bool:
        return self.pace.rate_per_min > 0 and bool(self.pace.parts & 1)

    @property
    def _quiet(self) -> bool:
        """Nothing moves or glows: any time passes like one step."""
        return (
            self.recline.still
            and self.leg_rest.still
            and self.massage_drive == 0.0
            and not self.massage.level
            and self.heater.power_w == 0.0
            and not self.heater.level
            and self.light_percent == self.light
            and self.pace.rate_per_min == 0
        )

    def _settle(self) -> None:
        """The breath has ended: on to where it was going, or to rest here."""
        joint = self.recline
        if abs(joint.angle_deg - self._base_deg) > 2 * wire.PACE_DEG:
            joint.go(self._base_deg, joint.speed_deg_s)
        else:
            joint.halt()

    def _step(self) -> None:
        self.now_s += STEP_S
        breath = 0.5
        if self.pace.rate_per_min > 0:
            if self._back_breathes:
                wanted = self._base_deg + self._depth_deg * (2 * self._wave(self.now_s + _PACE_LEAD_S) - 1)
                build = self.recline.build
                self.recline.follow(min(build.high_deg, max(build.low_deg, wanted)), wire.PACE_SPEED_DEG_S)
            breath = self._wave(self.now_s)
        self.recline.step(self.supply_v)
        self.leg_rest.step(self.supply_v)
        self._fade(breath)
        amperes = self.recline.current_a + self.leg_rest.current_a + self.heater.current_a
        amperes += _MASSAGE_A * 5 * self.massage_drive
        self.supply_v = _VOLTS - self._supply_ohm * amperes
        self._cooled_s += STEP_S
        self._until_warm -= 1
        if self._until_warm <= 0:
            self._cool()
        if self.watch is not None:
            self.watch(self)

    def _cool(self) -> None:
        seconds, self._cooled_s, self._until_warm = self._cooled_s, 0.0, _WARM_EVERY
        self.recline.warm(seconds)
        self.leg_rest.warm(seconds)
        self.heater.warm(seconds)

    def _fade(self, breath: float) -> None:
        """Massage and light follow what is asked, or the breath, in two smooth stages: no step, no jerk."""
        part = STEP_S / (_FADE_S + STEP_S)
        paced, massage = self.pace.rate_per_min > 0, self.massage
        force = massage.level / wire.MOST_MASSAGE
        if force and paced and (self.pace.parts & 2 or massage.rhythm == 3):
            force *= 0.3 + 0.7 * breath
        if force or self.massage_drive:
            self._fading += part * (force - self._fading)
            self.massage_drive += part * (self._fading - self.massage_drive)
            if not force and self.massage_drive < _STILL:
                self._fading = self.massage_drive = 0.0
        light = float(self.light)
        if paced and self.pace.parts & 4:
            light *= 0.4 + 0.6 * breath
        if light != self.light_percent:
            self._lighting += part * (light - self._lighting)
            self.light_percent += part * (self._lighting - self.light_percent)
            if abs(self.light_percent - light) + abs(self._lighting - light) < 0.05:
                self.light_percent = self._lighting = light

    def _wave(self, at_s: float) -> float:
        """Volume of the paced breath, 0 … 1, as `breath.wave`, for one moment."""
        u = (at_s - self._pace_from_s) * self.pace.rate_per_min / 60 % 1.0
        share = self.pace.inhale_share
        if u < share:
            return (1 - cos(pi * u / share)) / 2
        return (1 + cos(pi * (u - share) / (1 - share))) / 2
