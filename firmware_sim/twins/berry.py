"""The twin of `devices/drivers/berry.py`: a finger oximeter that talks all the time. Sans-IO; `twin.py` runs it."""

from devices.protocols import berry as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, seat_of
from firmware_sim.person import Person
from firmware_sim.seat import Seat

_NO_FINGER = wire.encode(wire.Frame(0, None, None, strength=0, no_signal=True, no_finger=True))


class BerryFirmware(FingerFirmware):
    """100 frames a second."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, wire.RATE_HZ, 100)

    def frame(self, moment: Moment) -> bytes:
        if not moment.touches:
            return _NO_FINGER
        bar = moment.pleth * 15 // 100
        return wire.encode(
            wire.Frame(moment.pleth, moment.pulse_rate_per_min, moment.spo2_percent, bar=bar, beat=moment.beat)
        )


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> BerryFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = BerryFirmware(seat_of(device, person, wire.RATE_HZ))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
