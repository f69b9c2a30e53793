"""The twin of `devices/drivers/go_direct.py`: a Vernier Go Direct respiration belt. Sans-IO; `air.py` runs it.

It obeys nothing before it has been greeted, and ignores a command whose sum or counter is wrong (and says so in its
status). Answers come in pieces of 20 bytes, as over the smallest connection; two values in a packet. It goes on
measuring when the host leaves without a word. Hands: "battery" (percent), "drop" (count: so many values are dropped and
reported, as when its memory is full).
"""

import math
from collections.abc import Mapping

import numpy as np

from devices.protocols import go_direct as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.gatt import Characteristic, GattSensorFirmware, Peripheral, Service
from firmware_sim.person import Person
from firmware_sim.replay import ReplayError
from firmware_sim.seat import Seat

ORDER_CODE = wire.BELT
CHANNELS = {
    1: wire.ChannelInfo(1, "Force", "N", 10_000, 100_000, 1_000),
    2: wire.ChannelInfo(2, "Respiration Rate", "bpm", 1_000_000, 10_000_000, 1_000_000),
    4: wire.ChannelInfo(4, "Steps", "steps", 1_000_000, 1_000_000, 1_000_000),
    5: wire.ChannelInfo(5, "Step Rate", "spm", 1_000_000, 10_000_000, 1_000_000),
}
IGNORED = 0x02
_IN_PACKET = 2
_SNUG_N, _BREATH_N, _SLACK_N = 7.0, 2.5, -0.53


class BeltFirmware(GattSensorFirmware):
    """One belt. Times are seconds of the device's own clock.

    Attributes:
        measuring: it sends.
        greeted: it has been, since it was last left.
        ignored: commands that came with a wrong sum or counter, or before the greeting.
    """

    def __init__(self, seat: Seat, shown: Peripheral, serial: str) -> None:
        super().__init__(seat, shown)
        self.measuring = self.greeted = False
        self.ignored = 0
        self._serial = serial
        self._heard = b""
        self._next = wire.FIRST_COUNTER
        self._said = 0
        self._battery = 88
        self._period_s, self._since_s = 0.1, 0.0
        self._channels = 0
        self._measured = self._to_drop = 0

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"percent": int(percent)}:
                self._battery = max(0, min(100, percent))
            case "drop", {"count": int(count)}:
                self._to_drop += count
            case _:
                return False
        return True

    def left(self, at_s: float) -> None:
        super().left(at_s)
        self.greeted = False
        self._heard = b""

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        super().sit(at_s)

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        super().stand(at_s)

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        if uuid != wire.COMMAND:
            return
        self.advance(at_s)
        self._heard += data
        if len(self._heard) < 2 or len(self._heard) < self._heard[1]:
            return
        packet, self._heard = self._heard, b""
        if len(packet) != packet[1] or len(packet) < 5 or packet[0] != 0x58 or packet[3] != wire.checksum(packet):
            self.ignored += 1
            return
        code, counter = packet[4], packet[2]
        if code == wire.INIT and packet == wire.init(counter):
            self.greeted, self._next, self._said = True, counter, 0
        if not self.greeted or counter != self._next:
            self.ignored += 1
            return
        self._next = (counter - 1) % 256
        payload = self._obey(code, packet[5:], at_s)
        if payload is not None:
            self._say(wire.encode_answer(wire.Answer(code, counter, payload), self._count()))

    def _count(self) -> int:
        self._said = (self._said + 1) % 256
        return self._said

    def _say(self, packet: bytes) -> None:
        for piece in wire.pieces(packet):
            self.tell(wire.RESPONSE, piece)

    def _obey(self, code: int, parameters: bytes, at_s: float) -> bytes | None:
        """The payload of the answer; None: it has none."""
        match code:
            case wire.STATUS:
                return wire.encode_status(wire.Status("1.9.5", self._battery, IGNORED if self.ignored else 0))
            case wire.DEVICE:
                return wire.encode_device(wire.Device(ORDER_CODE, self._serial, self.peripheral.name))
            case wire.CHANNELS:
                return sum(1 << number for number in CHANNELS).to_bytes(4, "little")
            case wire.CHANNEL if len(parameters) == 1 and parameters[0] in CHANNELS:
                return wire.encode_channel(CHANNELS[parameters[0]])
            case wire.PERIOD if len(parameters) == 10:
                self._period_s = max(0.01, int.from_bytes(parameters[2:], "little") / 1e6)
            case wire.START if len(parameters) == 14:
                self._channels = int.from_bytes(parameters[2:6], "little")
                self.measuring, self._since_s, self._measured = True, at_s, 0
            case wire.STOP:
                self.measuring = False
            case wire.DISCONNECT:
                self.measuring = self.greeted = False
                return None
            case wire.INIT:
                pass
            case _:
                self.ignored += 1
                return None
        return b"\0"

    def advance(self, at_s: float) -> None:
        if not self.measuring:
            return
        while (self._since_s + (self._measured + _IN_PACKET) * self._period_s) <= at_s + 1e-9:
            t_s = self._since_s + (self._measured + 1 + np.arange(_IN_PACKET)) * self._period_s
            self._measured += _IN_PACKET
            force = self._force(t_s)
            if self._to_drop > 0:
                self._to_drop -= _IN_PACKET
                if self._to_drop <= 0:
                    self._say(wire.encode_dropped(self._count()))
                continue
            values = {
                number: force if number == wire.FORCE else (math.nan,) * _IN_PACKET
                for number in CHANNELS
                if self._channels >> number & 1
            }
            if values:
                self._say(wire.encode_measurement(values, self._count()))

    def _force(self, t_s: np.ndarray) -> tuple[float, ...]:
        breath, touches = self.seat.measure("respiration", self._measured, t_s)
        return tuple(np.where(touches, _SNUG_N + _BREATH_N * breath, _SLACK_N).tolist())


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> BeltFirmware:
    """The belt that `device` describes, around `person`.

    Raises:
        ReplayError: asked to play a recording.
    """
    if device.replay is not None:
        raise ReplayError(f"{device.id}: a belt cannot play a recording; give it to a chair or an oximeter")
    service = Service(
        wire.SERVICE,
        (
            Characteristic(wire.COMMAND, ("write", "write-without-response")),
            Characteristic(wire.RESPONSE, ("notify",)),
        ),
    )
    shown = Peripheral(f"{ORDER_CODE} {device.id}", (wire.SERVICE,), (service,))
    firmware = BeltFirmware(Seat(person), shown, device.id)
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
