"""The pages that ask nothing: help and whom it reaches, exercises and sounds, things to read, an appointment."""

from datetime import date
from uuid import UUID

from care import hotlines, library
from care.hotlines import Hotline
from gateway.counter.messages import AlertAnswer, DutyAnswer
from kiosk.flow import Place
from kiosk.flow.visit import Called
from tests.kiosk.made_frames import chair_frame
from tests.kiosk.situations import NOW_S, Situation, at

CALLS = {
    "sending": None,
    "unreached": None,
    "told": AlertAnswer(True, "open", "room", next_level="town", told=True),
    "kept": AlertAnswer(True, "open", "room"),
    "nobody": AlertAnswer(True, "open", "room"),
    "above": AlertAnswer(True, "open", "town"),
    "cut off": AlertAnswer(True, "open", "town", delivered=False),
    "seen": AlertAnswer(True, "acknowledged", "room", owner_level="room"),
    "seen by name": AlertAnswer(True, "acknowledged", "room", owner="欧阳小兰老师", owner_level="room"),
    "taken above": AlertAnswer(True, "acknowledged", "town", owner="李主任", owner_level="town"),
    "over": AlertAnswer(True, "closed", "room"),
}

OWN_LINES = [
    Hotline(
        "020-8188 0001",
        "新华社区心理服务室",
        "Community counselling room",
        "白天找我们",
        "To reach us by day",
        "星期一到星期五 9:00–17:00",
        "Mon–Fri 9:00–17:00",
        date(2026, 11, 1),
        "local",
    ),
    Hotline(
        "020-8100 1234",
        "广州心理援助热线",
        "Guangzhou support line",
        "心里难受，想找人说说话",
        "To talk when you feel low",
        "每天 24 小时",
        "24 hours a day",
        date(2026, 11, 1),
        "support",
    ),
]


def calling(place, how, *, cause="risk_item", tier="red", **house):
    """Somebody was called, and it stands so."""

    def prepare(flow):
        raised_s = NOW_S - (1.0 if how == "sending" else 60.0)
        flow.visit.called = Called(UUID(int=7), tier, cause, raised_s, standing=CALLS[how], heard_s=NOW_S)
        if how == "nobody":
            flow.duty = DutyAnswer(True, 0)

    return at(place, prepare, **house)


def doing(place, key, since_s=5.0, *, page=0, **house):
    """An exercise, a sound or a piece that began so long ago."""

    def prepare(flow):
        flow.visit.chosen, flow.visit.began_s, flow.visit.page = key, NOW_S - since_s, page

    return at(place, prepare, **house)


def paged(place, page, **house):
    def prepare(flow):
        flow.visit.page = page

    return at(place, prepare, **house)


def booked(*, own):
    def prepare(flow):
        flow.visit.booked, flow.visit.code = "ABCD2345", "ABCD2345" if own else ""

    return at(Place.BOOKED, prepare)


def _help():
    for how in CALLS:
        shown = how in {"told", "unreached"}
        yield Situation(
            f"hand-off {how}", calling(Place.HAND_OFF, how), pictured=shown, contrasted=shown, screens=shown
        )
        pictured = how in {"told", "unreached", "seen by name"}
        yield Situation(
            f"waiting {how}",
            calling(Place.STAFF, how),
            pictured=pictured,
            contrasted=how == "told",
            screens=how == "told",
        )
        yield Situation(f"numbers {how}", calling(Place.HELP, how), pictured=how == "told", screens=False)
    pressed = calling(Place.HAND_OFF, "told", cause="help_button")
    yield Situation("hand-off pressed", pressed)
    yield Situation("hand-off not called", at(Place.HAND_OFF), pictured=False)
    yield Situation("hand-off in a list", calling(Place.HAND_OFF, "told", cause="score", tier="orange"), pictured=False)
    yield Situation("waiting not called", at(Place.STAFF), pictured=False)
    yield Situation("numbers not called", at(Place.HELP), contrasted=True)
    own = {"hotlines": OWN_LINES + hotlines.load()}
    yield Situation("numbers of the site", calling(Place.HELP, "told", **own))
    for page in (1, 2, 3):
        arrange = paged(Place.HELP, page, **own)
        yield Situation(f"numbers of the site {page}", arrange, pictured=False, screens=False)
    yield Situation("family known", calling(Place.FAMILY, "seen"), contrasted=True)
    yield Situation("family alone", calling(Place.FAMILY, "unreached"), pictured=False)


def _rest():
    yield Situation("relax", at(Place.RELAX, frame=chair_frame()), contrasted=True)
    yield Situation("relax without the chair", at(Place.RELAX))
    yield Situation("relax without sound", at(Place.RELAX, frame=chair_frame(), sounds=[]), pictured=False)
    yield Situation("relax without either", at(Place.RELAX, frame=None, sounds=[]), pictured=False)
    for page in (1, 2, 3):
        arrange = paged(Place.RELAX, page, frame=chair_frame())
        yield Situation(f"relax {page}", arrange, pictured=page == 1, screens=False)
    for key, since_s in (("muscles", 46.0), ("muscles", 53.0), ("body-scan", 130.0), ("eyes-neck", 20.0)):
        yield Situation(f"exercise {key} {since_s:.0f}", doing(Place.EXERCISE, key, since_s), contrasted=since_s == 46)
    yield Situation("exercise over", doing(Place.EXERCISE, "senses", 170.0), pictured=False)
    yield Situation("sound", doing(Place.SOUND, "rain", 100.0), contrasted=True)
    yield Situation("sound silent", doing(Place.SOUND, "rain", 100.0, sounds=[]), pictured=False)
    yield Situation("solo", doing(Place.SOLO, "", 12.0), contrasted=True)


def _read():
    yield Situation("read", at(Place.READ), contrasted=True)
    for page in (1, 4, 9):
        yield Situation(f"read {page}", paged(Place.READ, page), pictured=False, screens=False)
    yield Situation("piece", doing(Place.PIECE, "see-doctor"), contrasted=True)
    yield Situation("piece turned", doing(Place.PIECE, "see-doctor", page=1))
    yield Situation("piece heard", doing(Place.PIECE, "fm-evening"))
    yield Situation("piece without a voice", doing(Place.PIECE, "fm-evening", speaks=False))
    yield Situation("piece withdrawn", doing(Place.PIECE, "gone"), pictured=False)
    longest = sorted(library.pieces(), key=lambda piece: -max(map(len, piece.paragraphs_en)))
    for piece in longest[:4]:
        for page in (0, 99):
            arrange = doing(Place.PIECE, piece.key, page=page)
            yield Situation(f"piece {piece.key} {page}", arrange, pictured=False, screens=False)


def _book():
    for place in (Place.BOOK, Place.BOOK_DAY, Place.BOOK_PART):
        yield Situation(str(place), at(place), contrasted=place is Place.BOOK)
    yield Situation("booked", booked(own=False), contrasted=True)
    yield Situation("booked own", booked(own=True), pictured=False)


REST = [*_help(), *_rest(), *_read(), *_book()]
