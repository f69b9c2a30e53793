"""Alerts for the tests of duty, and a clock that stands until it is told."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from care import handoff
from care.alerts import AlertEvent, AlertState, alert_state
from devices.clock import Clock
from gateway.box import new_id
from gateway.rows import Rows
from gateway.services.alerts import alert_steps

S = 1_000_000_000
AT = 1_790_000_000 * S
RULES = handoff.load()


@dataclass(frozen=True, slots=True)
class Wall(Clock):
    """A clock whose wall time stands in a list."""

    time: tuple[list[int], ...] = ()

    def utc_ns(self) -> int:
        return self.time[0][0]


@dataclass(frozen=True, slots=True)
class Stopwatch(Wall):
    """The same, and our own seconds stand in a list, too."""

    ours: tuple[int, ...] | list[int] = (0,)

    def now_ns(self) -> int:
        return self.ours[0]


def an_alert(tier: str = "red", cause: str = "help_button", at: int = AT) -> AlertEvent:
    return handoff.raised(RULES, alert=new_id(), tier=tier, cause=cause, seat="A 座", level="room", at_utc_ns=at)


def steps(rows: Rows, alert: UUID) -> list[tuple[str, str]]:
    """The steps of an alert as (step, level)."""
    return [(str(step.step), step.level) for step in alert_steps(rows, alert)]


def state(rows: Rows, alert: UUID) -> AlertState:
    return alert_state(alert_steps(rows, alert))


def read_steps(data: Path, alert: UUID) -> list[AlertEvent]:
    """The steps that a site holds, beside its centre."""
    with Rows.for_reading(data) as rows:
        return alert_steps(rows, alert)
