"""The twin of `devices/drivers/contec.py`: an old Contec that talks all the time. Sans-IO; `twin.py` runs it."""

from devices.protocols import contec as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, seat_of
from firmware_sim.person import Person
from firmware_sim.seat import Seat

_FINGER_OUT = wire.encode(wire.Frame(0, None, None, strength=0, finger_out=True))


class ContecFirmware(FingerFirmware):
    """60 frames a second."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, wire.RATE_HZ, wire.MOST_PLETH)

    def frame(self, moment: Moment) -> bytes:
        if not moment.touches:
            return _FINGER_OUT
        bar = moment.pleth * 15 // wire.MOST_PLETH
        searching = moment.pulse_rate_per_min is None
        return wire.encode(
            wire.Frame(
                moment.pleth,
                moment.pulse_rate_per_min,
                moment.spo2_percent,
                bar=bar,
                beat=moment.beat,
                searching=searching,
            )
        )


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ContecFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = ContecFirmware(seat_of(device, person, wire.RATE_HZ))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
