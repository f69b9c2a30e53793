"""From the samples of one heart sensor to beats in time, live.

`HeartPipeline` strings the streaming parts together (detector, quality) and keeps time: a beat's place in the
stream of samples becomes its time on the clock of the samples. A hole in the device's counter ends one stretch and
begins another; no interval is ever measured across it.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from signals.beat import Beat, Kind
from signals.beats import BeatStream
from signals.quality import QualityStream
from signals.reasons import Reason
from signals.samples import Samples

_KEPT_RUNS = 64
_SLACK = 0.5
_SHORT_HOLE_S = 2.0
"""A hole of lost samples up to this long is bridged; after a longer one everything is learnt anew."""
_NO_CONTACT_S = 1.0
"""Without contact for so long, a stretch is over."""


@dataclass(frozen=True, slots=True)
class HeartBeat:
    """A beat as it is heard.

    Attributes:
        t_ns: time on the clock of the samples, ns.
        rr_ms: interval to the beat before; None for the first beat after a hole.
        quality: 0-1.
    """

    t_ns: int
    rr_ms: float | None
    quality: float


@dataclass(frozen=True, slots=True)
class Hole:
    """The heart was not heard from … to …, ns on the clock of the samples: "samples_lost" or "no_contact"."""

    from_ns: int
    to_ns: int
    cause: str


class HeartPipeline:
    """Beats out of `Samples` of an ECG or a PPG, whatever the chunking.

    Args:
        kind: "ecg" or "ppg".
        rate_hz: nominal rate; intervals are measured on the true rate of the samples.
    """

    def __init__(self, kind: Kind, rate_hz: float) -> None:
        self.kind: Kind = kind
        self.rate_hz = rate_hz
        self._quality = QualityStream(rate_hz, kind)
        self._begin()
        self._last: Samples | None = None

    def _begin(self) -> None:
        self._stream = BeatStream(self.rate_hz, self.kind)
        self._fed = 0
        self._runs: deque[tuple[int, Samples]] = deque(maxlen=_KEPT_RUNS)
        self._before_ns: int | None = None
        self._dead_since: tuple[int, int] | None = None
        self._dead: deque[tuple[int, Hole]] = deque()

    def feed(self, samples: Samples) -> list[HeartBeat | Hole]:
        """Take the next run of samples; beats come at most a second after they happened."""
        out: list[HeartBeat | Hole] = []
        last = self._last
        if last is not None:
            missing = samples.first_index - last.first_index - len(last.values)
            if last.epoch != samples.epoch or not 0 <= missing <= _SHORT_HOLE_S * self.rate_hz:
                out += self.flush()
                out.append(Hole(last.end_ns, samples.start_ns, "samples_lost"))
            elif missing:
                out += self._bridge(last, samples.start_ns, missing)
        self._last = samples
        self._runs.append((self._fed, samples))
        self._watch_contact(samples)
        self._fed += len(samples.values)
        out += self._timed(self._stream.feed(samples.values))
        self._quality.feed(samples.values)
        return out

    def _bridge(self, last: Samples, until_ns: int, missing: int) -> list[HeartBeat | Hole]:
        """A few lost samples: the detector keeps what it has learnt, and no interval is measured across the hole."""
        nothing = np.full(missing, np.nan)
        after = last.first_index + len(last.values)
        self._runs.append((self._fed, replace(last, start_ns=last.end_ns, values=nothing, first_index=after)))
        self._fed += missing
        self._dead.append((self._fed, Hole(last.end_ns, until_ns, "samples_lost")))
        self._quality.feed(nothing)
        return self._timed(self._stream.feed(nothing))

    def flush(self) -> list[HeartBeat | Hole]:
        """What was still being thought about: beats, and contact that has not come back until the newest sample.

        The next samples begin a new stretch.
        """
        out = self._timed(self._stream.flush())
        if self._last is not None:
            self._contact(self._fed, self._last.end_ns)
        out += [hole for _, hole in self._dead]
        self._begin()
        self._last = None
        return out

    @property
    def signal(self) -> tuple[float, Reason | None]:
        """Quality of the newest seconds, 0-1, and what is wrong with them."""
        return self._quality.score

    def _watch_contact(self, samples: Samples) -> None:
        """Find stretches of NaN of a second or more, across runs."""
        silent = np.isnan(samples.values)
        if not silent.any():
            self._contact(self._fed, samples.start_ns)
            return
        edges = np.flatnonzero(np.diff(silent)) + 1
        for first in (0, *edges.tolist()):
            at, at_ns = self._fed + first, samples.start_ns + round(first * 1e9 / samples.rate_hz)
            if not silent[first]:
                self._contact(at, at_ns)
            elif self._dead_since is None:
                self._dead_since = (at, at_ns)

    def _contact(self, place: int, t_ns: int) -> None:
        if self._dead_since and place - self._dead_since[0] >= _NO_CONTACT_S * self.rate_hz:
            self._dead.append((place, Hole(self._dead_since[1], t_ns, "no_contact")))
        self._dead_since = None

    def _timed(self, beats: list[Beat]) -> list[HeartBeat | Hole]:
        out: list[HeartBeat | Hole] = []
        for beat in beats:
            place = beat.time_s * self.rate_hz
            while self._dead and self._dead[0][0] <= place + _SLACK:
                out.append(self._dead.popleft()[1])
                self._before_ns = None
            t_ns = self._time_of(place)
            rr_ms = None if self._before_ns is None else (t_ns - self._before_ns) / 1e6
            self._before_ns = t_ns
            out.append(HeartBeat(t_ns, rr_ms, beat.quality))
        return out

    def _time_of(self, place: float) -> int:
        """Clock time of a place in the stretch, counted in samples."""
        begin, run = self._runs[0]
        for begin, run in reversed(self._runs):  # noqa: B007
            if begin <= place + _SLACK:
                break
        return run.start_ns + round((place - begin) * 1e9 / run.rate_hz)
