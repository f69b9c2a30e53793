"""The twin of `devices/drivers/pulse_oximeter.py`: a finger oximeter of the Pulse Oximeter Service.

Sans-IO; `air.py` runs it. Hands: "battery" (percent).
"""

from collections.abc import Mapping

from devices.protocols import device_information as about
from devices.protocols import pulse_oximeter as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import numbers
from firmware_sim.gatt import Characteristic, GattSensorFirmware, Peripheral, Service
from firmware_sim.person import Person
from firmware_sim.replay import ReplayError
from firmware_sim.seat import Seat

_EVERY_S = 1.0
_SPOT_AFTER_S = 12.0


def peripheral(device: SimDevice) -> Peripheral:
    """What it shows of itself."""
    measuring = Service(
        wire.SERVICE,
        (
            Characteristic(wire.CONTINUOUS, ("notify",)),
            Characteristic(wire.SPOT_CHECK, ("indicate",)),
            Characteristic(wire.FEATURES, ("read",), bytes.fromhex("0000")),
        ),
    )
    battery = Service(about.BATTERY_SERVICE, (Characteristic(about.BATTERY, ("read", "notify"), bytes((90,))),))
    information = Service(
        about.INFORMATION_SERVICE,
        (
            Characteristic(about.MAKER, ("read",), b"Xinyi"),
            Characteristic(about.MODEL, ("read",), b"Simulated oximeter"),
            Characteristic(about.SERIAL, ("read",), device.id.encode()),
        ),
    )
    return Peripheral(f"XY Oximeter {device.id}", (wire.SERVICE,), (measuring, battery, information))


class PulseOximeterFirmware(GattSensorFirmware):
    """One value a second, and a spot check when a finger has been in for a while. Times: the device's own clock, s."""

    def __init__(self, seat: Seat, shown: Peripheral) -> None:
        super().__init__(seat, shown)
        self._due_s = _EVERY_S
        self._spot_due_s = float("inf")

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"percent": int(percent)}:
                self.keep(about.BATTERY, bytes((max(0, min(100, percent)),)))
            case _:
                return False
        return True

    def advance(self, at_s: float) -> None:
        while at_s >= self._due_s:
            touches = self.seat.occupied and self.seat.contact
            rate, spo2 = numbers(self.seat.person, self._due_s) if touches else (None, None)
            self._say(rate, spo2, touches=touches)
            if touches and self._due_s >= self._spot_due_s:
                self.tell(wire.SPOT_CHECK, wire.encode_spot_check(wire.Reading(spo2, rate)))
                self._spot_due_s = float("inf")
            self._due_s += _EVERY_S

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        super().sit(at_s)
        self._spot_due_s = at_s + _SPOT_AFTER_S

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        super().stand(at_s)

    def _say(self, rate: int | None, spo2: int | None, *, touches: bool) -> None:
        reading = wire.Reading(spo2, rate, 4.2 if touches else None, no_finger=not touches)
        self.tell(wire.CONTINUOUS, wire.encode(reading))


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> PulseOximeterFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: asked to play a recording; it sends no wave.
    """
    if device.replay is not None:
        raise ReplayError(f"{device.id}: this oximeter sends no pulse wave; give the recording to one with a cable")
    firmware = PulseOximeterFirmware(Seat(person), peripheral(device))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
