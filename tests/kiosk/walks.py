"""Somebody who touches anything in any order, while the room and the centre come and go: for walks without a screen and
in a real window.
"""

import random
from dataclasses import dataclass, field

from care.codes import new_code
from gateway.counter.messages import AlertAnswer, DutyAnswer, FileAnswer
from gateway.live import EndSession, PauseSession, Reply, ResumeSession, StartSession
from gateway.messages import Assessment
from kiosk.flow import AGES, CONSENTS, SERVICES, Place, Tap
from kiosk.flow.handoff import CHOICES
from kiosk.flow.leisure import DAYS, PARTS, PURPOSES
from kiosk.flow.places import PADS
from kiosk.flow.wishes import Keep, OpenFile, ToRoom

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
KNOWN = new_code(lambda below: 3 % below)
NEXT_ONLY = {Place.WELCOME, Place.PRIVACY, Place.NEW_CODE, Place.INTRO}
FAVOURED = {
    Place.RESULT: Tap.TAKE,
    Place.PACED: Tap.END,
    Place.PAUSED: Tap.END,
    Place.CONSENT: Tap.NEXT,
    Place.BYE: Tap.DONE,
    Place.BOOKED: Tap.NEXT,
    Place.HOW: Tap.START,
    Place.RHYTHM_HOW: Tap.START,
    Place.TREND: Tap.BACK,
    **dict.fromkeys((Place.HELP, Place.STAFF, Place.FAMILY, Place.PIECE, Place.ACCOMPANIED, Place.SOUND), Tap.BACK),
    **dict.fromkeys((Place.EXERCISE, Place.SOLO), Tap.BACK),
}
SELDOM = [Tap.HELP, Tap.BYE, Tap.DONE, Tap.SERVICE, Tap.MISTAKE]
PLAIN = [tap for tap in Tap if tap not in {Tap.CHOOSE, Tap.TYPE, *SELDOM}]
WAYS_OUT = (Tap.BACK, Tap.STOP, Tap.CONFIRM_END, Tap.KEEP, Tap.NEXT, Tap.DONE, Tap.END, Tap.BYE)


