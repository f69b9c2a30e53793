"""The session: a pure state machine, as a table at the end of this file.

`Session.advance(event) -> list[Action]`. The room performs the actions; a recorded list of events replays to the
identical session. Times are ns since the session began. While it is paused time goes on, the segment does not.

    idle ──Began──► running ◄──► paused ──► finished
"""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from care.programme import MAX_PACE, MIN_PACE, BreathPart, ChairScene, Programme, Segment, SegmentKind

ABANDONED_AFTER_S = 900.0
"""A session that stands still this long is over."""


class State(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


class Pause(StrEnum):
    """Why a session stands still; the words are in `care/words`."""

    ASKED = "asked"
    DEVICE_LOST = "device_lost"
    PERSON_LEFT = "person_left"
    EMERGENCY_STOP = "emergency_stop"
    ROOM_RESTARTED = "room_restarted"


class Outcome(StrEnum):
    COMPLETED = "completed"
    ENDED_EARLY = "ended_early"
    LIMIT_REACHED = "limit_reached"
    ABANDONED = "abandoned"


# --- events ----------------------------------------------------------------------------------------------------------


class Began(Struct, frozen=True, tag=True):
    t_ns: int
    limit_s: float | None = None


class Tick(Struct, frozen=True, tag=True):
    """Time passed; `signal_good` says whether the heart signal is above its floor right now."""

    t_ns: int
    signal_good: bool


class DeviceWent(Struct, frozen=True, tag=True):
    t_ns: int


class DeviceCame(Struct, frozen=True, tag=True):
    t_ns: int


class SeatLeft(Struct, frozen=True, tag=True):
    t_ns: int


class SeatTaken(Struct, frozen=True, tag=True):
    t_ns: int


class Stopped(Struct, frozen=True, tag=True):
    """Emergency stop: at a face, or the button of the chair."""

    t_ns: int


class Released(Struct, frozen=True, tag=True):
    t_ns: int


class RoomRestarted(Struct, frozen=True, tag=True):
    t_ns: int


class PauseAsked(Struct, frozen=True, tag=True):
    t_ns: int


class ResumeAsked(Struct, frozen=True, tag=True):
    t_ns: int


class NextAsked(Struct, frozen=True, tag=True):
    t_ns: int


class EndAsked(Struct, frozen=True, tag=True):
    t_ns: int


class PaceAsked(Struct, frozen=True, tag=True):
    t_ns: int
    by_per_min: float


Event = (
    Began
    | Tick
    | DeviceWent
    | DeviceCame
    | SeatLeft
    | SeatTaken
    | Stopped
    | Released
    | RoomRestarted
    | PauseAsked
    | ResumeAsked
    | NextAsked
    | EndAsked
    | PaceAsked
)

# --- actions ---------------------------------------------------------------------------------------------------------


class EnterSegment(Struct, frozen=True):
    index: int


class SetScene(Struct, frozen=True):
    """Ask the chair for this; it may refuse, and the session goes on."""

    scene: ChairScene


class Pacer(Struct, frozen=True):
    """The breath that is asked for: breathing in begins at `began_ns` and every period after."""

    breaths_per_min: float
    inhale_share: float
    began_ns: int


class SetPacer(Struct, frozen=True):
    pacer: Pacer | None
    parts: frozenset[BreathPart] = frozenset()
    """What of the chair follows it."""


class HoldStill(Struct, frozen=True):
    """Whatever moves in the chair comes to rest."""


class Paused(Struct, frozen=True):
    reason: Pause


class Resumed(Struct, frozen=True):
    pass


class Finished(Struct, frozen=True):
    outcome: Outcome


Action = EnterSegment | SetScene | SetPacer | HoldStill | Paused | Resumed | Finished


class Session(Struct):
    """One session of one programme. `advance` is the only thing that changes it.

    Attributes:
        now_ns: session time of the newest event; after the end, the end.
        in_segment_ns: how long this segment has run.
        good_ns: how long the heart signal has been good without a break.
        stood_ns: how long the session has stood still without a break.
        baseline_ns: how long baseline segments have run altogether.
    """

    programme: Programme
    state: State = State.IDLE
    index: int = 0
    now_ns: int = 0
    in_segment_ns: int = 0
    good_ns: int = 0
    stood_ns: int = 0
    baseline_ns: int = 0
    limit_s: float | None = None
    pause: Pause | None = None
    outcome: Outcome | None = None
    device_here: bool = True
    seated: bool = True
    locked: bool = False
    pacer: Pacer | None = None
    pace_by: float = 0.0
    """How far people have moved the pace of this segment, breaths per minute; a pause does not undo it."""

    @property
    def segment(self) -> Segment:
        return self.programme.segment[self.index]

    @property
    def segment_left_s(self) -> float:
        """Seconds that the segment has left at most."""
        return max(0.0, self.segment.seconds - self.in_segment_ns / 1e9)

    @property
    def paced(self) -> bool:
        return self.segment.kind is SegmentKind.PACED

    def advance(self, event: Event) -> list[Action]:
        """Take an event, change, and say what is to be done. What the table does not name changes nothing but time."""
        if self.state is not State.FINISHED:
            self._pass_time(event)
        self._keep_facts(event)
        step = TABLE.get((self.state, type(event)))
        return step(self, event) if step else []

    def _pass_time(self, event: Event) -> None:
        """While the room was down nothing ran: the session stood still, whatever it says of itself."""
        passed_ns = max(0, event.t_ns - self.now_ns)
        self.now_ns = max(self.now_ns, event.t_ns)
        if self.state is State.PAUSED:
            self.stood_ns += passed_ns
        elif self.state is State.RUNNING and isinstance(event, RoomRestarted):
            self.stood_ns = passed_ns
        elif self.state is State.RUNNING:
            self.in_segment_ns += passed_ns
            if self.segment.kind is SegmentKind.BASELINE:
                self.baseline_ns += passed_ns
            if isinstance(event, Tick):
                self.good_ns = self.good_ns + passed_ns if event.signal_good else 0

    def _keep_facts(self, event: Event) -> None:
        """What is true of the room, whatever the state."""
        match event:
            case DeviceWent() | DeviceCame():
                self.device_here = isinstance(event, DeviceCame)
            case SeatLeft() | SeatTaken():
                self.seated = isinstance(event, SeatTaken)
            case Stopped() | Released():
                self.locked = isinstance(event, Stopped)
            case _:
                pass


# --- the steps -------------------------------------------------------------------------------------------------------


def _begin(session: Session, event: Event) -> list[Action]:
    assert isinstance(event, Began)
    session.state, session.limit_s = State.RUNNING, event.limit_s
    return _enter(session, 0)


def _enter(session: Session, index: int) -> list[Action]:
    session.index, session.in_segment_ns, session.good_ns, session.pace_by = index, 0, 0, 0.0
    return [EnterSegment(index), SetScene(session.segment.chair), *_pace(session)]


def _pace(session: Session) -> list[Action]:
    """The pacer of the segment, with a breath that begins now."""
    segment = session.segment
    usual = segment.breaths_per_min
    session.pacer = None
    if usual is not None:
        session.pacer = Pacer(_within(usual + session.pace_by), segment.inhale_share, session.now_ns)
    return [SetPacer(session.pacer, segment.chair.with_breath)]


def _tick(session: Session, _: Event) -> list[Action]:
    if session.limit_s is not None and session.now_ns >= session.limit_s * 1e9:
        return _finish(session, Outcome.LIMIT_REACHED)
    segment = session.segment
    ready = segment.until == "signal" and session.good_ns >= segment.good_s * 1e9
    return _next(session, _) if ready or session.in_segment_ns >= segment.seconds * 1e9 else []


def _next(session: Session, _: Event) -> list[Action]:
    if session.index + 1 < len(session.programme.segment):
        return _enter(session, session.index + 1)
    return _finish(session, Outcome.COMPLETED)


def _finish(session: Session, outcome: Outcome) -> list[Action]:
    session.state, session.outcome, session.pacer, session.pause = State.FINISHED, outcome, None, None
    return [SetPacer(None), HoldStill(), Finished(outcome)]


def _end(session: Session, _: Event) -> list[Action]:
    last = session.index + 1 == len(session.programme.segment)
    return _finish(session, Outcome.COMPLETED if last else Outcome.ENDED_EARLY)


def _hold(reason: Pause) -> Callable[[Session, Event], list[Action]]:
    def step(session: Session, _: Event) -> list[Action]:
        session.state, session.pause, session.pacer = State.PAUSED, reason, None
        return [SetPacer(None), HoldStill(), Paused(reason)]

    return step


def _stop_while_paused(session: Session, _: Event) -> list[Action]:
    session.pause = Pause.EMERGENCY_STOP
    return [HoldStill(), Paused(Pause.EMERGENCY_STOP)]


def _restart_while_paused(session: Session, _: Event) -> list[Action]:
    if not session.locked:
        session.pause = Pause.ROOM_RESTARTED
    return [HoldStill()]


def _resume(session: Session, _: Event) -> list[Action]:
    """Go on, unless something real is in the way; then say what."""
    for hindered, reason in (
        (session.locked, Pause.EMERGENCY_STOP),
        (not session.device_here, Pause.DEVICE_LOST),
        (not session.seated, Pause.PERSON_LEFT),
    ):
        if hindered:
            if session.pause is reason:
                return []
            session.pause = reason
            return [Paused(reason)]
    session.state, session.pause, session.good_ns, session.stood_ns = State.RUNNING, None, 0, 0
    return [Resumed(), SetScene(session.segment.chair), *_pace(session)]


def _back(session: Session, event: Event) -> list[Action]:
    """What went away is here again: only a pause that came by itself goes by itself."""
    return _resume(session, event) if session.pause in {Pause.DEVICE_LOST, Pause.PERSON_LEFT} else []


def _stood(session: Session, _: Event) -> list[Action]:
    if session.limit_s is not None and session.now_ns >= session.limit_s * 1e9:
        return _finish(session, Outcome.LIMIT_REACHED)
    return _finish(session, Outcome.ABANDONED) if session.stood_ns >= ABANDONED_AFTER_S * 1e9 else []


def _within(rate: float) -> float:
    return min(MAX_PACE, max(MIN_PACE, round(rate, 2)))


def _change_pace(session: Session, event: Event) -> list[Action]:
    """Another rate, with the breath that is under way left where it is."""
    assert isinstance(event, PaceAsked)
    pacer = session.pacer
    if pacer is None:
        return []
    rate = _within(pacer.breaths_per_min + event.by_per_min)
    session.pace_by += rate - pacer.breaths_per_min
    phase = (session.now_ns - pacer.began_ns) * pacer.breaths_per_min / 60e9 % 1.0
    session.pacer = Pacer(rate, pacer.inhale_share, session.now_ns - round(phase * 60e9 / rate))
    return [SetPacer(session.pacer, session.segment.chair.with_breath)]


TABLE: dict[tuple[State, type[Event]], Callable[[Session, Event], list[Action]]] = {
    (State.IDLE, Began): _begin,
    (State.RUNNING, Tick): _tick,
    (State.RUNNING, NextAsked): _next,
    (State.RUNNING, PaceAsked): _change_pace,
    (State.RUNNING, PauseAsked): _hold(Pause.ASKED),
    (State.RUNNING, DeviceWent): _hold(Pause.DEVICE_LOST),
    (State.RUNNING, SeatLeft): _hold(Pause.PERSON_LEFT),
    (State.RUNNING, Stopped): _hold(Pause.EMERGENCY_STOP),
    (State.RUNNING, RoomRestarted): _hold(Pause.ROOM_RESTARTED),
    (State.RUNNING, EndAsked): _end,
    (State.PAUSED, Tick): _stood,
    (State.PAUSED, ResumeAsked): _resume,
    (State.PAUSED, DeviceCame): _back,
    (State.PAUSED, SeatTaken): _back,
    (State.PAUSED, Stopped): _stop_while_paused,
    (State.PAUSED, RoomRestarted): _restart_while_paused,
    (State.PAUSED, EndAsked): _end,
}


def replay(programme: Programme, events: list[Event]) -> Session:
    """The session that these events made."""
    session = Session(programme)
    for event in events:
        session.advance(event)
    return session
