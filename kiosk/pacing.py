"""Time and breath without a screen: what the session's clock says between two frames, and where in a breath we are.

Frames come several times a second with jitter; the figure moves 30 times a second. So the face keeps its own
estimate of the session's clock, running at the frame's speed and drawn a tenth of the way towards each frame.
"""

import math
from dataclasses import dataclass

from gateway.live import PacerView

JUMP_S = 0.4
"""Further off than this (real seconds) the clock is set, not drawn."""

DRAW = 0.1


@dataclass(slots=True)
class SessionClock:
    """Session time, ns, for any moment of the face's own monotonic clock."""

    session: str = ""
    speed: float = 1.0
    _at_ns: int = 0
    _now_ns: int = 0

    def heard(self, session: str, now_ns: int, speed: float, local_ns: int) -> None:
        """A frame arrived at `local_ns` and said that the session's clock stands at `now_ns`."""
        expected = self.at(local_ns)
        off = now_ns - expected
        if session != self.session or abs(off) > JUMP_S * 1e9 * max(1.0, speed):
            shown = now_ns
        else:
            shown = expected + round(DRAW * off)
        self.session, self.speed, self._at_ns, self._now_ns = session, speed, local_ns, shown

    def at(self, local_ns: int) -> int:
        """Session time at that moment."""
        return self._now_ns + round(max(0, local_ns - self._at_ns) * self.speed)


@dataclass(frozen=True, slots=True)
class Breath:
    """A moment of a breath: `fullness` 0 (empty) to 1 (full), and how long this half still lasts in session seconds."""

    inhaling: bool
    fullness: float
    left_s: float


def breath_at(pacer: PacerView, t_ns: int) -> Breath:
    """Where in the breath of `pacer` the moment `t_ns` is; both halves swell and ebb like half a cosine.

    >>> breath_at(PacerView(6.0, 0.4, 0), 2_000_000_000)
    Breath(inhaling=True, fullness=0.5, left_s=2.0)
    """
    period_s = 60.0 / pacer.breaths_per_min
    phase = ((t_ns - pacer.breath_began_ns) / 1e9 / period_s) % 1.0
    share = pacer.inhale_share
    if phase < share:
        return Breath(True, round(0.5 - 0.5 * math.cos(math.pi * phase / share), 6), (share - phase) * period_s)
    out = (phase - share) / (1.0 - share)
    return Breath(False, round(0.5 + 0.5 * math.cos(math.pi * out), 6), (1.0 - phase) * period_s)
