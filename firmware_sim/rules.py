"""What a chair asks itself before it obeys: who is confirmed in the seat, armed or not, stopped or cleared, and ranges.

Of `docs/protocols/chair-link.md`, "Rules of movement". The host's own interlocks are `devices/interlocks.py`: two
opinions on purpose, so that one mistake does not move a chair. Pure: it is given times, and moves nothing itself.
"""

from devices.protocols import chair_link as wire
from firmware_sim.seat import Seat

MOTION = (wire.Recline, wire.LegRest, wire.Massage, wire.Heat, wire.Pace)


class Guard:
    """What a chair remembers so as to know whether it may move.

    Attributes:
        seat_sensor: it feels who sits in it; without, the "here" button says so.
        session: the session it is armed for; 0: it is not armed.
        stopped: a stop has latched and nobody has released it.
        cleared: a person has pressed the reset since, and the cause was gone.
        button_in: the stop button is held down or locked in.
        button: it is in, or was pressed and the stop has not been released.
        tripped: the watchdog ended the last armed time.
        present: faults whose cause is there now.
        faults: these, and those that a reset has not yet taken away.
    """

    def __init__(self, seat: Seat, *, seat_sensor: bool) -> None:
        self.seat_sensor = seat_sensor
        self.session = 0
        self.stopped = self.cleared = self.button_in = self.button = self.tripped = False
        self.present: frozenset[str] = frozenset()
        self.faults: frozenset[str] = frozenset()
        self._seat = seat
        self._pressed_s: float | None = None

    # who sits there

    def occupied(self, at_s: float) -> bool:
        """Somebody is confirmed in the seat."""
        if self.seat_sensor:
            return self._seat.occupied
        if self._pressed_s is None:
            return False
        return self.session > 0 or at_s - self._pressed_s < wire.PRESS_GOOD_FOR_S

    def press_here(self, at_s: float) -> bool:
        """The "here" button is pressed: "I sit here", and the next time "I get up". False: they get up."""
        here = not self.occupied(at_s)
        self._pressed_s = at_s if here else None
        return here

    # armed or not

    def arm(self, session: int, at_s: float) -> wire.Reason | None:
        """Armed for `session` from now on, or the reason why not."""
        if session == 0:
            return wire.Reason.OUT_OF_RANGE
        if self.stopped:
            return wire.Reason.STOPPED
        if not self.occupied(at_s) or (self.session not in {0, session} and not self.seat_sensor):
            return wire.Reason.SEAT_EMPTY
        self.session, self.tripped = session, False
        return None

    def disarm(self) -> None:
        """The press that stood in for a seat sensor is used up with it."""
        self.session, self._pressed_s = 0, None

    # stopped until cleared

    def latch(self) -> None:
        self.disarm()
        self.stopped, self.cleared = True, False

    def press_stop(self) -> None:
        self.button_in = self.button = True
        self.latch()

    def find(self, present: frozenset[str]) -> bool:
        """These faults are there now. True: one of them is new, or is there again, and has latched."""
        new = present - self.present
        self.present, self.faults = present, self.faults | present
        if new:
            self.latch()
        return bool(new)

    def reset(self) -> None:
        """A person at the chair has looked. Does nothing while the cause is still there."""
        self.faults = self.present
        self.cleared = self.stopped and not self.button_in and not self.faults

    def release(self) -> wire.Reason | None:
        """The host asks for the end of a stop."""
        if self.button_in:
            return wire.Reason.BUTTON_IN
        if self.present:
            return wire.Reason.FAULT
        if self.stopped and not self.cleared:
            return wire.Reason.NOT_CLEARED
        self.stopped = self.cleared = self.button = False
        return None

    # asked to move

    def forbids(self, message: wire.Message, at_s: float) -> wire.Reason | None:
        """Why `message` is not obeyed, in the order of the page; None: it is."""
        if not within_limits(message):
            return wire.Reason.OUT_OF_RANGE
        if not moves_or_heats(message):
            return None
        if self.stopped:
            return wire.Reason.STOPPED
        if not self.occupied(at_s):
            return wire.Reason.SEAT_EMPTY
        if not self.session:
            return wire.Reason.NOT_ARMED
        return None


def within_limits(message: wire.Message) -> bool:
    """Whether the values lie within the ranges of the page."""
    match message:
        case wire.Recline(angle_deg=angle, speed_deg_s=speed, acceleration_deg_s2=acceleration):
            return wire.UPRIGHT_DEG <= angle <= wire.FLAT_DEG and speed > 0 and acceleration > 0
        case wire.LegRest(angle_deg=angle, speed_deg_s=speed, acceleration_deg_s2=acceleration):
            return wire.LEGS_DOWN_DEG <= angle <= wire.LEGS_UP_DEG and speed > 0 and acceleration > 0
        case wire.Massage(zones=zones, rhythm=rhythm, level=level):
            return zones < 1 << len(wire.ZONES) and rhythm < len(wire.RHYTHMS) and level <= wire.MOST_MASSAGE
        case wire.Heat(level=level):
            return level <= wire.MOST_HEAT
        case wire.Light(percent=percent) | wire.Volume(percent=percent):
            return percent <= 100
        case wire.Pace(rate_per_min=rate, inhale_share=share, parts=parts):
            return rate == 0 or (
                wire.SLOWEST_PACE <= rate <= wire.FASTEST_PACE
                and wire.LEAST_INHALE_SHARE <= share <= wire.MOST_INHALE_SHARE
                and 0 < parts < 1 << len(wire.PARTS)
            )
        case _:
            return True


def moves_or_heats(message: wire.Message) -> bool:
    """Whether something gets moving or warm: switching off is always obeyed."""
    match message:
        case wire.Recline() | wire.LegRest():
            return True
        case wire.Massage(level=level) | wire.Heat(level=level):
            return level > 0
        case wire.Pace(rate_per_min=rate):
            return rate > 0
        case _:
            return False
