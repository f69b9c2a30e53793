"""What asks nothing: exercises, sounds, things to read and hear, and asking for an appointment."""

from care.exercises import at
from gateway.messages import Appointment, ContentViewed
from kiosk.flow.house import House
from kiosk.flow.places import Place, Tap
from kiosk.flow.visit import Visit
from kiosk.flow.wishes import Keep, Wish

SOLO_S = 180.0
SOUND_S = 900.0
"""A sound goes on for a quarter of an hour, and no longer: perhaps nobody is there any more."""

LINGER_S = 3.0
SEEN_S = 3.0
"""Whoever has left a piece after less has not read it."""

PURPOSES = ("talk", "chair", "family", "other")
DAYS = ("any", "workday", "weekend")
PARTS = ("any", "morning", "afternoon", "evening")

TOPICS = "topics"


def choose(house: House, visit: Visit, key: str, now_s: float) -> None:
    """Begin an exercise or a sound."""
    if key in house.exercises:
        visit.chosen, visit.began_s = key, now_s
        visit.go(Place.EXERCISE)
    elif key in house.sounds:
        visit.chosen, visit.began_s = key, now_s
        visit.go(Place.SOUND)


def passed(house: House, visit: Visit, now_s: float) -> None:
    """What ends by itself goes back to where it was begun."""
    run_s = now_s - visit.began_s
    match visit.place:
        case Place.SOLO if run_s >= SOLO_S + LINGER_S:
            visit.back()
        case Place.SOUND if run_s >= SOUND_S:
            visit.back()
        case Place.EXERCISE if exercise_left_s(house, visit, now_s) <= 0 and run_s > LINGER_S:
            seconds = house.exercises[visit.chosen].seconds
            if run_s >= seconds + LINGER_S:
                visit.back()
        case _:
            pass


def exercise_left_s(house: House, visit: Visit, now_s: float) -> float:
    """What is left of the step that stands."""
    return at(house.exercises[visit.chosen], now_s - visit.began_s)[1]


def tap(house: House, visit: Visit, tap: Tap, value: str, now_s: float) -> list[Wish]:
    """A tap on one of these screens."""
    match visit.place, tap:
        case Place.PIECE, Tap.BACK | Tap.NEXT:
            wishes = viewed(house, visit, now_s)
            visit.back()
            return wishes
        case _, Tap.BACK | Tap.END:
            visit.back()
        case Place.READ, Tap.CHOOSE if house.piece(value):
            visit.go(Place.PIECE)
            visit.chosen, visit.piece_began_s = value, now_s
        case Place.BOOK, Tap.CHOOSE if value in PURPOSES:
            visit.booking["what"] = value
            visit.go(Place.BOOK_DAY)
        case Place.BOOK_DAY, Tap.CHOOSE if value in DAYS:
            visit.booking["day"] = value
            visit.go(Place.BOOK_PART)
        case Place.BOOK_PART, Tap.CHOOSE if value in PARTS:
            visit.booking["part"] = value
            return _book(house, visit)
        case Place.BOOKED, Tap.NEXT:
            visit.home()
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


def viewed(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """Count that somebody has looked at a piece; nobody says who."""
    piece = house.piece(visit.chosen)
    seconds = now_s - visit.piece_began_s
    if visit.place is not Place.PIECE or piece is None or seconds < SEEN_S:
        return []
    return [Keep(ContentViewed(piece.key, piece.version, visit.language, house.utc_ns(), seconds))]


def leave(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """The person goes away from a piece."""
    return viewed(house, visit, now_s)
