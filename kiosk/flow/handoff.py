"""A person is called: at a risk answer, or when somebody presses for help. What the screen says of it is true or it is
not said: "told" only once the centre has it, "seen" only once a person has answered.

The pager gets a seat and how urgent it is, never an answer. What the resident wishes (staff, a phone, family) is
written down as a step, so that whoever comes knows.
"""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from care.alerts import AlertEvent, AlertStep
from care.handoff import raised
from care.risk import TIERS
from gateway.counter.messages import DutyAnswer
from kiosk.flow.house import House
from kiosk.flow.places import Place, Tap
from kiosk.flow.visit import Called, Visit
from kiosk.flow.wishes import Keep, Wish

if TYPE_CHECKING:
    from kiosk.flow.flow import Flow

RED = "red"
BUTTON = "help_button"
UNREACHED_S = 4.0
"""So long may the centre take to have the alert; then the numbers come first."""
OLD_S = 10.0
"""What the centre said is true no longer when it has been silent for this long, unless somebody has answered."""
UNSAID = "disclosure"
"""The cause of an alert of somebody who does not let the answers be seen: it tells nothing about them."""

CHOICES = ("staff", "phone", "family", "look")


class HandOff(StrEnum):
    """How far the call has come, in the order of a good day."""

    NONE = "none"
    SENDING = "sending"
    UNREACHED = "unreached"
    NOBODY = "nobody"
    KEPT = "kept"
    TOLD = "told"
    ABOVE = "above"
    SEEN = "seen"
    OVER = "over"


_ANSWERED = {"acknowledged": HandOff.SEEN, "closed": HandOff.OVER}

_LEADS_TO = {"staff": Place.STAFF, "phone": Place.HELP, "family": Place.FAMILY}


def tap(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    """A tap on the screen that offers a person."""
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if value in CHOICES:
            wishes: list[Wish] = []
            if value == "staff" and not (visit.called and visit.called.waits):  # nobody is on the way to being called
                wishes = call(flow.house, visit, RED, BUTTON, now_s, None)
            wishes += noted(flow.house, visit, f"resident chose: {value}")
            if value in _LEADS_TO:
                visit.go(_LEADS_TO[value])
            else:
                visit.back()
            return wishes
        case Tap.MISTAKE:
            if visit.called:
                visit.called.mistaken = True
            wishes = noted(flow.house, visit, "resident says: pressed by mistake")
            visit.back()
            return wishes
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def call(house: House, visit: Visit, tier: str, cause: str, now_s: float, source: UUID | None) -> list[Wish]:
    """Raise an alert. While one of this visit that is as urgent still waits for an answer, that one is told again."""
    called = visit.called
    sees = "see" in visit.consents
    shown = cause if cause == BUTTON or sees else UNSAID
    if house.handoff.rule_for(tier, shown) is None:
        return []
    if called and called.waits and TIERS.index(called.tier) >= TIERS.index(tier):
        return noted(house, visit, f"again: {shown}") if tier == called.tier else []
    alert = house.new_id()
    event = raised(
        house.handoff,
        alert=alert,
        tier=tier,
        cause=shown,
        seat=house.seat,
        level=house.level,
        at_utc_ns=house.utc_ns(),
        source=source if sees else None,
    )
    visit.called = Called(alert, tier, shown, now_s)
    return [Keep(event)]


def noted(house: House, visit: Visit, detail: str) -> list[Wish]:
    """Write down what the person wishes, beside their alert."""
    called = visit.called
    if called is None:
        return []
    called.steps += 1
    at = house.utc_ns()
    step = AlertEvent(called.alert, called.steps, AlertStep.NOTED, at, house.level, "resident", detail=detail)
    return [Keep(step)]


def progress(level: str, visit: Visit, duty: DutyAnswer | None, now_s: float) -> HandOff:
    """What may be said of the call now; `level` is that of this site."""
    called = visit.called
    if called is None:
        return HandOff.NONE
    standing = called.standing
    if standing is not None and standing.status in _ANSWERED:
        return _ANSWERED[standing.status]
    if standing is not None and now_s - called.heard_s >= OLD_S:
        return HandOff.UNREACHED
    if standing is None and now_s - called.raised_s >= UNREACHED_S:
        return HandOff.UNREACHED
    if duty is not None and duty.known and duty.people == 0 and (standing is None or standing.level == level):
        return HandOff.NOBODY
    if standing is None:
        return HandOff.SENDING
    if standing.level != level:
        return HandOff.ABOVE
    return HandOff.TOLD if standing.told else HandOff.KEPT
