"""Breathing from a belt or any other signal that swells with the breath: breaths one by one, live and batch.

Samples are thinned to about 8 Hz and smoothed over 0.8 s without shift in time; a breath is a rise and a fall of at
least 0.3 of the interquartile range of the last 20 s (amplitude rule of Khodadad et al. 2018, Physiol Meas 39:094001,
made causal), and more than the noise: a belt on the table does not breathe. It runs from the begin of one inhalation to
the begin of the next. What is derived from a pulse or from RR intervals is in `respiration_derived`.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.arguments import column
from signals.breath import Breath, Respiration, Source
from signals.reasons import Reason
from signals.respiration_derived import respiration_from_ppg
from signals.slow import Blocks, Smooth, Turns

SMOOTH_S = 0.8
LEARN_S = 10.0
SPREAD_S = 20.0
SHARE = 0.3
NOISE_FACTOR = 6.0
SHALLOWEST, REMEMBERED_S = 0.1, 120.0  # of the median depth of the breaths of two minutes
LEAST = 1e-9
QUALITY_FLOOR = 0.25
SLOWEST_PER_MIN, FASTEST_PER_MIN = 2.5, 45.0
STALL_S = 60 / SLOWEST_PER_MIN
HALO_S = 2.0
EDGE_S = 0.6
FLAT_S = 10.0
LONGEST_WINDOW_S = 300.0


class RespirationStream:
    """Breathing live. Any chunking gives the same; memory is constant.

    A breath is returned when the next inhalation is sure, about 1 s after its begin. The first ten seconds are used
    to learn how deep the breath goes, then looked through again.

    Args:
        rate_hz: sampling rate, Hz, 4 to 5000; any other gives `Reason.WRONG_RATE` and no numbers.

    Raises:
        ValueError: the rate is no number.
    """

    def __init__(self, rate_hz: float) -> None:
        self._blocks = Blocks(rate_hz)
        hz = self._hz = self._blocks.rate_hz
        self._smooth = Smooth(max(1, round(SMOOTH_S / 2 * hz)))
        self._turns = Turns()
        self._learn = round(LEARN_S * hz)
        self._recent: deque[float] = deque(maxlen=round(SPREAD_S * hz))
        self._rest: deque[float] = deque(maxlen=self._recent.maxlen)
        self._first = 0
        self._swing = math.inf
        self._count = 0
        self._since = 0
        self._same = 0
        self._before = math.nan
        self._halo = 0
        self._inhaled: tuple[float, float] | None = None
        self._peak: tuple[float, float] | None = None
        self._seen: deque[Breath] = deque(maxlen=round(LONGEST_WINDOW_S / 60 * FASTEST_PER_MIN))
        self._reason: Reason | None = Reason.TOO_SHORT if self._blocks.usable else Reason.WRONG_RATE

    def feed(self, chunk: ArrayLike) -> list[Breath]:
        """Takes the next samples and returns the breaths that are complete now.

        Args:
            chunk: [n] samples, inhalation up, any n; NaN where there was no contact.
        """
        out: list[Breath] = []
        if self._blocks.usable:
            for value in self._blocks.feed(chunk):
                out += self._advance(value)
                self._count += 1
        return out

    def rate_per_min(self, window_s: float) -> float | None:
        """Breaths per minute of breathing time over the breaths that ended in the newest `window_s` (up to 300 s).

        None without two such breaths, or when `reason` says why.
        """
        breaths = self._newest(window_s)
        if self._reason is not None or len(breaths) < 2:
            return None
        return 60 * len(breaths) / sum(breath.end_s - breath.onset_s for breath in breaths)

    @property
    def depth(self) -> float | None:
        """Median depth of the breaths of the newest 60 s, in the unit of the samples; None when `reason` says why."""
        breaths = self._newest(60.0)
        if self._reason is not None or not breaths:
            return None
        return float(np.median([breath.depth for breath in breaths]))

    @property
    def reason(self) -> Reason | None:
        """Why there is no rate now, or None."""
        return self._reason

    def _newest(self, window_s: float) -> list[Breath]:
        now_s = self._blocks.time_s(self._count)
        return [breath for breath in self._seen if breath.end_s >= now_s - window_s]

    def _dead(self, value: float) -> Reason | None:
        self._same = self._same + 1 if value == self._before else 0
        self._before = value
        if math.isnan(value):
            return Reason.NO_CONTACT
        return Reason.FLAT if self._same >= FLAT_S * self._hz else None

    def _advance(self, value: float) -> list[Breath]:
        dead = self._dead(value)
        if dead is not None:
            self._begin_again()
            self._reason, self._halo = dead, round(HALO_S * self._hz)
            return []
        if self._halo > 0:
            self._halo -= 1
            return []
        level = self._smooth.push(value)
        if level is None:
            return []
        at = self._count - self._smooth.half
        if not self._recent:
            self._first = self._since = at
            self._reason = Reason.TOO_SHORT
        self._recent.append(level)
        self._rest.append(self._smooth.middle - level)
        seen = at - self._first + 1
        if seen < self._learn:
            return []
        if (seen - self._learn) % max(1, round(self._hz)) == 0:
            self._swing = self._needed()
        out: list[Breath] = []
        if seen == self._learn:
            for back, earlier in enumerate(self._recent):
                out += self._turn(self._first + back, earlier)
        else:
            out = self._turn(at, level)
        self._seen.extend(out)
        self._reason = self._lately(at)
        return out

    def _needed(self) -> float:
        """How far the signal must turn for a breath: a share of its spread, of earlier breaths, and more than noise."""
        noise = self._smooth.noise_per_rest * float(np.sqrt(np.mean(np.square(self._rest))))
        depths = [breath.depth for breath in self._newest(REMEMBERED_S)]
        earlier = SHALLOWEST * float(np.median(depths)) if depths else 0.0
        return max(SHARE * _spread(np.array(self._recent)), NOISE_FACTOR * noise, earlier, LEAST)

    def _lately(self, at: int) -> Reason | None:
        """Whether breaths are coming."""
        ends = [breath.end_s for breath in self._newest(STALL_S)]
        if len(ends) >= 2 or (ends and len(self._seen) >= 2 and self._seen[-2].end_s == self._seen[-1].onset_s):
            return None
        return Reason.NO_PEAK if at - self._since > STALL_S * self._hz else Reason.TOO_SHORT

    def _turn(self, at: int, level: float) -> list[Breath]:
        turn = self._turns.push(at, level, self._swing, self._swing)
        if turn > 0:
            self._peak = (self._blocks.time_s(self._turns.peak[0]), self._turns.peak[1])
        if turn >= 0:
            return []
        before, peak = self._inhaled, self._peak
        begin = (self._blocks.time_s(self._turns.trough_place), self._turns.trough[1])
        edge = self._turns.trough[0] < self._first + EDGE_S * self._hz  # it may have begun before the signal did
        self._inhaled, self._peak = None if edge else begin, None
        if before is None or peak is None:
            return []
        length_s = begin[0] - before[0]
        if not 60 / FASTEST_PER_MIN <= length_s <= 60 / SLOWEST_PER_MIN:
            return []
        return [Breath(before[0], peak[0], begin[0], peak[1] - before[1])]

    def _begin_again(self) -> None:
        self._smooth.clear()
        self._turns.clear()
        self._recent.clear()
        self._rest.clear()
        self._seen.clear()
        self._inhaled = self._peak = None
        self._swing = math.inf


def _spread(levels: NDArray[np.float64]) -> float:
    """Interquartile range, drift taken out."""
    place = np.arange(len(levels)) - (len(levels) - 1) / 2
    slope = (place @ levels) / (place @ place)
    low, high = np.percentile(levels - slope * place, [25, 75])
    return float(high - low)


def respiration(samples: ArrayLike, rate_hz: float, source: Source = "belt") -> Respiration:
    """Breathing of a recording.

    Args:
        samples: [n] samples, NaN where there was no contact: a belt or impedance signal (inhalation up), or a PPG.
        rate_hz: sampling rate, Hz, 4 to 5000 (a PPG needs 20).
        source: "belt" (anything that swells with the breath; Khodadad 2018, made causal) or "ppg" (Karlen 2013).

    Returns:
        Rate, depth and every breath, or the reason why there is none.

    Raises:
        ValueError: `source` is another ("rr": intervals go to `respiration_from_rr`); samples that are no numbers.

    >>> import numpy as np
    >>> t = np.arange(0, 120, 0.04)
    >>> breath = respiration(np.sin(2 * np.pi * 0.1 * t), 25)
    >>> round(breath.rate_per_min, 2), round(breath.depth, 1), len(breath.onset_s)
    (6.0, 2.0, 11)
    """
    if source == "rr":
        raise ValueError("source: intervals are no samples; use respiration_from_rr(times_s, rr_ms)")
    if source not in ("belt", "ppg"):
        raise ValueError(f"source: breathing is found in 'belt' or 'ppg', not in {source!r}")
    if source == "ppg":
        return respiration_from_ppg(samples, rate_hz)
    values = column("samples", samples)
    stream = RespirationStream(rate_hz)
    breaths = stream.feed(values)
    length_s = len(values) / rate_hz if stream.reason is not Reason.WRONG_RATE else math.inf
    breathing_s = sum(breath.end_s - breath.onset_s for breath in breaths)
    quality = min(1.0, breathing_s / max(length_s - 2 * breathing_s / len(breaths), 1.0)) if breaths else 0.0
    why = None
    if len(breaths) < 2 or quality < QUALITY_FLOOR:
        why = stream.reason or (Reason.NO_PEAK if len(breaths) > 1 else Reason.TOO_SHORT)
    return Respiration(
        source="belt",
        rate_per_min=60 * len(breaths) / breathing_s if why is None else None,
        depth=float(np.median([breath.depth for breath in breaths])) if why is None else None,
        onset_s=np.array([breath.onset_s for breath in breaths]),
        rates_per_min=np.array([breath.rate_per_min for breath in breaths]),
        quality=quality if why is None else 0.0,
        reason=why,
    )
