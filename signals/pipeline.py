"""From the samples of one heart sensor to beats in time, live.

`HeartPipeline` strings the streaming parts together (detector, quality) and keeps time: a beat's place in the
stream of samples becomes its time on the clock of the samples. A hole in the device's counter ends one stretch and
begins another; no interval is ever measured across it.
"""

from collections import deque
from dataclasses import dataclass

from signals.beats import Beat, BeatStream, Kind
from signals.quality import QualityStream
from signals.reasons import Reason
from signals.samples import Samples

_KEPT_RUNS = 64
_SLACK = 0.5


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
    """Samples are missing from … to …, ns on the clock of the samples."""

    from_ns: int
    to_ns: int


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
        self._before: tuple[int, Beat] | None = None

    def feed(self, samples: Samples) -> list[HeartBeat | Hole]:
        """Take the next run of samples; beats come at most a second after they happened."""
        out: list[HeartBeat | Hole] = []
        last = self._last
        if last is not None:
            whole = last.epoch == samples.epoch and samples.first_index == last.first_index + len(last.values)
            if not whole:
                out += self.flush()
                out.append(Hole(last.end_ns, samples.start_ns))
        self._last = samples
        self._runs.append((self._fed, samples))
        self._fed += len(samples.values)
        out += self._timed(self._stream.feed(samples.values))
        self._quality.feed(samples.values)
        return out

    def flush(self) -> list[HeartBeat]:
        """The beats that were still being thought about; the next samples begin a new stretch."""
        beats = self._timed(self._stream.flush())
        self._begin()
        self._last = None
        return beats

    @property
    def signal(self) -> tuple[float, Reason | None]:
        """Quality of the newest seconds, 0-1, and what is wrong with them."""
        return self._quality.score

    def _timed(self, beats: list[Beat]) -> list[HeartBeat]:
        out = []
        for beat in beats:
            t_ns = self._time_of(beat.time_s * self.rate_hz)
            rr_ms = None if self._before is None else (t_ns - self._before[0]) / 1e6
            self._before = (t_ns, beat)
            out.append(HeartBeat(t_ns, rr_ms, beat.quality))
        return out

    def _time_of(self, place: float) -> int:
        """Clock time of a place in the stretch, counted in samples."""
        begin, run = self._runs[0]
        for begin, run in reversed(self._runs):  # noqa: B007
            if begin <= place + _SLACK:
                break
        return run.start_ns + round((place - begin) * 1e9 / run.rate_hz)
