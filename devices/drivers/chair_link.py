"""The driver of a chair that speaks Chair Link (`docs/protocols/chair-link.md`): identify, open, stream, command.

One task, the control loop, reads the port, keeps the chair's watchdog fed and repeats an unconfirmed stop. There is no
second place from which a heartbeat could come: if the event loop hangs, the chair stops by itself after 2 s.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from devices.clock import Clock
from devices.drivers.chair_stream import ChairStream
from devices.drivers.chair_words import REFUSALS, identity_of, message_of, status_of
from devices.errors import CommandRefused, DeviceError, NoAnswer, NotConnected, PortLost, WrongDevice
from devices.events import (
    ChairCommand,
    ChairStatus,
    DeviceEvent,
    DeviceNote,
    Identity,
    LinkHealth,
    ReleaseStop,
    StopMotion,
)
from devices.interlocks import REMEDIES, STATUS_GOOD_FOR_S, Refusal, RunningTime, disobeys, refusal
from devices.links.link import byte_link
from devices.protocols import chair_link as wire

HEARTBEAT_S = 0.4
_ANSWER_S = 3.0
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
    """

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        self.device, self.port, self.clock = device, port, clock
        self.epoch = 0
        self.heard_ns = 0
        self.identity = Identity("", "", "", "")
        self._link = byte_link(port, device, baud=wire.BAUD)
        self._decoder = wire.Decoder()
        self._sequence = 0
        self._early: list[wire.Frame] = []
        self._loop: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[DeviceEvent | None] = asyncio.Queue()
        self._failure: DeviceError | None = None
        self._stream: ChairStream | None = None
        self._status: ChairStatus | None = None
        self._running = RunningTime()
        self._one_command = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[Refusal | None]] = {}
        self._stopped = False
        self._stops = 0
        self._stop_confirmed: asyncio.Future[Refusal | None] | None = None

    # identify

    async def _identify(self) -> None:
        """Ask who is there, then start the streams.

        Raises:
            NoAnswer: silence for 3 s.
            WrongDevice: something else talks on this port.
        """
        heard = False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.clock.patience_s(_ANSWER_S, 0.5)
        question: wire.Message = wire.Identify()
        while loop.time() < deadline:
            asked = self._send(question)
            frames, more = await self._frames_within(0.5)
            heard = heard or more
            for at, frame in enumerate(frames):
                match frame.message:
                    case wire.Ident() as ident if isinstance(question, wire.Identify):
                        self.identity = identity_of(ident)
                        self._stream = ChairStream(
                            self.device, self.port, self.epoch, ident.streams, self.clock.settle_s(_SETTLE_S)
                        )
                        question = wire.StartStreams()
                    case wire.Ack(sequence=sequence) if sequence == asked:
                        self._early = frames[at + 1 :]
                        return
                    case _:
                        pass
        if self._decoder.other_version is not None:
            raise WrongDevice(self.port, self.device, f"it speaks Chair Link {self._decoder.other_version}, we speak 1")
        if heard and not self._decoder.frames:
            raise WrongDevice(self.port, self.device, "what it sends is not Chair Link")
        raise NoAnswer(self.port, self.device)

    async def _frames_within(self, seconds: float) -> tuple[list[wire.Frame], bool]:
        """Frames until an IDENT or an ACK is among them, and whether anything at all was heard."""
        frames: list[wire.Frame] = []
        heard = False
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(seconds)
        while (left := until - loop.time()) > 0:
            data = await self._link.read(left)
            heard = heard or bool(data)
            frames += self._decoder.feed(data)
            if any(isinstance(frame.message, wire.Ident | wire.Ack) for frame in frames):
                break
        return frames, heard

    # open

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        try:
            await self._identify()
        except BaseException:
            await self._link.__aexit__(None, None, None)
            raise
        self.heard_ns = self.clock.now_ns()
        self._loop = asyncio.create_task(self._control(), name=f"control loop of {self.device}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
            with contextlib.suppress(DeviceError):
                self._send(wire.StopStreams())
        await self._link.__aexit__(kind, error, trace)

    async def _control(self) -> None:
        """The control loop: heartbeat, repeated stop, end of long runs, reading. Ends when the port is lost."""
        beat_ns = stop_ns = health_ns = 0
        try:
            self._take_all(self._early)
            while True:
                now = self.clock.now_ns()
                if now >= beat_ns:
                    self._send(wire.Heartbeat())
                    beat_ns = now + round(HEARTBEAT_S * 1e9)
                    for command in self._running.due(now):
                        self._send(message_of(command))
                if self._stop_confirmed is not None and self._stop_confirmed.done():
                    self._stop_confirmed = None
                if self._stop_confirmed is not None and now >= stop_ns:
                    self._send_stop()
                    stop_ns = now + round(_STOP_AGAIN_S * 1e9)
                if now >= health_ns:
                    self._say_health(now)
                    health_ns = now + round(_HEALTH_S * 1e9)
                self._take_all(self._decoder.feed(await self._link.read(self.clock.real_s(_STOP_AGAIN_S))))
        except DeviceError as error:
            self._failure = error
        finally:
            self._let_go(self._gone())

    def _gone(self) -> DeviceError:
        return NotConnected(self.port, self.device) if self._failure is None else self._failure

    def _let_go(self, error: DeviceError) -> None:
        """Nobody waits for a dead link."""
        for waiting in (*self._waiting.values(), self._stop_confirmed):
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)
        self._events.put_nowait(None)

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

    def _take_all(self, frames: list[wire.Frame]) -> None:
        arrival_ns = self.clock.now_ns()
        for frame in frames:
            if not wire.of_host(frame.message):
                self.heard_ns = arrival_ns
                self._take(frame.message, arrival_ns)

    def _take(self, message: wire.Message, arrival_ns: int) -> None:
        match message:
            case wire.Note(channel=wire.NO_CHANNEL):
                self._events.put_nowait(DeviceNote(self.device, arrival_ns, message.text))
            case wire.Stream() | wire.Note() if self._stream is not None:
                self._stream.take(message, arrival_ns)
                for event in self._stream.events():
                    self._events.put_nowait(event)
            case wire.Status():
                self._stand(status_of(message, self.device, arrival_ns))
            case wire.Stopped(cause=cause):
                self._stand_still(cause, arrival_ns)
            case wire.Ack(sequence=sequence):
                self._answer(sequence, None)
            case wire.Nak(sequence=sequence, reason=reason):
                self._answer(sequence, REFUSALS.get(reason, Refusal.NOT_FITTED))
            case wire.Ident():
                raise PortLost(self.port, self.device, "the chair was switched off and on")
            case _:
                pass

    def _stand(self, status: ChairStatus) -> None:
        if disobeys(status, self._status):
            self._begin_stop()
        self._status = status
        self._running.note(status)
        self._events.put_nowait(status)

    def _stand_still(self, cause: int, arrival_ns: int) -> None:
        if self._status is None:
            return  # a STATUS follows every STOPPED at once
        status = replace(self._status, t_ns=arrival_ns, moving=False, massage_level=0, heat_level=0)
        match cause:
            case wire.Cause.BUTTON:
                status = replace(status, stop_pressed=True, stopped=True)
            case wire.Cause.WATCHDOG:
                status = replace(status, watchdog_tripped=True)
            case wire.Cause.SEAT_EMPTY:
                status = replace(status, occupied=False)
            case _:
                status = replace(status, stopped=True)
        self._stand(status)

    def _say_health(self, now_ns: int) -> None:
        wired = self._decoder
        self._events.put_nowait(
            LinkHealth(self.device, now_ns, wired.frames, wired.crc_errors, wired.dropped_bytes, wired.lost_frames)
        )

    # command

    async def command(self, command: ChairCommand) -> None:
        """Have `command` carried out; returns when the chair has confirmed it.

        `StopMotion` overtakes everything and is repeated until it is confirmed.

        Raises:
            CommandRefused: by our interlocks, by the chair, or for want of an answer; `detail` is a `Refusal`.
            PortLost: the connection broke off meanwhile.
            NotConnected: it is not open.
        """
        if self._loop is None or self._loop.done():
            raise self._gone()
        if isinstance(command, StopMotion):
            await self._stop()
            return
        asked_ns = self.clock.now_ns()
        async with self._one_command:
            stops = self._stops
            reason = refusal(
                command, self._fresh_status(), hardware_watchdog=self.identity.hardware_watchdog, stopped=self._stopped
            )
            reason = reason or await self._ask(
                lambda: message_of(command, late_s=(self.clock.now_ns() - asked_ns) / 1e9)
            )
            if reason is not None:
                raise CommandRefused(self.port, self.device, reason, REMEDIES[reason])
            if isinstance(command, ReleaseStop) and stops == self._stops:  # a stop since then stands
                self._stopped = False
                if self._status is not None:
                    self._status = replace(self._status, stopped=False, stop_pressed=False)

    async def _ask(self, message: Callable[[], wire.Message]) -> Refusal | None:
        answer: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        asked = []
        try:
            for _ in range(_ATTEMPTS):
                asked.append(self._send(message()))
                self._waiting[asked[-1]] = answer
                await asyncio.wait([answer], timeout=self.clock.patience_s(_ACK_S))
                if answer.done():
                    return answer.result()
        finally:
            for sequence in asked:
                self._waiting.pop(sequence, None)
        return Refusal.NO_ANSWER

    async def _stop(self) -> None:
        await asyncio.shield(self._begin_stop())

    def _begin_stop(self) -> asyncio.Future[Refusal | None]:
        """Stop, and let the control loop repeat it until the chair has confirmed."""
        self._stopped = True
        self._stops += 1
        for waiting in self._waiting.values():
            if waiting is not self._stop_confirmed and not waiting.done():
                waiting.set_result(Refusal.STOPPED)
        if self._stop_confirmed is None or self._stop_confirmed.done():
            self._stop_confirmed = asyncio.get_running_loop().create_future()
            self._stop_confirmed.add_done_callback(asyncio.Future.exception)  # known, even when nobody waits for it
        self._send_stop()
        return self._stop_confirmed

    def _send_stop(self) -> None:
        if self._stop_confirmed is None:
            return
        self._waiting = {
            self._send(wire.Stop(), overtaking=True): self._stop_confirmed,
            **{key: waiting for key, waiting in self._waiting.items() if not waiting.done()},
        }

    def _answer(self, sequence: int, reason: Refusal | None) -> None:
        waiting = self._waiting.pop(sequence, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(reason)

    def _fresh_status(self) -> ChairStatus | None:
        if self._status is None or self.clock.now_ns() - self._status.t_ns > self._status_good_for_ns():
            return None
        return self._status

    def _status_good_for_ns(self) -> int:
        return round(self.clock.patience_s(STATUS_GOOD_FOR_S) * self.clock.speed * 1e9)

    def _send(self, message: wire.Message, *, overtaking: bool = False) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        self._link.write(wire.encode(message, self._sequence), overtaking=overtaking)
        return self._sequence
