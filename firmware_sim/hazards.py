"""Looks at the physics of a simulated chair, at the people around it and at its wire, and names every unsafe state.

A second opinion: it shares nothing with the firmware's `rules.py` or the host's interlocks but the decoder. What may
move is worked out here anew from what has physically reached the chair (frames, buttons, a body), and held against
what moves. Figures are those of `docs/protocols/chair-link.md` and `docs/safety.md`.
"""

from collections import Counter
from dataclasses import dataclass
from math import inf

from devices.protocols import chair_link as wire
from firmware_sim.actuators import Actuators
from firmware_sim.motor import STEP_S, Joint

_TICK_S = 0.07
"""A chair looks at its inputs 20 times a second, and its drive moves in steps of 20 ms."""
REST_S = wire.REST_WITHIN_S + _TICK_S
PUSH_N, PUSH_S, MOST_PUSH_N = 150.0, 0.75, 250.0
"""On what is in the way: so much for so long, and never more than that. Ours."""
WINDING_C, PAD_C = 130.0, 43.0
"""Insulation of class B; IEC 60601-1 for parts that touch a person for ten minutes or longer."""
BRAKE_DEG_S2, JERK_DEG_S3 = 20.0, 200.0
SPEED_UP_DEG_S2 = 5.0
_MOVES_DEG_S, _KNEADS, _SLACK = 0.02, 0.03, 1.03
_FASTEST_DEG_S = {"back": 4.0, "legs": 6.0}
_RANGE_DEG = {
    "back": (wire.UPRIGHT_DEG, wire.FLAT_DEG),
    "legs": (wire.LEGS_DOWN_DEG, wire.LEGS_UP_DEG),
}
_OVERSHOOT_DEG = 0.2


@dataclass(frozen=True, slots=True)
class Unsafe:
    """One unsafe state: what, when (s), and in which words."""

    hazard: str
    at_s: float
    detail: str


class _Watched:
    """What is remembered of one joint from step to step."""

    __slots__ = (
        "alarmed",
        "angle_deg",
        "asked_deg_s",
        "name",
        "pushed_s",
        "rate",
        "rate2",
        "retreat",
        "retreat_from_deg",
        "until_s",
    )

    def __init__(self, name: str, joint: Joint) -> None:
        self.name, self.angle_deg = name, joint.true_deg
        self.rate = self.rate2 = self.pushed_s = 0.0
        self.asked_deg_s = 0.0
        self.alarmed = False
        self.retreat, self.until_s, self.retreat_from_deg = 0, -inf, 0.0


