"""The driver of a Berry/BCI finger oximeter on a serial port: identify, open, stream, command.

The device says neither who it is nor how many frames it has sent: we know it by its frames, and count them ourselves.
Values are per 10 ms (pleth) and per second (SpO2, pulse rate).
"""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import numpy as np

from devices.clock import Clock
from devices.errors import CommandRefused, NoAnswer, PortLost, WrongDevice
from devices.events import ChairCommand, DeviceEvent, Gap, Identity, LinkHealth
from devices.interlocks import Refusal
from devices.protocols import berry as wire
from devices.timebase import Timebase
from devices.transport import SerialPort
from signals.samples import Channel, Samples

_ANSWER_S = 3.0
_ENOUGH_FRAMES = 20
_HEALTH_S = 1.0
_SETTLE_S = 1.0
_FRAMES_PER_S = round(wire.RATE_HZ)
_CHUNK = 5


class BerryOximeter:
    """One oximeter on one port. An async context manager; inside it `identity` and `events()`.

    Attributes:
        epoch: put into every `Samples`; the supervisor counts it up per connection.
        identity: what it must be, by the way it talks.
        heard_ns: when the last good frame came.
    """

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        self.device, self.port, self.clock = device, port, clock
        self.epoch = 0
        self.heard_ns = 0
        self.identity = Identity(
            "Berry",
            "finger oximeter (BCI 1.2)",
            "",
            "",
            channels=((Channel.PPG, wire.RATE_HZ), (Channel.SPO2, 1.0), (Channel.PULSE_RATE, 1.0)),
        )
        self._serial = SerialPort(port, wire.BAUD, device)
        self._decoder = wire.Decoder()
        self._timebase = Timebase(clock.settle_s(_SETTLE_S))
        self._index = 0
        self._held: list[tuple[int, wire.Frame]] = []

    # identify

    async def _identify(self) -> None:
        """Listen until twenty frames follow each other without a stray byte between them.

        Raises:
            NoAnswer: silence for 3 s.
            WrongDevice: something else talks on this port.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(_ANSWER_S, 0.5)
        heard, in_a_row = False, 0
        while (left := until - loop.time()) > 0:
            data = await self._serial.read(left)
            heard = heard or bool(data)
            stray = self._decoder.dropped_bytes
            frames = len(self._decoder.feed(data))
            in_a_row = in_a_row + frames if self._decoder.dropped_bytes == stray else 0
            if in_a_row >= _ENOUGH_FRAMES:
                self._decoder.dropped_bytes = self._decoder.lost_frames = (
                    0  # we came in the middle: no fault of the wire
                )
                return
        if heard:
            raise WrongDevice(self.port, self.device, "what it sends is not a Berry oximeter's")
        raise NoAnswer(self.port, self.device, remedy="put a finger in, or press its button, and check the port")

    # open

    async def __aenter__(self) -> Self:
        await self._serial.__aenter__()
        try:
            await self._identify()
        except BaseException:
            await self._serial.__aexit__(None, None, None)
            raise
        self.heard_ns = self.clock.now_ns()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._serial.__aexit__(kind, error, trace)

    # stream

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """Everything the oximeter says, until the connection is lost.

        Raises:
            PortLost: the connection broke off.
        """
        health_ns = 0
        while True:
            frames = self._decoder.feed(await self._serial.read(self.clock.real_s(_HEALTH_S)))
            now = self.clock.now_ns()
            for frame in frames:
                self._index += frame.missed
                self._held.append((self._index, frame))
                self._index += 1
            if frames:
                self.heard_ns = now
                self._timebase.observe(self._index / wire.RATE_HZ, now)
            if self._timebase.lost:
                raise PortLost(self.port, self.device, "its frames no longer keep time")
            if self._timebase.settled and len(self._held) >= _CHUNK:
                for event in self._samples():
                    yield event
            if now >= health_ns:
                health_ns = now + round(_HEALTH_S * 1e9)
                wired = self._decoder
                yield LinkHealth(self.device, now, wired.frames, 0, wired.dropped_bytes, wired.lost_frames)

    def _samples(self) -> list[DeviceEvent]:
        held, self._held = self._held, []
        events: list[DeviceEvent] = []
        start = 0
        for at in range(1, len(held) + 1):
            if at < len(held) and not held[at][1].missed:
                continue
            events += self._run(held[start:at])
            start = at
        return events

    def _run(self, run: list[tuple[int, wire.Frame]]) -> list[DeviceEvent]:
        first, head = run[0]
        events: list[DeviceEvent] = []
        if head.missed:
            lost_ns = self._at_ns(first - head.missed)
            events.append(Gap(self.device, Channel.PPG, lost_ns, self._at_ns(first), head.missed))
        pleth = [float(frame.pleth) if frame.contact else np.nan for _, frame in run]
        events.append(self._piece(Channel.PPG, first, wire.RATE_HZ, pleth))
        for index, frame in run:
            if index % _FRAMES_PER_S == 0:
                second = index // _FRAMES_PER_S
                known = frame.contact
                for channel, value in (
                    (Channel.SPO2, frame.spo2_percent),
                    (Channel.PULSE_RATE, frame.pulse_rate_per_min),
                ):
                    events.append(
                        self._piece(channel, second, 1.0, [float(value) if known and value is not None else np.nan])
                    )
        return events

    def _piece(self, channel: Channel, first: int, rate_hz: float, values: list[float]) -> Samples:
        start_ns = self._timebase.at_ns(first / rate_hz)
        return Samples(self.device, channel, start_ns, rate_hz, np.array(values), first, epoch=self.epoch)

    def _at_ns(self, index: int) -> int:
        return self._timebase.at_ns(index / wire.RATE_HZ)

    # command

    async def command(self, command: ChairCommand) -> None:
        """An oximeter takes no commands.

        Raises:
            CommandRefused: always.
        """
        raise CommandRefused(
            self.port, self.device, Refusal.NOT_FITTED, f"send {type(command).__name__} to a chair, not to an oximeter"
        )
