"""What a face of this site may show to residents: how an alert stands, and whether anybody is on duty.

A resident learns the name of whoever comes, if that person stands in the site's roster, and nothing else of staff.
"""

from uuid import UUID

from care.alerts import alert_state
from gateway.counter.messages import AlertAnswer, DutyAnswer
from gateway.errors import UnknownAlert
from gateway.eyes import is_seen
from gateway.messages import DutyRoster
from gateway.pager_notes import is_delivered_note
from gateway.rows import Rows
from gateway.services.alerts import alert_steps
from gateway.services.duty import current_roster, standing_roster

__all__ = ["alert_standing", "duty_now"]


def alert_standing(rows: Rows, alert: UUID, *, site: str, now_utc_ns: int, reaches_above: bool) -> AlertAnswer:
    """How an alert stands, in a form for residents; `known` is False when its first step has not come yet.

    Args:
        rows: of a site.
        alert: its id.
        site: whose.
        now_utc_ns: the time.
        reaches_above: there is a level above this site that alerts go to.

    Raises:
        StoreError: the store does not answer, or a step cannot be opened.
    """
    try:
        steps = alert_steps(rows, alert)
    except UnknownAlert:
        return AlertAnswer(known=False)
    state = alert_state(steps)
    if state.raised_utc_ns is None:
        return AlertAnswer(known=False)
    roster = standing_roster(rows, site) or DutyRoster(0, [])
    names = {key: entry.name for entry in roster.entries for key in (entry.person, entry.name)}
    deadline = state.next_deadline if state.next_level else None
    return AlertAnswer(
        known=True,
        status=state.status,
        level=state.level,
        owner=names.get(state.owner, ""),
        delivered=state.delivered and reaches_above,
        acknowledged_utc_ns=state.acknowledged_utc_ns,
        next_level=state.next_level,
        next_deadline_utc_ns=deadline.until_utc_ns if deadline else None,
        owner_level=state.owner_level,
        told=state.status != "open"
        or any(is_delivered_note(step) for step in steps)
        or any(entry.from_utc_ns <= now_utc_ns < entry.to_utc_ns for entry in roster.entries)
        or is_seen(rows.data, alert, now_utc_ns),
    )


def duty_now(rows: Rows, *, site: str, now_utc_ns: int) -> DutyAnswer:
    """How many people are on duty at a site, and until when.

    Raises:
        StoreError: the store does not answer.
    """
    roster = current_roster(rows, site, now_utc_ns)
    if roster is None:
        return DutyAnswer(known=False)
    there = [entry for entry in roster.entries if entry.from_utc_ns <= now_utc_ns]
    later = [entry.from_utc_ns for entry in roster.entries if entry.from_utc_ns > now_utc_ns]
    return DutyAnswer(
        known=True,
        people=len({entry.person for entry in there}),
        until_utc_ns=max((entry.to_utc_ns for entry in there), default=None),
        next_utc_ns=min(later, default=None),
    )
