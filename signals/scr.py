"""Finds skin conductance responses (SCR) in a thinned signal, one value at a time.

Detection runs on the part above 0.05 Hz; onset, peak, amplitude and half recovery are read from the signal itself,
less the continuation of the level before the onset. So a response on the falling flank of the one before it, or on a
drift, has its full height. Smallest response 0.03 µS (Boucsein et al. 2012: 0.01-0.05 µS) or 8 times the noise.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from signals.slow import Blocks, Smooth, Turns

SPLIT_HZ = 0.05
SMALLEST_US = 0.03
NOISE_FACTOR = 8.0
SMOOTH_S = 0.7
SHORTEST_RISE_S, LONGEST_RISE_S = 0.4, 10.0
RECOVERY_S = 15.0
KEPT_S = 24.0
PROVEN_FALL = 0.15  # of the rise: so far must the fast part fall before a peak is a peak
FOOT = 0.15  # of the steepest rise: going back in time, where the slope falls below it there is nothing but level
KNEE = 0.4  # of the steepest rise: the onset; a knee blurred evenly to both sides has half of its slope at the knee
NOISE_MEMORY_S = 20.0
OUTLIER = 2.5
LEAST_NOISE_US = 0.001
BEFORE_S = (1.0, 0.25)  # before the foot: there the slope of the level is taken
SLOPE_NOISE_FACTOR = 4.0
LEVELS_OFF_S = 2.5  # a slope dies away in this time, as the recovery of a response does


@dataclass(frozen=True, slots=True)
class SCR:
    """A skin conductance response.

    Attributes:
        onset_s: begin of the rise, s since the first sample.
        peak_s: highest point, s since the first sample.
        amplitude_us: from the level continued under the response to its peak, µS.
        rise_s: from onset to peak, s.
        half_recovery_s: from peak to half of the amplitude, s; None when it was not reached (next response, 15 s, end).
    """

    onset_s: float
    peak_s: float
    amplitude_us: float
    rise_s: float
    half_recovery_s: float | None


@dataclass(slots=True)
class _Open:
    """A response after its peak, waiting for its half recovery."""

    foot: int
    foot_us: float
    slope: float
    fade: float
    onset: float
    peak: int
    height_us: float
    last_us: float

    def above(self, index: int, value: float) -> float:
        """Height above the continued level, µS."""
        fade = 1 - math.exp(-(index - self.foot) / self.fade)
        return value - self.foot_us - self.slope * self.fade * fade


class ResponseFinder:
    """A state machine over block means.

    Args:
        blocks: the clock of the block means.

    Attributes:
        fresh_peak_s: time of the peak that the last value proved, or None.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        hz = self._hz = blocks.rate_hz
        self._smooth = Smooth(max(1, round(SMOOTH_S / 2 * hz)))
        self._turns = Turns()
        self._gain = 1 - math.exp(-2 * math.pi * SPLIT_HZ / hz)
        self._tail: deque[tuple[int, float, float]] = deque(maxlen=round(KEPT_S * hz))
        self._noise = 0.0
        self._forget = 1 / (NOISE_MEMORY_S * hz)
        self._tonic: float | None = None
        self._open: _Open | None = None
        self.fresh_peak_s: float | None = None

    def push(self, index: int, value: float | None) -> list[SCR]:
        """Takes the block mean number `index`, None where it is not valid; returns responses that are over."""
        self.fresh_peak_s = None
        if value is None:
            return self._interrupt()
        level = self._smooth.push(value)
        if level is None:
            return []
        at = index - self._smooth.half
        if self._tonic is None:
            self._tonic = level
        self._tonic += self._gain * (level - self._tonic)
        fast = level - self._tonic
        rest = (self._smooth.middle - level) ** 2
        if len(self._tail) > 2 * self._hz:
            rest = min(rest, OUTLIER**2 * max(self._noise, LEAST_NOISE_US**2))  # the bend of a response is no noise
        self._noise += max(self._forget, 1 / (len(self._tail) + 1)) * (rest - self._noise)
        self._tail.append((at, level, fast))
        out = self._follow(at, level)
        smallest = self._smallest()
        rise = smallest / 2
        fall = max(rise, PROVEN_FALL * (self._turns.peak[1] - self._turns.trough[1]))
        turn = self._turns.push(at, fast, rise, fall)
        if turn < 0 and self._open is not None:
            out += self._close(None)
        elif turn > 0:
            self._found()
        return out

    def flush(self) -> list[SCR]:
        """The response that still waits for its recovery."""
        return self._close(None) if self._open else []

    def _smallest(self) -> float:
        return max(SMALLEST_US, NOISE_FACTOR * self._noise_us())

    def _noise_us(self) -> float:
        """Standard deviation of the noise that is left in the smoothed signal, µS."""
        return math.sqrt(self._noise) * self._smooth.noise_per_rest

    def _interrupt(self) -> list[SCR]:
        self._smooth.clear()
        self._turns.clear()
        self._tail.clear()
        self._tonic, self._noise = None, 0.0
        return self._close(None) if self._open else []

    def _found(self) -> None:
        """A rise is over: measure it, and keep it when it is a response."""
        peak = self._turns.peak[0]
        since = max(self._turns.climb[0] - 1, peak - round(LONGEST_RISE_S * self._hz))
        rows = [row for row in self._tail if row[0] >= since]
        steps = [second[1] - first[1] for first, second in pairwise(rows) if second[0] <= peak]
        steepest = max(range(len(steps)), key=steps.__getitem__, default=0)
        if not steps or steps[steepest] <= 0:
            return  # a fall that becomes less steep is no response
        foot = steepest
        while foot > 0 and steps[foot - 1] > FOOT * steps[steepest]:
            foot -= 1
        knee = next(step for step in range(foot, steepest + 1) if steps[step] >= KNEE * steps[steepest])
        onset = rows[knee][0] + 0.5
        if knee > foot:
            onset -= (steps[knee] - KNEE * steps[steepest]) / (steps[knee] - steps[knee - 1])
        at, foot_us, _ = rows[foot]
        climbed = 0.0
        candidate = _Open(at, foot_us, self._slope_before(at), LEVELS_OFF_S * self._hz, onset, at, 0.0, 0.0)
        for at, level, _ in rows[foot:]:
            height = candidate.above(at, level)
            climbed = max(climbed, level - foot_us)
            if height > candidate.height_us:
                candidate.peak, candidate.height_us = at, height
        candidate.last_us = candidate.above(rows[-1][0], rows[-1][1])
        rise_s = (candidate.peak - onset) / self._hz
        smallest = self._smallest()
        if candidate.height_us >= smallest and climbed >= smallest / 2 and SHORTEST_RISE_S <= rise_s <= LONGEST_RISE_S:
            self._open = candidate
            self.fresh_peak_s = self._blocks.time_s(candidate.peak)

    def _slope_before(self, foot: int) -> float:
        """Slope of the level before a foot, µS per step."""
        early, late = (foot - max(1, round(seconds * self._hz)) for seconds in BEFORE_S)
        rows = [row for row in self._tail if early <= row[0] <= late]
        if len(rows) < 2 or abs(rows[-1][1] - rows[0][1]) < SLOPE_NOISE_FACTOR * self._noise_us():
            return 0.0
        return (rows[-1][1] - rows[0][1]) / (rows[-1][0] - rows[0][0])

    def _follow(self, at: int, level: float) -> list[SCR]:
        """Half recovered, or too late for it?"""
        now = self._open
        if now is None:
            return []
        height = now.above(at, level)
        half = now.height_us / 2
        if height <= half:
            part = (now.last_us - half) / (now.last_us - height) if now.last_us > height else 1.0
            return self._close((at - 1 + part - now.peak) / self._hz)
        now.last_us = height
        return self._close(None) if at - now.peak > RECOVERY_S * self._hz else []

    def _close(self, half_recovery_s: float | None) -> list[SCR]:
        now = self._open
        assert now
        self._open = None
        onset_s, peak_s = self._blocks.time_s(now.onset), self._blocks.time_s(now.peak)
        return [SCR(onset_s, peak_s, now.height_us, peak_s - onset_s, half_recovery_s)]
