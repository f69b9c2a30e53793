"""What asks nothing: exercises, sounds, things to read and hear, and asking for an appointment."""

from typing import TYPE_CHECKING

from gateway.messages import Appointment, ContentViewed
from kiosk.flow.house import House
from kiosk.flow.places import Place, Tap
from kiosk.flow.session import PROGRAMME, RHYTHM
from kiosk.flow.visit import Visit
from kiosk.flow.wishes import Keep, Wish

if TYPE_CHECKING:
    from kiosk.flow.flow import Flow

SOLO_S = 180.0
SOUND_S = 900.0
"""A sound goes on for a quarter of an hour, and no longer: perhaps nobody is there any more."""

LINGER_S = 3.0
SEEN_S = 3.0
"""Whoever has left a piece after less has not read it."""

PURPOSES = ("talk", "chair", "family", "other")
DAYS = ("any", "workday", "weekend")
PARTS = ("any", "morning", "afternoon", "evening")


def breathe(visit: Visit, now_s: float) -> None:
    """Breathe with the circle, without chair, sensor or room."""
    visit.began_s = now_s
    visit.go(Place.SOLO)


def passed(house: House, visit: Visit, now_s: float) -> None:
    """What ends by itself goes back to where it was begun."""
    run_s = now_s - visit.began_s
    match visit.place:
        case Place.SOLO if run_s >= SOLO_S + LINGER_S:
            visit.back()
        case Place.SOUND if run_s >= SOUND_S:
            visit.back()
        case Place.EXERCISE if run_s >= house.exercises[visit.chosen].seconds + LINGER_S:
            visit.back()
        case _:
            pass


def solo_left_s(visit: Visit, now_s: float) -> float:
    """What is left of breathing alone."""
    return max(0.0, SOLO_S - (now_s - visit.began_s))


def relax(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if value == "chair":
            visit.go(Place.HOW)
        case Tap.CHOOSE if value == "breathe":
            breathe(visit, now_s)
        case Tap.CHOOSE if value in flow.house.exercises or value in flow.house.sounds:
            visit.go(Place.EXERCISE if value in flow.house.exercises else Place.SOUND)
            visit.chosen, visit.began_s = value, now_s
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def how(flow: "Flow", tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    if tap is Tap.START:
        return flow.start(PROGRAMME)
    if tap is Tap.BACK:
        flow.visit.back()
    return []


def rhythm_how(flow: "Flow", tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    if tap is Tap.START:
        return flow.start(RHYTHM)
    if tap is Tap.BACK:
        flow.visit.back()
    return []


def ends(flow: "Flow", tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    """What runs by itself is ended."""
    if tap in {Tap.BACK, Tap.END}:
        flow.visit.back()
    return []


def read(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    visit = flow.visit
    match tap:
        case Tap.CHOOSE if flow.house.piece(value):
            visit.go(Place.PIECE)
            visit.chosen, visit.began_s = value, now_s
        case Tap.BACK:
            visit.back()
        case _:
            pass
    return []


def piece(flow: "Flow", tap: Tap, _value: str, now_s: float) -> list[Wish]:
    if tap in {Tap.BACK, Tap.NEXT}:
        wishes = leave(flow.house, flow.visit, now_s)
        flow.visit.back()
        return wishes
    return []


def book(flow: "Flow", tap: Tap, value: str, _now_s: float) -> list[Wish]:
    visit = flow.visit
    match visit.place, tap:
        case Place.BOOKED, Tap.NEXT | Tap.BACK:
            visit.home()
        case _, Tap.BACK:
            visit.back()
        case Place.BOOK, Tap.CHOOSE if value in PURPOSES:
            visit.booking["what"] = value
            visit.go(Place.BOOK_DAY)
        case Place.BOOK_DAY, Tap.CHOOSE if value in DAYS:
            visit.booking["day"] = value
            visit.go(Place.BOOK_PART)
        case Place.BOOK_PART, Tap.CHOOSE if value in PARTS:
            visit.booking["part"] = value
            return _book(flow.house, visit)
        case _:
            pass
    return []


def _book(house: House, visit: Visit) -> list[Wish]:
    """Ask for an appointment: under the person's code, or under one that is drawn for this and stands on the screen."""
    visit.booked = visit.code or house.new_code()
    note = ", ".join(f"{key}: {value}" for key, value in sorted(visit.booking.items()))
    asked = Appointment(house.new_id(), 1, "asked", visit.booked, note=note)
    visit.trail = [Place.HOME, Place.BOOKED]
    return [Keep(asked)]


def leave(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """Somebody leaves a piece: it is counted, and nobody says who."""
    shown = house.piece(visit.chosen)
    seconds = now_s - visit.began_s
    if visit.place is not Place.PIECE or shown is None or seconds < SEEN_S:
        return []
    return [Keep(ContentViewed(shown.key, shown.version, visit.language, house.utc_ns(), round(seconds)))]
