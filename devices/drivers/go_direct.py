"""Vernier Go Direct respiration belt: identify, open, stream, command.

It gives the force on the belt, in newton, ten times a second. Its own respiration rate is not taken: ours is computed
from the force and carries its quality. Commands are answered one by one; the battery is asked now and then amid the
measurements.
"""

import asyncio
import math
from collections import deque
from statistics import median

from devices.clock import Clock
from devices.errors import NoAnswer, WrongDevice
from devices.events import Identity
from devices.links.link import Notification, gatt_link
from devices.protocols import go_direct as wire
from devices.sensor import GattSensor
from signals.samples import Channel

PERIOD_US = 100_000
ANSWER_S = 3.0
STOP_S = 0.8
BATTERY_EVERY_S = 60.0
_KEPT = 40


class RespirationBelt(GattSensor):
    """One belt."""

    silence_s = 3.0

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, gatt_link(port, device, clock))
        self._decoder = wire.Decoder()
        self._counter = wire.FIRST_COUNTER
        self._answers: dict[int, wire.Answer] = {}
        self._rate_hz = 1e6 / PERIOD_US
        self._index = 0
        self._late_s: deque[float] = deque(maxlen=_KEPT)
        self._ask_battery_ns = 0
        self._measuring = self._talks = False

    # identify

    async def identify(self) -> Identity:
        """Greet it, and ask what it is.

        Raises:
            WrongDevice: no Go Direct device, or not a belt.
            NoAnswer: it does not answer.
            PortLost: the connection broke off.
        """
        if not (self.link.has(wire.COMMAND) and self.link.has(wire.RESPONSE)):
            raise WrongDevice(self.port, self.device, f"{self.link.name or 'it'} is no Go Direct device")
        await self.link.listen(wire.RESPONSE)
        await self._ask(wire.INIT, wire.init()[5:])
        status = wire.decode_status(await self._ask(wire.STATUS))
        device = wire.decode_device(await self._ask(wire.DEVICE))
        if status is None or device is None:
            raise WrongDevice(self.port, self.device, "its answers are not those of a Go Direct device")
        if not device.order_code.startswith(wire.BELT):
            remedy = "use a respiration belt (GDX-RB)"
            raise WrongDevice(self.port, self.device, f"it is a {device.order_code or 'nameless device'}", remedy)
        self.battery_percent = status.battery_percent
        rates = ((Channel.RESPIRATION, self._rate_hz),)
        return Identity("Vernier", device.order_code, device.serial, status.firmware, channels=rates)

    # open

    async def open(self) -> None:
        """Choose the force and its period, and start.

        Raises:
            WrongDevice: channel 1 is not a force.
            NoAnswer: it does not answer.
        """
        info = wire.decode_channel(await self._ask(wire.CHANNEL, bytes((wire.FORCE,))))
        if info is None or info.unit != "N":
            what = "none" if info is None else f"{info.description} in {info.unit}"
            raise WrongDevice(self.port, self.device, f"its first channel is {what}, not a force")
        if self._talks:
            await self._ask(wire.STOP, wire.STOP_ALL)
        period_us = _period_us(info)
        self._rate_hz = 1e6 / period_us
        self._ask_battery_ns = self.clock.now_ns() + round(BATTERY_EVERY_S * 1e9)
        await self._ask(wire.PERIOD, wire.period(period_us))
        self._measuring = True
        await self._ask(wire.START, wire.start(1 << wire.FORCE))

    async def close(self) -> None:
        """Stop it and say good-bye, so that it can go to sleep."""
        if self._measuring:
            self._measuring = False
            await self._ask(wire.STOP, wire.STOP_ALL, within_s=STOP_S)
        await self._send(wire.DISCONNECT)

    async def _ask(self, code: int, parameters: bytes = b"", *, within_s: float = ANSWER_S) -> bytes:
        """Send a command; the payload of its answer.

        Raises:
            NoAnswer: none came.
            PortLost: the connection broke off.
        """
        counter = await self._send(code, parameters)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(within_s, min(within_s, 1.0))
        while (answer := self._answers.pop(counter, None)) is None or answer.code != code:
            if (left := until - loop.time()) <= 0:
                raise NoAnswer(self.port, self.device, f"to command {code:02x}", "switch the belt off and on")
            await self._pull(left)
        return answer.payload

    async def _send(self, code: int, parameters: bytes = b"") -> int:
        """Send a command; its counter."""
        counter = wire.FIRST_COUNTER if code == wire.INIT else self._counter
        self._counter = (counter - 1) % 256
        for piece in wire.pieces(wire.command(code, counter, parameters)):
            await self.link.write(wire.COMMAND, piece, response=False)
        return counter

    # stream

    async def tend(self, now_ns: int) -> None:
        """The battery is asked now and then; the answer comes amid the measurements."""
        if now_ns >= self._ask_battery_ns:
            self._ask_battery_ns = now_ns + round(BATTERY_EVERY_S * 1e9)
            await self._send(wire.STATUS)

    def take(self, notification: Notification) -> bool:
        dropped = self._decoder.dropped_bytes
        for heard in self._decoder.feed(notification.data):
            if isinstance(heard, wire.Answer):
                self._hear(heard)
            else:
                self._measure(heard, notification.arrival_ns)
        return self._decoder.dropped_bytes == dropped

    def _hear(self, answer: wire.Answer) -> None:
        status = wire.decode_status(answer.payload) if answer.code == wire.STATUS else None
        if status is not None:
            self.battery_percent = status.battery_percent
        self._answers = {answer.counter: answer}  # one question at a time

    def _measure(self, told: wire.Measurement, arrival_ns: int) -> None:
        values = told.values.get(wire.FORCE)
        self._talks = True
        if not values or not self._measuring:
            return
        missed = self._missed(told, len(values), arrival_ns / 1e9)
        self.lost += missed
        self._index += missed
        self.streams.put(Channel.RESPIRATION, self._rate_hz, self._index, values)
        self._index += len(values)
        self.streams.arrived(self._index / self._rate_hz, arrival_ns)

    def _missed(self, told: wire.Measurement, count: int, arrival_s: float) -> int:
        """Values lost before these: by the counter, if so much time has passed; dropped ones by the time alone."""
        late_s = arrival_s - (self._index + count) / self._rate_hz
        missed = 0
        if self._late_s:
            passed = (late_s - median(self._late_s)) * self._rate_hz
            if told.dropped:
                missed = max(told.missed * count, math.floor(passed + 0.5), 1)
            elif told.missed * count <= passed + count + 1:
                missed = told.missed * count
        self._late_s.append(late_s - missed / self._rate_hz)
        return missed

    # command: none


def _period_us(info: wire.ChannelInfo) -> int:
    """100 ms, or the next longer one that it can."""
    step_us = max(1, info.step_us)
    return step_us * -(-max(PERIOD_US, info.least_period_us) // step_us)
