"""The twin of `devices/drivers/nonin_ble.py`: a Nonin 3150 on the wrist, measurements and pulse wave. Sans-IO; `air.py`
runs it. It plays recordings of a pulse wave as well.

Hands: "battery" (volts).
"""

from collections.abc import Mapping

from devices.protocols import device_information as about
from devices.protocols import nonin_ble as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.finger import FingerFirmware, Moment, numbers, seat_of
from firmware_sim.gatt import Characteristic, GattSensorFirmware, Peripheral, Service
from firmware_sim.person import Person
from firmware_sim.seat import Seat

_EVERY_S = 1.0
_LOW_V = 2.2


def peripheral(device: SimDevice) -> Peripheral:
    """What it shows of itself."""
    measuring = Service(
        wire.SERVICE, (Characteristic(wire.MEASUREMENT, ("notify",)), Characteristic(wire.WAVE, ("notify",)))
    )
    information = Service(
        about.INFORMATION_SERVICE,
        (
            Characteristic(about.MAKER, ("read",), b"Nonin Medical, Inc."),
            Characteristic(about.MODEL, ("read",), b"3150"),
            Characteristic(about.SERIAL, ("read",), device.id.encode()),
        ),
    )
    return Peripheral(f"Nonin3150_{device.id}", (wire.SERVICE,), (measuring, information))


class _Wave(FingerFirmware):
    """The pulse wave, a sample at a time."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, wire.WAVE_RATE_HZ, wire.MOST_PLETH)

    def frame(self, moment: Moment) -> bytes:
        return (moment.pleth if moment.touches else 0).to_bytes(2, "big")


class NoninBleFirmware(GattSensorFirmware):
    """One measurement and three pieces of the pulse wave a second. Times are seconds of the device's own clock."""

    def __init__(self, seat: Seat, shown: Peripheral) -> None:
        super().__init__(seat, shown)
        self._wave = _Wave(seat)
        self._samples: list[int] = []
        self._due_s = _EVERY_S
        self._measurements = self._waves = 0
        self._battery_v = 2.8

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"volts": int() | float() as volts}:
                self._battery_v = float(volts)
            case _:
                return False
        return True

    def advance(self, at_s: float) -> None:
        while at_s >= self._due_s:
            self._measure(self._due_s)
            self._due_s += _EVERY_S
        self._wave.advance(at_s)
        self._samples += (int.from_bytes(sample, "big") for sample in self._wave.output())
        while len(self._samples) >= wire.WAVE_SAMPLES:
            piece, self._samples = self._samples[: wire.WAVE_SAMPLES], self._samples[wire.WAVE_SAMPLES :]
            self._waves += 1
            self.tell(wire.WAVE, wire.encode_wave(wire.Wave(self._waves, tuple(piece))))

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        self._wave.sit(at_s)

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        self._wave.stand(at_s)

    def _measure(self, at_s: float) -> None:
        touches = self.seat.occupied and self.seat.contact
        knows = touches and self.seat.recording is None  # a recording of a pulse wave has no numbers
        rate, spo2 = numbers(self.seat.person, at_s) if knows else (None, None)
        self._measurements += 1
        said = wire.Measurement(
            self._measurements,
            spo2,
            rate,
            seated=touches,
            battery_low=self._battery_v < _LOW_V,
            battery_v=self._battery_v,
        )
        self.tell(wire.MEASUREMENT, wire.encode(said))


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> NoninBleFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    firmware = NoninBleFirmware(seat_of(device, person, wire.WAVE_RATE_HZ), peripheral(device))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
