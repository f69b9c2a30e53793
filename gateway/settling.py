"""What a store has accepted and may still forget: VictoriaMetrics loses its last seconds when it is killed (facts 0.3).

Such records stay in the queue until their write is `SETTLE_S` old and the store has not been started anew since; if it
has, they are written again. All this is in memory: after a start of our own everything that is still queued is written
again, which the store's deduplication makes harmless.
"""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

SETTLE_S = 30.0
MOST = 50_000
"""How many records may wait at a time; above it drawing waits too."""


class Settling:
    """Records that are written and not yet safe.

    Args:
        start_of_store: when the store was started, as it says itself; "" when it does not answer.
        now_s: a monotonic clock.
    """

    def __init__(self, start_of_store: Callable[[], str], now_s: Callable[[], float] = time.monotonic) -> None:
        self._start_of_store, self._now_s = start_of_store, now_s
        self._held: dict[UUID, tuple[float, str]] = {}
        self._start = ""

    @property
    def held(self) -> frozenset[UUID]:
        """What is not to be drawn now."""
        return frozenset(self._held)

    @property
    def full(self) -> bool:
        return len(self._held) >= MOST

    def begin(self) -> None:
        """Something is about to be written."""
        self._start = self._start_of_store()

    def miss(self) -> None:
        """What was to be written was not taken."""
        self._start = ""

    def wrote(self, records: Iterable[UUID]) -> None:
        """Hold on to what was written, or missed, since `begin`."""
        now = self._now_s()
        self._held.update(dict.fromkeys(records, (now, self._start)))

    def settle(self) -> list[UUID]:
        """Let go of what is old enough. Returns what is safe; the rest of it will be drawn again."""
        limit_s = self._now_s() - SETTLE_S
        due = [record for record, (written_s, _) in self._held.items() if written_s <= limit_s]
        start = self._start_of_store() if due else ""
        if not start:
            return []
        return [record for record in due if self._held.pop(record)[1] == start]
