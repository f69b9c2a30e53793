"""Where a person is and what comes next, free of Kivy: taps, frames and answers in; a place and wishes out.

Help goes before everything. Then the room leads: a session that runs there is shown whoever began it. Everything else is
the person's own way, and `forget` leaves no trace of it.
"""

from collections.abc import Callable
from uuid import UUID

from gateway.counter.messages import AlertAnswer, DutyAnswer, FileAnswer
from gateway.live import Action, EndSession, LiveFrame, PauseSession, Reply, ResumeSession, SessionView, StartSession
from kiosk.flow import asking, file, handoff, leisure
from kiosk.flow.handoff import HandOff
from kiosk.flow.house import House
from kiosk.flow.places import HELPING, IN_SESSION, TIMED, Place, Quiet, Tap
from kiosk.flow.session import PROGRAMME, RHYTHM, Watch
from kiosk.flow.visit import AGES, CONSENTS, Visit
from kiosk.flow.wishes import Keep, Leave, PrintSlip, ToRoom, Wish
from kiosk.slip import slip_lines

SOLO_S = 180.0
SERVICES = ("tests", "rhythm", "relax", "read", "book", "trend")
_ASKING = frozenset({"tests", "rhythm"})
"""What needs the consent to be asked, and company below fourteen."""


class Flow:
    """One kiosk.

    Attributes:
        house: what it has.
        visit: what this person has said.
        watch: what the room shows.
        duty: who is on duty, as the centre says; None while it has not said.
    """

    def __init__(self, house: House) -> None:
        self.house, self.watch, self.visit = house, Watch(), Visit(house.language)
        self.duty: DutyAnswer | None = None

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
        if place in IN_SESSION or place in TIMED or place is Place.AWAY:
            return Quiet.NOTHING
        if place is Place.WELCOME:
            return Quiet.NOTHING if self.visit.untouched else Quiet.SILENT
        return Quiet.ASK

    def progress(self, now_s: float) -> HandOff:
        """How far a call for help has come."""
        return handoff.progress(self.house.level, self.visit, self.duty, now_s)

    # what comes from outside

    def heard(self, frame: LiveFrame | None) -> None:
        """A frame arrived, or the room went out of reach (None)."""
        if self.watch.heard(frame) and self.visit.place not in HELPING:
            self.visit.trail = [Place.HOME] if Place.HOME in self.visit.trail else [Place.WELCOME]

    def replied(self, action: Action, reply: Reply) -> list[Wish]:
        """The room answered: a refused start is said in words; what only the counsellor may do brings one."""
        if isinstance(action, StartSession):
            self.watch.starting = False
            if not reply.ok and reply.code not in {"session_running", "not_yours"}:
                self.watch.refused = reply.code
        if reply.code == "not_yours":
            self.visit.go(Place.HAND_OFF)
        return []

    def opened(self, answer: FileAnswer | None) -> None:
        """The centre answered about a code, or is out of reach (None)."""
        file.opened(self.visit, answer)

    def stands(self, alert: UUID, answer: AlertAnswer) -> None:
        """How an alert stands, as the centre says."""
        called = self.visit.called
        if called and alert == called.alert and answer.known:
            called.standing = answer

    def passed(self, now_s: float) -> list[Wish]:
        """Time has passed: what was marked and left so, and what ends by itself."""
        leisure.passed(self.house, self.visit, now_s)
        return asking.left_marked(self.house, self.visit, now_s)

    def solo_left_s(self, now_s: float) -> float:
        """What is left of breathing alone."""
        return max(0.0, SOLO_S - (now_s - self.visit.began_s))

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
                return self._help(now_s)
            case Tap.LARGE:
                visit.large = not visit.large
                visit.page = 0
            case Tap.CONTRAST:
                visit.contrast = not visit.contrast
            case Tap.LANGUAGE:
                visit.language = "en" if visit.language == "zh" else "zh"
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
            case _ if place in IN_SESSION or place in {Place.AFTER, Place.RHYTHM, Place.AWAY, Place.REFUSED}:
                return self._in_session(tap, now_s)
            case Tap.BYE | Tap.DONE:
                return self._bye(now_s)
            case _:
                return _AT.get(place, Flow._back_only)(self, tap, value, now_s)
        return []

    def _back_only(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        if tap is Tap.BACK:
            self.visit.back()
        return []

    def _bye(self, now_s: float) -> list[Wish]:
        """Done: a last screen that says so, with nothing of the person on it; from there, the beginning."""
        if self.place is Place.BYE:
            return self.forget(now_s)
        language, large, contrast = self.visit.language, self.visit.large, self.visit.contrast
        wishes = self.forget(now_s)
        self.visit.language, self.visit.large, self.visit.contrast = language, large, contrast
        self.visit.trail = [Place.BYE]
        return wishes

    def _help(self, now_s: float) -> list[Wish]:
        """Help is shown now and a person is called; a session that runs stands still meanwhile."""
        wishes: list[Wish] = [ToRoom(PauseSession())] if self.watch.running else []
        wishes += handoff.call(self.house, self.visit, handoff.RED, "help_button", now_s, None)
        self.visit.go(Place.HAND_OFF)
        return wishes

    def _in_session(self, tap: Tap, now_s: float) -> list[Wish]:
        watch = self.watch
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
            case Tap.BACK:
                watch.refused = ""
            case Tap.CHOOSE if self.place is Place.REFUSED:  # what works without the room
                watch.refused = ""
                self._start_solo(now_s)
            case Tap.CHOOSE if self.place is Place.AWAY:
                watch.watched = ""
                self._start_solo(now_s)
            case Tap.DONE | Tap.NEXT:
                watch.watched = ""
                self.visit.home() if self.visit.age_band else self.visit.go(Place.WELCOME)
            case Tap.BYE:
                return self._bye(now_s)
            case _:
                pass
        return []

    def _start(self, programme: str) -> list[Wish]:
        if self.watch.starting:
            return []
        if self.frame is None:
            self.watch.refused = "room_away"
            return []
        self.watch.starting = True
        return [ToRoom(StartSession(programme=programme))]

    def _start_solo(self, now_s: float) -> None:
        self.visit.began_s = now_s
        self.visit.go(Place.SOLO)

    # each place

    def _welcome(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        if tap is Tap.NEXT:
            self.visit.go(Place.PRIVACY)
        return []

    def _privacy(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.NEXT:
                self.visit.go(Place.CONSENT)
            case Tap.BACK:
                self.visit.back()
            case _:
                pass
        return []

    def _consent(self, tap: Tap, value: str, _now_s: float) -> list[Wish]:
        visit = self.visit
        match tap:
            case Tap.CHOOSE if value in CONSENTS:
                visit.consents ^= {value}
                if "test" not in visit.consents:  # without answers there is nothing to keep or to see
                    visit.consents.clear()
                elif value != "test" and value in visit.consents:
                    visit.consents.add("test")
            case Tap.NEXT:
                if visit.age_band:
                    visit.home()
                else:
                    visit.go(Place.WHO)
            case Tap.BACK:
                visit.back()
            case _:
                pass
        return []

    def _who(self, tap: Tap, value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.CHOOSE if value in AGES:
                self.visit.age_band = value
                if "keep" in self.visit.consents and value != AGES[0]:
                    self.visit.go(Place.FILE)
                else:
                    self.visit.home()
            case Tap.BACK:
                self.visit.back()
            case _:
                pass
        return []

    def _home(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        visit = self.visit
        if tap is not Tap.CHOOSE or value not in SERVICES:
            return []
        if value in _ASKING or value == "trend":
            if visit.age_band == AGES[0]:
                visit.go(Place.ACCOMPANIED)
                return []
            if value in _ASKING and "test" not in visit.consents:
                visit.go(Place.CONSENT)
                return []
        match value:
            case "tests":
                visit.go(Place.TESTS)
            case "rhythm":
                visit.go(Place.RHYTHM_HOW)
            case "relax":
                visit.go(Place.RELAX)
            case "read":
                visit.go(Place.READ)
            case "book":
                visit.booking = {}
                visit.go(Place.BOOK)
            case _:
                visit.go(Place.TREND if visit.code else Place.CODE)
        return []

    def _tests(self, tap: Tap, value: str, _now_s: float) -> list[Wish]:
        visit = self.visit
        match tap:
            case Tap.CHOOSE if value == "quick":
                visit.plan = asking.quick(self.house, visit)
                if visit.plan:
                    asking.introduce(self.house, visit, visit.plan.pop(0))
            case Tap.CHOOSE if value in asking.choices(self.house, visit):
                visit.plan = []
                asking.introduce(self.house, visit, value)
            case Tap.BACK:
                visit.back()
            case _:
                pass
        return []

    def _intro(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.NEXT:
                asking.begin(self.house, self.visit)
            case Tap.STOP:
                self._after_tests()
            case Tap.BACK if not self.visit.answered:
                self.visit.back()
            case Tap.BACK:
                self._after_tests()
            case _:
                pass
        return []

    def _after_tests(self) -> None:
        """Out of the questions: to what was found so far, or back to the list."""
        self.visit.plan = []
        if self.visit.answered:
            self.visit.go(Place.RESULT)
        else:
            self.visit.home()

    def _question(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        match tap:
            case Tap.CHOOSE if value.lstrip("-").isdigit():
                return asking.mark(self.house, self.visit, int(value), now_s)
            case Tap.NEXT:
                return asking.confirm(self.house, self.visit, now_s)
            case Tap.BACK:
                wishes = asking.fire(self.house, self.visit, now_s)
                asking.back(self.visit)
                if wishes:
                    self.visit.go(Place.HAND_OFF)
                return wishes
            case Tap.STOP:
                self.visit.go(Place.STOP)
            case _:
                pass
        return []

    def _stop(self, tap: Tap, _value: str, now_s: float) -> list[Wish]:
        match tap:
            case Tap.CONFIRM_END:
                wishes = asking.leave(self.house, self.visit, now_s)
                if any(isinstance(wish, Keep) for wish in wishes) and self.visit.called and self.visit.called.raised_s == now_s:
                    self.visit.home()
                    self.visit.go(Place.HAND_OFF)
                else:
                    self.visit.home()
                return wishes
            case Tap.KEEP | Tap.BACK:
                self.visit.go(Place.QUESTION)
            case _:
                pass
        return []

    def _result(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        visit = self.visit
        match tap:
            case Tap.CHOOSE if value in asking.following(self.house, visit):
                asking.introduce(self.house, visit, value)
            case Tap.CHOOSE if value == "help":
                return self._help(now_s)
            case Tap.CHOOSE if value in {"relax", "read", "book"}:
                visit.home()
                return self._home(tap, value, now_s)
            case Tap.TAKE:
                visit.go(Place.TAKE)
            case Tap.NEXT | Tap.BACK:
                visit.home()
            case _:
                pass
        return []

    def _take(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.PRINT if self.house.printer and not self.visit.printed:
                self.visit.printed = True
                return [PrintSlip(tuple(slip_lines(self.house, self.visit)))]
            case Tap.BACK:
                self.visit.back()
            case Tap.NEXT:
                self.visit.home()
            case _:
                pass
        return []

    def _rhythm_how(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.START:
                return self._start(RHYTHM)
            case Tap.BACK:
                self.visit.back()
            case _:
                pass
        return []

    def _how(self, tap: Tap, _value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.START:
                return self._start(PROGRAMME)
            case Tap.BACK:
                self.visit.back()
            case _:
                pass
        return []

    def _relax(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        match tap:
            case Tap.CHOOSE if value == "chair":
                self.visit.go(Place.HOW)
            case Tap.CHOOSE if value == "breathe":
                self._start_solo(now_s)
            case Tap.CHOOSE:
                leisure.choose(self.house, self.visit, value, now_s)
            case Tap.BACK:
                self.visit.back()
            case _:
                pass
        return []

    def _hand_off(self, tap: Tap, value: str, _now_s: float) -> list[Wish]:
        visit = self.visit
        match tap:
            case Tap.CHOOSE if value in handoff.CHOICES:
                wishes = handoff.noted(self.house, visit, f"resident chose: {value}")
                match value:
                    case "staff":
                        visit.go(Place.STAFF)
                    case "phone":
                        visit.go(Place.HELP)
                    case "family":
                        visit.go(Place.FAMILY)
                    case _:
                        visit.back()
                return wishes
            case Tap.MISTAKE:
                wishes = handoff.noted(self.house, visit, "resident says: pressed by mistake")
                visit.back()
                return wishes
            case Tap.BACK:
                visit.back()
            case _:
                pass
        return []

    def _service(self, tap: Tap, value: str, _now_s: float) -> list[Wish]:
        match tap:
            case Tap.CHOOSE if value in {"leave", "again"}:
                return [Leave(again=value == "again")]
            case Tap.BACK:
                self.visit.trail = [Place.WELCOME]
            case _:
                pass
        return []

    def _pad(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        return file.tap(self.house, self.visit, tap, value, now_s)

    def _leisure(self, tap: Tap, value: str, now_s: float) -> list[Wish]:
        return leisure.tap(self.house, self.visit, tap, value, now_s)


_Handler = Callable[[Flow, Tap, str, float], list[Wish]]

_AT: dict[Place, _Handler] = {
    Place.WELCOME: Flow._welcome,
    Place.PRIVACY: Flow._privacy,
    Place.CONSENT: Flow._consent,
    Place.WHO: Flow._who,
    Place.FILE: Flow._pad,
    Place.NEW_CODE: Flow._pad,
    Place.NEW_PIN: Flow._pad,
    Place.PIN_AGAIN: Flow._pad,
    Place.CODE: Flow._pad,
    Place.PIN: Flow._pad,
    Place.OPENING: Flow._pad,
    Place.SERVICE_PIN: Flow._pad,
    Place.SERVICE: Flow._service,
    Place.HOME: Flow._home,
    Place.TESTS: Flow._tests,
    Place.INTRO: Flow._intro,
    Place.QUESTION: Flow._question,
    Place.STOP: Flow._stop,
    Place.RESULT: Flow._result,
    Place.TAKE: Flow._take,
    Place.RHYTHM_HOW: Flow._rhythm_how,
    Place.HOW: Flow._how,
    Place.RELAX: Flow._relax,
    Place.EXERCISE: Flow._leisure,
    Place.SOUND: Flow._leisure,
    Place.SOLO: Flow._leisure,
    Place.READ: Flow._leisure,
    Place.PIECE: Flow._leisure,
    Place.BOOK: Flow._leisure,
    Place.BOOK_DAY: Flow._leisure,
    Place.BOOK_PART: Flow._leisure,
    Place.BOOKED: Flow._leisure,
    Place.HAND_OFF: Flow._hand_off,
}
