"""The twin of `devices/drivers/polar.py`: an H10 (`heart = "ecg"`) or a Verity Sense (`heart = "ppg"`). Sans-IO.

It negotiates settings as the real ones do, refuses what it does not offer, and goes on measuring when its host leaves
without a word: `running` then shows what was left on, and costs battery. Stamps count from 2019-01-01, as an H10 does
after it has been put on. Hands besides the strap's: "charger" (on: it stops and refuses), "give_up" (it stops one
stream by itself), "restart_clock" (its time begins afresh).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from devices.protocols import device_information as about
from devices.protocols import heart_rate
from devices.protocols import polar as wire
from devices.protocols import polar_data as data
from devices.protocols.polar import Measurement, Opcode, Response, Setting, Status
from firmware_sim import replay
from firmware_sim.catalogue import SimDevice
from firmware_sim.gatt import Characteristic, Peripheral, Service
from firmware_sim.person import Person, Quantity
from firmware_sim.seat import Seat
from firmware_sim.twins.heart_rate import StrapFirmware

_BORN_NS = 6940 * 86_400 * data.NS_PER_S
"""2019-01-01, counted from 2000-01-01."""
_PPI_WARM_UP_S, _PPI_EVERY_S = 25.0, 5.0
_FACTOR = 2.44e-4
_WRONG = {
    Setting.RATE_HZ: Status.WRONG_RATE,
    Setting.RESOLUTION_BITS: Status.WRONG_RESOLUTION,
    Setting.RANGE: Status.WRONG_RANGE,
    Setting.CHANNELS: Status.WRONG_CHANNELS,
}

_Ints = NDArray[np.int64]
_Offer = dict[Setting, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Model:
    """What is sold under one name.

    Attributes:
        offers: measurement -> settings.
        kinds: measurement -> (byte 9 of its frames, samples in a frame).
        with_rr: its heart rate service tells intervals.
    """

    name: str
    model: str
    firmware: str
    offers: dict[Measurement, _Offer]
    kinds: dict[Measurement, tuple[int, int]]
    with_rr: bool


H10 = Model(
    "Polar H10",
    "H10",
    "5.0.0",
    {
        Measurement.ECG: {Setting.RATE_HZ: (130,), Setting.RESOLUTION_BITS: (14,)},
        Measurement.ACCELERATION: {
            Setting.RATE_HZ: (25, 50, 100, 200),
            Setting.RESOLUTION_BITS: (16,),
            Setting.RANGE: (2, 4, 8),
        },
    },
    {Measurement.ECG: (0x00, 73), Measurement.ACCELERATION: (0x01, 36)},
    with_rr=True,
)
VERITY = Model(
    "Polar Sense",
    "INW4J",
    "2.2.6",
    {
        Measurement.PPG: {Setting.RATE_HZ: (55,), Setting.RESOLUTION_BITS: (22,), Setting.CHANNELS: (4,)},
        Measurement.ACCELERATION: {
            Setting.RATE_HZ: (52,),
            Setting.RESOLUTION_BITS: (16,),
            Setting.RANGE: (8,),
            Setting.CHANNELS: (3,),
        },
        Measurement.PPI: {},
    },
    {Measurement.PPG: (0x80, 36), Measurement.ACCELERATION: (0x80, 40), Measurement.PPI: (0x00, 0)},
    with_rr=False,
)


@dataclass(slots=True)
class _Run:
    """A stream that is on. `begun`: number of its first sample, counted from the sensor's birth."""

    rate_hz: float
    begun_s: float
    next: int = 0


