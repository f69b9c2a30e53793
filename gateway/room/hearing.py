"""What a session hears of the heart: beats, where a stretch of them ends, and the gaps, which never overlap.

Times are session time, ns. Everything is handed on as entries for the recording.
"""

from collections.abc import Callable

from gateway.messages import GapRow
from gateway.room.ledger import Entry, Heard, Missing, Stretch

SMALLEST_GAP_NS = 10_000_000
"""Less than any frame of samples; what is shorter is the unrest of a time base."""


class Hearing:
    """The heart of one session.

    Args:
        write: takes an entry down.
        gap: since when, and why, nothing is heard to begin with.
    """

    def __init__(self, write: Callable[[Entry], None], gap: tuple[int, str] | None = None) -> None:
        self._write, self._gap = write, gap

    def beat(self, t_ns: int, rr_ms: float | None, quality: float, end_ns: int | None) -> None:
        """A beat; left out before the session and after its end. An interval that began before the session is none."""
        if t_ns < 0 or (end_ns is not None and t_ns > end_ns):
            return
        whole = rr_ms is not None and t_ns >= rr_ms * 1e6
        self._write(Heard(t_ns, rr_ms if whole else None, quality))

    def hole(self, from_ns: int, to_ns: int, cause: str, end_ns: int | None) -> None:
        """Nothing was heard from … to …; inside a gap that is open, that is known."""
        self._write(Stretch())
        if not self._gap:
            self._gap = (max(0, from_ns), cause)
            self.flows(to_ns if end_ns is None else min(to_ns, end_ns))

    def stops(self, t_ns: int, cause: str) -> None:
        """Nothing is heard any more."""
        self._write(Stretch())
        self._gap = self._gap or (max(0, t_ns), cause)

    def flows(self, t_ns: int) -> None:
        """Something is heard again: a gap that is open ends here."""
        if self._gap is None:
            return
        (from_ns, cause), self._gap = self._gap, None
        if t_ns - from_ns >= SMALLEST_GAP_NS:
            self._write(Missing(GapRow(from_ns, t_ns, cause)))

    def ends(self, t_ns: int) -> None:
        """The session is over: what waits for its label gets it, and a gap that is open ends with it."""
        self._write(Stretch())
        self.flows(t_ns)
