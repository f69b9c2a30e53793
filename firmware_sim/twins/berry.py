"""The twin of `devices/drivers/berry.py`: a finger oximeter that talks all the time. Sans-IO; `twin.py` runs it."""

import math

import numpy as np

from devices.protocols import berry as wire
from firmware_sim import replay
from firmware_sim.catalogue import SimDevice
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twin import SensorFirmware

_NO_FINGER = wire.Frame(0, None, None, strength=0, no_signal=True, no_finger=True)


class OximeterFirmware(SensorFirmware):
    """100 frames a second. Times are seconds of the device's own clock.

    Attributes:
        seat: whose finger is in the clip.
    """

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._sent = 0
        self._range = (0.0, 1.0)

    def sit(self, at_s: float) -> None:
        """A finger goes in."""
        self.advance(at_s)
        self.seat.sit(at_s)
        recording = self.seat.recording
        if recording is not None:
            self.seat.align("ppg", self._sent, wire.RATE_HZ, at_s)
            low, high = np.nanpercentile(recording.channels["ppg"], (1, 99))
            self._range = (float(low), max(float(high - low), 1e-9))

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        self.seat.stand()

    def advance(self, at_s: float) -> None:
        due = math.floor(at_s * wire.RATE_HZ + 1e-6) - self._sent
        if due <= 0:
            return
        t_s = (self._sent + np.arange(due)) / wire.RATE_HZ
        pleth, contact = self.seat.measure("ppg", self._sent, t_s)
        low, span = self._range
        counts = np.clip(np.round(100 * (pleth - low) / span), 1, 100).astype(int)
        rate, spo2, beats = self._numbers(t_s)
        for count, touches, beat in zip(counts.tolist(), contact.tolist(), beats, strict=True):
            frame = wire.Frame(count, rate, spo2, bar=count * 15 // 100, beat=beat) if touches else _NO_FINGER
            self._out.append(wire.encode(frame))
        self._sent += due
        if self.seat.over(at_s):
            self.seat.stand()

    def _numbers(self, t_s: np.ndarray) -> tuple[int | None, int | None, list[bool]]:
        """Pulse rate, SpO2 and the beat flags; a recording of a pulse wave has none of them."""
        if self.seat.recording is not None or not (self.seat.occupied and self.seat.contact):
            return None, None, [False] * len(t_s)
        person = self.seat.person
        beats = np.floor(person.beats(float(t_s[0]), float(t_s[-1]) + 1 / wire.RATE_HZ) * wire.RATE_HZ).astype(int)
        flags = np.isin(np.round(t_s * wire.RATE_HZ).astype(int), beats).tolist()
        last = t_s[-1:]
        rate, spo2 = float(person.measure("pulse_rate", last)[0]), int(person.measure("spo2", last)[0])
        return int(rate) if math.isfinite(rate) else None, spo2, flags


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> OximeterFirmware:
    """The oximeter that `device` describes, on the finger of `person`.

    Raises:
        ReplayError: its recording cannot be played.
    """
    recording = replay.load(device.replay, {"ppg": wire.RATE_HZ}, "ppg") if device.replay else None
    firmware = OximeterFirmware(Seat(person, recording))
    if not wait_for_sit:
        firmware.sit(0.0)
    return firmware
