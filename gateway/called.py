"""Whom an alert calls: whether it reaches a post now, and whether pagers ring there. Nothing is ever passed over in
silence: what the rules of a site do not know calls somebody, too, sooner or later.
"""

from typing import NamedTuple

from care.alerts import AlertState
from care.handoff import Handoff
from gateway.arrivals import within


class Post(NamedTuple):
    """Where somebody answers: a site, what it is called in ladders, and by which rules people are called there."""

    site: str
    level: str
    rules: Handoff

    def is_called(self, site: str, state: AlertState, now_utc_ns: int) -> bool:
        """Whether an alert that was raised at `site` calls somebody here: one of our own does, and one from below when
        its ladder has come so far. When its ladder does not know us, it does at once if nobody can say whom it calls
        (no beginning, no ladder, levels that our rules do not know), else when the whole ladder has not answered.
        """
        if site == self.site:
            return True
        if not within(site, self.site):
            return False
        if self.level in state.ladder:
            return state.has_called(self.level)
        if not state.ladder or not all(self.rules.knows(level) for level in (state.level, *state.ladder)):
            return True
        return state.status == "open" and state.deadlines[-1].until_utc_ns <= now_utc_ns

    def is_surely_not_called(self, site: str, level: str, next_deadline_utc_ns: int | None, now_utc_ns: int) -> bool:
        """The same, as far as it follows from what a list says of an alert: most of those below need no closer look."""
        if site == self.site or not within(site, self.site):
            return site != self.site
        waits = next_deadline_utc_ns is None or next_deadline_utc_ns > now_utc_ns
        return waits and level in self.rules.below(self.level)


def pages(rules: Handoff, state: AlertState) -> bool:
    """Whether pagers ring for an alert. While nobody knows of what tier it is, they do."""
    return state.raised_utc_ns is None or rules.pages(state.tier, state.cause)
