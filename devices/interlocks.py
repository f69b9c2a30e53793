"""What a chair may be asked to do, decided before a byte leaves: limits, interlocks, longest durations.

The chair's firmware has its own and has the last word (`docs/protocols/chair-link.md`, "Rules of movement"); these here
hold even for a chair whose firmware is wrong, and `conduct.py` watches what it does. Pure: no clock, no port.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from devices.events import (
    Arm,
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
    Volume,
)
from devices.profile import CHAIR_LINK, Joint, Profile
from devices.protocols.chair_link import LEAST_INHALE_SHARE, MOST_INHALE_SHARE, MOST_SESSION

STATUS_GOOD_FOR_S = 2.0


class Refusal(StrEnum):
    """Why a command was not carried out. The value is the `detail` of `CommandRefused`."""

    OUT_OF_RANGE = "out of range"
    STOPPED = "stopped until the stop is released"
    BUTTON_IN = "the stop button is still in"
    NOT_CLEARED = "nobody has pressed the reset at the chair since the stop"
    SEAT_EMPTY = "nobody is confirmed in the seat"
    NOT_ARMED = "the chair is not armed"
    NO_WATCHDOG = "the chair cannot stop by itself"
    NO_STATUS = "the chair has not said how it stands"
    FAULT = "the chair reports a fault"
    NOT_FITTED = "the chair does not have this"
    NO_ANSWER = "the chair did not confirm"


REMEDIES: dict[Refusal, str] = {
    Refusal.OUT_OF_RANGE: "ask for a value within the limits of the chair",
    Refusal.STOPPED: "look after the person, press the reset at the chair, then release the stop",
    Refusal.BUTTON_IN: "pull the stop button out, press the reset at the chair, then release the stop",
    Refusal.NOT_CLEARED: "look after the person, then press the reset at the chair",
    Refusal.SEAT_EMPTY: "wait until somebody sits; without a seat sensor, have them press the button at the chair",
    Refusal.NOT_ARMED: "allow movement again for this session; a stop, an empty seat or a lost link has ended it",
    Refusal.NO_WATCHDOG: "this chair gets no movement from us; its sensors work as usual",
    Refusal.NO_STATUS: "try again in two seconds; if it stays so, switch the chair off and on",
    Refusal.FAULT: "take away what is in the way or let it cool; if it stays so, call the technician",
    Refusal.NOT_FITTED: "take this step out of the programme for this chair",
    Refusal.NO_ANSWER: "check the cable; the chair stops by itself when it hears nothing",
}


def refusal(
    command: ChairCommand,
    status: ChairStatus | None,
    profile: Profile = CHAIR_LINK,
    *,
    hardware_watchdog: bool,
    stopped: bool,
) -> Refusal | None:
    """Why `command` must not be sent now, or None when it may.

    Args:
        command: what is asked.
        status: the chair's last status, or None when it has sent none lately.
        profile: the limits of this chair.
        hardware_watchdog: from the chair's identity.
        stopped: a stop was asked for and has not been released.
    """
    if not _within_limits(command, profile):
        return Refusal.OUT_OF_RANGE
    if isinstance(command, ReleaseStop):
        return _not_cleared(status)
    if not (isinstance(command, Arm) or moves_or_heats(command)):
        return None
    if not hardware_watchdog:
        return Refusal.NO_WATCHDOG
    if status is None:
        return Refusal.NO_STATUS
    if stopped or status.stopped or status.stop_pressed:
        return Refusal.STOPPED
    if status.faults:
        return Refusal.FAULT
    if not status.occupied:
        return Refusal.SEAT_EMPTY
    if not (status.armed or isinstance(command, Arm)):
        return Refusal.NOT_ARMED
    return None


def _not_cleared(status: ChairStatus | None) -> Refusal | None:
    """A stop whose cause is not named is over when the chair says so; whether the button is in, only it knows."""
    if status is None:
        return Refusal.NO_STATUS
    named = status.stop_pressed or status.faults
    return Refusal.NOT_CLEARED if status.stopped and not status.cleared and not named else None


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


def _within_limits(command: ChairCommand, profile: Profile) -> bool:
    match command:
        case Arm(session=session):
            return 1 <= session <= MOST_SESSION
        case Recline(angle_deg=angle):
            return _reaches(angle, profile.recline)
        case LegRest(angle_deg=angle):
            return _reaches(angle, profile.leg_rest)
        case Massage(zones=zones, level=level):
            return 0 <= level <= profile.most_massage and set(zones) <= set(profile.zones)
        case Heat(level=level):
            return 0 <= level <= profile.most_heat
        case Light(percent=percent) | Volume(percent=percent):
            return 0 <= percent <= 100
        case Pace(rate_per_min=rate, inhale_share=share, phase_s=phase, parts=parts):
            return rate == 0 or (
                profile.slowest_pace <= rate <= profile.fastest_pace
                and LEAST_INHALE_SHARE <= share <= MOST_INHALE_SHARE
                and isfinite(phase)
                and phase >= 0
                and len(parts) > 0
            )
        case _:
            return True


def _reaches(angle_deg: float, joint: Joint) -> bool:
    return isfinite(angle_deg) and joint.least_deg <= angle_deg <= joint.most_deg


@dataclass(slots=True)
class RunningTime:
    """How long massage and heat have been on, by the chair's own word: they end by themselves."""

    profile: Profile = CHAIR_LINK
    massage_since_ns: int | None = None
    heat_since_ns: int | None = None

    def note(self, status: ChairStatus) -> None:
        """A status has come in. A change of level does not start the time afresh."""
        self.massage_since_ns = (self.massage_since_ns or status.t_ns) if status.massage_level else None
        self.heat_since_ns = (self.heat_since_ns or status.t_ns) if status.heat_level else None

    def due(self, now_ns: int) -> list[ChairCommand]:
        """What has to be switched off at `now_ns`."""
        off: list[ChairCommand] = []
        if self.massage_since_ns is not None and now_ns - self.massage_since_ns >= self.profile.longest_massage_s * 1e9:
            off.append(Massage((), Rhythm.OFF, 0))
        if self.heat_since_ns is not None and now_ns - self.heat_since_ns >= self.profile.longest_heat_s * 1e9:
            off.append(Heat(0))
        return off
