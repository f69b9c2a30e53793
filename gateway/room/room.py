"""The state of the room: devices, senses, session. Takes device events, gives frames; no tasks, no sockets."""

import itertools
import logging
from collections import deque
from uuid import UUID

from care import session as machine
from care.session import State
from devices.clock import Clock
from devices.events import (
    ChairStatus,
    Connected,
    DeviceEvent,
    DeviceNote,
    Disconnected,
    Gap,
    LinkHealth,
)
from gateway.box import Counts
from gateway.config import Config
from gateway.live import DeviceView, Health, LiveFrame
from gateway.room.chair import ChairControl
from gateway.room.conductor import Conductor
from gateway.room.ledger import Ledger
from gateway.room.senses import STALE_S, Senses, metrics_of
from gateway.room.view import DeviceState, chair_view, session_view, tachogram
from signals.pipeline import HeartBeat, Hole
from signals.rr import LiveCorrector
from signals.samples import Channel, Intervals, Samples

HEART = (Channel.ECG, Channel.RR, Channel.PPG)
"""Best first: R peaks are sharper than a sensor's own rounded intervals, and these than the foot of a pulse wave."""

log = logging.getLogger(__name__)


def _is_stopped(status: ChairStatus) -> bool:
    """By the button, by us, or by the chair itself: it moves no more until it is released."""
    return status.stop_pressed or status.stopped


