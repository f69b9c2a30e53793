"""What a chair does, held against what it should: it is stopped from here when its own rules have failed.

By its statuses, and by the chair's own clock in them: frames that come late, or many at once, make nothing look fast.
A chair that is coming to rest gets the time that the page gives it (`docs/protocols/chair-link.md`, "Rules of
movement"). Pure: no clock, no port.
"""

from collections import deque

from devices.events import ChairStatus
from devices.profile import Joint, Profile
from devices.protocols.chair_link import RETREAT_WITHIN_S

_TOLERANCE_DEG = 2.0
_SPEED_TOLERANCE, _SPEED_TOLERANCE_DEG = 1.25, 0.5
_WINDOW_S = 1.0
_TURN_MS = 2**32


class Conduct:
    """Watches one chair for the length of one connection."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._now_s = 0.0
        self._at_ms: int | None = None
        self._unasked_since_s: float | None = None
        self._recent: deque[tuple[float, ChairStatus]] = deque()

    def offence(self, status: ChairStatus, at_ms: int) -> str:
        """What is wrong, in a few words, or "".

        Args:
            status: the newest.
            at_ms: the chair's clock when it was said, modulo 2^32.
        """
        if self._at_ms is not None:
            self._now_s += ((at_ms - self._at_ms) % _TURN_MS) / 1000
        self._at_ms = at_ms
        self._recent.append((self._now_s, status))
        while len(self._recent) > 2 and self._recent[1][0] <= self._now_s - _WINDOW_S:
            self._recent.popleft()
        return self._goes_on(status) or self._too_far(status) or self._too_fast(status)

    def _goes_on(self, status: ChairStatus) -> str:
        if status.stopped:
            why = "although it is stopped"
        elif not status.occupied:
            why = "with nobody confirmed in the seat"
        elif not status.armed:
            why = "although it is not armed"
        else:
            why = ""
        if not why or not (status.moving or status.massage_level or status.heat_level):
            self._unasked_since_s = None
            return ""
        if self._unasked_since_s is None:
            self._unasked_since_s = self._now_s
        rest_s = self._profile.rest_within_s
        if "obstruction" in status.faults:
            rest_s += RETREAT_WITHIN_S
        return f"it goes on {why}" if self._now_s - self._unasked_since_s > rest_s else ""

    def _too_far(self, status: ChairStatus) -> str:
        inside = _inside(status.recline_deg, self._profile.recline) and _inside(
            status.leg_rest_deg, self._profile.leg_rest
        )
        return "" if inside or not status.moving else "it moves beyond its limits"

    def _too_fast(self, status: ChairStatus) -> str:
        since_s, before = self._recent[0]
        seconds = self._now_s - since_s
        back = self._profile.recline.speed_deg_s + self._profile.pace_speed_deg_s
        legs = self._profile.leg_rest.speed_deg_s
        slow = _slow(status.recline_deg - before.recline_deg, back, seconds) and _slow(
            status.leg_rest_deg - before.leg_rest_deg, legs, seconds
        )
        return "" if slow else "it moves too fast"


def _inside(angle_deg: float, joint: Joint) -> bool:
    return joint.least_deg - _TOLERANCE_DEG <= angle_deg <= joint.most_deg + _TOLERANCE_DEG


def _slow(moved_deg: float, speed_deg_s: float, seconds: float) -> bool:
    return abs(moved_deg) <= speed_deg_s * seconds * _SPEED_TOLERANCE + _SPEED_TOLERANCE_DEG
