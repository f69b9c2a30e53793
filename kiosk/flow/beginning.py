"""From the first touch to the list of what there is to do: privacy before anything else, consents, age."""

from typing import TYPE_CHECKING

from kiosk.flow.places import Place, Tap
from kiosk.flow.visit import AGES, CONSENTS
from kiosk.flow.wishes import Wish

if TYPE_CHECKING:
    from kiosk.flow.flow import Flow

SERVICES = ("tests", "rhythm", "relax", "read", "book", "trend")
_ASKING = frozenset({"tests", "rhythm"})
"""What needs the consent to be asked."""
_ACCOMPANIED = frozenset({"tests", "rhythm", "trend", "book"})
"""What a child does not do alone here."""


def welcome(flow: "Flow", tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    if tap is Tap.NEXT:
        flow.visit.go(Place.PRIVACY)
    return []


def privacy(flow: "Flow", tap: Tap, _value: str, now_s: float) -> list[Wish]:
    match tap:
        case Tap.NEXT:
            flow.visit.go(Place.CONSENT)
        case Tap.BACK:
            return flow.begin_again(now_s)
        case _:
            pass
    return []


def consent(flow: "Flow", tap: Tap, value: str, _now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if value in CONSENTS:
            if value != "test" and "test" not in visit.consents:  # without answers there is nothing to keep or to see
                visit.note = "consent.first"
            else:
                visit.note = ""
                visit.consents ^= {value}
                if "test" not in visit.consents:
                    visit.consents.clear()
        case Tap.NEXT if visit.age_band:
            visit.home()
            if "keep" in visit.consents and not visit.code and visit.age_band != AGES[0]:
                visit.go(Place.FILE)
        case Tap.NEXT:
            visit.go(Place.WHO)
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def who(flow: "Flow", tap: Tap, value: str, _now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if value in AGES:
            visit.age_band = value
            if "keep" in visit.consents and value != AGES[0]:
                visit.go(Place.FILE)
            else:
                visit.home()
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def home(flow: "Flow", tap: Tap, value: str, _now_s: float) -> list[Wish]:
    if tap is Tap.CHOOSE and value in SERVICES:
        to_service(flow, value)
    return []


def to_service(flow: "Flow", service: str) -> None:
    """To one of the things that there are to do, or to what stands before it."""
    visit = flow.visit
    if service in _ACCOMPANIED and visit.age_band == AGES[0]:
        visit.go(Place.ACCOMPANIED)
    elif service in _ASKING and "test" not in visit.consents:
        visit.go(Place.CONSENT)
    else:
        visit.booking = {}
        visit.go(
            {
                "tests": Place.TESTS,
                "rhythm": Place.RHYTHM_HOW,
                "relax": Place.RELAX,
                "read": Place.READ,
                "book": Place.BOOK,
                "trend": Place.TREND if visit.code else Place.CODE,
            }[service]
        )