@dataclass
class Walk:
    """One walk. `said`: assessment → the answers that were given last; `kept`: what is on the disk."""

    flow: object
    made: object
    chance: random.Random
    now_s: float = 0.0
    sessions: int = 0
    session: int | None = None
    wishes: list = field(default_factory=list)
    said: dict = field(default_factory=dict)

    def step(self):
        """Something happens."""
        self.now_s += self.chance.choice((0.1, 0.8, 3.0, 12.0, 70.0))
        match self.chance.random():
            case r if r < 0.03:
                self.flow.heard(None)
            case r if r < (0.15 if self.session else 0.05):
                self.flow.heard(self.frame())
            case r if r < 0.17:
                self.centre()
            case r if r < 0.173:
                self.carry(self.flow.forget(self.now_s))
            case r if r < 0.20:
                self.carry(self.flow.passed(self.now_s))
            case _:
                self.tap(*self.anything())

    def frame(self):
        if self.session is None and self.chance.random() < 0.05:
            self.sessions += 1
            self.session = self.sessions  # a counsellor has begun one
        if self.session is None:
            return self.made.frame()
        key, state = f"s{self.session}", self.chance.choice(("running", "running", "paused", "finished"))
        if state == "finished":
            self.session = None
        return self.made.frame(self.made.session(self.chance.randrange(4), state=state, key=key))

    def centre(self):
        """The centre answers something, asked for or not."""
        flow, chance = self.flow, self.chance
        flow.duty = chance.choice((None, DutyAnswer(True, 0), DutyAnswer(True, 2), DutyAnswer(False)))
        flow.opened(chance.choice((None, FileAnswer("wrong"), FileAnswer("ok", subject="ABCD2345"))))
        if called := flow.visit.called:
            status = chance.choice(("open", "acknowledged", "closed"))
            flow.stands(called.alert, AlertAnswer(True, status, chance.choice(("room", "town"))), self.now_s)

    def anything(self):
        """What a finger may do here: mostly what the screen offers, sometimes anything at all."""
        flow, visit = self.flow, self.flow.visit
        if flow.place in PADS and self.chance.random() < 0.8:
            if flow.place is Place.CODE and not visit.typed:
                visit.typed = KNOWN
            return (Tap.TYPE, self.chance.choice(SIGNS[:8])) if len(visit.typed) < 4 else (Tap.NEXT, "")
        if self.chance.random() < 0.03:
            return self.chance.choice(SELDOM), ""
        if self.chance.random() < 0.12:
            return self.chance.choice(PLAIN), ""
        if flow.place in FAVOURED and self.chance.random() < 0.5:
            return FAVOURED[flow.place], ""
        if flow.place in NEXT_ONLY and self.chance.random() < 0.7:
            return Tap.NEXT, ""
        house = flow.house
        item = visit.open.sitting.item if visit.open else None
        values = {
            Place.QUESTION: [str(value) for value in item.values] if item else [],
            Place.HOME: ("tests", "tests", "tests", *SERVICES),
            Place.CONSENT: ("test", "test", *CONSENTS),
            Place.WHO: AGES,
            Place.FILE: ("new", "have", "none"),
            Place.TESTS: ("quick", *house.catalogue.offered),
            Place.RESULT: ("relax", "read", "book", "help", *house.catalogue.offered),
            Place.RELAX: ("chair", "breathe", *house.exercises, *house.sounds),
            Place.READ: [piece.key for piece in house.pieces],
            Place.BOOK: PURPOSES,
            Place.BOOK_DAY: DAYS,
            Place.BOOK_PART: PARTS,
            Place.HAND_OFF: CHOICES,
        }.get(flow.place, ("anything",))
        return Tap.CHOOSE, self.chance.choice(list(values) or ["anything"])

    def tap(self, tap, value=""):
        self.carry(self.flow.tap(tap, self.now_s, value))
        if open_ := self.flow.visit.open:
            self.said[open_.id] = open_.sitting.given

    def carry(self, wishes):
        """The room does what it is asked, or refuses."""
        self.wishes += wishes
        for wish in wishes:
            if isinstance(wish, ToRoom):
                ok = self.chance.random() < 0.7
                if isinstance(wish.action, StartSession) and ok:
                    self.sessions += 1
                    self.session = self.sessions
                if isinstance(wish.action, EndSession | PauseSession | ResumeSession | StartSession):
                    code = "" if ok else self.chance.choice(("no_chair", "not_yours", "session_running", "room_away"))
                    self.carry(self.flow.replied(wish.action, Reply(1, ok=ok, code=code)))
            elif isinstance(wish, OpenFile) and self.chance.random() < 0.5:
                self.flow.opened(FileAnswer("ok", subject=wish.code))

    def way_out(self):
        """Taps that a person who wants to leave would try; how many were needed to the beginning or home."""
        self.flow.heard(self.made.frame())
        for number in range(40):
            if self.flow.place in {Place.WELCOME, Place.HOME}:
                return number
            before = (
                self.flow.place,
                tuple(self.flow.visit.trail),
                self.flow.visit.open and self.flow.visit.open.sitting,
            )
            for tap in WAYS_OUT:
                self.tap(tap)
                now = (
                    self.flow.place,
                    tuple(self.flow.visit.trail),
                    self.flow.visit.open and self.flow.visit.open.sitting,
                )
                if now != before:
                    break
            else:
                raise AssertionError(f"no way out of {self.flow.place}: {self.flow.visit.trail}")
        raise AssertionError(f"round and round: {self.flow.place}, {self.flow.visit.trail}")

    def lost(self):
        """Answers that were given and are nowhere. A mark on a risk question may count unconfirmed, and be
        corrected afterwards."""
        kept = {}
        for wish in self.wishes:
            if isinstance(wish, Keep) and isinstance(wish.body, Assessment):
                kept[wish.body.assessment] = wish.body.answers

        def there(sitting, item, value):
            found = kept.get(sitting, {}).get(item, -1)
            return found == value or (item == "phq9.9" and found >= 0)

        return {
            sitting: answers
            for sitting, answers in self.said.items()
            if not all(there(sitting, item, value) for item, value in answers.items())
        }
