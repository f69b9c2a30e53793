"""Who looks at a room from afar, how often and until when. Pure, with the time passed in (seconds of any one clock).

A viewer that does not renew is forgotten; nothing waits for one that is slow: what is due is sent once or not at all.
"""

import math
import re
from dataclasses import dataclass

from gateway.remote import LEAST_PER_S, LONGEST_LEASE_S, MOST_PER_S, MOST_VIEWERS, VIEWER


@dataclass(slots=True)
class Viewer:
    """One lease. `number` counts what was due; `heart`: they may see the heart rate."""

    every_s: float
    until_s: float
    heart: bool
    last_s: float = -math.inf
    number: int = 0

    @property
    def next_s(self) -> float:
        return self.last_s + self.every_s


class Leases:
    """All viewers of a room."""

    def __init__(self) -> None:
        self._viewers: dict[str, Viewer] = {}

    def renew(self, viewer: str, per_s: float, seconds: float, now_s: float, *, heart: bool = False) -> str:
        """Begin a lease, prolong it, or with 0 seconds end it. Returns the code of a refusal, or ""."""
        self._forget(now_s)
        if re.fullmatch(VIEWER, viewer) is None:
            return "out_of_range"
        if not (LEAST_PER_S <= per_s <= MOST_PER_S and 0 <= seconds <= LONGEST_LEASE_S):
            return "out_of_range"
        known = self._viewers.get(viewer)
        if known is None and seconds == 0:
            return ""
        if known is None:
            if len(self._viewers) >= MOST_VIEWERS:
                return "too_many_viewers"
            known = self._viewers[viewer] = Viewer(1 / per_s, 0.0, heart)
        known.every_s, known.until_s, known.heart = 1 / per_s, now_s + seconds, heart
        return ""

    def due(self, now_s: float) -> list[tuple[str, Viewer]]:
        """Whose glance is due now; they count as served. What was missed is not made up for."""
        self._forget(now_s)
        due = [(name, viewer) for name, viewer in self._viewers.items() if viewer.next_s <= now_s < viewer.until_s]
        for _, viewer in due:
            viewer.number += 1
            viewer.last_s = now_s
        return due

    @property
    def next_s(self) -> float:
        """When `due` is not empty next; infinity without viewers."""
        return min((v.next_s for v in self._viewers.values() if v.next_s < v.until_s), default=math.inf)

    def _forget(self, now_s: float) -> None:
        """Ended leases go when their next glance would have been due: ending and beginning is no way round the rate."""
        for name in [name for name, v in self._viewers.items() if v.until_s <= now_s and v.next_s <= now_s]:
            del self._viewers[name]
