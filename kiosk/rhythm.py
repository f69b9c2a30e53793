"""The heart-rhythm curve as points of a unit square, without a screen: heart rate over the last seconds.

Solid where beats are trusted, broken where they are not; the pacer in the same square as dots. The height is scaled
to the person's own swing, but never so far that a nearly flat rhythm looks like a wave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.live import PacerView, TachogramPoint
from kiosk.pacing import breath_at

PAST_S = 36.0
AHEAD_S = 4.0
LEAST_HALF_SPAN_BPM = 4.0
GAP_S = 2.5
TRUSTED, NOT_YET = "normal", "waiting"
LIKELY = 0.3
"""An interval without a label yet is drawn when its rate is within this share of the middle of the trusted ones."""
BAND = 0.32
TOP = 0.88
"""No beat is drawn higher, so that the line never runs into the words above it."""
STEP_S = 0.5
"""The pacer's dots are this far apart; a multiple of it, so that dots stand still on their breath."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`heart`: unbroken stretches of (x, y); `pacer`: dots; all in 0-1 with x = time and y = up. `now_x` is now."""

    heart: list[list[tuple[float, float]]]
    pacer: list[tuple[float, float]]
    now_x: float


def curve(beats: Sequence[TachogramPoint], pacer: PacerView | None, now_ns: int) -> Curve:
    """The picture at session time `now_ns`."""
    span_s = PAST_S + AHEAD_S

    def x_of(t_ns: float) -> float:
        return ((t_ns - now_ns) / 1e9 + PAST_S) / span_s

    seen = [beat for beat in beats if x_of(beat.t_ns) >= -0.05 and beat.t_ns <= now_ns and beat.rr_ms > 0]
    rates = sorted(60e3 / beat.rr_ms for beat in seen if beat.label == TRUSTED)
    kept = [beat for beat in seen if beat.label == TRUSTED or (beat.label == NOT_YET and _likely(beat, rates))]
    heart: list[list[tuple[float, float]]] = []
    if len(rates) >= 2:
        low, high = rates[len(rates) // 20], rates[-1 - len(rates) // 20]
        half = max((high - low) / 2, LEAST_HALF_SPAN_BPM)
        last_ns: int | None = None
        for beat in kept:
            if last_ns is None or beat.t_ns - last_ns > GAP_S * 1e9:
                heart.append([])
            height = 0.5 + BAND * (60e3 / beat.rr_ms - (low + high) / 2) / half
            heart[-1].append((x_of(beat.t_ns), min(TOP, max(0.0, height))))
            last_ns = beat.t_ns
    dots: list[tuple[float, float]] = []
    if pacer is not None:
        step_ns = round(STEP_S * 1e9)
        first = max(pacer.breath_began_ns, now_ns - round(PAST_S * 1e9))
        t_ns = -(-first // step_ns) * step_ns
        while t_ns <= now_ns + AHEAD_S * 1e9:
            dots.append((x_of(t_ns), 0.5 + BAND * (2 * breath_at(pacer, t_ns).fullness - 1)))
            t_ns += step_ns
    return Curve([smooth(part) for part in heart if len(part) > 1], dots, PAST_S / span_s)


def _likely(beat: TachogramPoint, rates: list[float]) -> bool:
    """Whether an interval that has no label yet lies where the trusted ones do."""
    return bool(rates) and abs(60e3 / beat.rr_ms / rates[len(rates) // 2] - 1) < LIKELY


def smooth(points: list[tuple[float, float]], between: int = 3) -> list[tuple[float, float]]:
    """The same points with some between them, along a monotone cubic, so that no swing is invented."""
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) if b[0] > a[0] else 0.0 for a, b in pairwise(points)]
    tangents = [slopes[0], *(_harmonic(a, b) for a, b in pairwise(slopes)), slopes[-1]]
    out = [points[0]]
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        width = x1 - x0
        for step in range(1, between + 2):
            s = step / (between + 1)
            keep = (1 + 2 * s) * (1 - s) ** 2
            y = keep * y0 + (1 - keep) * y1
            y += width * (s * (1 - s) ** 2 * tangents[index] - s**2 * (1 - s) * tangents[index + 1])
            out.append((x0 + s * width, y))
    return out


def _harmonic(a: float, b: float) -> float:
    """Fritsch-Butland tangent: 0 at a turning point, else between the two slopes."""
    return 0.0 if a * b <= 0 else 2 * a * b / (a + b)
