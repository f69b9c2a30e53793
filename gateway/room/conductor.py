"""Leads one session: feeds the state machine, performs what it asks, writes everything down.

Every input goes into the recording first (journal, then ledger); the ledger's session says what to do. A crash at any
point leaves a journal out of which `adopt` goes on. Times are session time unless they are called `room_ns`.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from care import session as machine
from care.session import Event, State
from devices.clock import Clock
from gateway.errors import StoreError
from gateway.keys import Keyring
from gateway.messages import EventRow, FeatureRow, GapRow, SessionOpened
from gateway.outbox import Outbox
from gateway.room.chair import ChairControl
from gateway.room.ledger import Happened, Heard, Measured, Missing, Noted, Stretch
from gateway.room.recording import Recording
from gateway.room.score import MOMENT_S, Score
from gateway.room.senses import Reading, Senses
from gateway.room.summary import paced_coherence, summarise
from signals.pipeline import HeartBeat, Hole

TICK_S = 0.25
CUT_S = 10.0
SMALLEST_GAP_NS = 50_000_000

_REPLAY = re.compile(r"replay record=(?P<record>\S+) offset_s=(?P<offset>-?\d+(\.\d+)?)")

log = logging.getLogger(__name__)


class Conductor:
    """The session of a room, or none.

    Args:
        folder: where journals lie.
        chair: asks the chair, or None in a room without one.
    """

    def __init__(
        self, folder: Path, keyring: Keyring, outbox: Outbox, clock: Clock, senses: Senses, chair: ChairControl | None
    ) -> None:
        self._folder, self._keyring, self._outbox, self._clock = folder, keyring, outbox, clock
        self._senses, self.chair = senses, chair
        self.recording: Recording | None = None
        self.score = Score()
        self._gap: tuple[int, str] | None = None
        self._next_features_ns = self._next_cut_ns = 0
        self._ended = self._written = False
        self._note: tuple[int, str, float] | None = None
        self.problem = ""
        self.on_change: Callable[[], None] = lambda: None

    # --- facts

    @property
    def running(self) -> bool:
        """A session is open (running or paused)."""
        return self.recording is not None and not self._ended

    def session_ns(self, room_ns: int | None = None) -> int:
        """Session time of a moment of the room's clock (now)."""
        assert self.recording
        return (self._clock.now_ns() if room_ns is None else room_ns) - self.recording.began_ns

    # --- begin and go on

    async def begin(self, body: SessionOpened, limit_s: float | None, kernel: str) -> None:
        """Open a session.

        Raises:
            StoreError: the disk refused.
            ProgrammeError: there is no such programme.
        """
        began_ns = self._clock.now_ns()
        self.recording = await Recording.begin(
            self._folder, self._keyring, self._outbox, body, began_ns=began_ns, kernel=kernel
        )
        self.score, self._gap, self._ended, self._written = Score(), None, False, False
        self._next_features_ns, self._next_cut_ns = round(MOMENT_S * 1e9), round(CUT_S * 1e9)
        self.note("session_opened", body.programme)
        if self._note:
            self._tell_replay(*self._note)
        self.happened(machine.Began(0, limit_s))

    async def adopt(self, recording: Recording) -> None:
        """Go on with a session out of its journal: paused, with the outage as a gap until the heart is heard again."""
        self.recording, self._ended, self._written = recording, False, False
        ledger = recording.ledger
        self.score = Score.from_features(ledger)
        recording.keep(Stretch())
        self._gap = (ledger.last_data_ns, "room_down")
        now = self.session_ns()
        self._next_features_ns = now + round(MOMENT_S * 1e9)
        self._next_cut_ns = now
        self.happened(machine.RoomRestarted(now))
        await recording.sync()

    # --- inputs

    def happened(self, event: Event) -> None:
        """An input of the session machine: written down, then done."""
        if not self.recording or self._ended:
            return
        self.recording.keep(Happened(event))
        for action in self.recording.ledger.actions:
            self._perform(action)

    def ask(self, kind: type[Event]) -> bool:
        """An input at this moment; whether it changed the session."""
        assert self.recording
        session = self.recording.ledger.session
        before = (session.state, session.index, session.pause, session.pacer)
        self.happened(kind(self.session_ns()))  # type: ignore[call-arg]  # every input but Began, Tick, PaceAsked takes a time
        return before != (session.state, session.index, session.pause, session.pacer)

    def renew(self) -> None:
        """The chair stopped by itself because it had not heard us: ask again for what the session wishes."""
        self.note("chair_stopped_itself")
        if self.recording and self.recording.ledger.session.state is State.RUNNING and self.chair:
            session = self.recording.ledger.session
            self._perform(machine.SetScene(session.segment.chair))
            self._perform(machine.SetPacer(session.pacer, session.segment.chair.moves_with_breath))

    def hear(self, item: HeartBeat | Hole) -> None:
        """A beat or a hole of the heart sensor, on the room's clock."""
        if not self.recording or self._ended:
            return
        if isinstance(item, Hole):
            self.recording.keep(Stretch())
            if not self._gap:
                self._gap = (max(0, self.session_ns(item.from_ns)), item.cause)
                self._close_gap(self.session_ns(item.to_ns))
            return
        t_ns = self.session_ns(item.t_ns)
        if t_ns < 0:
            return
        fresh_start = item.rr_ms is not None and t_ns < item.rr_ms * 1e6
        self.recording.keep(Heard(t_ns, None if fresh_start else item.rr_ms, item.quality))
        for row, interval in self.recording.ledger.fresh:
            self._senses.labelled(row.t_ns + self.recording.began_ns, interval)

    def heart_flows(self, room_ns: int) -> None:
        """Samples of the heart arrived, the first of them at `room_ns`: an open gap ends there."""
        if self.recording and not self._ended and self._gap:
            self._close_gap(self.session_ns(room_ns))

    def heart_stopped(self, room_ns: int, cause: str) -> None:
        """The heart sensor is gone since `room_ns`."""
        if self.recording and not self._ended:
            self.recording.keep(Stretch())
            self._gap = self._gap or (max(0, self.session_ns(room_ns)), cause)

    def chair_empty(self) -> None:
        """Nobody sits there any more: a recording that was announced is over."""
        self._note = None

    def device_said(self, room_ns: int, text: str) -> None:
        """A line of the device's own log."""
        replay = _REPLAY.search(text)
        if replay:
            self._note = (room_ns, replay["record"], float(replay["offset"]))
            if self.recording and not self._ended:
                self._tell_replay(*self._note)

    def note(self, code: str, detail: str = "", value: float | None = None) -> None:
        """Write something down, with the time it is now."""
        if self.recording:
            self.recording.keep(Noted(EventRow(max(0, self.session_ns()), code, detail, value)))
            self.on_change()

    # --- time

    async def tick(self, readings: Callable[[], list[Reading]]) -> None:
        """Time goes on: the machine, the features, the chunks, the end."""
        recording = self.recording
        if not recording or self._written:
            return
        now = self.session_ns()
        self.happened(machine.Tick(now, self._senses.good))
        if not self._ended and (now >= self._next_features_ns or recording.ledger.session.state is State.FINISHED):
            self._next_features_ns = now + round(MOMENT_S * 1e9)
            self._measure(recording.ledger.session.now_ns, readings())
        try:
            if recording.ledger.session.state is State.FINISHED:
                await self._close(recording)
            elif now >= self._next_cut_ns:
                self._next_cut_ns = now + round(CUT_S * 1e9)
                await recording.cut(now, self._clock.utc_ns())
            self.problem = ""
        except StoreError as error:
            self._disk_refused(error)

    async def sync(self) -> None:
        """Everything so far is on disk when this returns (or the page says that it is not)."""
        if self.recording and not self._written:
            try:
                await self.recording.sync()
            except StoreError as error:
                self._disk_refused(error)

    async def give_up(self) -> None:
        """Close an old session that nobody will take up."""
        assert self.recording
        self.recording.ledger.session.outcome = machine.Outcome.ABANDONED
        await self._close(self.recording)

    async def leave(self) -> None:
        """The process ends. An open session stays open on disk."""
        if self.recording and not self._written:
            await self.recording.abandon()

    # --- inside

    def _measure(self, now: int, readings: list[Reading]) -> None:
        assert self.recording
        session = self.recording.ledger.session
        for reading in [*readings, *self.score.take(session, readings)]:
            self.recording.keep(
                Measured(
                    FeatureRow(
                        now,
                        reading.name,
                        reading.value,
                        reading.unit,
                        reading.window_s,
                        reading.quality,
                        reading.reason,
                    )
                )
            )

    def _perform(self, action: machine.Action) -> None:
        assert self.recording
        session = self.recording.ledger.session
        match action:
            case machine.EnterSegment(index):
                self.note("segment_began", session.programme.segment[index].key)
            case machine.SetScene(scene) if self.chair:
                self.chair.scene(scene)
            case machine.SetPacer(pacer, moves_chair) if self.chair:
                phase_s = (self.session_ns() - pacer.began_ns) / 1e9 if pacer else 0.0
                self.chair.pace(pacer if moves_chair else None, phase_s)
            case machine.HoldStill() if self.chair:
                self.chair.hold_still()
            case machine.Paused(reason):
                self.note("paused", str(reason))
            case machine.Resumed():
                self.note("resumed")
            case machine.Finished(outcome):
                self.note("session_closed", str(outcome))
            case _:
                pass
        self.on_change()

    async def _close(self, recording: Recording) -> None:
        """The end: what still waited for its label gets it, the last chunk, the summary."""
        now = recording.ledger.session.now_ns
        utc_ns = self._clock.utc_ns()
        if not self._ended:
            for item in self._senses.heart.flush() if self._senses.heart else []:
                if isinstance(item, Hole) or self.session_ns(item.t_ns) <= now:
                    self.hear(item)
            recording.keep(Stretch())
            if self._gap:
                self._close_gap(now)
            self._ended = True
        await recording.cut(now, utc_ns)
        await recording.close(summarise(recording.ledger), utc_ns)
        self._written = True
        self.on_change()

    def _close_gap(self, to_ns: int) -> None:
        assert self.recording and self._gap  # noqa: PT018
        from_ns, cause = self._gap
        self._gap = None
        if to_ns - from_ns >= SMALLEST_GAP_NS:
            self.recording.keep(Missing(GapRow(from_ns, to_ns, cause)))

    def _tell_replay(self, room_ns: int, record: str, offset_s: float) -> None:
        """Record time = session time + the value that is kept here."""
        self.note("replay_started", record, round(offset_s - self.session_ns(room_ns) / 1e9, 6))

    def _disk_refused(self, error: StoreError) -> None:
        if not self.problem:
            log.error("%s", error)
        self.problem = "disk_full"

    @property
    def session_id(self) -> UUID | None:
        return self.recording.opened.body.session if self.recording else None

    @property
    def written(self) -> bool:
        """The last session is in the outbox to its end."""
        return self._written

    @property
    def device(self) -> str:
        """The device that the session needs, or "" without a session."""
        return self.recording.opened.body.device if self.recording else ""

    @property
    def seated(self) -> bool:
        """Somebody sits there, as far as the session knows."""
        return bool(self.recording and self.recording.ledger.session.seated)

    def coherence_share(self) -> float | None:
        """Median share of the peak over the paced part, %; None where there was none."""
        return paced_coherence(self.recording.ledger) if self.recording else None
