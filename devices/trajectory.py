"""How a joint gets from where it is to where it should be without a jolt: speed, acceleration and jerk stay in limits.

For chairs without a pacing of their own: the host sends absolute positions along such a curve. Pure: given times, no
clock. The curve from any state to rest at a target is: change to a cruising speed, cruise, change to speed 0; each
change is a ramp of acceleration up, level, down, in closed form. The cruising speed is found by bisection, as in
Haschke, Weitnauer, Ritter, "On-line planning of time-optimal, jerk-limited trajectories", IROS 2008; where there are
several we take any, because a chair need not be the fastest.
"""

from dataclasses import dataclass
from math import isfinite, sqrt

_HALVINGS = 60
_SETTLED_S = 1e-12


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one joint, in its own unit (degrees, say), per s, s² and s³."""

    low: float
    high: float
    speed: float
    acceleration: float
    jerk: float

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ValueError(f"positions from {self.low} to {self.high}: not a range")
        for name in ("speed", "acceleration", "jerk"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} {value}: has to be more than 0")


@dataclass(frozen=True, slots=True)
class State:
    """Position and its first two derivatives at one moment."""

    position: float
    speed: float = 0.0
    acceleration: float = 0.0


_Ramp = tuple[float, float]
"""(duration in s, jerk)"""


@dataclass(frozen=True, slots=True)
class Path:
    """A way from one state to rest at a target.

    Attributes:
        start: the state at second 0.
        target: where it ends.
        ramps: pieces of constant jerk, (duration in s, jerk).
    """

    start: State
    target: float
    ramps: tuple[_Ramp, ...]

    @property
    def duration_s(self) -> float:
        return sum(seconds for seconds, _ in self.ramps)

    def at(self, t_s: float) -> State:
        """The state `t_s` seconds after the start; before it the start, after the end at rest at the target."""
        state, left_s = self.start, t_s
        if left_s <= 0:
            return state
        for seconds, jerk in self.ramps:
            if left_s < seconds:
                return _after(state, left_s, jerk)
            state = _after(state, seconds, jerk)
            left_s -= seconds
        return State(self.target)


def path(start: State, target: float, limits: Limits) -> Path:
    """The way from `start` to rest at `target`, which is first brought into the limits.

    Speed, acceleration and jerk stay within `limits` if `start` lies on a path within them (any state of any such path
    does, and every state of rest); so does the position.

    Args:
        start: where the joint is now.
        target: where it should come to rest, in the unit of `limits`; NaN is refused.
        limits: of this joint.

    Raises:
        ValueError: the target is not a number.

    >>> there = path(State(110.0), 130.0, Limits(90, 160, speed=3, acceleration=5, jerk=20))
    >>> round(there.duration_s, 2)
    7.52
    >>> round(there.at(3.0).speed, 2), there.at(99).position
    (3.0, 130.0)
    """
    if target != target:  # noqa: PLR0124 - NaN
        raise ValueError("the target is not a number")
    target = min(limits.high, max(limits.low, target))
    distance = target - start.position
    still = _change(start.speed, start.acceleration, 0.0, limits)
    at_once = _travel(start, still)
    if abs(distance - at_once) < _SETTLED_S:
        return Path(start, target, tuple(still))
    fastest = limits.speed if distance > at_once else -limits.speed
    missing = distance - _distance(start, fastest, limits)
    if missing * fastest >= 0:
        cruise, cruise_s = fastest, missing / fastest
    else:
        cruise, cruise_s = _cruise(start, distance, fastest, limits), 0.0
    ramps = [
        *_change(start.speed, start.acceleration, cruise, limits),
        (cruise_s, 0.0),
        *_change(cruise, 0.0, 0.0, limits),
    ]
    return Path(start, target, tuple(ramp for ramp in ramps if ramp[0] > 0))


class Trajectory:
    """One joint that is sent from target to target, as often as one likes.

    Attributes:
        limits: of this joint.
    """

    def __init__(self, limits: Limits, position: float) -> None:
        """It stands at `position`.

        Raises:
            ValueError: the position is outside the limits.
        """
        if not limits.low <= position <= limits.high:
            raise ValueError(f"position {position} is outside {limits.low} … {limits.high}")
        self.limits = limits
        self._from_s = 0.0
        self._path = Path(State(position), position, ())

    def go(self, target: float, at_s: float) -> None:
        """From `at_s` on it goes to `target` (brought into the limits). Raises ValueError for NaN."""
        self._path, self._from_s = path(self.at(at_s), target, self.limits), at_s

    def halt(self, at_s: float) -> None:
        """From `at_s` on it comes to rest as soon as the limits allow."""
        state = self.at(at_s)
        ramps = _change(state.speed, state.acceleration, 0.0, self.limits)
        self._path, self._from_s = Path(state, state.position + _travel(state, ramps), tuple(ramps)), at_s

    def at(self, at_s: float) -> State:
        """Where it is at `at_s`, no earlier than the last command."""
        return self._path.at(at_s - self._from_s)

    @property
    def target(self) -> float:
        return self._path.target

    def rests(self, at_s: float) -> bool:
        """It has arrived."""
        return at_s - self._from_s >= self._path.duration_s


def _after(state: State, seconds: float, jerk: float) -> State:
    x, v, a = state.position, state.speed, state.acceleration
    return State(
        x + seconds * (v + seconds * (a / 2 + seconds * jerk / 6)),
        v + seconds * (a + seconds * jerk / 2),
        a + seconds * jerk,
    )


def _change(v: float, a: float, wanted: float, limits: Limits) -> list[_Ramp]:
    """Ramps from speed `v` and acceleration `a` to speed `wanted` and acceleration 0, as fast as may be."""
    most, jerk = limits.acceleration, limits.jerk
    missing = wanted - v
    sign = 1.0 if missing >= a * abs(a) / (2 * jerk) else -1.0
    a, missing = sign * a, sign * missing
    peak = sqrt(max(0.0, jerk * missing + a * a / 2))
    level_s = 0.0
    if peak > most:
        peak = most
        level_s = (missing - (2 * most * most - a * a) / (2 * jerk)) / most
    return [(max(0.0, peak - a) / jerk, sign * jerk), (max(0.0, level_s), 0.0), (peak / jerk, -sign * jerk)]


def _travel(state: State, ramps: list[_Ramp]) -> float:
    end = state
    for seconds, jerk in ramps:
        end = _after(end, seconds, jerk)
    return end.position - state.position


def _distance(start: State, cruise: float, limits: Limits) -> float:
    """How far it goes by way of this cruising speed when it does not stay at it."""
    ramps = _change(start.speed, start.acceleration, cruise, limits) + _change(cruise, 0.0, 0.0, limits)
    return _travel(start, ramps)


def _cruise(start: State, distance: float, fastest: float, limits: Limits) -> float:
    """The cruising speed between 0 and `fastest` by which it goes exactly `distance`."""
    near, far = 0.0, fastest
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if (distance - _distance(start, middle, limits)) * fastest > 0:
            near = middle
        else:
            far = middle
    return (near + far) / 2
