"""Beats of a sensor that counts them itself (a chest strap, an armband): intervals in, beats and holes out.

The counterpart of `HeartPipeline` for `Intervals`: there is no wave to judge, so the quality is that of the newest
intervals themselves: the share that is possible in a human and near its neighbours. Ectopic beats are not noise and
are left to the labelling (`signals/rr.py`); a signal is bad here only when much of it is.
"""

from collections import deque

import numpy as np

from signals.pipeline import HeartBeat, Hole
from signals.reasons import Reason
from signals.samples import Intervals

_SHORTEST_MS, _LONGEST_MS = 250.0, 2500.0
"""240 to 24 beats a minute; what lies outside is a fault of the sensor."""
_NEAR = 0.35
"""An interval this much off the median of its neighbours is suspect; sinus rhythm in deep breathing stays within."""
_JUDGED = 20


class IntervalPipeline:
    """Beats out of `Intervals`, whatever the chunking.

    >>> sensor = IntervalPipeline()
    >>> beat_ns, rr_ms = np.array([1_000_000_000, 1_800_000_000]), np.array([790.0, 800.0])
    >>> [(beat.t_ns, beat.rr_ms) for beat in sensor.feed(Intervals("strap-1", beat_ns, rr_ms, joined=False))]
    [(210000000, None), (1000000000, 790.0), (1800000000, 800.0)]
    """

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._contact: bool | None = None
        self._off_ns: int | None = None
        self._newest: deque[float] = deque(maxlen=_JUDGED)

    def feed(self, intervals: Intervals) -> list[HeartBeat | Hole]:
        """Take what the sensor has counted. The beat that opens a stretch has no interval."""
        out: list[HeartBeat | Hole] = []
        self._contact = intervals.contact
        for place, (t_ns, rr_ms) in enumerate(zip(intervals.t_ns.tolist(), intervals.rr_ms.tolist(), strict=True)):
            opening_ns = t_ns - round(rr_ms * 1e6)
            if place == 0 and not (intervals.joined and self._last_ns is not None):
                if self._last_ns is not None and opening_ns > self._last_ns:
                    out.append(Hole(self._last_ns, opening_ns, "samples_lost"))
                self._newest.clear()
                if self._last_ns is None or opening_ns > self._last_ns:
                    out.append(HeartBeat(opening_ns, None, 1.0))
            self._newest.append(rr_ms)
            out.append(HeartBeat(t_ns, rr_ms, self._share()))
            self._last_ns = t_ns
        return out

    def flush(self) -> list[HeartBeat | Hole]:
        """Nothing is ever held back; the next intervals begin a new stretch."""
        self._last_ns = None
        self._newest.clear()
        return []

    @property
    def signal(self) -> tuple[float, Reason | None]:
        """Quality of the newest intervals, 0-1, and what is wrong with them."""
        if self._contact is False:
            return 0.0, Reason.NO_CONTACT
        if not self._newest:
            return 0.0, Reason.TOO_FEW_BEATS
        share = self._share()
        return share, Reason.IMPLAUSIBLE if share < 0.5 else None

    def _share(self) -> float:
        rr_ms = np.array(self._newest)
        middle = float(np.median(rr_ms))
        good = (rr_ms >= _SHORTEST_MS) & (rr_ms <= _LONGEST_MS) & (np.abs(rr_ms - middle) <= _NEAR * middle)
        return float(np.mean(good))
