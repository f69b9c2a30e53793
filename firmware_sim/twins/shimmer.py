"""The twin of `devices/drivers/shimmer.py`: a Shimmer3 GSR+ with an optical probe. Sans-IO; `twin.py` runs it.

It acknowledges what it knows and keeps silent about the rest, as LogAndStream does; it is set to its accelerometer at
first, and goes on streaming to nobody until it is told to stop. The GSR circuit takes the range that fits. Hands:
"battery" (volts).
"""

import math
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from devices.protocols import shimmer as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.person import Person
from firmware_sim.replay import ReplayError
from firmware_sim.seat import Seat
from firmware_sim.twin import SensorFirmware

VERSION = (0, 16, 9)
_ARGUMENTS = {0x05: 2, 0x08: 3, 0x21: 1, 0x5E: 1}
_QUESTIONS = {*wire.INQUIRY, *wire.HARDWARE, *wire.FIRMWARE, *wire.STATUS, *wire.BATTERY}
_ACCELEROMETER, _GSR, _PPG = 1 << 7, 1 << 2, 1 << 8
_CHANNELS = ((_ACCELEROMETER, (0x00, 0x01, 0x02)), (_PPG, (wire.PPG,)), (_GSR, (wire.GSR,)))
"""In the order in which the firmware packs them."""
_UP_TO_KOHM = (63.0, 220.0, 680.0)
_OPEN = 3 << 14 | 668
_AT_REST, _DARK = 2048, 1100


class ShimmerFirmware(SensorFirmware):
    """One unit. Times are seconds of the device's own clock.

    Attributes:
        streaming: it sends.
        divisor, sensors, gsr_range, probe_powered: how it is set.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.streaming = False
        self.divisor, self.sensors, self.gsr_range = 640, _ACCELEROMETER, 0
        self.probe_powered = False
        self._battery_v = 3.9
        self._heard = b""
        self._first = self._sent = 0

    @property
    def channels(self) -> tuple[int, ...]:
        return tuple(channel for bit, channels in _CHANNELS if self.sensors & bit for channel in channels)

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        super().sit(at_s)

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        super().stand(at_s)

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"volts": float(volts)}:
                self._battery_v = volts
            case _:
                return False
        return True

    def hear(self, data: bytes, at_s: float) -> None:
        self.advance(at_s)
        self._heard += data
        while self._heard:
            size = 1 + _ARGUMENTS.get(self._heard[0], 0)
            if len(self._heard) < size:
                return
            command, self._heard = self._heard[:size], self._heard[size:]
            self._obey(command, at_s)

    def _obey(self, command: bytes, at_s: float) -> None:
        code, argument = command[0], int.from_bytes(command[1:], "little")
        if code in _QUESTIONS:
            self._out.append(wire.ACK + self._answer(code))
            return
        match code:
            case 0x05:
                self.divisor = max(1, argument)
            case 0x08:
                self.sensors = argument
            case 0x21:
                self.gsr_range = argument
            case 0x5E:
                self.probe_powered = bool(argument)
            case 0x07:
                self.streaming, self._sent = True, 0
                self._first = math.ceil(at_s * wire.CLOCK_HZ)
            case 0x20:
                self.streaming = False
            case _:
                return
        self._out.append(wire.ACK)

    def _answer(self, code: int) -> bytes:
        match code:
            case 0x01:
                return wire.encode_inquiry(wire.Inquiry(self.divisor, self.channels))
            case 0x3F:
                return bytes((0x25, wire.SHIMMER3))
            case 0x2E:
                return struct.pack("<BHHBB", 0x2F, wire.LOG_AND_STREAM, *VERSION)
            case 0x72:
                return bytes((0x8A, 0x71, self.streaming << 4))
            case _:
                return struct.pack("<BBHB", 0x8A, 0x94, round(self._battery_v / 1.988 * 4095 / 3), 0)

    def advance(self, at_s: float) -> None:
        if self.streaming:
            due = max(0, math.floor((at_s * wire.CLOCK_HZ - self._first) / self.divisor) + 1) - self._sent
            if due > 0:
                self._send(due)
        if self.seat.over(at_s):
            self.seat.stand()

    def _send(self, due: int) -> None:
        ticks = self._first + (self._sent + np.arange(due)) * self.divisor
        t_s = ticks / wire.CLOCK_HZ
        columns = [self._values(channel, t_s).tolist() for channel in self.channels]
        self._sent += due
        for at, values in enumerate(zip(*columns, strict=True)):
            self._out.append(wire.encode(wire.Packet(int(ticks[at]), values), self.channels))

    def _values(self, channel: int, t_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """What a channel reads [n]."""
        if channel == wire.GSR:
            skin_us, touches = self.seat.measure("skin_conductance", self._sent, t_s)
            return np.array([self._gsr(us) if on else _OPEN for us, on in zip(skin_us, touches, strict=True)])
        if channel == wire.PPG:
            pulse, touches = self.seat.measure("ppg", self._sent, t_s)
            seen = touches & self.probe_powered
            return np.where(seen, np.clip(1500 + 900 * pulse, 0, 4095), _DARK).astype(np.int64)
        return np.full(len(t_s), _AT_REST)

    def _gsr(self, skin_us: float) -> int:
        """Range and count that the circuit gives for this conductance."""
        if skin_us <= 0:
            return _OPEN
        ohms = 1e3 / skin_us
        automatic = sum(ohms > limit for limit in _UP_TO_KOHM)
        of = automatic if self.gsr_range > 3 else self.gsr_range
        count = round((wire.REFERENCE_KOHM[of] / ohms + 1) * 4095 / 6)
        return of << 14 | min(4095, count)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ShimmerFirmware:
    """The unit that `device` describes, on the hand of `person`.

    Raises:
        ReplayError: asked to play a recording; none of skin conductance and pulse wave together is known.
    """
    if device.replay is not None:
        raise ReplayError(f"{device.id}: a Shimmer cannot play a recording; give it to a chair or an oximeter")
    firmware = ShimmerFirmware(Seat(person))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
