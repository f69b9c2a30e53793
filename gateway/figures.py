"""Figures that follow from a list of beats alone: the same for the room's summary and for what the store gives back."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from gateway.messages import BeatRow

NORMAL = "normal"


class BeatFigures(NamedTuple):
    """What can be said of beats. None: too few to say.

    Attributes:
        beats: all, also those without an interval.
        mean_hr_bpm: 60000 / mean of the normal intervals in ms.
        rmssd_ms: over successive differences of normal intervals that follow each other directly.
        artefact_share: intervals that are not labelled normal, of all intervals.
    """

    beats: int
    mean_hr_bpm: float | None
    rmssd_ms: float | None
    artefact_share: float | None


def beat_figures(beats: Sequence[BeatRow]) -> BeatFigures:
    """The figures of beats in order of time."""
    intervals = [(row.rr_ms, row.label) for row in beats if row.rr_ms is not None]
    normal = [rr_ms for rr_ms, label in intervals if label == NORMAL]
    differences = _normal_differences(beats)
    return BeatFigures(
        beats=len(beats),
        mean_hr_bpm=60_000.0 * len(normal) / sum(normal) if normal and sum(normal) > 0 else None,
        rmssd_ms=math.sqrt(sum(d * d for d in differences) / len(differences)) if differences else None,
        artefact_share=1 - len(normal) / len(intervals) if intervals else None,
    )


def _normal_differences(beats: Sequence[BeatRow]) -> list[float]:
    """Successive differences, ms, between normal intervals of directly following beats; a gap or artefact breaks."""
    differences: list[float] = []
    before: float | None = None
    for row in beats:
        normal = row.rr_ms if row.label == NORMAL else None
        if normal is not None and before is not None:
            differences.append(normal - before)
        before = normal
    return differences
