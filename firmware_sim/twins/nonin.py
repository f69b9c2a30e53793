"""The twin of `devices/drivers/nonin.py`: a Nonin module that talks all the time. Sans-IO; `twin.py` runs it."""

from devices.protocols import nonin as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, seat_of
from firmware_sim.person import Person
from firmware_sim.seat import Seat


class NoninFirmware(FingerFirmware):
    """75 frames a second, 25 to a packet."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, wire.RATE_HZ, wire.MOST_PLETH)

    def frame(self, moment: Moment) -> bytes:
        touches = moment.touches
        rate, spo2 = (moment.pulse_rate_per_min, moment.spo2_percent) if touches else (None, None)
        frame = wire.Frame(moment.pleth if touches else 0, rate, spo2, no_finger=not touches)
        return wire.encode(frame, moment.number % wire.PACKET_FRAMES)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> NoninFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = NoninFirmware(seat_of(device, person, wire.RATE_HZ))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
