"""Whose word counts about an alert: the site where it was raised, and those above it.

A site sends what it likes about any alert whose id it knows. What a neighbour says of it, that it was taken on or is
over, must stop no clock. Every level asks the same of the same set of steps, so they come to the same state.
"""

from collections.abc import Iterable, Sequence

from care.alerts import AlertEvent, AlertStep
from gateway.arrivals import within

Written = tuple[str, AlertEvent]
"""A step, and the site that wrote it."""


def has_a_say(writer: str, home: str) -> bool:
    """Whether a site may write steps of an alert that was raised at `home`."""
    return within(home, writer)


def home_of(steps: Sequence[Written]) -> str:
    """The site where an alert was raised; while its first step has not come, the one that wrote the oldest."""
    return min((step.step is not AlertStep.RAISED, step.version, site) for site, step in steps)[2]


def believed(steps: Iterable[Written]) -> list[Written]:
    """The steps that count. Nobody is left out before it is known where the alert was raised."""
    found = list(steps)
    if not any(step.step is AlertStep.RAISED for _, step in found):
        return found
    home = home_of(found)
    return [(site, step) for site, step in found if has_a_say(site, home)]
