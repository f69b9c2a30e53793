"""The relaxation score of the running session: collects the baseline, compares with it, keeps parts and version.

The baseline is the programme's baseline segment. It is rebuilt from the features that the ledger holds, so it survives
a crash. What the score is and is not: `docs/relaxation-score.md`.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Self

from care.programme import SegmentKind
from care.session import Session, State
from gateway.live import Metric
from gateway.messages import EventRow, FeatureRow
from gateway.room.ledger import Ledger
from gateway.room.senses import Reading
from signals.baseline import BaselineCollector, RelaxationBaseline, RelaxationChannel
from signals.reasons import Reason
from signals.relaxation import Relaxation, RelaxationState, relaxation

WINDOW_S = 60.0
MOMENT_S = 5.0
"""Readings come this far apart."""
HEARD_SHARE = 0.8
"""A baseline of which less than this was heard is as long as what was heard of it."""
_CHANNELS = {channel.value: channel for channel in RelaxationChannel}


class Score:
    """One session's score."""

    def __init__(self) -> None:
        self._collector = BaselineCollector()
        self._moments = self._heard = 0
        self._paced_ns: int | None = None
        self._baseline: RelaxationBaseline | None = None
        self.latest: Relaxation | None = None

    def take(self, session: Session, readings: Sequence[Reading]) -> list[Reading]:
        """Take the readings of a moment; what comes back is the score, its interval and its parts, to be kept."""
        if session.state is not State.RUNNING and session.state is not State.FINISHED:
            return []
        kind = session.segment.kind
        self._look(kind, session.now_ns, readings)
        if kind is SegmentKind.BASELINE or kind is SegmentKind.SENSOR_CHECK:
            return []
        if self._baseline is None:
            self._baseline = self._collector.finish(self._baseline_s(session))
        here = {_CHANNELS[r.name]: r for r in readings if r.name in _CHANNELS and r.value is not None}
        state = RelaxationState(
            values={channel: r.value for channel, r in here.items() if r.value is not None},
            seconds=WINDOW_S,
            paced=self._window_is_paced(session.now_ns),
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
        """The score as it was before a crash, out of what the ledger holds: the same moments, looked at once more."""
        score = cls()
        kinds = {segment.key: segment.kind for segment in ledger.session.programme.segment}
        kind, running = SegmentKind.SENSOR_CHECK, True
        rows: list[EventRow | FeatureRow] = [*ledger.events, *ledger.features]
        rows.sort(key=lambda row: (row.t_ns, isinstance(row, FeatureRow)))
        for t_ns, together in groupby(rows, key=lambda row: row.t_ns):
            moment: list[FeatureRow] = []
            for row in together:
                if isinstance(row, FeatureRow):
                    moment.append(row)
                elif row.code == "segment_began":
                    kind = kinds.get(row.detail, kind)
                elif row.code in {"paused", "resumed"}:
                    running = row.code == "resumed"
            if moment and running:
                score._look(kind, t_ns, moment)
        return score

    def _look(self, kind: SegmentKind, t_ns: int, rows: Sequence[Reading | FeatureRow]) -> None:
        """What a moment means for what is compared later."""
        if kind is SegmentKind.PACED:
            self._paced_ns = t_ns
        if kind is not SegmentKind.BASELINE:
            return
        self._moments += 1
        found = [(row.name, row.value, row.quality) for row in rows if row.name in _CHANNELS and row.value is not None]
        self._heard += bool(found)
        for name, value, quality in found:
            self._collector.add(_CHANNELS[name], value, quality)

    def _baseline_s(self, session: Session) -> float:
        """How long the baseline was, s."""
        heard = self._heard / self._moments if self._moments else 0.0
        return session.baseline_ns / 1e9 * (1.0 if heard >= HEARD_SHARE else heard)

    def _window_is_paced(self, now_ns: int) -> bool:
        """The readings look back a minute: as long as paced breaths are in it, they are not of free breathing."""
        return self._paced_ns is not None and now_ns - self._paced_ns < WINDOW_S * 1e9

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
