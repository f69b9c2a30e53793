"""Codes and PINs: a fresh code with a PIN of one's own, or a code that one has already. Nothing of it stays when they
go.

The code is drawn here and shown once; the PIN is typed twice. Whether an old code and its PIN belong together only the
centre knows, and it says no more than yes or no.
"""

from typing import TYPE_CHECKING

from care.codes import LENGTH, PIN_LENGTH, CodeError, pin_problem, read
from gateway.counter.messages import FileAnswer
from kiosk.flow.house import House
from kiosk.flow.places import PADS, Place, Tap
from kiosk.flow.visit import Visit
from kiosk.flow.wishes import MakeFile, OpenFile, Wish

if TYPE_CHECKING:
    from kiosk.flow.flow import Flow

LONGEST = {Place.CODE: LENGTH, Place.SERVICE_PIN: 12}


def typed(visit: Visit, sign: str) -> None:
    """A key of a pad."""
    if visit.place in PADS and len(sign) == 1 and len(visit.typed) < LONGEST.get(visit.place, PIN_LENGTH):
        visit.typed += sign
        visit.note = ""


def tap(flow: "Flow", tap: Tap, value: str, now_s: float) -> list[Wish]:
    """A tap on one of the screens about a file."""
    house, visit = flow.house, flow.visit
    match visit.place, tap:
        case Place.OPENING, Tap.BACK:
            visit.asked_code = ""
            visit.go(Place.CODE)
        case _, Tap.BACK:
            visit.first_pin = "" if visit.place is not Place.PIN_AGAIN else visit.first_pin
            visit.back()
        case Place.FILE, Tap.CHOOSE if value == "new":
            visit.drawn = visit.drawn or house.new_code()
            visit.go(Place.NEW_CODE)
        case Place.FILE, Tap.CHOOSE if value == "have":
            visit.go(Place.CODE)
        case Place.FILE, Tap.CHOOSE if value == "none":
            visit.home()
        case Place.NEW_CODE, Tap.NEXT:
            visit.go(Place.NEW_PIN)
        case Place.NEW_PIN, Tap.NEXT:
            _new_pin(visit)
        case Place.PIN_AGAIN, Tap.NEXT:
            return _pin_again(visit)
        case Place.CODE, Tap.NEXT:
            _code(visit)
        case Place.PIN, Tap.NEXT if len(visit.typed) == PIN_LENGTH:
            pin = visit.typed
            visit.go(Place.OPENING)
            return [OpenFile(visit.asked_code, pin)]
        case Place.SERVICE_PIN, Tap.NEXT:
            _service(house, visit, now_s)
        case _:
            pass
    return []


def _new_pin(visit: Visit) -> None:
    if len(visit.typed) < PIN_LENGTH:
        return
    if pin_problem(visit.typed):
        visit.typed, visit.note = "", "pin.easy"
        return
    first = visit.typed
    visit.go(Place.PIN_AGAIN)
    visit.first_pin = first


def _pin_again(visit: Visit) -> list[Wish]:
    if len(visit.typed) < PIN_LENGTH:
        return []
    pin, visit.typed = visit.typed, ""
    if pin != visit.first_pin:
        visit.first_pin = ""
        visit.go(Place.NEW_PIN)
        visit.note = "pin.different"
        return []
    visit.code, visit.drawn, visit.first_pin = visit.drawn, "", ""
    visit.home()
    return [MakeFile(visit.code, pin, visit.age_band, visit.language)]


def _code(visit: Visit) -> None:
    if len(visit.typed) < LENGTH:
        return
    try:
        code = read(visit.typed)
    except CodeError:
        visit.note = "code.typing"
        return
    visit.go(Place.PIN)
    visit.asked_code = code


def opened(visit: Visit, answer: FileAnswer | None) -> None:
    """The centre has answered; None: it is out of reach."""
    if visit.place is not Place.OPENING:
        return
    if answer is not None and answer.outcome == "ok" and answer.subject == visit.asked_code:
        visit.code, visit.file = answer.subject, answer.trend
        wanted_trend = Place.HOME in visit.trail
        visit.asked_code = ""
        visit.home()
        if wanted_trend:
            visit.go(Place.TREND)
        return
    visit.go(Place.CODE)
    visit.note = "code.away" if answer is None else f"code.{answer.outcome}"


def _service(house: House, visit: Visit, now_s: float) -> None:
    if house.maintenance is None or not visit.typed:
        return
    pin, visit.typed = visit.typed, ""
    if house.maintenance(pin, now_s):
        visit.trail = [Place.WELCOME, Place.SERVICE]
    else:
        visit.note = "service.wrong"
