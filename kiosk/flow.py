"""Which page the kiosk shows, free of Kivy: frames, taps and replies in; a place and requests to the room out.

The room leads: a session that runs there is shown whoever began it. Help goes before everything, and works without
the room. `forget` leaves no trace of a person.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from care.programme import ProgrammeError, SegmentKind, load
from gateway.live import (
    Action,
    EndSession,
    LiveFrame,
    PauseSession,
    Reply,
    ResumeSession,
    SegmentView,
    SessionView,
    StartSession,
)
from kiosk.texts import Language

PROGRAMME = "resonance"
SOLO_S = 180.0


class Place(StrEnum):
    HOME = "home"
    HOW = "how"
    HELP = "help"
    SOLO = "solo"
    CHECK = "check"
    BASELINE = "baseline"
    PACED = "paced"
    RECOVERY = "recovery"
    PAUSED = "paused_page"
    END = "end"
    AFTER = "after"
    AWAY = "away"
    REFUSED = "refused"


class Tap(StrEnum):
    """What a person can ask for with a finger."""

    START = "start"
    SOLO = "solo"
    HOW = "how"
    HELP = "help"
    BACK = "back"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    KEEP = "keep"
    CONFIRM_END = "confirm_end"
    DONE = "done"
    LARGE = "large"
    LANGUAGE = "language"


class Quiet(StrEnum):
    """What happens when nobody touches the screen: nothing, forget silently, or dim and ask first."""

    NOTHING = "nothing"
    SILENT = "silent"
    ASK = "ask"


_PLACE_OF = {
    SegmentKind.SENSOR_CHECK: Place.CHECK,
    SegmentKind.BASELINE: Place.BASELINE,
    SegmentKind.PACED: Place.PACED,
    SegmentKind.RECOVERY: Place.RECOVERY,
}


@cache
def _kinds(programme: str) -> dict[str, SegmentKind]:
    try:
        return {segment.key: segment.kind for segment in load(programme).segment}
    except ProgrammeError:
        return {}


@cache
def relax_minutes() -> int:
    """How long the programme takes, in whole minutes, with about one for placing the finger."""
    timed = (segment.seconds for segment in load(PROGRAMME).segment if segment.until == "time")
    return round(sum(timed) / 60) + 1


def segment_now(session: SessionView) -> tuple[int, SegmentView] | None:
    """Number (from 1) and view of the segment that runs."""
    for number, segment in enumerate(session.segments, 1):
        if segment.state == "now":
            return number, segment
    return None


def kind_now(session: SessionView) -> SegmentKind:
    """What kind the running segment is; a programme that this kiosk does not know is told by its pace."""
    current = segment_now(session)
    if current is None:
        return SegmentKind.BASELINE
    known = _kinds(session.programme).get(current[1].key)
    return known or (SegmentKind.PACED if current[1].breaths_per_min else SegmentKind.BASELINE)


@dataclass(slots=True)
class Flow:
    """Where the person is. `home_language` is what `forget` goes back to."""

    home_language: Language
    language: Language = "zh"
    large: bool = False
    wish: Place = Place.HOME
    before_help: Place = Place.HOME
    frame: LiveFrame | None = None
    watched: str = ""
    """The session that this person is in, or has just finished."""
    starting: bool = False
    asked_end: bool = False
    refused: str = ""
    solo_began_s: float = 0.0

    def __post_init__(self) -> None:
        self.language = self.home_language

    @property
    def live(self) -> SessionView | None:
        """The session that runs or stands still now."""
        session = self.frame.session if self.frame else None
        return session if session and session.state in {"running", "paused"} else None

    @property
    def finished(self) -> SessionView | None:
        """The session that this person has just finished."""
        session = self.frame.session if self.frame else None
        return session if session and session.state == "finished" and session.id == self.watched else None

    @property
    def place(self) -> Place:
        if self.wish is Place.HELP:
            return Place.HELP
        if session := self.live:
            if self.asked_end:
                return Place.END
            return Place.PAUSED if session.state == "paused" else _PLACE_OF[kind_now(session)]
        if self.finished:
            return Place.AFTER
        if self.frame is None and self.wish in {Place.HOME, Place.REFUSED}:
            return Place.AWAY
        return self.wish

    @property
    def quiet(self) -> Quiet:
        place = self.place
        if place in {Place.HOW, Place.HELP, Place.AFTER, Place.REFUSED}:
            return Quiet.ASK
        changed = self.large or self.language != self.home_language
        return Quiet.SILENT if place in {Place.HOME, Place.AWAY} and changed and not self.watched else Quiet.NOTHING

    def heard(self, frame: LiveFrame | None) -> None:
        """A frame arrived, or the room went out of reach (None)."""
        self.frame = frame
        if frame is None:
            return
        if session := self.live:
            if session.id != self.watched:
                self.watched, self.asked_end = session.id, False
            self.starting = False
            if self.wish is not Place.HELP:
                self.wish = Place.HOME
            self.before_help = Place.HOME
        else:
            self.asked_end = False
            if not self.finished:
                self.watched = ""

    def tap(self, tap: Tap, now_s: float) -> Action | None:
        """A person asked for something; what to ask of the room, if anything."""
        match tap:
            case Tap.START:
                if not self.starting and self.frame is not None:
                    self.starting = True
                    return StartSession(programme=PROGRAMME)
            case Tap.HELP:
                return self._help()
            case Tap.BACK:
                self.wish = self.before_help if self.wish is Place.HELP else Place.HOME
            case Tap.SOLO:
                self.wish, self.solo_began_s = Place.SOLO, now_s
            case Tap.HOW:
                self.wish = Place.HOW
            case Tap.PAUSE:
                return PauseSession()
            case Tap.RESUME:
                return ResumeSession()
            case Tap.END:
                if self.live:
                    self.asked_end = True
                else:
                    self.wish = Place.AFTER
            case Tap.KEEP:
                self.asked_end = False
            case Tap.CONFIRM_END:
                self.asked_end = False
                return EndSession()
            case Tap.DONE:
                self.forget()
            case Tap.LARGE:
                self.large = not self.large
            case Tap.LANGUAGE:
                self.language = "en" if self.language == "zh" else "zh"
        return None

    def _help(self) -> Action | None:
        """Help is shown now; a session that runs stands still meanwhile."""
        running = self.live is not None and self.live.state == "running"
        if self.wish is not Place.HELP:
            self.before_help, self.wish = self.wish, Place.HELP
        return PauseSession() if running else None

    def replied(self, action: Action, reply: Reply) -> None:
        """The room answered: a refused start is said in words; what only the counsellor may do leads to the page for
        help; what else is refused shows in the next frame.
        """
        if reply.code == "not_yours":  # a counsellor leads this session: the page that brings one
            self.before_help, self.wish = Place.HOME, Place.HELP
        if not isinstance(action, StartSession):
            return
        self.starting = False
        if not reply.ok and reply.code != "session_running" and self.wish is not Place.HELP:
            self.wish, self.refused = Place.REFUSED, reply.code

    def solo_left_s(self, now_s: float) -> float:
        """What is left of breathing alone; at its end the page changes by itself."""
        left = SOLO_S - (now_s - self.solo_began_s)
        if left <= 0 and self.wish is Place.SOLO:
            self.wish = Place.AFTER
        return max(0.0, left)

    def forget(self) -> None:
        """Back to the beginning for the next person. A session that runs in the room stays."""
        self.language, self.large = self.home_language, False
        self.wish = self.before_help = Place.HOME
        self.asked_end = self.starting = False
        self.refused = ""
        if not self.live:
            self.watched = ""
