"""The raw heart signal of a session, packed for keeping: int16 with a scale, in stretches without a hole.

Only where `[outbox] waves` says so. It is bulk: not in the journal, the first to go when room is short, never sent up
by default. A stretch ends at a hole, a change of rate or channel, and every ten seconds.
"""

from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from gateway.messages import SessionWave
from signals.samples import UNITS, Samples

NONE = -32768
"""Stands for "no sample" (no contact)."""
_STEPS = 32_000


@dataclass(slots=True)
class Waves:
    """Gathers samples of one session; `take_out` gives what has been gathered as bodies of records."""

    session: UUID
    began_ns: int
    _runs: list[list[Samples]] = field(default_factory=list)

    def add(self, samples: Samples) -> None:
        """One run of samples; times are those of the room's clock."""
        if samples.end_ns <= self.began_ns or not len(samples.values):
            return
        if self._runs and _joins(self._runs[-1][-1], samples):
            self._runs[-1].append(samples)
        else:
            self._runs.append([samples])

    def take_out(self) -> list[SessionWave]:
        """Everything gathered since the last call."""
        runs, self._runs = self._runs, []
        return [self._pack(run) for run in runs]

    def _pack(self, run: list[Samples]) -> SessionWave:
        values = np.concatenate([samples.values for samples in run])
        scale, offset, packed = pack(values)
        first = run[0]
        start_ns = first.start_ns - self.began_ns
        return SessionWave(
            session=self.session,
            channel=str(first.channel),
            number=max(0, start_ns) // 1_000_000,
            start_ns=start_ns,
            rate_hz=first.rate_hz,
            unit=UNITS[first.channel],
            scale=scale,
            offset=offset,
            samples=packed,
        )


def pack(values: NDArray[np.float64]) -> tuple[float, float, bytes]:
    """Values as scale, offset and little-endian int16: value = number * scale + offset, to 1/64000 of their range.

    >>> scale, offset, packed = pack(np.array([0.0, 1.0, np.nan]))
    >>> np.round(unpack(scale, offset, packed), 4).tolist()
    [0.0, 1.0, nan]
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    offset = (low + high) / 2
    scale = (high - low) / (2 * _STEPS) or 1.0
    steps = np.where(np.isfinite(values), np.round((values - offset) / scale), NONE)
    return scale, offset, steps.astype("<i2").tobytes()


def unpack(scale: float, offset: float, packed: bytes) -> NDArray[np.float64]:
    """What `pack` packed; NaN where nothing was."""
    steps = np.frombuffer(packed, dtype="<i2").astype(np.float64)
    return np.where(steps == NONE, np.nan, steps * scale + offset)


def _joins(before: Samples, after: Samples) -> bool:
    same = (before.device, before.channel, before.epoch) == (after.device, after.channel, after.epoch)
    follows = before.first_index + len(before.values) == after.first_index
    return same and follows and abs(before.rate_hz - after.rate_hz) < 0.01 * before.rate_hz
