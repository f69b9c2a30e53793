"""An alert and the people who answer it: steps that happened, and the state that follows from them.

A step is never changed. Each carries a version: one more than the newest step that whoever wrote it had seen. Steps
travel between levels and arrive in any order, more than once, or late; the state is a function of the set of steps, so
every level that holds the same steps sees the same state. Deadlines are absolute (UTC) and stand in the first step;
whoever holds it can say who is to be called now. Two levels may write the same call: it counts once.
"""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class AlertStep(StrEnum):
    """What happened. A deadline that passes is no step of its own: `escalated` says who was called then."""

    RAISED = "raised"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"
    CLOSED = "closed"


class Deadline(Struct, frozen=True, array_like=True):
    """Until when which level must have acknowledged: "room", "town", "district"."""

    level: str
    until_utc_ns: int


class AlertEvent(Struct, frozen=True):
    """One step of one alert.

    Attributes:
        alert: id of the alert.
        version: 1 for `raised`; else one more than the newest that the writer knew.
        level: level at which the step was taken.
        actor: staff id, or "system".
        tier: "red", "orange" …; of the alert, in its first step.
        seat: where the person is; all that a pager says.
        cause: "risk_item", "help_button", "disclosure"; no answers, ever.
        source: record that it follows from, if the person lets it be seen.
        deadlines: the ladder, in its first step.
        detail: what was done, in the words of the actor.
    """

    alert: UUID
    version: int
    step: AlertStep
    at_utc_ns: int
    level: str
    actor: str
    tier: str = ""
    seat: str = ""
    cause: str = ""
    source: UUID | None = None
    deadlines: list[Deadline] = []
    detail: str = ""


class AlertState(Struct, frozen=True):
    """How an alert stands.

    Attributes:
        status: "open", "acknowledged" or "closed"; "incomplete" while its first step has not arrived and nobody has
            answered.
        level: the highest level that was called so far.
        owner: who acknowledged last, and `owner_level` at which level.
        delivered: False while the level above is known not to have been reached.
        version: the newest step.
    """

    alert: UUID
    status: str
    tier: str
    seat: str
    cause: str
    level: str
    owner: str
    owner_level: str
    raised_utc_ns: int | None
    acknowledged_utc_ns: int | None
    closed_utc_ns: int | None
    delivered: bool
    deadlines: tuple[Deadline, ...]
    version: int

    @property
    def ladder(self) -> list[str]:
        """The levels that are called, one after the other."""
        return [deadline.level for deadline in self.deadlines]

    def has_called(self, level: str) -> bool:
        """Whether this level of the ladder was called already; the one where the alert was raised is from its start."""
        ladder = self.ladder
        return level in ladder and ladder.index(level) <= self._rung

    def calls_at(self, utc_ns: int) -> list[str]:
        """The levels that have to be called now, since those before them have not answered in time; [] for none."""
        if self.status != "open":
            return []
        at = self._rung
        overdue = [deadline.until_utc_ns <= utc_ns for deadline in self.deadlines[at:]]
        missed = overdue.index(False) if False in overdue else len(overdue)
        return self.ladder[at + 1 : at + 1 + missed]

    @property
    def next_deadline(self) -> Deadline | None:
        """Until when the level that was called last must have answered; it may have passed at the top of the ladder.
        None when somebody has answered.
        """
        if self.status != "open" or not self.deadlines:
            return None
        return self.deadlines[self._rung]

    @property
    def next_level(self) -> str:
        """Who is called when that deadline passes; "" when somebody has answered, or nobody is left to call."""
        if self.next_deadline is None:
            return ""
        above = self.ladder[self._rung + 1 :]
        return above[0] if above else ""

    @property
    def _rung(self) -> int:
        """Where in the ladder the level stands that was called last. One that the ladder does not know has the time of
        the first: somebody was called, and must not be waited for without end.
        """
        return self.ladder.index(self.level) if self.level in self.ladder else 0


def in_order(events: Iterable[AlertEvent]) -> list[AlertEvent]:
    """Each step once, by version; steps of one version by time, then by what they say."""
    unique = {_key(event): event for event in events}
    return [unique[key] for key in sorted(unique)]


def alert_state(events: Iterable[AlertEvent]) -> AlertState:
    """The state after a set of steps of one alert, in whatever order they are given.

    Raises:
        ValueError: there is no step, or they are of several alerts.
    """
    steps = in_order(events)
    if not steps or any(step.alert != steps[0].alert for step in steps):
        raise ValueError("steps of exactly one alert are needed")
    first = next((step for step in steps if step.step is AlertStep.RAISED), None)
    status = "open" if first else "incomplete"
    level, delivered = (first.level if first else ""), True
    owner = owner_level = ""
    acknowledged: int | None = None
    closed: int | None = None
    ladder = [deadline.level for deadline in first.deadlines] if first else []
    for step in steps:
        match step.step:
            case AlertStep.ESCALATED if status != "closed":
                level = _higher(ladder, level, step.level)
            case AlertStep.ACKNOWLEDGED if status != "closed":
                status = "acknowledged"
                owner, owner_level = step.actor, step.level
                acknowledged = step.at_utc_ns if acknowledged is None else acknowledged
            case AlertStep.CLOSED:
                status = "closed"
                closed = step.at_utc_ns if closed is None else closed
            case AlertStep.UNDELIVERED:
                delivered = False
            case AlertStep.DELIVERED:
                delivered = True
            case _:
                pass
    return AlertState(
        alert=steps[0].alert,
        status=status,
        tier=first.tier if first else "",
        seat=first.seat if first else "",
        cause=first.cause if first else "",
        level=level,
        owner=owner,
        owner_level=owner_level,
        raised_utc_ns=first.at_utc_ns if first else None,
        acknowledged_utc_ns=acknowledged,
        closed_utc_ns=closed,
        delivered=delivered,
        deadlines=tuple(first.deadlines) if first else (),
        version=steps[-1].version,
    )


def _higher(ladder: list[str], one: str, other: str) -> str:
    """The higher of two levels; one that the ladder does not know is below all that it knows."""
    at = {level: number for number, level in enumerate(ladder)}
    return other if at.get(other, -1) >= at.get(one, -1) else one


def _key(event: AlertEvent) -> tuple[int, int, str, str, str, str, str]:
    return (
        event.version,
        event.at_utc_ns,
        event.step,
        event.level,
        event.actor,
        event.detail,
        f"{event.tier} {event.seat} {event.cause} {event.source} {event.deadlines}",
    )
