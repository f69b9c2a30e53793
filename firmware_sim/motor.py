"""One joint of a simulated chair: its drive (jerk-limited, stops fast, feels what is in the way) and its physics.

The drive is a lead screw with a position controller of 20 ms, as in real recliners: what it pushes against does not
push it back, but costs current. Each step takes the acceleration from which it can still come to rest exactly at the
target. It is written apart from the host's `devices/trajectory.py` on purpose: two opinions. Figures are ours, of the
size that data sheets of 24 V recliner actuators give (2-6 °/s, 2-3 A, stall near 10 A).
"""

from dataclasses import dataclass
from math import inf, sqrt

from devices.protocols import chair_link as wire

STEP_S = 0.02
STOPS_WITHIN_DEG = 1.5
"""The way of a safe stop from full speed, of every joint; its time is the page's `wire.REST_WITHIN_S`."""

_RETREAT_DEG_S = 3.0
_AMBIENT_C = 25.0
_IDLE_A, _N_PER_A, _OHM = 0.4, 80.0, 1.2
_HEAT_J_K, _COOLING_W_K = 60.0, 1 / 6.0
_FELT_N, _FELT_STEPS = 72.0, 3
_OVER_A, _OVER_STEPS = 7.0, 10
_END_STOP_DEG, _END_STOP_N_DEG = 1.0, 400.0
_AT_REST_DEG, _AT_REST_DEG_S = 1e-3, 2e-3
WINDING_TRIP_C = 105.0


@dataclass(frozen=True, slots=True)
class Build:
    """How a joint is made.

    Attributes:
        low_deg, high_deg: between its ends.
        speed_deg_s, acceleration_deg_s2, jerk_deg_s3: the most its drive does on a way.
        stop_deg_s2, stop_deg_s3: the most it does in a safe stop.
        retreat_deg_s3: the jerk with which it takes back what it has trapped.
        free_deg_s: unloaded speed of the motor at 24 V.
        stall_n: force at which it stands still.
        friction_n: of the new joint.
        gravity_n: to lift the rest with somebody of 75 kg on it, at its flattest; half of it helps downwards.
        lifts: +1 where growing angles lift, -1 where falling ones do.
    """

    low_deg: float
    high_deg: float
    speed_deg_s: float
    acceleration_deg_s2: float = 5.0
    jerk_deg_s3: float = 25.0
    stop_deg_s2: float = 20.0
    stop_deg_s3: float = 200.0
    retreat_deg_s3: float = 100.0
    free_deg_s: float = 8.0
    stall_n: float = 900.0
    friction_n: float = 60.0
    gravity_n: float = 75.0
    lifts: int = -1


@dataclass(slots=True)
class Obstacle:
    """Something in the way: touched when the true angle passes `at_deg` in `direction` (+1 growing, -1 falling)."""

    at_deg: float
    direction: int
    stiffness_n_deg: float = 60.0


