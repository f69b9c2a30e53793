"""The twin of `devices/drivers/heart_rate.py`: a strap that tells the RR of who wears it, once a second.

It counts in 1/1024 s of its own crystal. Beats that fall between two notifications travel in the next one, so that one
carries 0 to 3 of them. After it has lost the skin, the first beat has no RR. Hands: "battery" (percent), "rr" (on: it
measures RR; off: an optical band that tells the rate only). Sans-IO; `air.py` runs it.
"""

import math
from collections.abc import Mapping

from devices.protocols import device_information as about
from devices.protocols import heart_rate as wire
from firmware_sim.catalogue import SimDevice
from firmware_sim.gatt import Characteristic, GattSensorFirmware, Peripheral, Service
from firmware_sim.person import Person
from firmware_sim.replay import ReplayError
from firmware_sim.seat import Seat

_EVERY_S = 1.0
_RATE_OVER = 8
_FULL = 95


def peripheral(device: SimDevice) -> Peripheral:
    """What a strap shows of itself."""
    heart = Service(
        wire.SERVICE,
        (
            Characteristic(wire.MEASUREMENT, ("notify",)),
            Characteristic(wire.LOCATION, ("read",), b"\x01"),
            Characteristic(wire.CONTROL_POINT, ("write",)),
        ),
    )
    battery = Service(about.BATTERY_SERVICE, (Characteristic(about.BATTERY, ("read", "notify"), bytes((_FULL,))),))
    information = Service(
        about.INFORMATION_SERVICE,
        (
            Characteristic(about.MAKER, ("read",), b"Xinyi\0"),
            Characteristic(about.MODEL, ("read",), b"Simulated strap"),
            Characteristic(about.SERIAL, ("read",), device.id.encode()),
            Characteristic(about.FIRMWARE, ("read",), b"1.0"),
        ),
    )
    return Peripheral(f"XY Strap {device.id}", (wire.SERVICE,), (heart, battery, information))


class StrapFirmware(GattSensorFirmware):
    """One notification a second. Times are seconds of the device's own clock."""

    def __init__(self, seat: Seat, shown: Peripheral) -> None:
        super().__init__(seat, shown)
        self._due_s = _EVERY_S
        self._asked_s = 0.0
        self._last_tick: int | None = None
        self._recent: list[int] = []
        self._energy_kj = 0.0
        self._with_rr = True

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        super().sit(at_s)
        self._asked_s = at_s

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        super().stand(at_s)

    def written(self, uuid: str, data: bytes, at_s: float) -> None:  # noqa: ARG002
        if uuid == wire.CONTROL_POINT and data == b"\x01":
            self._energy_kj = 0.0

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002
        match do, fields:
            case "battery", {"percent": int(percent)}:
                self.keep(about.BATTERY, bytes((max(0, min(100, percent)),)))
            case "rr", _:
                self._with_rr = bool(fields.get("on", True))
            case _:
                return False
        return True

    def advance(self, at_s: float) -> None:
        while at_s >= self._due_s:
            self.tell(wire.MEASUREMENT, wire.encode(self._measure(self._due_s)))
            self._due_s += _EVERY_S

    def _measure(self, until_s: float) -> wire.Measurement:
        """What there is to say of the time up to `until_s`."""
        since_s, self._asked_s = self._asked_s, max(self._asked_s, until_s)
        touches = self.seat.occupied and self.seat.contact
        if not touches:
            self._last_tick = None
            self._recent.clear()
            return wire.Measurement(0, contact=False)
        intervals = []
        for tick in wire.seconds_to_ticks(self.seat.person.beats(since_s, until_s).tolist()):
            if self._last_tick is not None:
                intervals.append(tick - self._last_tick)
            self._last_tick = tick
        self._recent = (self._recent + intervals)[-_RATE_OVER:]
        rate = round(60 * wire.TICKS_PER_S * len(self._recent) / sum(self._recent)) if self._recent else 0
        self._energy_kj += rate * 0.0008
        shown = tuple(intervals[-wire.MOST_RR :]) if self._with_rr else ()
        return wire.Measurement(rate, contact=True, energy_kj=math.floor(self._energy_kj), rr_ticks=shown)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> StrapFirmware:
    """The strap that `device` describes, on the chest of `person`.

    Raises:
        ReplayError: asked to play a recording; a strap has no wave to play.
    """
    if device.replay is not None:
        raise ReplayError(f"{device.id}: a heart rate strap cannot play a recording; give it to a chair or an oximeter")
    firmware = StrapFirmware(Seat(person), peripheral(device))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