class PolarFirmware(StrapFirmware):
    """One sensor.

    Attributes:
        running: what it measures, whether or not anybody listens.
    """

    def __init__(self, seat: Seat, shown: Peripheral, model: Model, seed: int) -> None:
        super().__init__(seat, shown)
        self.running: dict[Measurement, _Run] = {}
        self._model, self._with_rr = model, model.with_rr
        self._rng = np.random.default_rng(seed)
        self._charging = False
        self._zero_s = 0.0
        self._make: dict[Measurement, Callable[[_Run, _Ints, NDArray[np.float64]], _Ints]] = {
            Measurement.ECG: self._ecg,
            Measurement.PPG: self._ppg,
            Measurement.ACCELERATION: self._acceleration,
        }

    # commands

    def written(self, uuid: str, data: bytes, at_s: float) -> None:
        if uuid != wire.CONTROL_POINT:
            super().written(uuid, data, at_s)
            return
        self.advance(at_s)
        self._values[wire.CONTROL_POINT] = wire.encode_features(tuple(self._model.offers))  # reads stay reads
        command = wire.decode_command(data)
        if command is None:
            self._indicate(Response(data[0] if data else 0, 0, Status.WRONG_LENGTH))
            return
        opcode, kind, settings = command
        self._indicate(self._obey(opcode, kind, settings, at_s))

    def _obey(self, opcode: int, kind: int, settings: bytes, at_s: float) -> Response:
        if opcode not in set(Opcode):
            return Response(opcode, kind, Status.UNKNOWN_OPCODE)
        if kind not in set(Measurement):
            return Response(opcode, kind, Status.UNKNOWN_TYPE)
        measurement = Measurement(kind)
        offer = self._model.offers.get(measurement)
        if offer is None:
            return Response(opcode, kind, Status.UNSUPPORTED)
        if opcode == Opcode.SETTINGS:
            return Response(opcode, kind, Status.DONE, parameters=wire.encode_settings(offer))
        if opcode == Opcode.STOP:
            gone = self.running.pop(measurement, None)
            return Response(opcode, kind, Status.DONE if gone is not None else Status.ALREADY_SO)
        return self._start(measurement, offer, wire.decode_settings(settings), at_s)

    def _start(self, measurement: Measurement, offer: _Offer, chosen: _Offer | None, at_s: float) -> Response:
        def refuse(status: Status) -> Response:
            return Response(Opcode.START, measurement, status)

        if self._charging:
            return refuse(Status.IN_CHARGER)
        if measurement in self.running:
            return refuse(Status.ALREADY_SO)
        if chosen is None or chosen.keys() != offer.keys():
            return refuse(Status.WRONG_PARAMETER)
        for setting, values in chosen.items():
            if len(values) != 1 or values[0] not in offer[setting]:
                return refuse(_WRONG.get(setting, Status.WRONG_PARAMETER))
        rate_hz = chosen[Setting.RATE_HZ][0] if Setting.RATE_HZ in chosen else 0.0
        run = _Run(rate_hz, at_s)
        if measurement is Measurement.PPI:
            run.begun_s = at_s + _PPI_WARM_UP_S
        else:
            run.next = math.ceil(at_s * rate_hz)
        if self.seat.recording is not None and measurement is not Measurement.ACCELERATION:
            self.seat.align(_QUANTITIES[measurement], run.next, rate_hz, at_s)
        self.running[measurement] = run
        scale = self._model.kinds[measurement][0] == 0x80 and measurement is Measurement.ACCELERATION
        answer = wire.encode_settings({Setting.FACTOR: (_FACTOR,)}) if scale else b""
        return Response(Opcode.START, measurement, Status.DONE, parameters=answer)

    def _indicate(self, said: Response | wire.Stopped) -> None:
        self.tell(wire.CONTROL_POINT, wire.encode_control(said))

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        match do:
            case "charger":
                self._charging = bool(fields.get("on", True))
                if self._charging and self.running:
                    self._indicate(wire.Stopped(tuple(self.running)))
                    self.running.clear()
            case "give_up":
                for measurement in list(self.running)[:1]:
                    del self.running[measurement]
                    self._indicate(wire.Stopped((measurement,)))
            case "restart_clock":
                self.advance(at_s)
                self._zero_s = at_s
            case _:
                return super().hands(do, fields, at_s)
        return True

    # signals

    def advance(self, at_s: float) -> None:
        super().advance(at_s)
        for measurement, run in self.running.items():
            if measurement is Measurement.PPI:
                self._tell_intervals(run, at_s)
                continue
            kind, size = self._model.kinds[measurement]
            while (run.next + size - 1) / run.rate_hz <= at_s:
                index = run.next + np.arange(size)
                t_s = index / run.rate_hz
                counts = self._make[measurement](run, index, t_s)
                self.tell(wire.DATA, data.encode(data.Frame(measurement, self._stamp_ns(t_s[-1]), kind, counts)))
                run.next += size
        if self.seat.over(at_s):
            self.seat.stand()

    def _stamp_ns(self, t_s: float) -> int:
        return _BORN_NS + max(0, round((t_s - self._zero_s) * data.NS_PER_S))

    def _ecg(self, run: _Run, index: _Ints, t_s: NDArray[np.float64]) -> _Ints:  # noqa: ARG002 - as its siblings
        millivolts, _ = self.seat.measure("ecg", int(index[0]), t_s)
        return np.asarray(np.round(millivolts * 1000), dtype=np.int64)[:, None]

    def _ppg(self, run: _Run, index: _Ints, t_s: NDArray[np.float64]) -> _Ints:  # noqa: ARG002
        """Less light comes back when blood is there; a lamp of 100 Hz shines into all four, aliased."""
        pulse, contact = self.seat.measure("ppg", int(index[0]), t_s)
        ambient = 21_000 + 800 * np.sin(2 * np.pi * 10.3 * t_s) + 40 * self._rng.standard_normal(len(t_s))
        light = np.where(contact, 1.0, 0.05)
        channels = [light * (base - size * pulse) + ambient for base, size in _PHOTODIODES]
        return np.asarray(np.round(np.column_stack([*channels, ambient])), dtype=np.int64)

    def _acceleration(self, run: _Run, index: _Ints, t_s: NDArray[np.float64]) -> _Ints:  # noqa: ARG002
        """Sitting upright: gravity along y; the chest (or arm) moves a little with the breath."""
        breath = self.seat.person.breathing.volume(t_s) if self.seat.occupied else np.zeros(len(t_s))
        g = np.column_stack([0.02 + 0 * breath, -0.98 + 0.004 * breath, 0.17 + 0.012 * breath])
        g += 0.003 * self._rng.standard_normal(g.shape)
        unit = _FACTOR if self._model.kinds[Measurement.ACCELERATION][0] == 0x80 else 1e-3
        return np.asarray(np.round(g / unit), dtype=np.int64)

    def _tell_intervals(self, run: _Run, at_s: float) -> None:
        """Every 5 s, those that have ended since; the first after 25 s. An arm without a pulse tells none."""
        while at_s >= run.begun_s + _PPI_EVERY_S:
            since_s, run.begun_s = run.begun_s, run.begun_s + _PPI_EVERY_S
            if not (self.seat.occupied and self.seat.contact):
                continue
            beats = self.seat.person.beats(max(0.0, since_s - 3.0), run.begun_s)
            last = [(end, round((end - start) * 1000)) for start, end in pairwise(beats.tolist()) if end >= since_s]
            told = tuple(data.Interval(ms, 10, moved=False, contact=True) for _, ms in last)
            if told:
                self.tell(wire.DATA, data.encode(data.Intervals(self._stamp_ns(last[-1][0]), told)))


