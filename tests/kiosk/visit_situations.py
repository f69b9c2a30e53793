"""The pages of a visit, from the welcome to goodbye, and those of staff."""

from care.instruments.scoring import score
from gateway.counter.messages import DutyAnswer, TrendPoint
from kiosk.flow import Place, Tap, asking
from kiosk.flow.visit import Answered
from tests.kiosk.made_house import NOW_UTC_NS
from tests.kiosk.situations import Situation, at

DAY_NS = 86_400_000_000_000
BANDS = ("severe", "moderate", "mild", "minimal", "mild", "minimal")


def visit(**fields):
    """Sets fields of the visit."""

    def prepare(flow):
        for name, value in fields.items():
            setattr(flow.visit, name, value)

    return prepare


def asked(key, number=0, *, choice=None, answered=0):
    """In the middle of a questionnaire, at the question of that index, the ones before it answered."""

    def prepare(flow):
        flow.visit.consents = {"test"}
        flow.visit.intro = key
        asking.begin(flow.house, flow.visit, 0.0)
        open_ = flow.visit.open
        for _ in range(number):
            open_.sitting = open_.sitting.answer(open_.sitting.item.values[answered]).forward()
        open_.choice = choice

    return prepare


def stopped(flow):
    asked("phq9", 3)(flow)
    flow.tap(Tap.STOP, 0.0)


def answered(key, index):
    """All questions answered with the option of that index (counted over what each has), and the result shown."""

    def prepare(flow):
        visit = flow.visit
        visit.consents = {"test"}
        visit.intro = key
        asking.begin(flow.house, visit, 0.0)
        while visit.place is Place.QUESTION:
            item = visit.open.sitting.item
            flow.tap(Tap.CHOOSE, 0.0, str(item.values[min(index, len(item.values) - 1)]))
            if visit.open and visit.open.sitting.item is item:
                flow.tap(Tap.NEXT, 0.0)
            if visit.place is Place.HAND_OFF:
                visit.back()
        visit.trail = [Place.HOME, Place.RESULT]

    return prepare


def partly(flow):
    """A result of a sitting that was not finished."""
    phq9 = flow.house.instrument("phq9")
    flow.visit.answered = [Answered(phq9, score(phq9, {}), "green")]


def unsigned(flow):
    """The introduction to a questionnaire that no reviewer has signed."""
    flow.visit.intro = min(flow.house.catalogue.watermark)


def taking(printed=False):
    def prepare(flow):
        answered("phq9", 1)(flow)
        flow.visit.code, flow.visit.printed = "ABCD2346", printed
        flow.visit.trail = [Place.HOME, Place.RESULT, Place.TAKE]

    return prepare


def file(bands):
    points = [
        TrendPoint(
            f"2026-{11 - number // 2:02}-{18 - number:02}",
            NOW_UTC_NS - number * 9 * DAY_NS,
            "phq9",
            1,
            complete=bool(band),
            band=band,
        )
        for number, band in enumerate(bands)
    ]
    return visit(code="ABCD2346", file=points[::-1])


def serviced(flow):
    flow.duty, flow.waiting = DutyAnswer(known=True, people=1), 3


ALL = {"test", "keep", "see"}

VISIT = [
    Situation("welcome", at(Place.WELCOME, visit(age_band="")), contrasted=True),
    Situation("welcome with a way in", at(Place.WELCOME, maintenance=lambda *_: True), pictured=False),
    Situation("welcome without voice", at(Place.WELCOME, speaks=False), pictured=False),
    Situation("welcome aloud", at(Place.WELCOME, visit(aloud=True)), pictured=False),
    Situation("privacy", at(Place.PRIVACY)),
    Situation("consent", at(Place.CONSENT), contrasted=True),
    Situation("consent given", at(Place.CONSENT, visit(consents=ALL))),
    Situation("who", at(Place.WHO, visit(age_band=""))),
    Situation("file", at(Place.FILE)),
    Situation("new code", at(Place.NEW_CODE, visit(drawn="ABCD2346"))),
    Situation("new pin", at(Place.NEW_PIN, visit(typed="12"))),
    Situation("new pin, easy", at(Place.NEW_PIN, visit(note="pin.easy")), pictured=False),
    Situation("new pin, different", at(Place.NEW_PIN, visit(note="pin.different")), pictured=False),
    Situation("pin again", at(Place.PIN_AGAIN, visit(typed="1234")), pictured=False),
    Situation("code", at(Place.CODE, visit(typed="ABCD23")), contrasted=True),
    *(
        Situation(f"code, {note}", at(Place.CODE, visit(note=f"code.{note}", typed="ABCD2346")), pictured=False)
        for note in ("typing", "wrong", "locked", "away")
    ),
    Situation("pin", at(Place.PIN, visit(typed="123"))),
    Situation("opening", at(Place.OPENING)),
    Situation("home", at(Place.HOME), contrasted=True),
    Situation("home without the room", at(Place.HOME, frame=None)),
    Situation("accompanied", at(Place.ACCOMPANIED, visit(age_band="under14"))),
    Situation("tests", at(Place.TESTS)),
    *(
        Situation(f"tests, {age}, page {page}", at(Place.TESTS, visit(age_band=age, page=page)), pictured=False)
        for age in ("14-17", "18-59", "60+")
        for page in (0, 1, 2)
    ),
    Situation("tests for nobody", at(Place.TESTS, visit(age_band="under14")), pictured=False),
    Situation("intro", at(Place.INTRO, visit(intro="phq9"))),
    Situation("intro unsigned", at(Place.INTRO, unsigned)),
    Situation("question", at(Place.QUESTION, asked("phq9", 2, choice=1)), contrasted=True),
    Situation("question untouched", at(Place.QUESTION, asked("who5", 1)), pictured=False),
    Situation("question with a sentence of its own", at(Place.QUESTION, asked("pcptsd5")), pictured=False),
    Situation("question of risk", at(Place.QUESTION, asked("phq9", 8)), contrasted=True),
    Situation("stop", at(Place.STOP, stopped)),
    Situation("result", at(Place.RESULT, answered("who5", 0)), contrasted=True),
    Situation("result, partly", at(Place.RESULT, partly), pictured=False),
    Situation("take", at(Place.TAKE, taking())),
    Situation("take, printed", at(Place.TAKE, taking(printed=True)), pictured=False),
    Situation("take without a printer", at(Place.TAKE, taking(), printer=False), pictured=False),
    Situation("trend", at(Place.TREND, file(BANDS[::-1]))),
    Situation(
        "trend, last page", at(Place.TREND, lambda flow: (file(BANDS)(flow), visit(page=9)(flow))), pictured=False
    ),
    Situation("trend, the same", at(Place.TREND, file(("mild", "mild", ""))), pictured=False),
    Situation("trend, once", at(Place.TREND, file(("mild",))), pictured=False),
    Situation("trend, nothing", at(Place.TREND), pictured=False),
    Situation("bye", at(Place.BYE)),
    Situation("service pin", at(Place.SERVICE_PIN, visit(typed="123456"))),
    Situation("service pin, wrong", at(Place.SERVICE_PIN, visit(note="service.wrong")), pictured=False),
    Situation("service", at(Place.SERVICE, serviced)),
    Situation("service, nothing reached", at(Place.SERVICE, frame=None), pictured=False),
]
