"""Shimmer3 GSR+ with LogAndStream firmware: identify, open, stream, command.

Skin conductance and the pulse wave of an optical probe on the finger or the ear, 128 Hz, timed by the device's own
timestamps. It goes on streaming when the host has gone, so it is stopped before anything is asked. Its commands are
each acknowledged; one that is not ends the attempt.
"""

import asyncio

from devices.clock import Clock
from devices.drivers.hush import hush
from devices.drivers.lithium import percent
from devices.errors import NoAnswer, PortLost, WrongDevice
from devices.events import Identity
from devices.links.link import byte_link
from devices.protocols import shimmer as wire
from devices.sensor import ByteSensor
from signals.samples import Channel

RATE_HZ = 128.0
DIVISOR = round(wire.CLOCK_HZ / RATE_HZ)
ANSWER_S = 2.0
BATTERY_EVERY_S = 60.0
_MOST = 4096
_MEASURED = (wire.PPG, wire.GSR)


class Shimmer(ByteSensor):
    """One Shimmer3 GSR+."""

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        self._decoder = wire.Decoder(_MEASURED, DIVISOR)
        super().__init__(device, port, clock, byte_link(port, device, baud=wire.BAUD), self._decoder)
        self._at_gsr = self._at_ppg = 0
        self._origin: int | None = None
        self._ask_battery_ns = 0

    # identify

    async def identify(self) -> Identity:
        """Stop it, should it still be streaming to somebody who has gone, and ask what it is.

        Raises:
            NoAnswer: silence.
            WrongDevice: it answers otherwise, is another generation, or has other firmware.
        """
        if not await hush(self.link, wire.STOP):
            raise WrongDevice(self.port, self.device, "it goes on talking, a Shimmer would have stopped")
        hardware = wire.decode_hardware(await self._ask(wire.HARDWARE, 2))
        firmware = wire.decode_firmware(await self._ask(wire.FIRMWARE, 7))
        if hardware != wire.SHIMMER3 or firmware is None:
            raise WrongDevice(self.port, self.device, f"a Shimmer of hardware {hardware}, this driver knows Shimmer3")
        version = ".".join(map(str, firmware.version))
        if firmware.kind != wire.LOG_AND_STREAM or firmware.version < wire.WITH_U24:
            remedy = "load LogAndStream 0.5.4 or later onto it with Consensys"
            raise WrongDevice(self.port, self.device, f"its firmware is kind {firmware.kind}, {version}", remedy)
        self._note_battery(wire.decode_battery(await self._ask(wire.BATTERY, 5)))
        rates = ((Channel.SKIN_CONDUCTANCE, RATE_HZ), (Channel.PPG, RATE_HZ))
        return Identity("Shimmer", "Shimmer3 GSR+", "", version, channels=rates)

    async def _ask(self, command: bytes, answer_bytes: int = 0) -> bytes:
        """Send a command; what follows its acknowledgement, at least so many bytes.

        Raises:
            NoAnswer: silence.
            WrongDevice: no acknowledgement.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(ANSWER_S, 0.5)
        self.link.write(command)
        heard = b""
        while len(heard) < 1 + answer_bytes and (left := until - loop.time()) > 0:
            heard += await self.link.read(left)
            if heard and not heard.startswith(wire.ACK):
                raise WrongDevice(self.port, self.device, "what it answers is not a Shimmer's acknowledgement")
        if len(heard) < 1 + answer_bytes:
            what = f"command {command.hex()}" if heard else ""
            raise NoAnswer(self.port, self.device, what, "switch it on, take it out of its dock, and pair it first")
        return heard[1:]

    # open

    async def open(self) -> None:
        """Set rate, sensors, automatic range and the probe's power; believe what it then says of its packets; start.

        Raises:
            NoAnswer: a command is not acknowledged.
            WrongDevice: it would send other channels.
        """
        for setting in (wire.set_rate(DIVISOR), wire.SENSORS_GSR_AND_PPG, wire.RANGE_AUTO, wire.POWER_ON):
            await self._ask(setting)
        inquiry = wire.decode_inquiry(await self._ask(wire.INQUIRY, 9 + len(_MEASURED)))
        if inquiry is None or inquiry.divisor != DIVISOR or set(inquiry.channels) != set(_MEASURED):
            ids = "none" if inquiry is None else " ".join(f"{channel:02x}" for channel in inquiry.channels)
            remedy = "this driver needs a GSR+ unit; look at its settings with Consensys"
            raise WrongDevice(self.port, self.device, f"it sends the channels {ids}", remedy)
        self._at_gsr, self._at_ppg = inquiry.channels.index(wire.GSR), inquiry.channels.index(wire.PPG)
        self.decoder = self._decoder = wire.Decoder(inquiry.channels, inquiry.divisor)
        self._origin = None
        self._ask_battery_ns = self.clock.now_ns() + round(BATTERY_EVERY_S * 1e9)
        first = await self._ask(wire.START)
        self.take(first, self.clock.now_ns())

    async def close(self) -> None:
        """Stop it. The link is kept until it is silent: a stop that still waits in the adapter would be lost."""
        if not await hush(self.link, wire.STOP):
            raise PortLost(self.port, self.device, "it goes on sending")

    # stream

    async def tend(self, now_ns: int) -> None:
        """The battery is asked now and then; the answer comes amid the packets."""
        if now_ns >= self._ask_battery_ns:
            self._ask_battery_ns = now_ns + round(BATTERY_EVERY_S * 1e9)
            self.link.write(wire.BATTERY)

    def take(self, data: bytes, arrival_ns: int) -> bool:
        ticks = None
        for heard in self._decoder.feed(data):
            if isinstance(heard, wire.Told):
                self._note_battery(heard.battery)
                continue
            ticks = heard.ticks
            if self._origin is None:
                self._origin = ticks
            index = round((ticks - self._origin) / DIVISOR)
            conductance = wire.conductance_us(heard.values[self._at_gsr])
            self.streams.put(Channel.SKIN_CONDUCTANCE, RATE_HZ, index, [conductance])
            self.streams.put(Channel.PPG, RATE_HZ, index, [float(heard.values[self._at_ppg])])
        if ticks is None or self._origin is None:
            return False
        self.streams.arrived((ticks - self._origin) / wire.CLOCK_HZ, arrival_ns)
        return True

    def _note_battery(self, count: int | None) -> None:
        if count:
            self.battery_percent = percent(wire.battery_v(count))

    # command: none
