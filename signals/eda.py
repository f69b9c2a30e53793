"""Skin conductance: its level, and the responses on top of it, live and batch by the same state machine.

Samples are thinned to about 8 Hz and smoothed over 1 s without shift in time. A causal first-order split at 0.05 Hz
(facts: BIOPAC's 0.05 Hz filters; Boucsein et al. 2012, Psychophysiology 49:1017) takes level and drift away; a response
is a rise of the fast part, and its amplitude is measured on the signal itself against the extrapolated level. Validity
limits: Kleckner et al. 2018, IEEE Trans Biomed Eng 65(7):1460 (0.05-60 µS, ±10 µS/s, 5 s around what is invalid; here
only the 5 s after it, because a live stream cannot know what comes).
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from signals.reasons import Reason
from signals.scr import SCR, ResponseFinder
from signals.slow import Blocks

LOWEST_US, HIGHEST_US = 0.05, 60.0
STEEPEST_US_PER_S = 10.0
HALO_S = 5.0
FLAT_S = 15.0
LEVEL_S = 10.0
LONGEST_WINDOW_S = 300.0
WINDOW_S, STEP_S = 10.0, 5.0


@dataclass(frozen=True, slots=True)
class EDA:
    """Skin conductance of a recording.

    Attributes:
        level_us: tonic level (SCL), median of the valid seconds, µS; None when there are none.
        slope_us_per_min: robust slope of the level, µS/min; None with less than 30 valid seconds.
        responses: the skin conductance responses (SCR) in time.
        scr_per_min: responses per valid minute; None with less than 30 valid seconds.
        window_s: length of a quality window, s.
        start_s: [w] where the windows start, s since the first sample.
        window_level_us: [w] median level in each window, µS, None where it is refused.
        score: [w] valid share of each window, 0-1.
        reasons: [w] why a window is refused, None where it is accepted.
        overall: valid share of the recording, 0-1.
        reason: why there is no level, or None.
    """

    level_us: float | None
    slope_us_per_min: float | None
    responses: tuple[SCR, ...]
    scr_per_min: float | None
    window_s: float
    start_s: NDArray[np.float64]
    window_level_us: tuple[float | None, ...]
    score: NDArray[np.float64]
    reasons: tuple[Reason | None, ...]
    overall: float
    reason: Reason | None


class _Judge:
    """Says of every block mean why it is not valid, or None."""

    def __init__(self, rate_hz: float) -> None:
        self._rate = rate_hz
        self._before = math.nan
        self._same = 0
        self._halo = 0
        self._cause: Reason | None = None

    def say(self, value: float) -> Reason | None:
        cause = self._look(value)
        self._before = value
        if cause is not None:
            self._cause, self._halo = cause, round(HALO_S * self._rate)
            return cause
        if self._halo > 0:
            self._halo -= 1
            return self._cause
        return None

    def _look(self, value: float) -> Reason | None:
        self._same = self._same + 1 if value == self._before else 0
        if math.isnan(value) or value < LOWEST_US:
            return Reason.NO_CONTACT
        if value > HIGHEST_US:
            return Reason.SATURATED
        if abs(value - self._before) * self._rate > STEEPEST_US_PER_S:
            return Reason.MOVEMENT
        return Reason.FLAT if self._same >= FLAT_S * self._rate else None


class EDAStream:
    """Skin conductance live. Any chunking gives the same; memory is constant.

    A response is returned when it is over: half recovered, overtaken by the next one, or 15 s after its peak. In
    `scr_per_min` it counts from its peak on (about 1 s later).

    Args:
        rate_hz: sampling rate, Hz, 4 to 5000; any other gives `Reason.WRONG_RATE` and no numbers.

    Raises:
        ValueError: the rate is no number.
    """

    def __init__(self, rate_hz: float) -> None:
        self._blocks = Blocks(rate_hz)
        hz = self._blocks.rate_hz
        self._judge = _Judge(hz)
        self._finder = ResponseFinder(self._blocks)
        self._count = 0
        self._reason: Reason | None = Reason.TOO_SHORT if self._blocks.usable else Reason.WRONG_RATE
        self._newest: deque[float] = deque(maxlen=round(LEVEL_S * hz))
        self._valid: deque[bool] = deque(maxlen=round(LONGEST_WINDOW_S * hz))
        self._peaks: deque[float] = deque()

    def feed(self, chunk: ArrayLike) -> list[SCR]:
        """Takes the next samples and returns the responses that are complete now.

        Args:
            chunk: [n] µS, any n; NaN where there was no contact.
        """
        out: list[SCR] = []
        if self._blocks.usable:
            for value in self._blocks.feed(chunk):
                out += self._advance(value)[1]
        return out

    def flush(self) -> list[SCR]:
        """The response that was still waiting for its recovery; the stream ends here."""
        return self._finder.flush()

    def _advance(self, value: float) -> tuple[Reason | None, list[SCR]]:
        reason = self._judge.say(value)
        self._valid.append(reason is None)
        self._newest.append(value if reason is None else math.nan)
        out = self._finder.push(self._count, value if reason is None else None)
        if self._finder.fresh_peak_s is not None:
            self._peaks.append(self._finder.fresh_peak_s)
        if self._peaks and self._peaks[0] < self._blocks.time_s(self._count) - LONGEST_WINDOW_S:
            self._peaks.popleft()
        self._count += 1
        self._reason = reason
        if reason is None and self._valid_level() is None:
            self._reason = Reason.TOO_SHORT
        return reason, out

    def _valid_level(self) -> float | None:
        good = [value for value in self._newest if not math.isnan(value)]
        return float(np.median(good)) if len(good) >= (self._newest.maxlen or 0) / 2 else None

    @property
    def level_us(self) -> float | None:
        """Tonic level (SCL): median of the newest 10 s, µS; None when `reason` says why."""
        return None if self._reason is not None else self._valid_level()

    def scr_per_min(self, window_s: float) -> float | None:
        """Responses per valid minute in the newest `window_s` (30 to 300 s).

        None while less than half of the window, or less than 30 s, is valid.
        """
        hz = self._blocks.rate_hz
        size = round(min(max(window_s, 30.0), LONGEST_WINDOW_S) * hz) if window_s == window_s else 0  # noqa: PLR0124
        valid_s = sum(list(self._valid)[-size:]) / hz if size else 0.0
        if valid_s < max(29.5, size / hz / 2):
            return None
        since_s = self._blocks.time_s(self._count - size)
        return sum(peak > since_s for peak in self._peaks) * 60 / valid_s

    @property
    def reason(self) -> Reason | None:
        """Why there is no level now, or None."""
        return self._reason


def skin_conductance(samples_us: ArrayLike, rate_hz: float) -> EDA:
    """Level and responses of a recording; the responses are those of `EDAStream`.

    Measures after Boucsein et al. 2012; how responses are found is ours (no deconvolution, see docs/signals.md).

    Args:
        samples_us: [n] µS, NaN where there was no contact.
        rate_hz: sampling rate, Hz, 4 to 5000; any other gives `Reason.WRONG_RATE` and no numbers.

    Returns:
        Level, slope, responses and quality windows.

    Raises:
        ValueError: the samples are no series of numbers, or the rate is no number.

    >>> import numpy as np
    >>> t = np.arange(0, 120, 0.05)
    >>> x = np.clip(t - 60, 0, None)
    >>> eda = skin_conductance(5 + 0.001 * t + 1.32 * (np.exp(-x / 2.2) - np.exp(-x / 0.75)), 20)
    >>> round(eda.level_us, 2), len(eda.responses), round(eda.responses[0].amplitude_us, 1)
    (5.07, 1, 0.5)
    """
    stream = EDAStream(rate_hz)
    blocks = Blocks(rate_hz)
    values = blocks.feed(samples_us, "samples_us") if blocks.usable else []
    reasons: list[Reason | None] = []
    responses: list[SCR] = []
    for value in values:
        reason, out = stream._advance(value)  # noqa: SLF001 - the same house
        reasons.append(reason)
        responses += out
    responses += stream.flush()
    level = np.where([reason is None for reason in reasons], values, np.nan) if values else np.empty(0)
    return _summary(blocks, level, reasons, responses)


def _summary(blocks: Blocks, level: NDArray[np.float64], reasons: list[Reason | None], responses: list[SCR]) -> EDA:
    hz, seconds = blocks.rate_hz, len(level) / blocks.rate_hz
    starts = np.arange(0.0, max(seconds - WINDOW_S, 0.0) + 1e-9, STEP_S) if len(level) else np.empty(0)
    scores, whys, levels = [], [], []
    for start in starts:
        first, last = round(start * hz), round((start + WINDOW_S) * hz)
        score = float(np.mean(np.isfinite(level[first:last])))
        causes = [reason for reason in reasons[first:last] if reason is not None]
        scores.append(score)
        whys.append(None if score >= 0.5 else max(causes, key=causes.count))
        levels.append(float(np.nanmedian(level[first:last])) if score >= 0.5 else math.nan)
    good = level[np.isfinite(level)]
    valid_s = len(good) / hz
    causes = [reason for reason in reasons if reason is not None]
    if not blocks.usable:
        why: Reason | None = Reason.WRONG_RATE
    elif valid_s >= LEVEL_S / 2:
        why = None
    else:
        why = max(causes, key=causes.count) if causes else Reason.TOO_SHORT
    enough = why is None and valid_s >= 30
    return EDA(
        level_us=float(np.median(good)) if why is None else None,
        slope_us_per_min=_slope(starts, np.array(levels)) if enough else None,
        responses=tuple(responses),
        scr_per_min=len(responses) * 60 / valid_s if enough else None,
        window_s=WINDOW_S,
        start_s=starts,
        window_level_us=tuple(None if math.isnan(value) else value for value in levels),
        score=np.array(scores),
        reasons=tuple(whys),
        overall=len(good) / len(level) if len(level) else 0.0,
        reason=why,
    )


def _slope(start_s: NDArray[np.float64], level_us: NDArray[np.float64]) -> float | None:
    """Theil-Sen slope of the window levels, µS/min."""
    keep = np.isfinite(level_us)
    t, y = start_s[keep], level_us[keep]
    if len(t) < 2:
        return None
    first, second = np.triu_indices(len(t), 1)
    return float(np.median((y[second] - y[first]) / (t[second] - t[first]))) * 60
