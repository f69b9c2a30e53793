"""A person's own seated baseline: what the relaxation score compares with.

Of each measure: mean and standard deviation over the baseline. The deviation out of a minute or two is itself uncertain
and may be almost nothing for a person who sits very still, so it is pooled with a typical within-person deviation that
counts like four further minutes; the score can then not explode. Typical deviations are ours (round figures of adults
at rest, see docs/relaxation-score.md); they are part of the score's version.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from numpy.typing import ArrayLike

from signals.arguments import column, number
from signals.reasons import Reason

PROVISIONAL_S = 60.0
REFERENCE_S = 120.0
GRACE_S = 5.0
"""Readings come every few seconds, so a baseline of 60 s may be counted as 55."""
INDEPENDENT_S = 60.0
PRIOR_MINUTES = 4.0
ACCEPT = 0.5


class RelaxationChannel(StrEnum):
    """The measures of the score and their units."""

    RMSSD = "rmssd"  # ms; its logarithm is compared
    HEART_RATE = "heart_rate"  # 1/min
    SKIN_CONDUCTANCE = "skin_conductance"  # µS
    SCR_RATE = "scr_rate"  # 1/min
    BREATHING_RATE = "breathing_rate"  # 1/min


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure enters the score.

    Attributes:
        sign: +1 when more of it is calmer, else -1.
        weight: of the five that sum to 1: heart 0.4, skin 0.4, breath 0.2.
        typical_sd: typical within-person deviation of a minute at rest (RMSSD: of its logarithm).
        typical_share: further deviation as a share of the baseline mean.
        lowest, highest: what is plausible.
    """

    sign: int
    weight: float
    typical_sd: float
    typical_share: float
    lowest: float
    highest: float


MEASURES: dict[RelaxationChannel, Measure] = {
    RelaxationChannel.RMSSD: Measure(1, 0.25, 0.20, 0.0, 0.5, 500.0),
    RelaxationChannel.HEART_RATE: Measure(-1, 0.15, 2.0, 0.0, 20.0, 240.0),
    RelaxationChannel.SKIN_CONDUCTANCE: Measure(-1, 0.25, 0.1, 0.05, 0.05, 60.0),
    RelaxationChannel.SCR_RATE: Measure(-1, 0.15, 1.0, 0.0, 0.0, 60.0),
    RelaxationChannel.BREATHING_RATE: Measure(-1, 0.20, 1.0, 0.0, 2.0, 60.0),
}

PACED_EXCLUDED = frozenset({RelaxationChannel.RMSSD, RelaxationChannel.BREATHING_RATE})
"""Breathing slowly on purpose moves these by itself."""


def transformed(channel: RelaxationChannel, value: float) -> float | None:
    """The value as it is compared (RMSSD: its logarithm), or None when it is not plausible.

    Args:
        channel: which measure.
        value: in the unit of the measure.

    Raises:
        ValueError: the value is no number.
    """
    measure = MEASURES[channel]
    value = number(channel, value)
    if not measure.lowest <= value <= measure.highest:
        return None
    return math.log(value) if channel is RelaxationChannel.RMSSD else value


@dataclass(frozen=True, slots=True)
class BaselineChannel:
    """One measure over the baseline.

    Attributes:
        mean: mean of the compared values (RMSSD: of the logarithm).
        sd: pooled within-person standard deviation of a minute.
        own_sd: what the samples alone say; None with fewer than two independent minutes.
        freedom: degrees of freedom behind `sd`.
        shown: the mean in the unit of the measure.
        count: samples.
    """

    mean: float
    sd: float
    own_sd: float | None
    freedom: float
    shown: float
    count: int


