"""Where a record goes from a site: up, towards a site below, both, or nowhere. Policy is applied before sending.

What goes up is said per record kind (`[up.policy]`): by default alerts, counts, proofs of deletion and what keeps the
fleet healthy, never sessions, answers or waveforms. So a district never holds what it may not see. A record with a
target is routed to it like a letter: down when the target is below, up when it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.arrivals import within
from gateway.messages import Record, RecordKind

UP = ""
"""The hop to the level above; other hops are named by the site that they lead to."""

DEFAULT_POLICY: dict[RecordKind, bool] = dict.fromkeys(RecordKind, False) | {
    RecordKind.ALERT_EVENT: True,
    RecordKind.SITE_COUNTS: True,
    RecordKind.DEVICE_MINUTES: True,
    RecordKind.DELETION: True,
    RecordKind.DELETION_DONE: True,
    RecordKind.CONSENT_WITHDRAWN: True,
    RecordKind.KEY_ESCROW: True,
    RecordKind.RELEASE_REPORT: True,
}


NEVER_UP = frozenset({RecordKind.PERSON_FILE})
"""What no policy and no target sends up: it is nothing to anybody but the site where the person has their file."""


@dataclass(frozen=True, slots=True)
class Routing:
    """The rules of one site.

    Attributes:
        site: whose.
        upper: the site above, or "" when there is none.
        policy: which kinds go up.
    """

    site: str
    upper: str = ""
    policy: Mapping[RecordKind, bool] = field(default_factory=lambda: DEFAULT_POLICY)

    def hops(self, record: Record, came_from: str) -> list[str]:
        """The hops that a record takes from here.

        Args:
            record: what has just been stored here.
            came_from: the site that sent it; this one itself for what was made here.
        """
        if record.kind is RecordKind.TOMBSTONE:
            return []  # it is about the hop that it came over
        hops: list[str] = []
        from_above = bool(self.upper) and came_from == self.upper
        if self.upper and not from_above and self.may_go_up(record):
            hops.append(UP)
        if record.target and record.target != self.site and within(record.target, self.site):
            hops.append(record.target)
        return hops

    def reaches_above(self, kind: RecordKind) -> bool:
        """Whether there is a level above that gets records of a kind."""
        return bool(self.upper) and self.policy.get(kind, False)

    def may_go_up(self, record: Record) -> bool:
        allowed = self.policy.get(record.kind, False) or self._leads_up(record.target)
        return allowed and record.kind not in NEVER_UP

    def _leads_up(self, target: str) -> bool:
        return bool(target) and not within(target, self.site)
