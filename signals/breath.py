"""What a breath is, and what is said of the breathing of a recording, whatever it was taken from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signals.reasons import Reason

Source = Literal["belt", "ppg", "rr"]


@dataclass(frozen=True, slots=True)
class Breath:
    """One breath, from the begin of its inhalation to the begin of the next.

    Attributes:
        onset_s: begin of the inhalation, s since the first sample.
        peak_s: end of the inhalation, s.
        end_s: begin of the next inhalation, s.
        depth: height of the rise, in the unit of the samples (smoothing takes a tenth of it at 20/min, a third at 30).
    """

    onset_s: float
    peak_s: float
    end_s: float
    depth: float

    @property
    def rate_per_min(self) -> float:
        """Breaths per minute if all were like this one."""
        return 60 / (self.end_s - self.onset_s)


@dataclass(frozen=True, slots=True)
class Respiration:
    """Breathing of a recording.

    Attributes:
        source: what it was taken from.
        rate_per_min: breaths per minute of breathing time; None when `reason` says why.
        depth: median depth, in the unit of the samples; None without breaths (always for "ppg" and "rr").
        onset_s: [n] begins of inhalations, s since the first sample (of the first beat for "ppg" and "rr").
        rates_per_min: [n] rate of each breath, 1/min; for "ppg" and "rr" of each window whose middle is in `onset_s`.
        quality: 0-1, share of the recording that the result covers.
        reason: why there is no rate, or None.
    """

    source: Source
    rate_per_min: float | None
    depth: float | None
    onset_s: NDArray[np.float64]
    rates_per_min: NDArray[np.float64]
    quality: float
    reason: Reason | None
