"""What may be said to a resident after one quiet minute with a finger sensor. Words, never a number, never a finding.

A minute carries two things: how fast the heart went, and how far it swung from beat to beat (RMSSD, which 60 s carry:
Task Force 1996). It has no baseline of this person to compare with, so nothing here says "relaxed" or "stressed"; the
relaxation score needs two minutes and a before (docs/relaxation-score.md). A clip on a finger reads the swing too
large by up to 18 ms (docs/signals.md): below `EVEN_MS` it is small for certain, above it nothing finer is claimed.
Healthy adults at rest: 42 ± 15 ms, 926 ± 90 ms from beat to beat (Nunan 2010).
"""

from enum import StrEnum

FAST_BPM, SLOW_BPM = 100.0, 50.0
EVEN_MS = 20.0
FEWEST_BEATS = 30


class Rhythm(StrEnum):
    """How the minute was."""

    UNCLEAR = "unclear"
    FAST = "fast"
    SLOW = "slow"
    EVEN = "even"
    LIVELY = "lively"


def after_a_minute(*, whole: bool, beats: int, mean_hr_bpm: float | None, rmssd_ms: float | None) -> Rhythm:
    """How the minute was.

    Args:
        whole: it was not ended before its time.
        beats: how many were heard.
        mean_hr_bpm: None where the signal was too poor for it.
        rmssd_ms: the same.

    >>> after_a_minute(whole=True, beats=64, mean_hr_bpm=68.0, rmssd_ms=44.0)
    <Rhythm.LIVELY: 'lively'>
    """
    if not whole or beats < FEWEST_BEATS or mean_hr_bpm is None or rmssd_ms is None:
        return Rhythm.UNCLEAR
    if mean_hr_bpm > FAST_BPM:
        return Rhythm.FAST
    if mean_hr_bpm < SLOW_BPM:
        return Rhythm.SLOW
    return Rhythm.EVEN if rmssd_ms < EVEN_MS else Rhythm.LIVELY
