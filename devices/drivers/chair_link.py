"""The driver of a chair that speaks Chair Link (`docs/protocols/chair-link.md`): identify, open, stream, command.

One task, the control loop, reads the port, keeps the chair's watchdog fed and repeats an unconfirmed stop, from the
moment the link is open. There is no second place from which a heartbeat could come: if the event loop hangs, the chair
stops by itself after 2 s.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from devices.clock import Clock
from devices.conduct import Conduct
from devices.drivers.chair_answers import Answers, Question
from devices.drivers.chair_stream import ChairStream
from devices.drivers.chair_words import REFUSALS, after, identity_of, message_of, standing, status_of
from devices.errors import CommandRefused, DeviceError, NoAnswer, NotConnected, PortLost, WrongDevice
from devices.events import (
    Arm,
    ChairCommand,
    ChairStatus,
    DeviceEvent,
    DeviceNote,
    Disarm,
    Identity,
    LinkHealth,
    ReleaseStop,
    StopMotion,
)
from devices.interlocks import REMEDIES, STATUS_GOOD_FOR_S, Refusal, RunningTime, refusal
from devices.links.link import ByteLink, byte_link
from devices.profile import CHAIR_LINK, Profile
from devices.protocols import chair_link as wire

HEARTBEAT_S = 0.4
_ANSWER_S = 3.0
_ASK_AGAIN_S = 0.5
_ACK_S = 0.2
_ATTEMPTS = 3
_STOP_AGAIN_S = 0.1
_HEALTH_S = 1.0
_SETTLE_S = 1.0


class ChairLinkChair:
    """One chair on one port. An async context manager; inside it `identity`, `events()` and `command()`.

    Attributes:
        epoch: put into every `Samples`; the supervisor counts it up per connection.
        identity: who answered (known inside the context).
        heard_ns: when the last good frame came.
        profile: its limits, speeds and accelerations.
    """

    def __init__(
        self, device: str, port: str, clock: Clock, profile: Profile = CHAIR_LINK, link: ByteLink | None = None
    ) -> None:
        self.device, self.port, self.clock, self.profile = device, port, clock, profile
        self.epoch = 0
        self.heard_ns = 0
        self.identity = Identity("", "", "", "")
        self._link = link or byte_link(port, device, baud=wire.BAUD)
        self._decoder = wire.Decoder()
        self._sequence = 0
        self._heard_bytes = 0
        self._identified: Question | None = None
        self._begun = False
        self._loop: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[DeviceEvent | None] = asyncio.Queue()
        self._failure: DeviceError | None = None
        self._stream: ChairStream | None = None
        self._status: ChairStatus | None = None
        self._running = RunningTime(profile)
        self._conduct = Conduct(profile)
        self._one_command = asyncio.Lock()
        self._answers = Answers()
        self._stop: Question | None = None
        self._stopped = self._arming = self._armed = False

    # identify

    async def _identify(self, identified: Question) -> None:
        """Ask who is there, then start the streams.

        Raises:
            NoAnswer: silence for 3 s.
            WrongDevice: something else talks on this port.
            PortLost: the connection broke off meanwhile.
        """
        try:
            async with asyncio.timeout(self.clock.patience_s(_ANSWER_S, 0.5)):
                while not identified.answer.done():
                    self._send(wire.Identify())
                    await asyncio.wait([identified.answer], timeout=self.clock.patience_s(_ASK_AGAIN_S))
                identified.answer.result()
                while not self._begun:
                    await self._ask(wire.StartStreams, self._begin, _ASK_AGAIN_S)
        except TimeoutError:
            raise self._nobody() from None

    def _nobody(self) -> DeviceError:
        other = self._decoder.other_version
        if other is not None:
            return WrongDevice(self.port, self.device, f"it speaks Chair Link {other}, we speak {wire.VERSION}")
        if self._heard_bytes and not self._decoder.frames:
            return WrongDevice(self.port, self.device, "what it sends is not Chair Link")
        return NoAnswer(self.port, self.device)

    def _begin(self) -> None:
        self._begun = True

    # open

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        self._identified = Question()
        self._loop = asyncio.create_task(self._control(self._identified), name=f"control loop of {self.device}")
        try:
            await self._identify(self._identified)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._loop is not None and not self._loop.done():
                await self._farewell()
        finally:
            await self._close()

    async def _farewell(self) -> None:
        """What moves comes to rest, and the sensors rest as well."""
        last = Question()
        try:
            self._send(wire.Disarm())
            self._answers.waits(self._send(wire.StopStreams()), last)
        except DeviceError:
            return
        await asyncio.wait([last.answer], timeout=self.clock.patience_s(_ACK_S))

    async def _close(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        await self._link.__aexit__(None, None, None)

    async def _control(self, identified: Question) -> None:
        """The control loop: heartbeat, repeated stop, end of long runs, reading. Ends when the port is lost."""
        beat_ns = stop_ns = health_ns = 0
        try:
            while True:
                now = self.clock.now_ns()
                if self._begun and now >= beat_ns:
                    self._send(wire.Heartbeat())
                    beat_ns = now + round(HEARTBEAT_S * 1e9)
                    for command in self._running.due(now):
                        self._send(message_of(command, self.profile))
                if self._stop is not None and now >= stop_ns:
                    self._send_stop(self._stop)
                    stop_ns = now + round(_STOP_AGAIN_S * 1e9)
                if self._begun and now >= health_ns:
                    self._say_health(now)
                    health_ns = now + round(_HEALTH_S * 1e9)
                self._hear(await self._link.read(self.clock.real_s(_STOP_AGAIN_S)))
        except DeviceError as error:
            self._failure = error
        finally:
            self._answers.fail(self._gone(), identified)
            self._events.put_nowait(None)

    def _gone(self) -> DeviceError:
        return NotConnected(self.port, self.device) if self._failure is None else self._failure

    # stream

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """Everything the chair says, until the connection is lost.

        Raises:
            PortLost: the connection broke off.
        """
        while (event := await self._events.get()) is not None:
            yield event
        if self._failure is not None:
            raise self._failure
        if self._loop is not None and self._loop.done():
            self._loop.result()  # a mistake in the control loop is not to go unseen

    def _hear(self, data: bytes) -> None:
        arrival_ns = self.clock.now_ns()
        self._heard_bytes += len(data)
        for frame in self._decoder.feed(data):
            if not wire.of_host(frame.message):
                self.heard_ns = arrival_ns
                self._take(frame.message, arrival_ns)

    def _take(self, message: wire.Message, arrival_ns: int) -> None:
        match message:
            case wire.Ack(sequence=sequence):
                self._answers.take(sequence, None)
            case wire.Nak(sequence=sequence, reason=reason):
                self._answers.take(sequence, REFUSALS.get(reason, Refusal.NOT_FITTED))
            case wire.Ident() if not self._begun:
                self.identity = identity_of(message)
                self._stream = ChairStream(
                    self.device, self.port, self.epoch, message.streams, self.clock.settle_s(_SETTLE_S)
                )
                if self._identified is not None and not self._identified.answer.done():
                    self._identified.answer.set_result(None)
            case wire.Ident():
                raise PortLost(self.port, self.device, "the chair was switched off and on")
            case _ if not self._begun:
                pass  # what it still sends to whoever was here before
            case wire.Note(channel=wire.NO_CHANNEL):
                self._events.put_nowait(DeviceNote(self.device, arrival_ns, message.text))
            case wire.Stream() | wire.Note() if self._stream is not None:
                self._stream.take(message, arrival_ns)
                for event in self._stream.events():
                    self._events.put_nowait(event)
            case wire.Status():
                self._judge(status_of(message, self.device, arrival_ns), message.at_ms)
            case wire.Stopped(cause=cause) if self._status is not None:
                self._stand(standing(self._status, cause, arrival_ns))  # a STATUS follows at once
            case _:
                pass

    def _judge(self, status: ChairStatus, at_ms: int) -> None:
        offence = self._conduct.offence(status, at_ms)
        self._stand(status)
        if offence:
            if self._stop is None:
                self._events.put_nowait(DeviceNote(self.device, status.t_ns, f"stopped by its driver: {offence}"))
            self._begin_stop()
        elif status.armed and not (self._armed or self._arming):
            self._send(wire.Disarm())  # by a command that we have given up, or for somebody before us

    def _stand(self, status: ChairStatus) -> None:
        self._armed = self._armed and status.armed
        self._status = status
        self._running.note(status)
        self._events.put_nowait(status)

    def _say_health(self, now_ns: int) -> None:
        told = self._decoder
        counts = told.frames, told.crc_errors, told.dropped_bytes, told.lost_frames
        health = LinkHealth(self.device, now_ns, *counts, self.heard_ns, rssi_dbm=self._link.rssi_dbm)
        self._events.put_nowait(health)

    # command

    async def command(self, command: ChairCommand) -> None:
        """Have `command` carried out; returns when the chair has confirmed it.

        `StopMotion` overtakes everything, works as soon as the link is open, and is repeated until it is confirmed.

        Raises:
            CommandRefused: by our interlocks, by the chair, or for want of an answer; `detail` is a `Refusal`.
            PortLost: the connection broke off meanwhile.
            NotConnected: it is not open.
        """
        if self._loop is None or self._loop.done():
            raise self._gone()
        if isinstance(command, StopMotion):
            await asyncio.shield(self._begin_stop().answer)
            return
        if not self._begun:
            raise NotConnected(self.port, self.device)
        asked_ns = self.clock.now_ns()
        async with self._one_command:
            reason = refusal(
                command,
                self._fresh_status(),
                self.profile,
                hardware_watchdog=self.identity.hardware_watchdog,
                stopped=self._stopped,
            )
            if reason is None:
                self._arming, self._armed = isinstance(command, Arm), self._armed and not isinstance(command, Disarm)
                try:
                    reason = await self._ask(
                        lambda: message_of(command, self.profile, late_s=(self.clock.now_ns() - asked_ns) / 1e9),
                        lambda: self._obeyed(command),
                    )
                finally:
                    self._arming = False
        if reason is not None:
            raise CommandRefused(self.port, self.device, reason, REMEDIES[reason])

    def _obeyed(self, command: ChairCommand) -> None:
        """The chair has confirmed it; its STATUS follows, and the next command need not wait for that."""
        if isinstance(command, Arm):
            self._armed = True
        elif isinstance(command, ReleaseStop):
            self._stopped = False
        if self._status is not None:
            self._status = after(command, self._status)

    async def _ask(
        self, message: Callable[[], wire.Message], obeyed: Callable[[], None], again_s: float = _ACK_S
    ) -> Refusal | None:
        question = Question(obeyed)
        try:
            for _ in range(_ATTEMPTS):
                self._answers.waits(self._send(message()), question)
                await asyncio.wait([question.answer], timeout=self.clock.patience_s(again_s))
                if question.answer.done():
                    return question.answer.result()
        finally:
            self._answers.drop(question)
        return Refusal.NO_ANSWER

    def _begin_stop(self) -> Question:
        """Stop, and let the control loop repeat it until the chair has confirmed."""
        self._stopped, self._armed = True, False
        if self._stop is None:
            self._stop = Question(self._stop_obeyed, insistent=True)
        self._answers.refuse(Refusal.STOPPED, but=self._stop)
        self._send_stop(self._stop)
        return self._stop

    def _send_stop(self, stop: Question) -> None:
        self._answers.waits(self._send(wire.Stop(), overtaking=True), stop)

    def _stop_obeyed(self) -> None:
        self._stop = None

    def _fresh_status(self) -> ChairStatus | None:
        good_ns = self.clock.patience_s(STATUS_GOOD_FOR_S) * self.clock.speed * 1e9
        status = self._status
        return status if status is not None and self.clock.now_ns() - status.t_ns <= good_ns else None

    def _send(self, message: wire.Message, *, overtaking: bool = False) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        self._link.write(wire.encode(message, self._sequence), overtaking=overtaking)
        return self._sequence
