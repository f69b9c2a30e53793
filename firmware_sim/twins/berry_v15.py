"""The twin of `devices/drivers/berry_v15.py`: an oximeter that numbers its frames. Sans-IO; `twin.py` runs it.

Hands: "battery" (percent), "sum" (on: false, and it sends wrong check sums, as some units do).
"""

from collections.abc import Mapping

from devices.protocols import berry_v15 as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, seat_of
from firmware_sim.person import Person
from firmware_sim.seat import Seat

RATE_HZ = 200


class BerryV15Firmware(FingerFirmware):
    """200 frames a second."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, RATE_HZ, wire.MOST_PLETH)
        self._battery_percent = 90
        self._right_sum = True
        self._last_beat: int | None = None
        self._interval_ms: int | None = None

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"percent": int(percent)}:
                self._battery_percent = max(0, min(100, percent))
            case "sum", _:
                self._right_sum = bool(fields.get("on", True))
            case _:
                return False
        return True

    def frame(self, moment: Moment) -> bytes:
        if not moment.touches:
            self._last_beat = self._interval_ms = None
        elif moment.beat:
            if self._last_beat is not None:
                self._interval_ms = (moment.number - self._last_beat) * 1000 // RATE_HZ
            self._last_beat = moment.number
        frame = wire.Frame(
            moment.number & 0xFF,
            moment.pleth if moment.touches else 0,
            moment.pulse_rate_per_min,
            moment.spo2_percent,
            self._interval_ms,
            perfusion_permille=42,
            light=moment.pleth * 1000,
            battery_percent=self._battery_percent,
            rate_hz=RATE_HZ,
            beat=moment.beat,
            no_finger=not moment.touches,
            no_pulse=moment.pulse_rate_per_min is None,
        )
        return wire.encode(frame, right_sum=self._right_sum)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> BerryV15Firmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = BerryV15Firmware(seat_of(device, person, RATE_HZ))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
