"""Which candidates are beats: one score, made of what a careful reader looks at, and accepted when it is above zero.

The score is a logarithm: evidence over the running level of the last beats, less the noise between beats (Pan and
Tompkins 1985), less what does not stand out from its own surroundings, less what hangs on a stronger neighbour (T waves
behind it, P waves before it), more when a beat is overdue (search-back), less when it is early in a regular rhythm.
Each candidate is decided once, 0.48 s after it, knowing what came since. The weights were searched on one half of 22
records of the MIT-BIH database (both leads, also with noise and with pauses made by us) and checked on the other half,
both ways round: both searches led to the same place, errors on the unseen half were those on the seen one, and the
result is flat around it (`benchmarks/validate_ecg.py` prints the figures).
"""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from signals.beat import Beat
from signals.ecg_evidence import SHAPE_POINTS, Candidate

LOOK_S = 0.48  # what comes this long after a candidate is known when it is decided: within 1 s with packets of 250 ms
FIRST_LOOK_S = 0.72  # the first beats are decided later: nothing is known yet of level and rhythm
REFRACTORY_S = 0.24  # no two beats are closer

START = 1.8  # a candidate alone in silence needs exp(-1.8) = 0.17 of the level
NOISE_WEIGHT = 1.4  # on noise / level
RIM_WEIGHT = 0.7  # on evidence at the rim / evidence
FLOOR_NOISES = 2.0  # below this many noise levels ...
FLOOR_WEIGHT = 0.3  # ... this much for each factor of e
BEFORE_S, BEFORE_WEIGHT = 0.39, 1.6  # reach and weight of a stronger beat before
AFTER_S, AFTER_WEIGHT = 0.56, 1.3  # reach and weight of a stronger candidate after
NEAR_S = 0.20  # both weigh fully at this distance, and less the further away
OVERDUE_WEIGHT = 0.42  # for each usual interval beyond the first, up to one
EARLY_FROM, EARLY_WEIGHT = 0.75, 2.0  # earlier than this share of the usual interval, when the rhythm is regular
SIDE_FACTOR = 0.35  # a deflection to the other side than usual must be larger by this logarithm to be the R peak
SILENCE_S = 5.0  # from here on the level fades in proportion to time
RESTART_S = 2.0  # no candidate at all for so long: the signal was away
STRANGE = 0.3  # and when all that comes then is below this share of the level, it is another signal

MEMORY = 8  # beats
SIDES = 16  # beats
TINY = 1e-12
USUAL_RR_S = 0.8


