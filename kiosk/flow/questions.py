"""The screens around questionnaires: which, the introduction, the questions, stopping, the result, taking it along."""

from typing import TYPE_CHECKING

from kiosk.flow import asking
from kiosk.flow.beginning import to_service
from kiosk.flow.places import Place, Tap
from kiosk.flow.wishes import PrintSlip, Wish

if TYPE_CHECKING:
    from kiosk.flow.flow import Flow

QUICK = "quick"


def tests(flow: "Flow", tap: Tap, value: str, _now_s: float) -> list[Wish]:
    house, visit = flow.house, flow.visit
    match tap:
        case Tap.CHOOSE if value == QUICK and (first := asking.first(house, visit)):
            visit.quick = True
            asking.introduce(house, visit, first)
        case Tap.CHOOSE if value in asking.choices(house, visit):
            visit.quick = False
            asking.introduce(house, visit, value)
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def intro(flow: "Flow", tap: Tap, _value: str, now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.NEXT:
            return asking.begin(flow.house, visit, now_s)
        case Tap.BACK | Tap.STOP if visit.answered:
            visit.home()
            visit.go(Place.RESULT)
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def question(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    house, visit = flow.house, flow.visit
    match tap:
        case Tap.CHOOSE if value.lstrip("-").isdigit():
            return asking.mark(house, visit, int(value), now_s)
        case Tap.NEXT:
            return asking.confirm(house, visit, now_s)
        case Tap.BACK:
            wishes = asking.fire(house, visit, now_s)
            asking.back(visit)
            if wishes:
                visit.go(Place.HAND_OFF)
            return wishes
        case Tap.STOP:
            visit.go(Place.STOP)
        case _:
            pass
    return []


def stop(flow: "Flow", tap: Tap, _value: str, now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CONFIRM_END:
            before = visit.called
            wishes = asking.leave(flow.house, visit, now_s)
            visit.home()
            if visit.called is not before:  # what was marked and not confirmed called somebody
                visit.go(Place.HAND_OFF)
            return wishes
        case Tap.KEEP | Tap.BACK:
            visit.go(Place.QUESTION)
        case _:
            pass
    return []


def result(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if value in asking.following(flow.house, visit):
            asking.introduce(flow.house, visit, value)
        case Tap.CHOOSE if value == "help":
            return flow.help(now_s)
        case Tap.CHOOSE if value in {"relax", "read", "book"}:
            visit.home()
            to_service(flow, value)
        case Tap.TAKE:
            visit.go(Place.TAKE)
        case Tap.NEXT | Tap.BACK:
            visit.home()
        case _:
            pass
    return []


def take(flow: "Flow", tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.PRINT if flow.house.printer and not visit.printed:
            visit.printed = True
            return [PrintSlip()]
        case Tap.BACK:
            visit.back()
        case Tap.NEXT:
            visit.home()
        case _:
            pass
    return []
