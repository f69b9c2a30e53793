"""The analogue front end of a simulated chair: which samples are due, cut into STREAM frames, notes between."""

import math
from itertools import pairwise

import numpy as np

from devices.protocols import chair_link as wire
from firmware_sim.person import Quantity
from firmware_sim.seat import Seat

_FAST_HZ = 100.0
_FAST_CHUNK_S, _SLOW_CHUNK_S = 0.05, 0.25
_QUANTITIES: dict[wire.Sensor, Quantity] = {
    wire.Sensor.ECG: "ecg",
    wire.Sensor.PPG: "ppg",
    wire.Sensor.SKIN_CONDUCTANCE: "skin_conductance",
    wire.Sensor.SKIN_TEMPERATURE: "skin_temperature",
    wire.Sensor.RESPIRATION: "respiration",
}


def declared(heart: wire.Sensor) -> tuple[wire.Declared, ...]:
    """The streams of the reference chair: one heart sensor, skin, breath."""
    millivolt, arbitrary, microsiemens, celsius = (wire.UNITS.index(unit) for unit in ("mV", "a.u.", "µS", "°C"))
    hearts = {
        wire.Sensor.ECG: wire.Declared(wire.Sensor.ECG, 250_000, 24, millivolt, 500_000),
        wire.Sensor.PPG: wire.Declared(wire.Sensor.PPG, 125_000, 24, arbitrary, 100_000),
    }
    return (
        hearts[heart],
        wire.Declared(wire.Sensor.SKIN_CONDUCTANCE, 32_000, 16, microsiemens, 2_000_000),
        wire.Declared(wire.Sensor.SKIN_TEMPERATURE, 4_000, 16, celsius, 10_000_000),
        wire.Declared(wire.Sensor.RESPIRATION, 25_000, 16, arbitrary, 1_000_000),
    )


def rates_hz(streams: tuple[wire.Declared, ...]) -> dict[Quantity, float]:
    return {_QUANTITIES[stream.sensor]: stream.rate_hz for stream in streams}


class Sampler:
    """Counts samples of every stream from one common instant on."""

    def __init__(self, streams: tuple[wire.Declared, ...], seat: Seat) -> None:
        self.running = False
        self._streams = streams
        self._seat = seat
        self._from_s = 0.0
        self._counters: dict[wire.Sensor, int] = {}

    def start(self, at_s: float) -> list[wire.Stream | wire.Note]:
        """All counters to 0 at `at_s`. A recording under way goes on where it is."""
        self.running, self._from_s = True, at_s
        self._counters = dict.fromkeys((stream.sensor for stream in self._streams), 0)
        return self.announce(at_s)

    def stop(self) -> None:
        self.running = False

    def announce(self, at_s: float) -> list[wire.Stream | wire.Note]:
        """Bind the recording, if one is playing, to the next samples, and say so in the log."""
        recording = self._seat.recording
        if recording is None or not (self.running and self._seat.occupied):
            return []
        heart, *others = self._streams
        for stream in others:
            self._align(stream, at_s)
        offset_s = self._align(heart, at_s)
        text = f"replay record={recording.name} offset_s={offset_s:.6f}"
        return [wire.Note(heart.sensor, self._counters[heart.sensor], text)]

    def take(self, at_s: float, *, everything: bool = False) -> list[wire.Stream | wire.Note]:
        """The frames due at `at_s`; with `everything` also what does not fill a chunk yet."""
        frames: list[wire.Stream | wire.Note] = []
        if not self.running:
            return frames
        for stream in self._streams:
            chunk_s = _FAST_CHUNK_S if stream.rate_hz >= _FAST_HZ else _SLOW_CHUNK_S
            least = 1 if everything else max(1, math.floor(stream.rate_hz * chunk_s))
            due = math.floor((at_s - self._from_s) * stream.rate_hz + 1e-6) - self._counters[stream.sensor]
            if due >= least:
                frames += self._frames(stream, due)
        return frames

    def _align(self, stream: wire.Declared, at_s: float) -> float:
        return self._seat.align(_QUANTITIES[stream.sensor], self._counters[stream.sensor], stream.rate_hz, at_s)

    def _frames(self, stream: wire.Declared, due: int) -> list[wire.Stream | wire.Note]:
        first = self._counters[stream.sensor]
        self._counters[stream.sensor] = first + due
        t_s = self._from_s + (first + np.arange(due)) / stream.rate_hz
        values, contact = self._seat.measure(_QUANTITIES[stream.sensor], first, t_s)
        most = (1 << (stream.bits - 1)) - 1
        counts = np.clip(np.round(values / stream.scale), -most, most).astype(np.int64)
        cuts = sorted({0, due, *(np.flatnonzero(np.diff(contact)) + 1).tolist()})
        frames: list[wire.Stream | wire.Note] = []
        for start, end in pairwise(cuts):
            for at in range(start, end, wire.most_samples(stream.bits)):
                part = counts[at : min(end, at + wire.most_samples(stream.bits))]
                counter = (first + at) & 0xFFFFFFFF
                frames.append(wire.Stream(stream.sensor, bool(contact[at]), stream.bits, counter, tuple(part.tolist())))
        return frames
