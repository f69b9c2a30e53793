"""What may be said of a call for help, in one sentence: only what the centre has said, or that it has said nothing.

`alone` says when the numbers come first: nobody is on duty, or nobody could be told. `number_card` is the number that
works whatever the centre says.
"""

from care.hotlines import Hotline
from kiosk import theme as look
from kiosk.flow import HandOff, House, Visit
from kiosk.fonts import drawable
from kiosk.screens.page import Page
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
    called = visit.called
    standing = called.standing if called else None
    if called and said is HandOff.TOLD and not house.handoff.pages(called.tier, called.cause):
        return t("called.listed")
    if said is HandOff.SEEN and standing:
        if standing.owner_level != house.level:  # somebody further away has it in hand, and does not stand at the door
            return t("called.taken")
        named = bool(standing.owner) and drawable(standing.owner)
        return t("called.seen_name", name=standing.owner) if named else t("called.seen")
    return t("called.cut_off") if cut_off(visit, said) else t(f"called.{said}")


def support(lines: list[Hotline]) -> Hotline:
    """The number to talk to somebody: the site's own, if it has one."""
    return next((line for line in lines if line.kind == "support"), lines[0])


def number_card(page: Page, below: float) -> float:
    """The number to talk to somebody and those for danger, over the whole width, down to `below`; returns its top."""
    zh, lines = page.t.language == "zh", page.desk.flow.house.hotlines
    line = support(lines)
    left, share = look.MARGIN + 36, 0.5 if page.theme.large else 0.46
    size = look.SMALL if page.theme.large else look.BODY
    mine, other = (page.inner - 72) * share, (page.inner - 72) * (1 - share) - 20
    urgent = [each.number for each in lines if each.kind in {"medical", "police"}]
    name = line.name_zh if zh else line.name_en
    rest = [line.hours_zh if zh else line.hours_en]
    rest += [page.t("handoff.danger", numbers=page.t("handoff.or").join(urgent))] if urgent else []
    names = page.text_height(name, size, mine)
    digits = look.TITLE * 1.4
    beside = [page.text_height(text, size, other) for text in rest]
    high = max(names + digits, sum(beside)) + 24
    top = below - high
    page.panel(look.MARGIN, top, page.inner, high, fill=look.CARD, under=look.HAIRLINE)
    y = top + (high - names - digits) / 2
    y = page.words(name, left, y, mine, size=size).below
    page.words(line.number, left, y, mine, size=look.TITLE / page.theme.text, bold=True)
    y = top + (high - sum(beside)) / 2
    for text in rest:
        y = page.words(text, left + mine + 20, y, other, size=size, colour=look.INK_SOFT, align="right").below
    return top
