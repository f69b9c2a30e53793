"""The relaxation score of the running session: collects the baseline, compares with it, keeps parts and version.

The baseline is the programme's baseline segment. It is rebuilt from the features that the ledger holds, so it survives
a crash. What the score is and is not: `docs/relaxation-score.md`.
"""

from typing import Self

from care.programme import SegmentKind
from care.session import Session, State
from gateway.live import Metric
from gateway.room.ledger import Ledger
from gateway.room.senses import Reading
from signals.baseline import BaselineCollector, RelaxationBaseline, RelaxationChannel
from signals.reasons import Reason
from signals.relaxation import Relaxation, RelaxationState, relaxation

WINDOW_S = 60.0
MOMENT_S = 5.0
"""Readings come this far apart."""
_CHANNELS = {channel.value: channel for channel in RelaxationChannel}


class Score:
    """One session's score."""

    def __init__(self) -> None:
        self._collector = BaselineCollector()
        self._moments = 0
        self._since_paced_s = WINDOW_S
        self._baseline: RelaxationBaseline | None = None
        self.latest: Relaxation | None = None

    def take(self, session: Session, readings: list[Reading]) -> list[Reading]:
        """Take the readings of a moment; what comes back is the score, its interval and its parts, to be kept."""
        if session.state is not State.RUNNING and session.state is not State.FINISHED:
            return []
        self._since_paced_s = 0.0 if session.paced else self._since_paced_s + MOMENT_S
        if session.segment.kind is SegmentKind.BASELINE:
            self._moments += 1
            for reading in readings:
                if reading.value is not None:
                    self._add(reading.name, reading.value, reading.quality)
            return []
        if session.segment.kind is SegmentKind.SENSOR_CHECK:
            return []
        if self._baseline is None:
            self._baseline = self._collector.finish(self._moments * MOMENT_S)
        here = {_CHANNELS[r.name]: r for r in readings if r.name in _CHANNELS and r.value is not None}
        state = RelaxationState(
            values={channel: r.value for channel, r in here.items() if r.value is not None},
            seconds=WINDOW_S,
            paced=self._since_paced_s < WINDOW_S,  # readings look back as far
            quality={channel: r.quality for channel, r in here.items()},
        )
        self.latest = relaxation(self._baseline, state)
        return self._readings(self.latest)

    def metric(self) -> Metric:
        """The newest score for a face."""
        if self.latest is None:
            return Metric(None, "", 0.0, str(Reason.NO_BASELINE))
        low, high = self.latest.interval or (None, None)
        reason = str(self.latest.reason) if self.latest.reason else ""
        score = None if self.latest.score is None else round(self.latest.score)
        return Metric(score, "", round(self.latest.quality, 3), reason, low, high)

    @classmethod
    def from_features(cls, ledger: Ledger) -> Self:
        """The score as it was before a crash, out of the features of the baseline segment."""
        score = cls()
        baseline = {s.key for s in ledger.session.programme.segment if s.kind is SegmentKind.BASELINE}
        began = [(row.t_ns, row.detail in baseline) for row in ledger.events if row.code == "segment_began"]
        for row in ledger.features:
            inside = [is_baseline for t_ns, is_baseline in began if t_ns <= row.t_ns]
            if inside and inside[-1]:
                score._moments += row.name == RelaxationChannel.HEART_RATE.value
                if row.value is not None:
                    score._add(row.name, row.value, row.quality)
        return score

    def _add(self, name: str, value: float, quality: float) -> None:
        if name in _CHANNELS:
            self._collector.add(_CHANNELS[name], value, quality)

    def _readings(self, score: Relaxation) -> list[Reading]:
        reason = str(score.reason) if score.reason else ""
        low, high = score.interval or (None, None)
        rows = [
            Reading("relaxation", score.score, "", WINDOW_S, score.quality, reason),
            Reading("relaxation_low", low, "", WINDOW_S, score.quality, reason),
            Reading("relaxation_high", high, "", WINDOW_S, score.quality, reason),
        ]
        for part in score.parts:
            why = str(part.reason) if part.reason else score.version
            rows.append(Reading(f"relaxation_z_{part.channel}", part.z, "", WINDOW_S, score.quality, why))
        return rows
