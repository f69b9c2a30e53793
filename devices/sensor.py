"""What every sensor driver is built on: identify, open, stream, command, in this order, always.

A driver says how its device is recognised (`identify`), how it is set going and stopped (`open`, `close`), and what the
bytes mean (`take`). Connecting, time, health and the clean stop on every way out are here, once.
`docs/devices/adding-a-device.md` walks through a driver; `devices/drivers/berry.py` is the shortest one.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from devices.clock import Clock
from devices.errors import CommandRefused, DeviceError
from devices.events import ChairCommand, DeviceEvent, Identity, LinkHealth
from devices.interlocks import Refusal
from devices.links.link import ByteLink, GattLink, Link, Notification
from devices.protocols.decoder import Decoder
from devices.streams import Streams

log = logging.getLogger(__name__)

HEALTH_S = 1.0
SETTLE_S = 1.0
_LOOK_S = 0.25
CLOSE_WITHIN_S = 2.0


class Sensor(ABC):
    """One sensor on one link. An async context manager; inside it `identity` and `events()`.

    Attributes:
        silence_s: how long it may say nothing before it counts as lost; more where the device speaks seldom.
        epoch: put into every `Samples`; the supervisor counts it up per connection, before the context is entered.
        identity: who answered (known inside the context).
        heard_ns: when the last good frame came.
        battery_percent: as the device last said, or None.
        out: events that wait to be handed out, for what is not a sample.
    """

    silence_s = 1.5

    def __init__(self, device: str, port: str, clock: Clock, link: Link) -> None:
        self.device, self.port, self.clock = device, port, clock
        self.epoch = 0
        self.heard_ns = 0
        self.identity = Identity("", "", "", "")
        self.battery_percent: int | None = None
        self.out: list[DeviceEvent] = []
        self.streams = Streams(device, port, settle_s=clock.settle_s(SETTLE_S))
        self._link = link

    # identify

    @abstractmethod
    async def identify(self) -> Identity:
        """Find out who is there, without changing anything there.

        Raises:
            NoAnswer: silence.
            WrongDevice: something else is there.
        """

    # open

    async def open(self) -> None:  # noqa: B027 - many talk unasked
        """Set the device going."""

    async def close(self) -> None:  # noqa: B027 - the same
        """Stop what `open` began: a sensor must not stay on when nobody listens. Called on every way out."""

    async def __aenter__(self) -> Self:
        self.streams.epoch = self.epoch
        await self._link.__aenter__()
        try:
            self.identity = await self.identify()
            await self.open()
        except BaseException:
            await self._leave()
            raise
        self.heard_ns = self.clock.now_ns()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        """Stop it and hang up, also when we are cancelled (again) meanwhile; never longer than a few seconds."""
        leaving = asyncio.create_task(self._stop_and_hang_up(), name=f"leaving {self.device}")
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:
            await asyncio.wait([leaving])
            raise

    async def _stop_and_hang_up(self) -> None:
        try:
            with contextlib.suppress(DeviceError, TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self.close()
        except Exception:
            log.exception("%s: the driver failed to stop it", self.device)
        finally:
            await self._link.__aexit__(None, None, None)

    # stream

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """Everything that the sensor says, until the connection is lost.

        Raises:
            PortLost: the connection broke off.
        """
        health_ns = 0
        while True:
            await self._pull(self.clock.real_s(_LOOK_S))
            now_ns = self.clock.now_ns()
            for event in self._waiting():
                yield event
            if now_ns >= health_ns:
                health_ns = now_ns + round(HEALTH_S * 1e9)
                yield self.health(now_ns)
            await self.tend(now_ns)

    def _waiting(self) -> list[DeviceEvent]:
        out, self.out = self.out, []
        return out + self.streams.events()

    async def tend(self, now_ns: int) -> None:  # noqa: B027 - few need it
        """Called a few times a second: what the device needs to hear from time to time."""

    @abstractmethod
    async def _pull(self, within_s: float) -> None:
        """Wait for the link and take what came."""

    @abstractmethod
    def health(self, now_ns: int) -> LinkHealth:
        """How the link is."""

    def _health(self, now_ns: int, frames: int, crc_errors: int, dropped_bytes: int, lost_frames: int) -> LinkHealth:
        return LinkHealth(
            self.device,
            now_ns,
            frames,
            crc_errors,
            dropped_bytes,
            lost_frames,
            heard_ns=self.heard_ns,
            battery_percent=self.battery_percent,
            rssi_dbm=self._link.rssi_dbm,
        )

    # command

    async def command(self, command: ChairCommand) -> None:
        """A sensor takes no commands.

        Raises:
            CommandRefused: always.
        """
        what = type(command).__name__
        raise CommandRefused(self.port, self.device, Refusal.NOT_FITTED, f"send {what} to a chair, not to a sensor")


class ByteSensor(Sensor):
    """A sensor that talks in a stream of bytes.

    Attributes:
        decoder: reads the stream; its counters are the health of the link.
    """

    def __init__(self, device: str, port: str, clock: Clock, link: ByteLink, decoder: Decoder) -> None:
        super().__init__(device, port, clock, link)
        self.link, self.decoder = link, decoder

    @abstractmethod
    def take(self, data: bytes, arrival_ns: int) -> bool:
        """Bytes have arrived: decode them, `put` what they say. Returns whether a good frame was among them."""

    async def _pull(self, within_s: float) -> None:
        data = await self.link.read(within_s)
        now_ns = self.clock.now_ns()
        if data and self.take(data, now_ns):
            self.heard_ns = now_ns

    def health(self, now_ns: int) -> LinkHealth:
        wired = self.decoder
        return self._health(now_ns, wired.frames, wired.crc_errors, wired.dropped_bytes, wired.lost_frames)


class GattSensor(Sensor):
    """A sensor that talks in named values over BLE.

    Attributes:
        good, malformed_bytes, lost: counters that a driver keeps: good values, bytes of values that could not be
            read, values that are missing by the device's own count.
    """

    silence_s = 5.0

    def __init__(self, device: str, port: str, clock: Clock, link: GattLink) -> None:
        super().__init__(device, port, clock, link)
        self.link = link
        self.good = self.malformed_bytes = self.lost = 0

    @abstractmethod
    def take(self, notification: Notification) -> bool:
        """A value has arrived: decode it, `put` what it says. Returns whether it was a good one."""

    async def _pull(self, within_s: float) -> None:
        wait_s = within_s
        while (notification := await self.link.next(wait_s)) is not None:
            wait_s = 0.0
            if self.take(notification):
                self.good += 1
                self.heard_ns = notification.arrival_ns
            else:
                self.malformed_bytes += len(notification.data)

    def health(self, now_ns: int) -> LinkHealth:
        return self._health(now_ns, self.good, 0, self.malformed_bytes, self.lost + self.link.dropped)
