"""The places of the kiosk, and what a finger may ask for. A place is one screen; `kiosk/screens` draws them."""

from enum import StrEnum


class Place(StrEnum):
    """Where a person can be. Those of a session in the chair follow the room."""

    WELCOME = "welcome"
    PRIVACY = "privacy"
    CONSENT = "consent"
    WHO = "who"
    FILE = "file"
    NEW_CODE = "new_code"
    NEW_PIN = "new_pin"
    PIN_AGAIN = "pin_again"
    CODE = "code"
    PIN = "pin"
    OPENING = "opening"

    HOME = "home"
    ACCOMPANIED = "accompanied"
    TESTS = "tests"
    INTRO = "intro"
    QUESTION = "question"
    STOP = "stop"
    RESULT = "result"
    TAKE = "take"
    TREND = "trend"
    RELAX = "relax"
    EXERCISE = "exercise"
    SOUND = "sound"
    READ = "read"
    PIECE = "piece"
    BOOK = "book"
    BOOK_DAY = "book_day"
    BOOK_PART = "book_part"
    BOOKED = "booked"
    BYE = "bye"

    HAND_OFF = "hand_off"
    STAFF = "staff"
    HELP = "help"
    FAMILY = "family"

    HOW = "how"
    SOLO = "solo"
    CHECK = "check"
    BASELINE = "baseline"
    PACED = "paced"
    RECOVERY = "recovery"
    PAUSED = "paused_page"
    END = "end"
    AFTER = "after"
    RHYTHM_HOW = "rhythm_how"
    RHYTHM = "rhythm"
    AWAY = "away"
    REFUSED = "refused"

    SERVICE_PIN = "service_pin"
    SERVICE = "service"


HELPING = frozenset({Place.HAND_OFF, Place.STAFF, Place.HELP, Place.FAMILY})
"""Help goes before everything, and works without room and centre."""

IN_SESSION = frozenset({Place.CHECK, Place.BASELINE, Place.PACED, Place.RECOVERY, Place.PAUSED, Place.END})
TIMED = frozenset({Place.SOLO, Place.EXERCISE, Place.SOUND})
"""These run for a while without a touch, and end by themselves."""

PADS = frozenset({Place.NEW_PIN, Place.PIN_AGAIN, Place.CODE, Place.PIN, Place.SERVICE_PIN})


class Tap(StrEnum):
    """What a person can ask for with a finger. Some carry a value: which option, key or sign."""

    NEXT = "next"
    BACK = "back"
    CHOOSE = "choose"
    TYPE = "type"
    ERASE = "erase"
    MORE = "more"
    LESS = "less"
    HELP = "help"
    MISTAKE = "mistake"
    LARGE = "large"
    CONTRAST = "contrast"
    LANGUAGE = "language"
    ALOUD = "aloud"
    AGAIN = "again"
    STOP = "stop"
    TAKE = "take"
    PRINT = "print"
    BYE = "bye"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    KEEP = "keep"
    CONFIRM_END = "confirm_end"
    DONE = "done"
    SERVICE = "service"


class Quiet(StrEnum):
    """What happens when nobody touches the screen: nothing, forget silently, or dim and ask first."""

    NOTHING = "nothing"
    SILENT = "silent"
    ASK = "ask"
