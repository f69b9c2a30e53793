"""A command counts once, and not after its time: what an eavesdropper, a broker or a backup plays again is refused.

Pure, with the time passed in. What was done is remembered until it would be too late anyway, so memory is bounded by
rate times life. A process that starts anew remembers nothing: it refuses what was made before it started.
"""

from dataclasses import dataclass, field
from enum import StrEnum

_S = 1_000_000_000


class Refusal(StrEnum):
    """Why a command is not done."""

    LATE = "late"
    REPEATED = "repeated"
    BEFORE_START = "before_start"
    FROM_THE_FUTURE = "from_the_future"


@dataclass(slots=True)
class Freshness:
    """Decides for one process.

    Attributes:
        started_utc_ns: when the process started.
        most_s: no command lives longer, whatever it says of itself.
        skew_s: so much may the sender's clock be ahead of ours.
    """

    started_utc_ns: int
    most_s: float = 300.0
    skew_s: float = 30.0
    _done: dict[str, int] = field(default_factory=dict)

    def check(self, command: str, made_utc_ns: int, expires_utc_ns: int, now_utc_ns: int) -> Refusal | None:
        """None: do it, and it is remembered as done. `command` is its id, unique for ever."""
        self._done = {one: until_ns for one, until_ns in self._done.items() if until_ns > now_utc_ns}
        until_ns = min(expires_utc_ns, made_utc_ns + round(self.most_s * _S))
        if command in self._done:
            return Refusal.REPEATED
        if until_ns <= now_utc_ns:
            return Refusal.LATE
        if made_utc_ns > now_utc_ns + self.skew_s * _S:
            return Refusal.FROM_THE_FUTURE
        if made_utc_ns < self.started_utc_ns:
            return Refusal.BEFORE_START
        self._done[command] = until_ns
        return None
