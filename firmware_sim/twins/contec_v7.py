"""The twin of `devices/drivers/contec_v7.py`: a Contec that sends when asked, 30 s at a time. Sans-IO."""

from devices.protocols import contec_v7 as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, seat_of
from firmware_sim.person import Person
from firmware_sim.seat import Seat

_FINGER_OUT = wire.encode(wire.Frame(0, None, None, strength=0, finger_out=True))
_COMMAND_BYTES = 9


class ContecV7Firmware(FingerFirmware):
    """60 frames a second while it is asked to.

    Attributes:
        until_s: it sends until then.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, wire.RATE_HZ, wire.MOST_PLETH)
        self.until_s = float("-inf")
        self._heard = b""

    def hear(self, data: bytes, at_s: float) -> None:
        self.advance(at_s)
        self._heard = (self._heard + data)[-64:]
        while (at := self._heard.find(wire.START[:2])) >= 0 and len(self._heard) >= at + _COMMAND_BYTES:
            command, self._heard = self._heard[at : at + _COMMAND_BYTES], self._heard[at + _COMMAND_BYTES :]
            if command == wire.START or (command == wire.KEEP_ALIVE and self.sends(at_s)):
                self.until_s = at_s + wire.STOPS_AFTER_S
            elif command == wire.STOP:
                self.until_s = float("-inf")

    def sends(self, at_s: float) -> bool:
        return at_s < self.until_s

    def frame(self, moment: Moment) -> bytes:
        if not moment.touches:
            return _FINGER_OUT
        return wire.encode(
            wire.Frame(
                moment.pleth,
                moment.pulse_rate_per_min,
                moment.spo2_percent,
                perfusion_percent=4.2,
                bar=moment.pleth * 15 // wire.MOST_PLETH,
                beat=moment.beat,
                searching=moment.pulse_rate_per_min is None,
            )
        )


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ContecV7Firmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = ContecV7Firmware(seat_of(device, person, wire.RATE_HZ))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
