"""When something is sent, and sent again: what was put on its way and has no receipt, in real seconds.

The pause before something is sent again grows while nothing comes back and is short again after the first receipt.
Time-outs are seconds of the wall, not of the site's clock: a broker does not run faster because a demonstration does.
"""

from collections.abc import Iterable
from uuid import UUID

RESEND_S = 3.0
RESEND_MAX_S = 15.0


class Pacing:
    """What one sender has on its way over one connection.

    Attributes:
        overdue: something was sent more than once and no receipt has come since.
    """

    def __init__(self, resend_s: float = RESEND_S, longest_s: float = RESEND_MAX_S) -> None:
        self._resend_s, self._longest_s = resend_s, longest_s
        self._pause_s = resend_s
        self._sent: dict[UUID, float] = {}
        self.overdue = False

    def again(self) -> None:
        """Whatever was sent may have gone nowhere: all of it is due."""
        self._sent.clear()
        self._pause_s = self._resend_s

    def due(self, waiting: Iterable[UUID], now: float) -> list[UUID]:
        """Those of the waiting that were not sent, or so long ago that they are sent again; in their order."""
        waiting = list(waiting)
        kept = set(waiting)
        for gone in [record for record in self._sent if record not in kept]:
            del self._sent[gone]
        found = [record for record in waiting if now >= self._sent.get(record, -1e18) + self._pause_s]
        if any(record in self._sent for record in found):
            self._pause_s = min(2 * self._pause_s, self._longest_s)
            self.overdue = True
        return found

    def sent(self, records: Iterable[UUID], now: float) -> None:
        for record in records:
            self._sent[record] = now

    def receipted(self, records: Iterable[UUID], *, any_waited: bool) -> None:
        """Receipts came; `any_waited`: at least one was for something that still waited."""
        for record in records:
            self._sent.pop(record, None)
        self._pause_s = self._resend_s
        if any_waited:
            self.overdue = False

    def rest_s(self, now: float) -> float:
        """How long until something is due again."""
        return max(0.0, min(self._sent.values(), default=now) + self._pause_s - now)