class Room:
    """Everything that is known in this room right now.

    Attributes:
        counted: a session, and how many of its records are put, receipted and waiting.
        uplink_up: broker and centre answer.
    """

    conductor: Conductor

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config, self.clock = config, clock
        self.senses = Senses(clock.patience_s(STALE_S, 0.5) * clock.speed)
        self.devices = {device.id: DeviceState(device) for device in config.devices}
        self.chair: ChairControl | None = None
        self.chair_id = ""
        self.counted: tuple[UUID | None, Counts | None] = (None, None)
        self.uplink_up = False
        self._frames = itertools.count(1)
        self._idle_labels = LiveCorrector()
        self._idle_times: deque[int] = deque()
        self._chair_joined = False

    def lead(self, conductor: Conductor, chair: ChairControl | None, chair_id: str) -> None:
        """Who leads sessions here, and with which chair."""
        self.conductor, self.chair, self.chair_id = conductor, chair, chair_id

    # --- device events

    def take(self, event: DeviceEvent) -> None:
        """What a device said."""
        state = self.devices[event.device]
        match event:
            case Samples():
                self._samples(state, event)
            case Intervals():
                self._intervals(state, event)
            case ChairStatus():
                self._status(state, event)
            case LinkHealth():
                state.link = event
            case Connected():
                self._connected(state, event)
            case Disconnected():
                self._disconnected(state, event)
            case DeviceNote():
                self.conductor.device_said(event.t_ns, event.text)
            case Gap():
                log.info("%s: %d samples of %s were lost", event.device, event.lost, event.channel)

    def _samples(self, state: DeviceState, samples: Samples) -> None:
        heart = samples.channel in HEART
        if heart and not self._serves_heart(samples.device, samples.channel):
            return
        items = self.senses.take(samples)
        if heart:
            self.conductor.wave(samples)
            self._heard(state, items, samples.start_ns, samples.end_ns)

    def _intervals(self, state: DeviceState, intervals: Intervals) -> None:
        if self._serves_heart(intervals.device, Channel.RR):
            items = self.senses.take_intervals(intervals)
            if len(intervals.t_ns):
                begins_ns = int(intervals.t_ns[0]) - round(float(intervals.rr_ms[0]) * 1e6)
                self._heard(state, items, begins_ns, int(intervals.t_ns[-1]))

    def _heard(self, state: DeviceState, items: list[HeartBeat | Hole], start_ns: int, end_ns: int) -> None:
        for item in items:
            self._hear(item)
        self.conductor.heart_flows(start_ns)
        state.heart_end_ns = end_ns

    def _serves_heart(self, device: str, channel: Channel) -> bool:
        """One channel of one device is the heart: in a session that of the session, before it the best that is here."""
        if device != (self.conductor.device if self.conductor.running else self.heart_ready):
            return False
        if channel is not self.heart_channel(device):
            return False
        if self.senses.heart_device not in {"", device}:
            for item in self.senses.lost(self.senses.heart_device):
                self._hear(item)
        return True

    def heart_channel(self, device: str) -> Channel | None:
        """The channel of a device that is its best account of the heart."""
        identity = self.devices[device].identity
        given = {channel for channel, _ in identity.channels} if identity else set()
        return next((channel for channel in HEART if channel in given), None)

    def _hear(self, item: HeartBeat | Hole) -> None:
        if self.conductor.listening:
            self._end_idle()
            self.conductor.hear(item)
        elif isinstance(item, HeartBeat) and item.rr_ms is not None:
            self._idle_times.append(item.t_ns)
            for interval in self._idle_labels.push(item.rr_ms):
                self.senses.labelled(self._idle_times.popleft(), interval)
        else:
            self._end_idle()
            self.senses.labelled(item.t_ns if isinstance(item, HeartBeat) else item.to_ns, None)

    def _end_idle(self) -> None:
        """What still waits for its label gets it; what comes does not join on."""
        for interval in self._idle_labels.flush():
            self.senses.labelled(self._idle_times.popleft(), interval)
        self._idle_labels.gap()

    def _connected(self, state: DeviceState, event: Connected) -> None:
        state.health, state.problem, state.advice = Health.CONNECTED, "", ""
        state.identity, state.link = event.identity, None
        state.reconnects += 1
        if self._matters(event.device) and self.conductor.running:
            if state.reconnects:
                self.conductor.note("device_back", event.device)
            self._came()

    def _disconnected(self, state: DeviceState, event: Disconnected) -> None:
        state.health, state.problem, state.advice = Health.SEARCHING, event.error.code, str(event.error)
        state.status = None
        if self.chair and event.device == self.chair_id:
            self.chair.stands(None)
        for item in self.senses.lost(event.device):
            self._hear(item)
        if self._matters(event.device) and self.conductor.running:
            if event.device == self.conductor.device:
                self.conductor.heart_stopped(state.heart_end_ns or event.t_ns, "device_lost")
            self.conductor.happened(machine.DeviceWent(self.conductor.session_ns()))

    def _matters(self, device: str) -> bool:
        """Whether the session stands still without this device: its heart sensor, and a chair that takes part in it."""
        return device == self.conductor.device or (device == self.chair_id and self._chair_joined)

    def _came(self) -> None:
        """Everything that the session needs is here again, or this changes nothing yet."""
        for device, state in self.devices.items():
            away = state.health is not Health.CONNECTED or (device == self.chair_id and state.status is None)
            if away and self._matters(device):
                return
        self.conductor.happened(machine.DeviceCame(self.conductor.session_ns()))

    def _status(self, state: DeviceState, status: ChairStatus) -> None:
        """A chair is here when it has said how it stands: only then can it be asked for anything."""
        before, state.status = state.status, status
        state.faults = status.faults  # that it stopped by itself in silence is no fault: it waits to be armed again
        stopped = _is_stopped(status) and not (before and _is_stopped(before))
        if self.chair and status.device == self.chair_id:
            self.chair.stands(status)
            if stopped and not self.chair.locked:
                self.chair.lock()
        if not status.occupied:
            self.conductor.chair_empty()
        session = self.conductor.session
        if session is None or not self.conductor.running or status.device != self.chair_id:
            return
        self._chair_joined = True
        now = self.conductor.session_ns()
        if status.occupied != session.seated:
            self.conductor.happened(machine.SeatTaken(now) if status.occupied else machine.SeatLeft(now))
        if stopped and not session.locked:
            self.conductor.happened(machine.Stopped(now))
        if before is None:
            self._came()
        elif status.watchdog_tripped and not before.watchdog_tripped:
            self.conductor.note("chair_stopped_itself")

    def tell_session(self) -> None:
        """Tell a session that has just begun what came true while it was being opened."""
        conductor = self.conductor
        state = self.devices[conductor.device]
        chair = self.devices.get(self.chair_id)
        self._chair_joined = chair is not None and chair.status is not None
        now = conductor.session_ns()
        if state.health is not Health.CONNECTED:
            conductor.heart_stopped(self.clock.now_ns(), "device_lost")
        if state.health is not Health.CONNECTED or (conductor.device == self.chair_id and state.status is None):
            conductor.happened(machine.DeviceWent(now))
        if chair and chair.status and not chair.status.occupied:
            conductor.happened(machine.SeatLeft(now))
        if self.chair and self.chair.locked:
            conductor.happened(machine.Stopped(now))

    # --- time and pictures

    async def tick(self) -> None:
        now_ns = self.clock.now_ns()
        self.senses.at(now_ns)
        if self.chair:
            self.chair.at(now_ns, in_session=self.conductor.running)
        await self.conductor.tick(lambda: self.senses.readings(now_ns))

    @property
    def heart_ready(self) -> str:
        """Id of the device whose heart sensor serves best, or "" while none is connected; of equals the chair's own,
        then the first of the configuration.
        """
        here = [
            (HEART.index(channel), id_ != self.chair_id, id_)
            for id_, state in self.devices.items()
            if state.health is Health.CONNECTED and (channel := self.heart_channel(id_)) is not None
        ]
        return min(here, default=(0, True, ""), key=lambda entry: entry[:2])[2]

    def _at_site(self, ledger: Ledger, *, over: bool) -> bool:
        """The centre holds everything that was cut so far; after the end, everything."""
        session, counts = self.counted
        if session != self.conductor.session_id or counts is None or counts.waiting:
            return False
        return self.conductor.written and counts.put >= ledger.chunks + 2 if over else counts.put > 0

    def views(self) -> list[DeviceView]:
        """Every device, as it is now."""
        now_ns = self.clock.now_ns()
        return [state.view(now_ns) for state in self.devices.values()]

    def frame(self) -> LiveFrame:
        """The whole room now."""
        now_ns = self.clock.now_ns()
        conductor = self.conductor
        recording = conductor.recording
        origin_ns = recording.began_ns if recording else 0
        readings = self.senses.readings(now_ns)
        session = None
        if recording:
            ledger = recording.ledger
            over = ledger.session.state is State.FINISHED
            saved = "site" if self._at_site(ledger, over=over) else "room"
            saved = conductor.problem or saved
            session = session_view(
                ledger,
                ledger.closed.body if ledger.closed else None,
                now_ns - origin_ns,
                saved=saved,
                coherence_share=conductor.coherence_share,
            )
        chair = (
            chair_view(self.devices[self.chair_id], locked=self.chair.locked, armed=self.chair.armed)
            if self.chair
            else None
        )
        return LiveFrame(
            seq=next(self._frames),
            site=self.config.site.id,
            site_name=self.config.site.name,
            now_ns=now_ns,
            speed=self.clock.speed,
            devices=self.views(),
            signal=self.senses.signal,
            metrics=metrics_of(readings, conductor.score.metric()),
            tachogram=tachogram(recording.ledger, now_ns - origin_ns) if recording else [],
            skin_conductance=self.senses.conductance.trace(origin_ns),
            respiration=self.senses.respiration.trace(origin_ns),
            heart=self.senses.wave.trace(origin_ns),
            chair=chair,
            session=session,
            uplink="up" if self.uplink_up else "down",
        )
