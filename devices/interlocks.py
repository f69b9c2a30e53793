"""What a chair may be asked to do, decided before a byte leaves: limits, interlocks, longest durations.

The chair's firmware has its own and has the last word (`docs/protocols/chair-link.md`, "Rules of movement"); these here
hold even for a chair whose firmware is wrong. Pure: no clock, no port.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from devices.events import (
    ChairCommand,
    ChairStatus,
    Heat,
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
from devices.protocols.chair_link import (
    FASTEST_PACE,
    FLAT_DEG,
    LEAST_INHALE_SHARE,
    LEGS_DOWN_DEG,
    LEGS_UP_DEG,
    MOST_HEAT,
    MOST_INHALE_SHARE,
    MOST_MASSAGE,
    SLOWEST_PACE,
    UPRIGHT_DEG,
    ZONES,
)

RECLINE_SPEED_DEG_S, LEG_REST_SPEED_DEG_S = 3.0, 5.0
"""Sent with every movement: no command makes the chair faster than this."""
LONGEST_MASSAGE_S = 20 * 60.0
LONGEST_HEAT_S = 30 * 60.0
STATUS_GOOD_FOR_S = 2.0
_TOLERANCE_DEG = 2.0


class Refusal(StrEnum):
    """Why a command was not carried out. The value is the `detail` of `CommandRefused`."""

    OUT_OF_RANGE = "out of range"
    STOPPED = "stopped until the stop is released"
    BUTTON_IN = "the stop button is still in"
    SEAT_EMPTY = "nobody sits in the chair"
    NO_WATCHDOG = "the chair cannot stop by itself"
    NO_STATUS = "the chair has not said how it stands"
    FAULT = "the chair reports a fault"
    NOT_FITTED = "the chair does not have this"
    NO_ANSWER = "the chair did not confirm"


REMEDIES: dict[Refusal, str] = {
    Refusal.OUT_OF_RANGE: "ask for a value within the limits of the chair",
    Refusal.STOPPED: "look after the person, then release the stop",
    Refusal.BUTTON_IN: "pull the stop button out, then release the stop",
    Refusal.SEAT_EMPTY: "wait until somebody sits; an empty chair only goes back to upright",
    Refusal.NO_WATCHDOG: "this chair gets no movement from us; its sensors work as usual",
    Refusal.NO_STATUS: "try again in two seconds; if it stays so, switch the chair off and on",
    Refusal.FAULT: "switch the chair off and on; if it stays so, call the technician",
    Refusal.NOT_FITTED: "take this step out of the programme for this chair",
    Refusal.NO_ANSWER: "check the cable; the chair stops by itself when it hears nothing",
}


def refusal(
    command: ChairCommand, status: ChairStatus | None, *, hardware_watchdog: bool, stopped: bool
) -> Refusal | None:
    """Why `command` must not be sent now, or None when it may.

    Args:
        command: what is asked.
        status: the chair's last status, or None when it has sent none lately.
        hardware_watchdog: from the chair's identity.
        stopped: a stop was asked for and has not been released.
    """
    if isinstance(command, StopMotion | ReleaseStop):
        return None
    if not _within_limits(command):
        return Refusal.OUT_OF_RANGE
    if not moves_or_heats(command):
        return None
    if not hardware_watchdog:
        return Refusal.NO_WATCHDOG
    if status is None:
        return Refusal.NO_STATUS
    if stopped or status.stopped or status.stop_pressed:
        return Refusal.STOPPED
    if not status.occupied and not _towards_rest(command, status):
        return Refusal.SEAT_EMPTY
    return None


def disobeys(status: ChairStatus, before: ChairStatus | None) -> bool:
    """Whether the chair does what it must not by its own rules, so that it has to be stopped from here.

    It goes on after the seat was left, moves although stopped (the second status in a row: motors need a moment), or
    moves beyond the limits of its mechanics.
    """
    if before is None:
        return False
    runs_on = status.moving or status.massage_level > 0 or status.heat_level > 0
    left = before.occupied and not status.occupied
    beyond = not (
        UPRIGHT_DEG - _TOLERANCE_DEG <= status.recline_deg <= FLAT_DEG + _TOLERANCE_DEG
        and status.leg_rest_deg <= LEGS_UP_DEG + _TOLERANCE_DEG
    )
    return (left and runs_on) or (status.stopped and before.stopped and runs_on) or (status.moving and beyond)


def moves_or_heats(command: ChairCommand) -> bool:
    """Whether something gets moving or warm: switching off is always allowed."""
    match command:
        case Recline() | LegRest():
            return True
        case Massage(level=level) | Heat(level=level):
            return level > 0
        case Pace(rate_per_min=rate):
            return rate > 0
        case _:
            return False


def _within_limits(command: ChairCommand) -> bool:
    match command:
        case Recline(angle_deg=angle):
            return isfinite(angle) and UPRIGHT_DEG <= angle <= FLAT_DEG
        case LegRest(angle_deg=angle):
            return isfinite(angle) and LEGS_DOWN_DEG <= angle <= LEGS_UP_DEG
        case Massage(zones=zones, level=level):
            return 0 <= level <= MOST_MASSAGE and set(zones) <= set(ZONES)
        case Heat(level=level):
            return 0 <= level <= MOST_HEAT
        case Light(percent=percent) | Volume(percent=percent):
            return 0 <= percent <= 100
        case Pace(rate_per_min=rate, inhale_share=share, phase_s=phase):
            return rate == 0 or (
                SLOWEST_PACE <= rate <= FASTEST_PACE
                and LEAST_INHALE_SHARE <= share <= MOST_INHALE_SHARE
                and isfinite(phase)
                and phase >= 0
            )
        case _:
            return True


def _towards_rest(command: ChairCommand, status: ChairStatus) -> bool:
    match command:
        case Recline(angle_deg=angle):
            return angle <= status.recline_deg
        case LegRest(angle_deg=angle):
            return angle <= status.leg_rest_deg
        case _:
            return False


@dataclass(slots=True)
class RunningTime:
    """How long massage and heat have been on, by the chair's own word: they end by themselves."""

    massage_since_ns: int | None = None
    heat_since_ns: int | None = None

    def note(self, status: ChairStatus) -> None:
        """A status has come in. A change of level does not start the time afresh."""
        self.massage_since_ns = (self.massage_since_ns or status.t_ns) if status.massage_level else None
        self.heat_since_ns = (self.heat_since_ns or status.t_ns) if status.heat_level else None

    def due(self, now_ns: int) -> list[ChairCommand]:
        """What has to be switched off at `now_ns`."""
        off: list[ChairCommand] = []
        if self.massage_since_ns is not None and now_ns - self.massage_since_ns >= LONGEST_MASSAGE_S * 1e9:
            off.append(Massage((), Rhythm.OFF, 0))
        if self.heat_since_ns is not None and now_ns - self.heat_since_ns >= LONGEST_HEAT_S * 1e9:
            off.append(Heat(0))
        return off
