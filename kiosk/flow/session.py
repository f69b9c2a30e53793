"""The chair's session as the room leads it: frames and replies in, one place out.

A session that runs in the room is shown whoever began it, over everything but help.
"""

from dataclasses import dataclass
from functools import cache

from care.programme import ProgrammeError, SegmentKind, load
from gateway.live import LiveFrame, SegmentView, SessionView
from kiosk.flow.places import Place

PROGRAMME = "resonance"
RHYTHM = "rhythm_check"
"""One minute of sitting still with a finger sensor; nothing moves."""

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
def moves(programme: str) -> bool:
    """Whether a chair may move in it. Of a programme that this kiosk does not know it is said so, lest it startle."""
    try:
        return load(programme).moves
    except ProgrammeError:
        return True


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
class Watch:
    """What the room shows.

    Attributes:
        frame: the newest, None while the room is out of reach.
        watched: the session that this person is in, or has just finished.
        starting: the room was asked to begin and has not answered.
        asked_end: the person is asked whether it shall end.
        refused: code of the room for why it does not begin.
    """

    frame: LiveFrame | None = None
    watched: str = ""
    starting: bool = False
    asked_end: bool = False
    refused: str = ""

    @property
    def session(self) -> SessionView | None:
        return self.frame.session if self.frame else None

    @property
    def live(self) -> SessionView | None:
        """The session that runs or stands still now."""
        session = self.session
        return session if session and session.state in {"running", "paused"} else None

    @property
    def running(self) -> bool:
        return self.live is not None and self.live.state == "running"

    @property
    def finished(self) -> SessionView | None:
        """The session that this person has just finished."""
        session = self.session
        return session if session and session.state == "finished" and session.id == self.watched else None

    @property
    def place(self) -> Place | None:
        """Where the room has put this person; None: nowhere."""
        if session := self.live:
            if self.asked_end:
                return Place.END
            return Place.PAUSED if session.state == "paused" else _PLACE_OF[kind_now(session)]
        if session := self.finished:
            return Place.RHYTHM if session.programme == RHYTHM else Place.AFTER
        if self.frame is None and self.watched:
            return Place.AWAY
        return Place.REFUSED if self.refused else None

    def heard(self, frame: LiveFrame | None) -> bool:
        """A frame arrived, or the room went out of reach (None). Whether a session has begun that is new here."""
        self.frame = frame
        if frame is None:
            return False
        if (session := self.live) is None:
            self.asked_end = False
            if not self.finished:
                self.watched = ""
            return False
        begun = session.id != self.watched
        if begun:
            self.watched, self.asked_end = session.id, False
        self.starting, self.refused = False, ""
        return begun

    def forget(self) -> None:
        """The person is gone. A session that runs in the room stays."""
        self.asked_end = self.starting = False
        self.refused = ""
        if not self.live:
            self.watched = ""
