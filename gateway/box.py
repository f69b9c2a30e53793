"""What an uplink carries, whoever keeps it: the outbox of a process, or the relay's part of a centre's rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import uuid6

from gateway.messages import Envelope


class Counts(NamedTuple):
    """Records ever put, receipted by the next level, and still waiting (`held` of them cannot be opened); `dropped`
    were given up for want of room, or erased.
    """

    put: int
    receipted: int
    waiting: int
    held: int = 0
    dropped: int = 0


class Depth(NamedTuple):
    """How full a box is: records, sealed bytes, and when the oldest was made (UTC, ns; None: empty)."""

    records: int
    bytes: int
    oldest_utc_ns: int | None


class Box(Protocol):
    """Records that wait for a receipt.

    Attributes:
        site: who sends.
        producer: which of its processes.
    """

    site: str
    producer: str

    def watch(self, on_put: Callable[[], None]) -> None:
        """Have `on_put` called, in any thread, when there is something new."""
        ...

    def pending(self, limit: int, newest: int = 0) -> list[UUID]:
        """Up to `limit` ids without a receipt: most urgent lane first, then oldest first. When more are waiting, up to
        `newest` of them are the newest of the normal lane, so that what is live does not wait behind a backlog.
        """
        ...

    def take(self, ids: Sequence[UUID]) -> list[Envelope]:
        """These records, as they travel; those that have gone, or cannot be opened, are left out."""
        ...

    def receipted(self, ids: Iterable[UUID], level: str = "") -> int:
        """The next level, called `level`, holds these. Returns how many were still waiting here."""
        ...


def new_id() -> UUID:
    """A UUIDv7 (time-ordered) as the standard library's type."""
    return UUID(int=uuid6.uuid7().int)
