"""What may be said of a call for help, in one sentence: only what the centre has said, or that it has said nothing.

`alone` says when the numbers come first: nobody is on duty, or nobody could be told.
"""

from care.hotlines import Hotline
from kiosk.flow import HandOff, House, Visit
from kiosk.texts import Texts

THROUGH = frozenset({HandOff.TOLD, HandOff.ABOVE, HandOff.SEEN})
"""Somebody knows."""


def cut_off(visit: Visit, said: HandOff) -> bool:
    """The level above is called for, and known not to have been reached."""
    standing = visit.called.standing if visit.called else None
    return said is HandOff.ABOVE and standing is not None and not standing.delivered


def alone(visit: Visit, said: HandOff) -> bool:
    """Nobody is known to come."""
    return said in {HandOff.NOBODY, HandOff.UNREACHED} or cut_off(visit, said)


def sentence(t: Texts, house: House, visit: Visit, said: HandOff) -> str:
    """What is true of the call."""
    standing = visit.called.standing if visit.called else None
    if visit.called and said is HandOff.TOLD and not house.handoff.pages(visit.called.tier, visit.called.cause):
        return t("called.listed")
    if said is HandOff.SEEN and standing:
        if standing.level != house.level:  # somebody further away: they have it in hand, and do not stand at the door
            return t("called.taken")
        return t("called.seen_name", name=standing.owner) if standing.owner else t("called.seen")
    return t("called.cut_off") if cut_off(visit, said) else t(f"called.{said}")


def support(lines: list[Hotline]) -> Hotline:
    """The number to talk to somebody: the site's own, if it has one."""
    return next((line for line in lines if line.kind == "support"), lines[0])


def urgent(lines: list[Hotline]) -> list[str]:
    """Numbers for danger: ambulance and police."""
    return [line.number for line in lines if line.kind in {"medical", "police"}]
