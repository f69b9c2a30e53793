"""Where a person is and what comes next, free of Kivy: taps, frames and answers in; a place and wishes out.

Help goes before everything. Then the room leads: a session that runs there is shown whoever began it. Everything else
is the person's own way, and `forget` leaves no trace of it. What a tap does at a place is in the table `_AT`.
"""

from collections.abc import Callable
from uuid import UUID

from gateway.counter.messages import AlertAnswer, AppointmentsAnswer, DutyAnswer, FileAnswer
from gateway.live import Action, EndSession, LiveFrame, PauseSession, Reply, ResumeSession, SessionView, StartSession
from kiosk.flow import asking, beginning, file, handoff, leisure, questions
from kiosk.flow.handoff import HandOff
from kiosk.flow.house import House
from kiosk.flow.places import HELPING, IN_SESSION, TIMED, Place, Quiet, Tap
from kiosk.flow.session import RHYTHM, Watch
from kiosk.flow.visit import Visit
from kiosk.flow.wishes import Leave, ToRoom, Wish

_ROOMS = IN_SESSION | {Place.AFTER, Place.RHYTHM, Place.AWAY, Place.REFUSED}


class Flow:
    """One kiosk.

    Attributes:
        house: what it has.
        visit: what this person has said.
        watch: what the room shows.
        duty: who is on duty, as the centre says; None while it has not said.
        waiting: records that the centre has not acknowledged yet.
    """

    def __init__(self, house: House) -> None:
        self.house, self.watch, self.visit = house, Watch(), Visit(house.language)
        self.duty: DutyAnswer | None = None
        self.waiting = 0

    @property
    def frame(self) -> LiveFrame | None:
        return self.watch.frame

    @property
    def live(self) -> SessionView | None:
        return self.watch.live

    @property
    def finished(self) -> SessionView | None:
        return self.watch.finished

    @property
    def place(self) -> Place:
        if self.visit.place in HELPING:
            return self.visit.place
        return self.watch.place or self.visit.place

    @property
    def quiet(self) -> Quiet:
        place = self.place
        if place in IN_SESSION or place in TIMED:
            return Quiet.NOTHING
        if place is Place.WELCOME:
            return Quiet.NOTHING if self.visit == Visit(self.house.language) else Quiet.SILENT
        return Quiet.ASK

    def progress(self, now_s: float) -> HandOff:
        """How far a call for help has come."""
        return handoff.progress(self.house.level, self.visit, self.duty, now_s)

    # what comes from outside

    def heard(self, frame: LiveFrame | None) -> None:
        """A frame arrived, or the room went out of reach (None)."""
        if self.watch.heard(frame) and self.visit.place not in HELPING:
            self.visit.trail = [Place.HOME] if self.visit.age_band else [Place.WELCOME]

    def replied(self, action: Action, reply: Reply) -> list[Wish]:
        """The room answered: a refused start is said in words; what only the counsellor may do brings one."""
        if isinstance(action, StartSession):
            self.watch.starting = False
            if not reply.ok and reply.code not in {"session_running", "not_yours"}:
                self.watch.refused = reply.code
        if reply.code == "not_yours" and self.watch.live:
            self.visit.go(Place.HAND_OFF)
        return []

    def opened(self, answer: FileAnswer | None) -> None:
        """The centre answered about a code, or is out of reach (None)."""
        file.opened(self.visit, answer)

    def booked(self, subject: str, answer: AppointmentsAnswer) -> None:
        """What became of what the owner of a code asked for."""
        if subject == self.visit.code:
            self.visit.appointments = answer.appointments

    def stands(self, alert: UUID, answer: AlertAnswer, now_s: float) -> None:
        """How an alert stands, as the centre says."""
        called = self.visit.called
        if called and alert == called.alert and answer.known and answer.status != "incomplete":
            called.standing, called.heard_s = answer, now_s

    def passed(self, now_s: float) -> list[Wish]:
        """Time has passed: what was marked and left so, and what ends by itself."""
        leisure.passed(self.house, self.visit, now_s)
        return asking.left_marked(self.house, self.visit, now_s)

    def forget(self, now_s: float) -> list[Wish]:
        """Back to the beginning for the next person; answers are kept, and nothing else. A session that runs stays."""
        wishes = [*asking.leave(self.house, self.visit, now_s), *leisure.leave(self.house, self.visit, now_s)]
        self.visit = Visit(self.house.language)
        self.watch.forget()
        return wishes

    # what a finger asks for

    def tap(self, tap: Tap, now_s: float, value: str = "") -> list[Wish]:
        """A person asked for something; what others shall do about it."""
        visit, place = self.visit, self.place
        match tap:
            case Tap.HELP:
                return self.help(now_s)
            case Tap.LARGE:
                visit.large, visit.page = not visit.large, 0
            case Tap.CONTRAST:
                visit.contrast = not visit.contrast
            case Tap.LANGUAGE:
                visit.language, visit.page = "en" if visit.language == "zh" else "zh", 0
            case Tap.ALOUD:
                visit.aloud = not visit.aloud and self.house.speaks
            case Tap.MORE | Tap.LESS:
                visit.page = max(0, visit.page + (1 if tap is Tap.MORE else -1))
            case Tap.SERVICE:
                if self.house.maintenance is not None and place in {Place.WELCOME, Place.HOME}:
                    visit.go(Place.SERVICE_PIN)
            case Tap.TYPE:
                file.typed(visit, value)
            case Tap.ERASE:
                visit.typed = visit.typed[:-1]
            case _ if place in _ROOMS:
                return self._with_room(tap, now_s)
            case Tap.BYE | Tap.DONE:
                return self._bye(now_s)
            case _:
                return _AT.get(place, _back)(self, tap, value, now_s)
        return []

    def help(self, now_s: float) -> list[Wish]:
        """Help is shown now and a person is called; a session that runs stands still meanwhile."""
        wishes: list[Wish] = [ToRoom(PauseSession())] if self.watch.running else []
        wishes += handoff.call(self.house, self.visit, handoff.RED, handoff.BUTTON, now_s, None)
        self.visit.go(Place.HAND_OFF)
        return wishes

    def start(self, programme: str) -> list[Wish]:
        """Have the room begin a programme, once until it answers."""
        if self.watch.starting:
            return []
        if self.frame is None:
            self.watch.refused = "room_away"
            return []
        self.watch.starting = True
        return [ToRoom(StartSession(programme=programme))]

    def begin_again(self, now_s: float) -> list[Wish]:
        """Back on the first screen, which may be another person's by now."""
        fresh = self.visit.begun_again()
        wishes = self.forget(now_s)
        self.visit = fresh
        return wishes

    def printed(self, ok: bool) -> None:
        """The printer has taken the slip, or has not."""
        if self.visit.printed and not ok:
            self.visit.printed, self.visit.note = False, "take.failed"

    def _bye(self, now_s: float) -> list[Wish]:
        """Done: a last screen that says so, with nothing of the person on it; from there, the beginning."""
        if self.place is Place.BYE:
            return self.forget(now_s)
        old = self.visit
        wishes = self.forget(now_s)
        self.visit.language, self.visit.large, self.visit.contrast = old.language, old.large, old.contrast
        self.visit.trail = [Place.BYE]
        return wishes

    def _with_room(self, tap: Tap, now_s: float) -> list[Wish]:
        watch, place = self.watch, self.place
        match tap:
            case Tap.PAUSE:
                return [ToRoom(PauseSession())]
            case Tap.RESUME:
                return [ToRoom(ResumeSession())]
            case Tap.END:
                watch.asked_end = watch.live is not None
            case Tap.KEEP:
                watch.asked_end = False
            case Tap.CONFIRM_END:
                watch.asked_end = False
                return [ToRoom(EndSession())]
            case Tap.BYE:
                return self._bye(now_s)
            case Tap.CHOOSE if place in {Place.AWAY, Place.REFUSED}:  # what works without the room
                watch.watched = watch.refused = ""
                leisure.breathe(self.visit, now_s)
            case Tap.BACK if place is Place.REFUSED:
                watch.refused = ""
            case Tap.CHOOSE if place is Place.RHYTHM:
                watch.watched = ""
                leisure.breathe(self.visit, now_s)
            case Tap.START if place is Place.RHYTHM:
                return self.start(RHYTHM)
            case Tap.DONE | Tap.NEXT if place in {Place.AFTER, Place.RHYTHM}:
                watch.watched = ""
                if self.visit.age_band:
                    self.visit.home()
            case _:
                pass
        return []


