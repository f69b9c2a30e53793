"""Leads one session: feeds the state machine, performs what it asks, writes everything down.

Every input goes into the recording first (journal, then ledger); the ledger's session says what to do. A crash at any
point leaves a journal out of which `adopt` goes on. Times are session time unless they are called `room_ns`.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from care import feedback
from care import session as machine
from care.session import Event, State
from devices.clock import Clock
from devices.errors import DeviceError
from gateway.errors import StoreError
from gateway.keys import Keyring
from gateway.messages import EventRow, FeatureRow, SessionOpened
from gateway.outbox import Outbox
from gateway.room.chair import ChairControl, chair_number
from gateway.room.hearing import Hearing
from gateway.room.ledger import Entry, Happened, Measured, Noted, Stretch
from gateway.room.recording import Recording
from gateway.room.score import MOMENT_S, Score
from gateway.room.senses import Reading, Senses
from gateway.room.summary import paced_coherence, summarise
from gateway.room.waves import Waves
from signals.pipeline import HeartBeat, Hole
from signals.samples import Samples

TICK_S = 0.25
CUT_S = 10.0

_REPLAY = re.compile(r"replay record=(?P<record>\S+) offset_s=(?P<offset>-?\d+(\.\d+)?)")

log = logging.getLogger(__name__)


class Conductor:
    """The session of a room, or none.

    Args:
        folder: where journals lie.
        chair: asks the chair, or None in a room without one.

    Attributes:
        written: the last session is in the outbox to its end.
        coherence_share: median share of the peak over the paced part, %; None before the end, or without one.
        problem: "disk_full" while the disk refuses, else "".
    """

    def __init__(
        self, folder: Path, keyring: Keyring, outbox: Outbox, clock: Clock, senses: Senses, chair: ChairControl | None
    ) -> None:
        self._folder, self._keyring, self._outbox, self._clock = folder, keyring, outbox, clock
        self._senses, self.chair = senses, chair
        self.recording: Recording | None = None
        self.score = Score()
        self.written = self._ended = False
        self.coherence_share: float | None = None
        self.problem = ""
        self._hearing = Hearing(self._write)
        self._next_features_ns = self._next_cut_ns = 0
        self._last_look = False
        self._volume: float | None = None
        self._note: tuple[int, str, float] | None = None
        self._early: list[HeartBeat | Hole] | None = None
        self.keeps_waves = False
        self._waves: Waves | None = None

    # --- facts

    @property
    def running(self) -> bool:
        """A session is open (running or paused)."""
        return self.recording is not None and not self._ended

    @property
    def listening(self) -> bool:
        """Beats belong to a session: to one that is open, or to one that is just being opened."""
        return self.running or self._early is not None

    def session_ns(self, room_ns: int | None = None) -> int:
        """Session time of a moment of the room's clock (now)."""
        assert self.recording
        return (self._clock.now_ns() if room_ns is None else room_ns) - self.recording.began_ns

    @property
    def session_id(self) -> UUID | None:
        return self.recording.opened.body.session if self.recording else None

    @property
    def session(self) -> machine.Session | None:
        """The machine of the running (or last) session."""
        return self.recording.ledger.session if self.recording else None

    @property
    def began_by(self) -> str:
        """Who asked for the session, or "" when that is not known."""
        return self.recording.opened.began_by if self.recording else ""

    @property
    def device(self) -> str:
        """The device that the session needs, or "" without a session."""
        return self.recording.opened.body.device if self.recording else ""

    # --- begin and go on

    async def begin(self, body: SessionOpened, limit_s: float | None, kernel: str, began_by: str = "") -> None:
        """Open a session.

        Raises:
            StoreError: the disk refused.
            ProgrammeError: there is no such programme.
        """
        began_ns = self._clock.now_ns()
        self._early = []
        try:
            recording = await Recording.begin(
                self._folder,
                self._keyring,
                self._outbox,
                body,
                began_ns=began_ns,
                kernel=kernel,
                limit_s=limit_s,
                began_by=began_by,
            )
        except BaseException:
            self._early = None
            raise
        early, self._early = self._early, None
        self._take_over(recording)
        self.score = Score()
        self._next_features_ns, self._next_cut_ns = round(MOMENT_S * 1e9), round(CUT_S * 1e9)
        actions = recording.ledger.actions
        self.note("session_opened", body.programme, t_ns=0)
        if self._note:
            self._tell_replay(*self._note)
        for action in actions:
            self._perform(action)
        for item in early:
            self.hear(item)

    async def adopt(self, recording: Recording) -> None:
        """Go on with a session out of its journal: paused, with the outage as a gap until the heart is heard again.

        Nothing moves by itself, and the device counts as away until it has said that it is here.
        """
        self._take_over(recording)
        self.score = Score.from_features(recording.ledger)
        self._write(Stretch())
        session = recording.ledger.session
        if session.state is State.FINISHED:
            return
        if session.state is State.IDLE:
            self._write(Happened(machine.Began(0)))
        self._hearing = Hearing(self._write, (recording.ledger.last_data_ns, "room_down"))
        now = self.session_ns()
        self._next_features_ns, self._next_cut_ns = now + round(MOMENT_S * 1e9), now
        self.happened(machine.RoomRestarted(now))
        self.happened(machine.DeviceWent(now))
        if session.locked and self.chair:
            with contextlib.suppress(DeviceError):  # it is away; it gets its stop first thing when it is back
                await self.chair.stop()
        await self.sync()

    async def give_up(self, recording: Recording) -> None:
        """Close an old session that nobody will take up; it ended when it was last heard of.

        Raises:
            StoreError: the disk refused; it stays as it is.
        """
        session = recording.ledger.session
        session.outcome = session.outcome or machine.Outcome.ABANDONED
        recording.keep(Stretch())
        utc_ns = self._clock.utc_ns()
        await recording.cut(session.now_ns, utc_ns)
        await recording.close(summarise(recording.ledger), utc_ns)

    def _take_over(self, recording: Recording) -> None:
        self.recording, self._hearing = recording, Hearing(self._write)
        self._ended = self.written = False
        self._last_look, self.coherence_share = False, None
        self._waves = Waves(recording.opened.body.session, recording.began_ns) if self.keeps_waves else None

    # --- inputs

    def happened(self, event: Event) -> None:
        """An input of the session machine: written down, then done."""
        if not self.recording or self._ended:
            return
        ledger = self.recording.ledger
        before = ledger.session.state
        self._write(Happened(event))
        for action in ledger.actions:
            self._perform(action)
        if before is State.RUNNING and ledger.session.state is State.FINISHED:
            self._last_look = True

    def ask(self, event: Event) -> bool:
        """An input that somebody asked for; whether it changed the session."""
        assert self.recording
        session = self.recording.ledger.session
        before = (session.state, session.index, session.pause, session.pacer)
        self.happened(event)
        return before != (session.state, session.index, session.pause, session.pacer)

    @property
    def number(self) -> int:
        """The number of the session on the wire of a chair; 0 without a session."""
        return chair_number(self.session_id) if self.session_id and self.running else 0

    def let_chair_move(self, actor: str) -> None:
        """A person says that the chair may move: ask it for what the session wishes."""
        session = self.session
        if self.chair is None or not self.running or session is None or session.state is not State.RUNNING:
            return
        self.chair.allow(self.number)
        self.note("chair_armed", actor)
        self._perform(machine.SetScene(session.segment.chair))
        self._perform(machine.SetPacer(session.pacer, session.segment.chair.with_breath))

    def hear(self, item: HeartBeat | Hole) -> None:
        """A beat or a hole of the heart sensor, on the room's clock."""
        if self._early is not None:
            self._early.append(item)
            return
        if not self.recording or self._ended:
            return
        session = self.recording.ledger.session
        end_ns = session.now_ns if session.state is State.FINISHED else None
        if isinstance(item, Hole):
            self._hearing.hole(self.session_ns(item.from_ns), self.session_ns(item.to_ns), item.cause, end_ns)
        else:
            self._hearing.beat(self.session_ns(item.t_ns), item.rr_ms, item.quality, end_ns)

    def wave(self, samples: Samples) -> None:
        """The raw heart signal, where it is kept."""
        if self._waves and self.running:
            self._waves.add(samples)

    def heart_flows(self, room_ns: int) -> None:
        """Samples of the heart arrived, the first of them at `room_ns`: an open gap ends there."""
        if self.running:
            self._hearing.flows(self.session_ns(room_ns))

    def heart_stopped(self, room_ns: int, cause: str) -> None:
        """The heart sensor is gone since `room_ns`."""
        if self.running:
            self._hearing.stops(self.session_ns(room_ns), cause)

    def chair_empty(self) -> None:
        """Nobody sits there any more: a recording that was announced is over."""
        self._note = None

    def device_said(self, room_ns: int, text: str) -> None:
        """A line of the device's own log."""
        replay = _REPLAY.search(text)
        if replay:
            self._note = (room_ns, replay["record"], float(replay["offset"]))
            if self.running:
                self._tell_replay(*self._note)

    def note(self, code: str, detail: str = "", value: float | None = None, *, t_ns: int | None = None) -> None:
        """Write something down, with the time it is now (or `t_ns`)."""
        if self.running:
            self._write(Noted(EventRow(max(0, self.session_ns()) if t_ns is None else t_ns, code, detail, value)))

    # --- time

    async def tick(self, readings: Callable[[], list[Reading]]) -> None:
        """Time goes on: the machine, the features, the chunks, the end."""
        recording = self.recording
        if not recording or self.written:
            return
        now = self.session_ns()
        self.happened(machine.Tick(now, self._senses.good))
        session = recording.ledger.session
        over = session.state is State.FINISHED
        if not self._ended and (self._last_look if over else now >= self._next_features_ns):
            self._last_look = False
            self._next_features_ns = now + round(MOMENT_S * 1e9)
            moment = readings()
            self._measure(session.now_ns, moment)
            self._sound(moment)
        if over:
            await self._on_disk(lambda: self._close(recording))
        elif now >= self._next_cut_ns:
            self._next_cut_ns = now + round(CUT_S * 1e9)
            await self._on_disk(lambda: recording.cut(now, self._clock.utc_ns()))
            await self._keep_waves()

    async def sync(self) -> None:
        """Everything so far is on disk when this returns (or the page says that it is not)."""
        if self.recording and not self.written:
            await self._on_disk(self.recording.sync)

    async def leave(self) -> None:
        """The process ends. An open session stays open on disk."""
        if self.recording and not self.written:
            await self.recording.abandon()

    # --- inside

    def _write(self, entry: Entry) -> None:
        """Journal, ledger, and what the ledger made of it to the live windows."""
        assert self.recording
        self.recording.keep(entry)
        for row, interval in self.recording.ledger.fresh:
            self._senses.labelled(row.t_ns + self.recording.began_ns, interval)

    def _measure(self, now: int, readings: list[Reading]) -> None:
        assert self.recording
        for r in [*readings, *self.score.take(self.recording.ledger.session, readings)]:
            self._write(Measured(FeatureRow(now, r.name, r.value, r.unit, r.window_s, r.quality, r.reason)))

    def _sound(self, readings: list[Reading]) -> None:
        """Sound that follows the heart, where the segment wants it."""
        session = self.session
        assert session
        scene = session.segment.chair
        base = scene.volume_percent
        if not (self.chair and scene.volume_with_coherence and base is not None and session.state is State.RUNNING):
            self._volume = None
            return
        share = next((reading.value for reading in readings if reading.name == "coherence"), None)
        before = float(base) if self._volume is None else self._volume
        self._volume = feedback.volume_percent(before, base, share, MOMENT_S)
        if round(self._volume) != round(before):
            self.chair.sound(self._volume)

    def _perform(self, action: machine.Action) -> None:
        assert self.recording
        session = self.recording.ledger.session
        match action:
            case machine.EnterSegment(index):
                self.note("segment_began", session.programme.segment[index].key, t_ns=session.now_ns)
            case machine.SetScene(scene) if self.chair:
                self.chair.scene(scene)
            case machine.SetPacer(pacer, parts) if self.chair:
                phase_s = max(0, self.session_ns() - pacer.began_ns) / 1e9 if pacer else 0.0
                self.chair.pace(pacer, phase_s, parts)
            case machine.HoldStill() if self.chair:
                self.chair.hold_still()
            case machine.Paused(reason):
                self.note("paused", str(reason), t_ns=session.now_ns)
            case machine.Resumed():
                self.note("resumed", t_ns=session.now_ns)
            case machine.Finished(outcome):
                self.note("session_closed", str(outcome), t_ns=session.now_ns)
            case _:
                pass

    async def _close(self, recording: Recording) -> None:
        """The end: what still waited for its label gets it, the last chunk, the summary."""
        now = recording.ledger.session.now_ns
        utc_ns = self._clock.utc_ns()
        if not self._ended:
            for item in self._senses.heart.flush() if self._senses.heart else []:
                self.hear(item)
            self._hearing.ends(now)
            self._ended = True
            self.coherence_share = paced_coherence(recording.ledger)
        await recording.cut(now, utc_ns)
        await recording.close(summarise(recording.ledger), utc_ns)
        self.written = True
        await self._keep_waves()

    async def _keep_waves(self) -> None:
        """Raw signals on their way; a disk that refuses them costs them and nothing else."""
        for wave in self._waves.take_out() if self._waves else []:
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self._outbox.put, wave, made_utc_ns=self._clock.utc_ns())

    def _tell_replay(self, room_ns: int, record: str, offset_s: float) -> None:
        """Record time = session time + the value that is kept here."""
        self.note("replay_started", record, round(offset_s - self.session_ns(room_ns) / 1e9, 6))

    async def _on_disk(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
            self.problem = ""
        except StoreError as error:
            if not self.problem:
                log.error("%s", error)  # noqa: TRY400 - one line for people
            self.problem = "disk_full"