class Joint:
    """One joint on its way to a target.

    Attributes:
        true_deg, rate_deg_s, rate_deg_s2: the physics: angle, speed, acceleration.
        target_deg: where it goes; where it stands, when it stands. In the drive's own degrees, as all that it says.
        speed_deg_s: the most for this way.
        current_a: of the motor, now.
        force_n: on what is in the way, now.
        winding_c: temperature of the motor.
        obstacle: what is in the way, or None.
        friction, worn, offset_deg, body_kg: its age and its load (see `actuators.Ageing`).
        feels: False: the drive has lost its sense of current (a broken chair, for tests of the monitor).
        alarms: what the drive has felt, until it has come to rest.
    """

    __slots__ = (
        "_felt",
        "_gently_deg_s2",
        "_heat_j",
        "_over",
        "_retreat",
        "_retreat_s",
        "_stopping",
        "_then",
        "alarms",
        "body_kg",
        "build",
        "current_a",
        "feels",
        "force_n",
        "friction",
        "obstacle",
        "offset_deg",
        "rate_deg_s",
        "rate_deg_s2",
        "speed_deg_s",
        "still",
        "target_deg",
        "true_deg",
        "winding_c",
        "worn",
    )

    def __init__(self, build: Build, angle_deg: float) -> None:
        self.build = build
        self.true_deg = self.target_deg = angle_deg
        self.rate_deg_s = self.rate_deg_s2 = 0.0
        self.speed_deg_s = 0.0
        self.still = True
        self.current_a = self.force_n = 0.0
        self.winding_c = _AMBIENT_C
        self.obstacle: Obstacle | None = None
        self.friction, self.worn, self.offset_deg, self.body_kg = 1.0, 1.0, 0.0, 75.0
        self.feels = True
        self.alarms: set[str] = set()
        self._stopping = False
        self._then: tuple[float, float, float] | None = None
        self._retreat = 0
        self._retreat_s = 0.0
        self._felt = self._over = 0
        self._heat_j = 0.0
        self._gently_deg_s2 = build.acceleration_deg_s2

    # what its controller is told

    @property
    def angle_deg(self) -> float:
        """As its own sensor says."""
        return self.true_deg + self.offset_deg

    def go(self, target_deg: float, speed_deg_s: float, acceleration_deg_s2: float = inf) -> None:
        """Go there, no faster than asked; it brakes as hard as it is built to. A stop is finished first; a retreat too,
        and then it stands.
        """
        if self._retreat:
            return
        if self._stopping:
            self._then = (target_deg, speed_deg_s, acceleration_deg_s2)
            return
        build = self.build
        self._gently_deg_s2 = min(acceleration_deg_s2, build.acceleration_deg_s2)
        self.speed_deg_s = min(speed_deg_s, build.speed_deg_s)
        self.target_deg = min(build.high_deg, max(build.low_deg, target_deg))
        self.still = self.rate_deg_s == 0.0 and abs(self.target_deg - self.angle_deg) < _AT_REST_DEG

    def follow(self, target_deg: float, speed_deg_s: float) -> None:
        """As `go`, for a target that moves: it keeps the speed of a way under way."""
        if self._retreat or self._stopping:
            return
        if self.still:
            self.speed_deg_s, self._gently_deg_s2, self.still = speed_deg_s, self.build.acceleration_deg_s2, False
        self.target_deg = target_deg

    def halt(self, *, retreat: bool = False) -> None:
        """Safe stop: to rest within `wire.REST_WITHIN_S` and `STOPS_WITHIN_DEG`. With `retreat` it may still take back
        what it has trapped.
        """
        if retreat and self._retreat:
            return
        self._retreat = 0
        self._then = None
        self._stopping = True
        if self.rate_deg_s == 0.0 == self.rate_deg_s2:
            self._rest()

    def _rest(self) -> None:
        self.rate_deg_s = self.rate_deg_s2 = 0.0
        self.target_deg = self.angle_deg
        self.still, self._stopping = True, False
        self.current_a = 0.0
        self._felt = self._over = 0

    # what 20 ms do

    def step(self, volts: float) -> None:
        """Drive and physics, `STEP_S` on."""
        if self.still:
            self.current_a = 0.0
            return
        x, v, a = self.true_deg, self.rate_deg_s, self.rate_deg_s2
        if self._retreat:
            self._retreat_s += STEP_S
            if self._retreat_s > wire.RETREAT_WITHIN_S - wire.REST_WITHIN_S:
                self.halt()
        if self._stopping:
            y = self._towards_speed(0.0, self.build.stop_deg_s2, self.build.stop_deg_s3)
        else:
            y = self._towards_target()
        v_next = v + (a + y) * (STEP_S / 2)
        x_next = x + STEP_S * (v + STEP_S * (a / 3 + y / 6))
        load_n = self._load(x_next, v_next or v)
        most = self.build.free_deg_s * volts / 24.0 * max(0.0, 1.0 - load_n / (self.build.stall_n * self.worn))
        if abs(v_next) > most:  # the motor cannot
            v_next = most if v_next > 0 else -most
            x_next = x + (v + v_next) * (STEP_S / 2)
            y = (v_next - v) / STEP_S
            y = min(self.build.stop_deg_s2, max(-self.build.stop_deg_s2, y))
        self.true_deg, self.rate_deg_s, self.rate_deg_s2 = x_next, v_next, y
        self._sense(load_n)
        if self._stopping:
            if abs(v_next) < _AT_REST_DEG_S and abs(y) <= self.build.stop_deg_s3 * STEP_S:
                self._rest()
                if self._retreat:
                    self._take_back()
                elif self._then is not None:
                    then, self._then = self._then, None
                    self.go(*then)
        elif (
            abs(self.target_deg - self.angle_deg) < _AT_REST_DEG
            and abs(v_next) < _AT_REST_DEG_S
            and abs(y) <= self._jerk * STEP_S / 2
        ):
            self._rest()
            self._retreat = 0

    def warm(self, seconds: float) -> None:
        """The winding, over `seconds` that have passed since it was last asked."""
        lost_w = (self.winding_c - _AMBIENT_C) * _COOLING_W_K
        self.winding_c += (self._heat_j - lost_w * min(seconds, _HEAT_J_K / _COOLING_W_K)) / _HEAT_J_K
        self._heat_j = 0.0

    def _load(self, x: float, v: float) -> float:
        """What the screw has to push, N; sets the force on what is in the way."""
        build = self.build
        direction = 1 if v > 0 else -1
        push_n = 0.0
        if (thing := self.obstacle) is not None:
            push_n = max(0.0, (x - thing.at_deg) * thing.direction) * thing.stiffness_n_deg
            self.force_n = push_n
            if direction != thing.direction:
                push_n = 0.0
        elif self.force_n:
            self.force_n = 0.0
        beyond = max(x - build.high_deg - _END_STOP_DEG, build.low_deg - _END_STOP_DEG - x)
        if beyond > 0 and (x > build.high_deg) == (v > 0):
            push_n += beyond * _END_STOP_N_DEG
        return build.friction_n * self.friction + self._gravity(x, direction, self.body_kg) + push_n

    def _gravity(self, x: float, direction: int, body_kg: float) -> float:
        build = self.build
        share = (x - build.low_deg) / (build.high_deg - build.low_deg)
        lift_n = build.gravity_n * body_kg / 75.0 * min(1.0, max(0.2, share))
        return lift_n if direction == build.lifts else -lift_n / 2

    def _sense(self, load_n: float) -> None:
        """Current, heat, and whether it is more than the drive expects of a new joint and a person of 75 kg."""
        amperes = _IDLE_A + max(0.0, load_n) / _N_PER_A
        self.current_a = amperes
        self._heat_j += amperes * amperes * _OHM * STEP_S
        if not self.feels:
            return
        direction = 1 if self.rate_deg_s > 0 else -1
        usual_n = self.build.friction_n + self._gravity(self.true_deg, direction, 75.0)
        self._felt = self._felt + 1 if load_n - usual_n > _FELT_N else 0
        self._over = self._over + 1 if amperes > _OVER_A else 0
        if self._over >= _OVER_STEPS and "over_current" not in self.alarms:
            self.alarms.add("over_current")
            self.halt()
        if self._felt >= _FELT_STEPS and not self._stopping:
            self.alarms.add("obstruction")
            if self._retreat:  # something is behind it as well: it stays where it is
                self.halt()
            else:
                self._stopping = True
                self._retreat, self._retreat_s = -direction, 0.0

    def _take_back(self) -> None:
        build = self.build
        back = self.angle_deg + self._retreat * wire.RETREAT_DEG
        self.target_deg, self.speed_deg_s = min(build.high_deg, max(build.low_deg, back)), _RETREAT_DEG_S
        self._gently_deg_s2 = build.acceleration_deg_s2
        self.still = False

    # how the drive chooses its next acceleration

    @property
    def _jerk(self) -> float:
        """What is trapped is let go without delay; everything else sets out gently."""
        return self.build.retreat_deg_s3 if self._retreat else self.build.jerk_deg_s3

    def _towards_speed(self, wanted: float, most: float, jerk: float) -> float:
        """The next acceleration on the shortest way to a speed."""
        a = self.rate_deg_s2
        missing = wanted - self.rate_deg_s - a * (STEP_S / 2)
        y = jerk * (sqrt(STEP_S * STEP_S / 4 + 2 * abs(missing) / jerk) - STEP_S / 2)
        y = y if missing > 0 else -y
        near = jerk * STEP_S
        return max(a - near, min(a + near, most, max(-most, y)))

    def _towards_target(self) -> float:
        """The acceleration, within the limits, after which a stop would end nearest to the target."""
        build = self.build
        most, jerk, speed = build.acceleration_deg_s2, self._jerk, self.speed_deg_s
        v, a = self.rate_deg_s, abs(self.rate_deg_s2)
        missing = self.target_deg - self.angle_deg
        soon = abs(v) + a * a / (2 * jerk)  # the speed it reaches even if it stops speeding up now
        far = soon * soon / (2 * most) + soon * (most + 2 * a) / (2 * jerk) + 0.5  # it cannot need more to stop
        up = self._towards_speed(speed, self._gently_deg_s2 if v >= 0 else most, jerk)
        if missing > far:
            return up
        down = self._towards_speed(-speed, self._gently_deg_s2 if v <= 0 else most, jerk)
        if missing < -far:
            return down
        after_up = self._end(up) - missing
        if after_up <= 0:
            return up
        after_down = self._end(down) - missing
        if after_down >= 0:
            return down
        middle = down + (up - down) * after_down / (after_down - after_up)
        after = self._end(middle) - missing
        if after > 0:
            return down + (middle - down) * after_down / (after_down - after)
        return middle + (up - middle) * after / (after - after_up) if after < 0 else middle

    def _end(self, y: float) -> float:
        """How far from here it would come to rest, if it stopped after a step that ends with acceleration `y`."""
        most, jerk = self.build.acceleration_deg_s2, self._jerk
        v, a = self.rate_deg_s, self.rate_deg_s2
        way = STEP_S * (v + STEP_S * (a / 3 + y / 6))
        v, a = v + (a + y) * (STEP_S / 2), y
        sign = 1.0
        if v + a * abs(a) / (2 * jerk) < 0:
            v, a, sign = -v, -a, -1.0
        peak = sqrt(max(0.0, jerk * v + a * a / 2))
        level_s = 0.0
        if peak > most:
            peak = most
            level_s = max(0.0, v / most + (a * a - 2 * most * most) / (2 * jerk * most))
        ramp_s, last_s = (a + peak) / jerk, peak / jerk
        way_on = ramp_s * (v + ramp_s * (a / 2 - ramp_s * jerk / 6))
        v += ramp_s * (a - ramp_s * jerk / 2)
        way_on += level_s * (v - level_s * peak / 2) + jerk * last_s**3 / 6
        return way + sign * way_on