class Rhythm:
    """What the last beats were like, and the verdict on the next candidate.

    Args:
        rate_hz: sampling rate, Hz.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._strengths: deque[float] = deque(maxlen=MEMORY)
        self._intervals_s: deque[float] = deque(maxlen=MEMORY)
        self._shapes = np.zeros((MEMORY, SHAPE_POINTS))
        self._beats = 0
        self._sides: deque[float] = deque(maxlen=SIDES)
        self._level = 0.0
        self._noise = 0.0
        self._rr_s = USUAL_RR_S
        self._regular = 0.0
        self._last: Candidate | None = None
        self._last_seen_at: int | None = None

    def decide(self, c: Candidate, ahead: Sequence[Candidate]) -> Beat | None:
        """Decides on a candidate, and remembers it.

        Args:
            c: the candidate; candidates must come in order of time.
            ahead: the candidates of the `LOOK_S` after it.

        Returns:
            The beat, or None when it is none.
        """
        if self._last_seen_at is not None and c.at - self._last_seen_at > RESTART_S * self._rate_hz:
            self._last = None
        self._last_seen_at = c.at
        score = self._score(c, ahead)
        if score <= 0:
            if self._level > 0:
                self._noise += 0.15 * (min(c.evidence, self._level) - self._noise)
            return None
        likeness = float((self._shapes @ c.shape).max()) if self._beats else 1.0
        self._remember(c)
        quality = math.tanh(score) * (0.7 + 0.3 * max(0.0, min(1.0, likeness)))
        peak, height = self._peak(c)
        return Beat(peak / self._rate_hz, quality, height)

    def _peak(self, c: Candidate) -> tuple[float, float]:
        """The deflection that is the R peak: the larger, but to the usual side when both are nearly the same.

        (Else a complex with an R as high as its S is deep would jump between them, and the intervals with it.)
        """
        side = math.log((c.height_up + TINY) / (c.height_down + TINY))
        self._sides.append(max(-1.0, min(1.0, side)))
        up = side + math.copysign(SIDE_FACTOR, sum(self._sides)) >= 0
        return (c.peak_up, c.height_up) if up else (c.peak_down, c.height_down)

    def _score(self, c: Candidate, ahead: Sequence[Candidate]) -> float:
        e, rate, last = c.evidence, self._rate_hz, self._last
        if last is None:
            top = max([e, *(f.evidence for f in ahead)])
            if not self._strengths or top < STRANGE * self._level:
                # the signal begins, or comes back as another one: nothing to compare with but what follows
                self._strengths.clear()
                self._level, self._noise = top, 0.0
                return START - 1.0 - c.rim if e > 0.5 * top else -1.0
        level = self._level
        since_s = (c.at - last.at) / rate if last is not None else self._rr_s
        if since_s < REFRACTORY_S:
            return -1.0
        if ahead and ahead[0].at - c.at < REFRACTORY_S * rate and e < ahead[0].evidence < 3 * level:
            return -1.0  # of two that cannot both be beats the stronger, unless it is an artefact
        score = START + math.log(e / level) - NOISE_WEIGHT * self._noise / level - RIM_WEIGHT * c.rim
        if e < FLOOR_NOISES * self._noise:
            score -= FLOOR_WEIGHT * math.log(FLOOR_NOISES * self._noise / e)
        score += AFTER_WEIGHT * self._shadow(c, ahead)
        if last is None:
            return score
        if since_s < BEFORE_S and e < last.evidence:
            score += BEFORE_WEIGHT * math.log(e / last.evidence) * (BEFORE_S - since_s) / (BEFORE_S - NEAR_S)
        late = since_s / self._rr_s
        if late > 1:
            score += OVERDUE_WEIGHT * min(late - 1, 1.0)
        elif late < EARLY_FROM:
            score -= EARLY_WEIGHT * (EARLY_FROM - late) * self._regular
        if since_s > SILENCE_S:
            score += math.log(since_s / SILENCE_S)
        return score

    def _shadow(self, c: Candidate, ahead: Sequence[Candidate]) -> float:
        """Of the stronger candidates soon after, the one that weighs most: at most 0."""
        most, cap = 0.0, 2 * self._level
        for f in ahead:
            after_s = (f.at - c.at) / self._rate_hz
            if after_s >= AFTER_S:
                break
            strength = min(f.evidence, cap)  # an artefact casts no longer shadow than a strong beat
            if strength > c.evidence:
                most = min(most, math.log(c.evidence / strength) * (AFTER_S - after_s) / (AFTER_S - NEAR_S))
        return most

    def _remember(self, c: Candidate) -> None:
        if self._last is not None:
            rr_s = (c.at - self._last.at) / self._rate_hz
            if rr_s > SILENCE_S:
                self._strengths.clear()  # the old level found nothing for so long: it is not the level any more
            if rr_s < 2:
                self._intervals_s.append(rr_s)
                ordered = sorted(self._intervals_s)
                n = len(ordered)
                self._rr_s = (ordered[n // 2] + ordered[(n - 1) // 2]) / 2
                if n >= 4:
                    spread_s = ordered[3 * n // 4] - ordered[n // 4]
                    self._regular = max(0.0, 1 - 4 * spread_s / self._rr_s)
        self._strengths.append(c.evidence)
        ordered = sorted(self._strengths)
        n = len(ordered)
        self._level = ordered[n // 2] if n > 3 else ordered[-1]
        self._shapes[self._beats % MEMORY] = c.shape
        self._beats += 1
        self._last = c