class Hazards:
    """Watches one chair.

    Attributes:
        unsafe: what was found, the first of each kind.
        permitted: something may move now.
        latched: a stop or a fault has not been cleared at the chair and released.
        obeyed: motion commands that have reached the chair while something was permitted to move.
        moved_s: how long something moved, kneaded or warmed.
        ends: how often, and by what, permission ended while it was given.
    """

    def __init__(self, actuators: Actuators, *, seat_sensor: bool = True, occupied: bool = False) -> None:
        self.unsafe: list[Unsafe] = []
        self.permitted = self.latched = False
        self.obeyed, self.moved_s = 0, 0.0
        self.ends: Counter[str] = Counter()
        self._seat_sensor, self._sits = seat_sensor, occupied
        self._pressed_s: float | None = None
        self._session = 0
        self._cleared = self._button_in = False
        self._causes: set[str] = set()
        self._ended_s, self._why = -inf, "arm"
        self._heard_s = -inf
        self._decoder = wire.Decoder()
        self._pacing = False
        self._deadline_s = self._gone_s = inf
        self._joints = (
            (_Watched("back", actuators.recline), actuators.recline),
            (_Watched("legs", actuators.leg_rest), actuators.leg_rest),
        )
        self._went = False
        self._last_s = actuators.now_s
        actuators.watch = self.look

    # what people do

    def sit(self) -> None:
        self._sits = True

    def stand(self, at_s: float) -> None:
        self._sits = False
        if self._seat_sensor:
            self._end("seat", at_s)

    def press_here(self, at_s: float) -> None:
        """On a chair without a seat sensor: I sit here; while that is valid: I get up."""
        self._silence(at_s)
        if self._confirmed(at_s):
            self._end("seat", at_s)
        else:
            self._pressed_s = at_s

    def press_stop(self, at_s: float) -> None:
        self._button_in = True
        self._latch("button", at_s)

    def pull_stop(self) -> None:
        self._button_in = False

    def press_reset(self) -> None:
        self._cleared = self.latched and not self._button_in and not self._causes

    def cause(self, name: str, at_s: float, *, on: bool) -> None:
        """Something is broken, or is mended."""
        if on and name not in self._causes:
            self._causes.add(name)
            self._latch("fault", at_s)
        elif not on:
            self._causes.discard(name)

    def power_cycle(self, at_s: float) -> None:
        self._end("power", at_s)

    def stop_due(self, at_s: float) -> None:
        """The host was asked to stop, and nothing hinders it: by `at_s` all is at rest."""
        self._deadline_s = min(self._deadline_s, at_s)

    def host_gone(self, at_s: float, slow_s: float = 0.0) -> None:
        """The host hangs, has died or is cut off; what it has said may be under way for `slow_s`."""
        self._gone_s = min(self._gone_s, at_s + slow_s)

    def host_back(self) -> None:
        self._gone_s = inf

    def stop_hindered(self) -> None:
        """The link or the host has failed meanwhile."""
        self._deadline_s = inf

    # what reaches the chair

    def tap(self, data: bytes, at_s: float) -> None:
        """Bytes that have come to the chair."""
        self._silence(at_s)
        for frame in self._decoder.feed(data):
            if wire.of_host(frame.message):
                self._heard_s = at_s
                self._hear(frame.message, at_s)

    def _hear(self, message: wire.Message, at_s: float) -> None:
        match message:
            case wire.Stop():
                self._latch("stop", at_s)
                self._deadline_s = inf
            case wire.Disarm():
                self._end("disarm", at_s)
            case wire.StartStreams():
                self._end("new host", at_s)
            case wire.Release() if self._cleared and not self._button_in and not self._causes:
                self.latched = self._cleared = False
            case wire.Arm(session=session) if session > 0 and not self.latched and self._confirmed(at_s):
                if self._seat_sensor or not self._session or self._session == session:
                    self.permitted, self._session = True, session
                    for watched, _ in self._joints:
                        watched.retreat = 0  # what moves from now on is asked for
            case wire.Recline(speed_deg_s=speed):
                self._asks(self._joints[0][0], speed)
            case wire.LegRest(speed_deg_s=speed):
                self._asks(self._joints[1][0], speed)
            case wire.Massage(level=level) | wire.Heat(level=level) if level and self.permitted:
                self.obeyed += 1
            case wire.Pace(rate_per_min=rate):
                self._pacing = self._pacing or rate > 0
                self.obeyed += rate > 0 and self.permitted
            case _:
                pass

    def _asks(self, watched: _Watched, speed_deg_s: float) -> None:
        if self.permitted:
            self.obeyed += 1
            watched.asked_deg_s = max(watched.asked_deg_s, speed_deg_s)

    def _confirmed(self, at_s: float) -> bool:
        if self._seat_sensor:
            return self._sits
        return self._pressed_s is not None and (self._session > 0 or at_s - self._pressed_s < wire.PRESS_GOOD_FOR_S)

    def _silence(self, at_s: float) -> None:
        if self.permitted and at_s - self._heard_s > wire.WATCHDOG_S:
            self._end("silence", self._heard_s + wire.WATCHDOG_S)

    def _latch(self, why: str, at_s: float) -> None:
        self.latched, self._cleared = True, False
        self._end(why, at_s)

    def _end(self, why: str, at_s: float) -> None:
        if self.permitted:
            self.ends[why] += 1
            self._ended_s, self._why = at_s, why
        self.permitted, self._session, self._pressed_s = False, 0, None
        for watched, _ in self._joints:
            if watched.retreat and why in {"stop", "button"}:
                watched.until_s = min(watched.until_s, at_s + REST_S)

    # what moves

    def look(self, actuators: Actuators) -> None:
        """One step of the physics has passed (or, at rest, many)."""
        now_s = actuators.now_s
        step_s, self._last_s = now_s - self._last_s, now_s
        if self.permitted:
            self._silence(now_s)
        goes = actuators.massage_drive > _KNEADS or actuators.heater.power_w > 0.0
        for watched, joint in self._joints:
            if joint.still and watched.rate == 0.0 and not joint.force_n:
                watched.angle_deg = joint.true_deg
                continue
            goes = self._look_at(watched, joint, now_s, step_s) or goes
        if goes:
            self.moved_s += step_s
            if not self.permitted:
                self._went_unasked(now_s)
            if now_s > self._gone_s + wire.WATCHDOG_S + REST_S:
                self._say("motion without a host", now_s, f"{now_s - self._gone_s:.2f} s after it was gone")
            if now_s > self._deadline_s:
                self._say(
                    "late stop", now_s, "something goes on although the host was asked to stop and nothing hinders it"
                )
        elif now_s > self._deadline_s:
            self._deadline_s = inf
        self._went = goes
        if self.permitted and ("too_hot" in actuators.faults):
            self._latch("fault", now_s)
        if actuators.heater.true_c > PAD_C:
            self._say("hot pad", now_s, f"{actuators.heater.true_c:.1f} °C")

    def _went_unasked(self, now_s: float) -> None:
        if now_s - self._ended_s > REST_S:
            self._say(f"motion after {self._why}", now_s, f"{now_s - self._ended_s:.2f} s after permission ended")
        elif not self._went and now_s - self._ended_s > _TICK_S:
            self._say("motion by itself", now_s, f"from rest, without permission (ended by {self._why})")

    def _look_at(self, watched: _Watched, joint: Joint, now_s: float, step_s: float) -> bool:
        """Limits and force of one joint; whether it moves without being on an allowed retreat."""
        rate = (joint.true_deg - watched.angle_deg) / STEP_S if step_s < 1.5 * STEP_S else 0.0
        rate2 = (rate - watched.rate) / STEP_S
        rate3 = (rate2 - watched.rate2) / STEP_S
        speeds_up = abs(rate) > abs(watched.rate) and rate * watched.rate >= 0
        before2 = watched.rate2
        watched.angle_deg, watched.rate, watched.rate2 = joint.true_deg, rate, rate2
        name = watched.name
        low, high = _RANGE_DEG[name]
        slack = _OVERSHOOT_DEG + abs(joint.offset_deg)
        if not low - slack <= joint.true_deg <= high + slack:
            self._say("beyond its range", now_s, f"{name} at {joint.true_deg:.1f}°")
        most = watched.asked_deg_s + (wire.PACE_SPEED_DEG_S if name == "back" and self._pacing else 0.0)
        if abs(rate) > min(_FASTEST_DEG_S[name], max(most, 3.0)) * _SLACK:
            self._say("too fast", now_s, f"{name} at {rate:.2f} °/s, {most:.1f} asked")
        if abs(rate2) > BRAKE_DEG_S2 * _SLACK or (
            speeds_up and abs(rate2) > SPEED_UP_DEG_S2 * _SLACK and abs(rate2) >= abs(before2)
        ):
            self._say("too sudden", now_s, f"{name} at {rate2:.1f} °/s²")
        if abs(rate3) > JERK_DEG_S3 * _SLACK * 1.05:
            self._say("jerk", now_s, f"{name} at {rate3:.0f} °/s³")
        self._push(watched, joint, now_s, step_s)
        if joint.winding_c > WINDING_C:
            self._say("hot motor", now_s, f"{name} at {joint.winding_c:.0f} °C")
        if joint.alarms:
            self._alarmed(watched, joint, now_s, rate)
        watched.alarmed = bool(joint.alarms)
        if abs(rate) <= _MOVES_DEG_S:
            return False
        if watched.retreat and now_s <= watched.until_s:
            back = (joint.true_deg - watched.retreat_from_deg) * watched.retreat
            if back < wire.RETREAT_DEG + 0.1:
                return False
        return True

    def _alarmed(self, watched: _Watched, joint: Joint, now_s: float, rate: float) -> None:
        if not watched.alarmed and "obstruction" in joint.alarms:
            if watched.retreat and now_s <= watched.until_s:  # something is behind it as well: it has to come to rest
                watched.until_s = min(watched.until_s, now_s + REST_S)
            else:
                watched.retreat = -1 if rate > 0 else 1
                watched.until_s = now_s + wire.RETREAT_WITHIN_S + _TICK_S
        if rate * watched.retreat <= 0:
            watched.retreat_from_deg = joint.true_deg
        if not watched.alarmed:
            self._latch("fault", now_s)

    def _push(self, watched: _Watched, joint: Joint, now_s: float, step_s: float) -> None:
        watched.pushed_s = watched.pushed_s + step_s if joint.force_n > PUSH_N else 0.0
        if watched.pushed_s > PUSH_S or joint.force_n > MOST_PUSH_N:
            self._say("crush", now_s, f"{watched.name} pushes with {joint.force_n:.0f} N for {watched.pushed_s:.2f} s")

    def _say(self, hazard: str, at_s: float, detail: str) -> None:
        if all(hazard != known.hazard for known in self.unsafe):
            self.unsafe.append(Unsafe(hazard, at_s, detail))