@dataclass(frozen=True, slots=True)
class RelaxationBaseline:
    """A seated baseline.

    Attributes:
        seconds: how long it lasted, s.
        channels: the measures that were there.
        paced: whether the person breathed along with a pacer (then it is no baseline).
        quality: mean signal quality of each measure, 0-1.
        reason: why it cannot be used, or None.
    """

    seconds: float
    channels: Mapping[RelaxationChannel, BaselineChannel]
    paced: bool = False
    quality: Mapping[RelaxationChannel, float] = field(default_factory=dict)

    @property
    def reason(self) -> Reason | None:
        """Why it cannot be used, or None."""
        usable = self.seconds >= PROVISIONAL_S - GRACE_S and not self.paced and bool(self.channels)
        return None if usable else Reason.NO_BASELINE

    @property
    def provisional(self) -> bool:
        """Usable, but shorter than two minutes."""
        return self.reason is None and self.seconds < REFERENCE_S - GRACE_S

    @classmethod
    def from_samples(
        cls,
        samples: Mapping[RelaxationChannel, ArrayLike],
        seconds: float,
        *,
        paced: bool = False,
        quality: Mapping[RelaxationChannel, float] | None = None,
    ) -> "RelaxationBaseline":
        """A baseline out of feature samples; implausible ones and NaN are left out.

        Args:
            samples: [n] values of each measure over the baseline, in time, in the unit of the measure.
            seconds: how long the baseline lasted, s.
            paced: whether the person breathed along with a pacer.
            quality: mean signal quality of each measure, 0-1.

        Raises:
            ValueError: what should be numbers are none. (A duration that is not finite or not positive counts as 0 s.)

        >>> RelaxationBaseline.from_samples({RelaxationChannel.HEART_RATE: [72, 71, 73]}, 30).reason
        <Reason.NO_BASELINE: 'no_baseline'>
        """
        seconds = number("seconds", seconds)
        seconds = seconds if 0 < seconds < math.inf else 0.0
        channels = {}
        for channel, values in samples.items():
            kept = [
                kept for value in column(channel, values).tolist() if (kept := transformed(channel, value)) is not None
            ]
            if kept:
                channels[channel] = _channel(channel, kept, seconds)
        return cls(seconds, channels, paced, dict(quality or {}))


def _channel(channel: RelaxationChannel, values: list[float], seconds: float) -> BaselineChannel:
    measure = MEASURES[channel]
    mean = sum(values) / len(values)
    typical = measure.typical_sd + measure.typical_share * mean
    if channel is RelaxationChannel.SCR_RATE:
        typical = max(typical, math.sqrt(mean))  # counts per minute scatter like counts
    free = max(0.0, min(float(len(values)), seconds / INDEPENDENT_S) - 1)
    own = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1)) if free > 0 else None
    freedom = PRIOR_MINUTES + free
    sd = math.sqrt((PRIOR_MINUTES * typical**2 + free * (own or 0.0) ** 2) / freedom)
    shown = math.exp(mean) if channel is RelaxationChannel.RMSSD else mean
    return BaselineChannel(mean, sd, own, freedom, shown, len(values))


class BaselineCollector:
    """Gathers feature samples while a baseline runs."""

    def __init__(self) -> None:
        self._values: dict[RelaxationChannel, list[float]] = {}
        self._quality: dict[RelaxationChannel, list[float]] = {}

    def add(self, channel: RelaxationChannel, value: float, quality: float = 1.0) -> None:
        """Takes a value; one of quality below 0.5 is left out.

        Args:
            channel: which measure.
            value: in the unit of the measure.
            quality: signal quality, 0-1.
        """
        if number("quality", quality) >= ACCEPT and transformed(channel, value) is not None:
            self._values.setdefault(channel, []).append(value)
            self._quality.setdefault(channel, []).append(min(1.0, quality))

    def finish(self, seconds: float, *, paced: bool = False) -> RelaxationBaseline:
        """The baseline of what was gathered.

        Args:
            seconds: how long it lasted, s.
            paced: whether the person breathed along with a pacer.
        """
        quality = {channel: sum(values) / len(values) for channel, values in self._quality.items()}
        return RelaxationBaseline.from_samples(self._values, seconds, paced=paced, quality=quality)