def _back(flow: Flow, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
    """Screens on which nothing is chosen."""
    if tap in {Tap.BACK, Tap.NEXT, Tap.KEEP}:
        flow.visit.back()
    return []


def _service(flow: Flow, tap: Tap, value: str, _now_s: float) -> list[Wish]:
    """Behind the maintenance PIN."""
    match tap:
        case Tap.CHOOSE if value in {"leave", "again"}:
            return [Leave(again=value == "again")]
        case Tap.BACK:
            return flow.forget(_now_s)
        case _:
            pass
    return []


_FILES = dict.fromkeys(
    (
        Place.FILE,
        Place.NEW_CODE,
        Place.NEW_PIN,
        Place.PIN_AGAIN,
        Place.CODE,
        Place.PIN,
        Place.OPENING,
        Place.SERVICE_PIN,
    ),
    file.tap,
)

_AT: dict[Place, Callable[[Flow, Tap, str, float], list[Wish]]] = {
    **_FILES,
    Place.WELCOME: beginning.welcome,
    Place.PRIVACY: beginning.privacy,
    Place.CONSENT: beginning.consent,
    Place.WHO: beginning.who,
    Place.HOME: beginning.home,
    Place.TESTS: questions.tests,
    Place.INTRO: questions.intro,
    Place.QUESTION: questions.question,
    Place.STOP: questions.stop,
    Place.RESULT: questions.result,
    Place.TAKE: questions.take,
    Place.RELAX: leisure.relax,
    Place.HOW: leisure.how,
    Place.RHYTHM_HOW: leisure.rhythm_how,
    Place.EXERCISE: leisure.ends,
    Place.SOUND: leisure.ends,
    Place.SOLO: leisure.ends,
    Place.READ: leisure.read,
    Place.PIECE: leisure.piece,
    Place.BOOK: leisure.book,
    Place.BOOK_DAY: leisure.book,
    Place.BOOK_PART: leisure.book,
    Place.BOOKED: leisure.book,
    Place.HAND_OFF: handoff.tap,
    Place.SERVICE: _service,
}