_PHOTODIODES = ((412_000.0, 5_200.0), (398_000.0, 4_700.0), (405_000.0, 5_600.0))
_QUANTITIES: dict[Measurement, Quantity] = {Measurement.ECG: "ecg", Measurement.PPG: "ppg"}


def peripheral(device: SimDevice, model: Model) -> Peripheral:
    """What the sensor shows of itself."""
    services = (
        Service(heart_rate.SERVICE, (Characteristic(heart_rate.MEASUREMENT, ("notify",)),)),
        Service(
            wire.SERVICE,
            (
                Characteristic(
                    wire.CONTROL_POINT, ("read", "write", "indicate"), wire.encode_features(tuple(model.offers))
                ),
                Characteristic(wire.DATA, ("notify",)),
            ),
        ),
        Service(about.BATTERY_SERVICE, (Characteristic(about.BATTERY, ("read", "notify"), b"\x5a"),)),
        Service(
            about.INFORMATION_SERVICE,
            (
                Characteristic(about.MAKER, ("read",), b"Polar Electro Oy\0"),
                Characteristic(about.MODEL, ("read",), model.model.encode()),
                Characteristic(about.SERIAL, ("read",), device.id.encode()),
                Characteristic(about.FIRMWARE, ("read",), model.firmware.encode()),
            ),
        ),
    )
    return Peripheral(f"{model.name} {device.id}", (heart_rate.SERVICE,), services)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> PolarFirmware:
    """The sensor that `device` describes, on the chest or arm of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    model = VERITY if device.heart == "ppg" else H10
    quantity: Quantity = "ppg" if model is VERITY else "ecg"
    rate_hz = 55.0 if model is VERITY else 130.0
    recording = replay.load(device.replay, {quantity: rate_hz}, quantity) if device.replay else None
    firmware = PolarFirmware(Seat(person, recording), peripheral(device, model), model, len(device.id))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
