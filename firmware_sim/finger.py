"""What simulated finger oximeters share: somebody's pulse wave as counts, their pulse rate and saturation.

A twin says how a moment becomes a frame (`frame`); when moments are due, and whose finger it is, is here.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim import replay
from firmware_sim.catalogue import SimDevice
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twin import SensorFirmware


@dataclass(frozen=True, slots=True)
class Moment:
    """What the sensor sees at one sample.

    Attributes:
        number: counts samples from when it was switched on.
        pleth: counts, 1 … the device's greatest.
        pulse_rate_per_min, spo2_percent: None while it does not know.
        touches: a finger is in.
        beat: a beat begins here.
    """

    number: int
    pleth: int
    pulse_rate_per_min: int | None
    spo2_percent: int | None
    touches: bool
    beat: bool


class FingerFirmware(SensorFirmware):
    """A steady stream of frames. Times are seconds of the device's own clock.

    Args:
        seat: whose finger is in the clip.
        rate_hz: frames a second.
        greatest: the greatest count of the pulse wave.
    """

    def __init__(self, seat: Seat, rate_hz: float, greatest: int) -> None:
        super().__init__(seat)
        self.rate_hz, self._greatest = rate_hz, greatest
        self._sent = 0
        self._range = (0.0, 1.0)

    @abstractmethod
    def frame(self, moment: Moment) -> bytes:
        """One moment on the wire."""

    def sends(self, at_s: float) -> bool:  # noqa: ARG002 - most talk all the time
        """Whether anything is sent now."""
        return True

    def sit(self, at_s: float) -> None:
        """A finger goes in."""
        self.advance(at_s)
        self.seat.sit(at_s)
        recording = self.seat.recording
        if recording is not None:
            self.seat.align("ppg", self._sent, self.rate_hz, at_s)
            low, high = np.nanpercentile(recording.channels["ppg"], (1, 99))
            self._range = (float(low), max(float(high - low), 1e-9))

    def stand(self, at_s: float) -> None:
        self.advance(at_s)
        self.seat.stand()

    def advance(self, at_s: float) -> None:
        due = math.floor(at_s * self.rate_hz + 1e-6) - self._sent
        if due <= 0:
            return
        t_s = (self._sent + np.arange(due)) / self.rate_hz
        if self.sends(at_s):
            self._out += map(self.frame, self._moments(t_s))
        self._sent += due
        if self.seat.over(at_s):
            self.seat.stand()

    def _moments(self, t_s: NDArray[np.float64]) -> list[Moment]:
        pleth, contact = self.seat.measure("ppg", self._sent, t_s)
        low, span = self._range
        counts = np.clip(np.round(self._greatest * (pleth - low) / span), 1, self._greatest).astype(int)
        rate, spo2, beats = self._numbers(t_s)
        return [
            Moment(self._sent + at, count, rate, spo2, touches, beat)
            for at, (count, touches, beat) in enumerate(zip(counts.tolist(), contact.tolist(), beats, strict=True))
        ]

    def _numbers(self, t_s: NDArray[np.float64]) -> tuple[int | None, int | None, list[bool]]:
        """Pulse rate, SpO2 and the beat flags; a recording of a pulse wave has none of them."""
        if self.seat.recording is not None or not (self.seat.occupied and self.seat.contact):
            return None, None, [False] * len(t_s)
        person, rate_hz = self.seat.person, self.rate_hz
        beats = np.floor(person.beats(float(t_s[0]), float(t_s[-1]) + 1 / rate_hz) * rate_hz).astype(int)
        flags = np.isin(np.round(t_s * rate_hz).astype(int), beats).tolist()
        return *numbers(person, float(t_s[-1])), flags


def numbers(person: Person, at_s: float) -> tuple[int | None, int]:
    """Pulse rate and SpO2 as an oximeter would show them at `at_s`."""
    moment = np.array([at_s])
    rate, spo2 = float(person.measure("pulse_rate", moment)[0]), int(person.measure("spo2", moment)[0])
    return int(rate) if math.isfinite(rate) else None, spo2


def seat_of(device: SimDevice, person: Person, rate_hz: float) -> Seat:
    """Whose finger, with the recording that `device` plays.

    Raises:
        ReplayError: it cannot be played.
    """
    return Seat(person, replay.load(device.replay, {"ppg": rate_hz}, "ppg") if device.replay else None)
