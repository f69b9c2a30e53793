"""Roll-ups of a session for plots: `session_1s` and `session_1min`, made by the centre itself, for every kind of store.

A second and a minute are those of the session (from its begin), so that two sessions of one chair never share a point.
They follow from the stored chunks that reach into them and from nothing else: a chunk that comes later, or a version
that replaces it, gives the same points as if it had been there from the start. Below the quality floor there is no
number of the heart; the count of beats and the quality say why.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import fsum
from typing import NamedTuple

from gateway.figures import NORMAL, beat_figures
from gateway.messages import BeatRow, FeatureRow, SessionChunk, SessionOpened
from gateway.points import Point, Span, Value, point_at

S_NS = 1_000_000_000
MINUTE_NS = 60 * S_NS
TRAIL_S = 5
"""A second's heart rate is that of so many seconds up to its end: in one second there may be no beat at all."""
QUALITY_FLOOR = 0.5

Stretch = tuple[int, int]


class RollUps(NamedTuple):
    """Points, and what has to be taken out before they are written: a store keeps fields that a new point has not."""

    points: list[Point]
    stale: list[Span]


def reach_of(stretches: Iterable[Stretch]) -> Stretch:
    """From where to where chunks are needed for the roll-ups that these stretches of session time touch, ns."""
    begins, ends = zip(*stretches, strict=True)
    first = min(begins) // MINUTE_NS * MINUTE_NS - TRAIL_S * S_NS
    last = -(-max(ends) // MINUTE_NS) * MINUTE_NS
    return first, max(last, max(ends) + TRAIL_S * S_NS)


def rollups(site: str, opened: SessionOpened, chunks: Sequence[SessionChunk], touched: Sequence[Stretch]) -> RollUps:
    """The roll-ups that have changed.

    Args:
        site: where the session was.
        opened: its opening.
        chunks: newest versions of its chunks, at least those in `reach_of(touched)`.
        touched: stretches of session time, ns, in which something is new.
    """
    about = _Session(site, opened, chunks)
    points: list[Point] = []
    stale: list[Span] = []
    for measurement, size_ns, trail in (("session_1s", S_NS, TRAIL_S - 1), ("session_1min", MINUTE_NS, 0)):
        for number in _touched(touched, size_ns, trail):
            begin, end = number * size_ns, (number + 1) * size_ns
            if not about.chunks_in(begin, end):
                continue
            fields = about.second(begin, end) if size_ns == S_NS else about.minute(begin, end)
            names = {name for name, value in fields if value is not None}
            if not {"heart_rate_bpm", "mean_hr_bpm"} & names and about.chunks_in(begin - trail * S_NS, end) > 1:
                _note(stale, about.span(begin, end, measurement))
            if point := point_at(measurement, site, opened.device, "", opened.began_utc_ns + begin, fields):
                points.append(point)
    return RollUps(points, stale)


def _touched(stretches: Sequence[Stretch], size_ns: int, trail: int) -> list[int]:
    """Numbers of the seconds or minutes that are touched."""
    return sorted(
        {
            number
            for begin, end in stretches
            for number in range(begin // size_ns, (max(begin, end - 1)) // size_ns + trail + 1)
        }
    )


def _note(stale: list[Span], span: Span) -> None:
    """One more stretch; neighbours become one."""
    if stale and stale[-1].to_ns == span.from_ns and stale[-1].measurements == span.measurements:
        stale[-1] = stale[-1]._replace(to_ns=span.to_ns)
    else:
        stale.append(span)


Fields = list[tuple[str, Value | None]]


class _Session:
    """The rows of some chunks in order of time."""

    def __init__(self, site: str, opened: SessionOpened, chunks: Sequence[SessionChunk]) -> None:
        self._site, self._opened = site, opened
        self._spans = [(chunk.from_ns, chunk.to_ns) for chunk in chunks]
        self._beats = sorted((row for chunk in chunks for row in chunk.beats), key=lambda row: row.t_ns)
        self._features = sorted(
            (row for chunk in chunks for row in chunk.features), key=lambda row: (row.t_ns, row.name, row.window_s)
        )
        self._beat_times = [row.t_ns for row in self._beats]
        self._feature_times = [row.t_ns for row in self._features]

    def chunks_in(self, begin: int, end: int) -> int:
        """How many chunks reach into a stretch."""
        return sum(1 for from_ns, to_ns in self._spans if from_ns < end and begin < to_ns)

    def span(self, begin: int, end: int, measurement: str) -> Span:
        began = self._opened.began_utc_ns
        return Span(self._site, self._opened.device, began + begin, began + end, (measurement,))

    def second(self, begin: int, end: int) -> Fields:
        recent = self._beats_in(end - TRAIL_S * S_NS, end)
        quality = _mean(beat.quality for beat in recent)
        normal = [beat.rr_ms for beat in recent if beat.label == NORMAL and beat.rr_ms is not None]
        rr_ms = _mean(normal) if quality is not None and quality >= QUALITY_FLOOR else None
        latest = {row.name: row.value for row in self._features_in(begin, end) if row.value is not None}
        return [
            ("beats", len(self._beats_in(begin, end))),
            ("quality", quality),
            ("rr_ms", rr_ms),
            ("heart_rate_bpm", 60_000.0 / rr_ms if rr_ms else None),
            *((f"feature_{name}", float(value)) for name, value in sorted(latest.items())),
        ]

    def minute(self, begin: int, end: int) -> Fields:
        beats = self._beats_in(begin, end)
        figures = beat_figures(beats)
        quality = _mean(beat.quality for beat in beats)
        trusted = quality is not None and quality >= QUALITY_FLOOR
        values: defaultdict[str, list[float]] = defaultdict(list)
        for row in self._features_in(begin, end):
            if row.value is not None:
                values[row.name].append(row.value)
        return [
            ("beats", figures.beats),
            ("quality", quality),
            ("artefact_share", figures.artefact_share),
            ("mean_hr_bpm", figures.mean_hr_bpm if trusted else None),
            ("rmssd_ms", figures.rmssd_ms if trusted else None),
            *((f"feature_{name}", _mean(values[name])) for name in sorted(values)),
        ]

    def _beats_in(self, begin: int, end: int) -> list[BeatRow]:
        return self._beats[bisect_left(self._beat_times, begin) : bisect_left(self._beat_times, end)]

    def _features_in(self, begin: int, end: int) -> Iterator[FeatureRow]:
        yield from self._features[bisect_left(self._feature_times, begin) : bisect_left(self._feature_times, end)]


def _mean(values: Iterable[float]) -> float | None:
    """The mean of what there is, rounded once, so that the order in which chunks came is not seen in it."""
    found = list(values)
    return fsum(found) / len(found) if found else None
