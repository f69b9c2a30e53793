"""The twin of `devices/drivers/bitalino.py`: a (r)evolution board with ECG, EDA and a breathing belt. Sans-IO.

It follows the maker's firmware (uart.c, timer.c): rate, start, version and state are obeyed only while idle; the stop
always; while it sends, a byte that ends in 11 sets its outputs instead. It goes on sending when nobody listens any
more. With no electrode on, the ECG input is driven to its end and the EDA reads 0. Hands: "battery" (volts), "stall"
(seconds during which frames are dropped and counted, as when Bluetooth takes no bytes).
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from devices.protocols import bitalino as wire
from firmware_sim import replay
from firmware_sim.catalogue import SimDevice
from firmware_sim.person import Person, Quantity
from firmware_sim.seat import Seat
from firmware_sim.twin import SensorFirmware

VERSION = b"BITalino_v5.1\n"
WIRED: dict[int, Quantity] = {2: "ecg", 3: "skin_conductance", 5: "respiration"}
"""As the numbers are printed on the board; the belt in place of its accelerometer."""
_LIVE = 1
_SIMULATED = 2
_AT_REST = 512


class BitalinoFirmware(SensorFirmware):
    """Six inputs, one stream. Times are seconds of the device's own clock.

    Attributes:
        live: it is sending.
        rate_hz: of the frames.
        lines: I1, I2, O1, O2.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.live = False
        self.rate_hz = 1000
        self.lines = 0
        self._inputs: tuple[int, ...] = ()
        self._since_s = 0.0
        self._sent = 0
        self._battery_v = 3.9
        self._stalled_until_s = 0.0

    def sit(self, at_s: float) -> None:
        self.advance(at_s)
        self.seat.sit(at_s)
        self._align(at_s)

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        self.seat.stand()

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        match do, fields:
            case "battery", {"volts": float(volts)}:
                self._battery_v = volts
            case "stall", {"seconds": int() | float() as seconds}:
                self.advance(at_s)
                self._stalled_until_s = at_s + float(seconds)
            case _:
                return False
        return True

    def hear(self, data: bytes, at_s: float) -> None:
        self.advance(at_s)
        for command in data:
            if self.live:
                self._heard_live(command)
            else:
                self._heard_idle(command, at_s)

    def _heard_live(self, command: int) -> None:
        if command in {0x00, 0xFF}:
            self.live = False
        elif command & 3 == 3:
            self.lines = self.lines & 0x0C | command >> 2 & 3

    def _heard_idle(self, command: int, at_s: float) -> None:
        if command in wire.VERSION:
            self._out.append(VERSION)
        elif command in wire.STATE:
            self._out.append(wire.encode_state(self._state(at_s)))
        elif command & 0x3F == 0x03:
            self.rate_hz = wire.RATES_HZ[command >> 6]
        elif command & 3 in {_LIVE, _SIMULATED}:
            self._inputs = tuple(number for number in range(1, wire.INPUTS + 1) if command & 1 << (number + 1))
            self.live, self._since_s, self._sent = bool(self._inputs), at_s, 0
            self._align(at_s)

    def _state(self, at_s: float) -> wire.State:
        counts = [int(self._counts(number, 0, np.array([at_s]), 1023)[0]) for number in range(1, wire.INPUTS + 1)]
        return wire.State(tuple(counts), round(self._battery_v / 2 / 3.3 * 1024))

    def _align(self, at_s: float) -> None:
        if self.seat.recording is not None and self.seat.occupied:
            for quantity in WIRED.values():
                self.seat.align(quantity, self._sent, self.rate_hz, at_s)

    def advance(self, at_s: float) -> None:
        if self.live:
            due = math.floor((at_s - self._since_s) * self.rate_hz + 1e-6) - self._sent
            if due > 0:
                self._send(due)
        if self.seat.over(at_s):
            self.seat.stand()

    def _send(self, due: int) -> None:
        t_s = self._since_s + (self._sent + np.arange(due)) / self.rate_hz
        columns = [
            self._counts(number, self._sent, t_s, wire.greatest(place)).tolist()
            for place, number in enumerate(self._inputs)
        ]
        for at, counts in enumerate(zip(*columns, strict=True)):
            if t_s[at] >= self._stalled_until_s:
                self._out.append(wire.encode(wire.Frame(counts, (self._sent + at) % wire.SEQUENCES, self.lines)))
        self._sent += due

    def _counts(self, number: int, first: int, t_s: NDArray[np.float64], greatest: int) -> NDArray[np.int64]:
        """Counts [n] of one input."""
        quantity = WIRED.get(number)
        if quantity is None:
            return np.full(len(t_s), _AT_REST * (greatest + 1) // 1024)
        values, touches = self.seat.measure(quantity, first, t_s)
        match quantity:
            case "ecg":
                share = 0.5 + values * 1e-3 * 1100 / 3.3
            case "skin_conductance":
                share = values * 0.132 / 3.3
            case _:
                share = 0.5 + 0.15 * values
        counts = np.clip(np.round(share * (greatest + 1)), 0, greatest).astype(np.int64)
        return np.where(touches, counts, greatest if quantity == "ecg" else 0)


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> BitalinoFirmware:
    """The board that `device` describes, worn by `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    rates: dict[Quantity, float] = dict.fromkeys(WIRED.values(), 1000.0)
    recording = replay.load(device.replay, rates, "ecg") if device.replay else None
    firmware = BitalinoFirmware(Seat(person, recording))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
