"""A list of cards. What does not fit goes to further pages with buttons of full size; nothing scrolls.

Each card is a name and a few words; the words stand beside the name where there is room, else below it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.reach import Box
from kiosk.screens.page import Page

GAP, LEAST, TALLEST = 14.0, 88.0, 116.0
STRIP = look.TARGET + 16.0
_ICON, _BESIDE, _AFTER = 122.0, 36.0, 30.0


@dataclass(frozen=True, slots=True)
class Card:
    """One card.

    Attributes:
        value: what it means for the flow; "": it only tells something.
        title: its name.
        more: a few words.
        icon: draws its sign, if it has one.
        filled: it is the one that is recommended.
    """

    value: str
    title: str
    more: str = ""
    icon: Callable[..., None] | None = None
    filled: bool = False


def shares(count: int, room: int) -> int:
    """On how many pages so many things of one height go, if so many fit on one."""
    return max(1, -(-count // max(1, room)))


def packed(heights: Sequence[float], room: float, room_turning: float) -> list[int]:
    """How many cards stand on each page: all on one if they fit, else as many as fit above the strip.

    >>> packed([100.0, 100.0, 100.0], 350.0, 250.0)
    [3]
    >>> packed([100.0, 100.0, 100.0, 100.0], 350.0, 250.0)
    [2, 2]
    """
    if sum(heights) + GAP * (len(heights) - 1) <= room:
        return [len(heights)]
    pages: list[int] = []
    used = room_turning + 1
    for high in heights:
        if used + GAP + high > room_turning:
            pages.append(0)
            used = -GAP
        pages[-1] += 1
        used += GAP + high
    return pages


def turn(page: Page, number: int, of: int, y: float) -> None:
    """The strip with which pages are turned: which one this is, to the one before, to the next."""
    if of < 2:
        return
    words = page.words(
        page.t("shared.page_of", page=number + 1, pages=of), look.MARGIN, y, page.inner * 0.4, colour=look.INK_SOFT
    )
    words.move_to(y + (look.TARGET - words.height_u) / 2)
    right = page.wide - look.MARGIN
    more, less = page.t("shared.more"), page.t("shared.less")
    wide = max(page.text_width(text, look.BODY) for text in (more, less)) + 72
    if number + 1 < of:
        page.pill(more, Tap.MORE, right=right, y=y, least=wide)
    if number > 0:
        page.pill(less, Tap.LESS, right=right - wide - 16, y=y, least=wide)


class Cards:
    """The cards of the present page, in a box of units.

    Args:
        page: that they are put on.
        cards: all of them.
        box: in which they have room, with the strip for turning pages if it is needed.
        at: which page; one that is too far is the last.
    """

    def __init__(self, page: Page, cards: Sequence[Card], box: Box, *, at: int = 0) -> None:
        x, top, wide, high = box
        beside = all(self._fits_beside(page, card, wide) for card in cards)
        heights = [self._height(page, card, wide, beside=beside) for card in cards]
        pages = packed(heights, high, high - STRIP)
        number = min(at, len(pages) - 1)
        first, count = sum(pages[:number]), pages[number]
        room = high - (STRIP if len(pages) > 1 else 0.0)
        free = max(0.0, room - sum(heights[first : first + count]) - GAP * (count - 1)) / max(1, count)
        y = top
        for card, least in zip(cards[first : first + count], heights[first : first + count], strict=True):
            each = least + min(free, max(0.0, TALLEST - least))
            self._card(page, card, (x, y, wide, each), beside=beside)
            y += each + GAP
        turn(page, number, len(pages), top + high - look.TARGET)

    @staticmethod
    def _left(card: Card) -> float:
        return _ICON if card.icon else 40.0

    def _fits_beside(self, page: Page, card: Card, wide: float) -> bool:
        used = page.text_width(card.title, look.OPTION, bold=True) + page.text_width(card.more, look.BODY)
        return used + self._left(card) + _BESIDE + _AFTER + 8 <= wide

    def _height(self, page: Page, card: Card, wide: float, *, beside: bool) -> float:
        room = wide - self._left(card) - _AFTER
        high = page.text_height(card.title, look.OPTION, room, bold=True)
        if card.more and not beside:
            high += page.text_height(card.more, look.BODY, room)
        return max(LEAST, high + 24)

    def _card(self, page: Page, card: Card, box: Box, *, beside: bool) -> None:
        x, y, wide, high = box
        if card.value:
            page.target(
                *box,
                page.ask(Tap.CHOOSE, card.value),
                fill=look.GREEN if card.filled else look.CARD,
                under=None if card.filled else look.HAIRLINE,
            )
        else:
            page.panel(*box, fill=look.CARD, under=look.HAIRLINE)
        if card.icon:
            page.icon_tile(card.icon, x + 26, y + (high - 72) / 2)
        left = x + self._left(card)
        room = wide - self._left(card) - _AFTER
        ink, soft = (look.CARD, look.BREATH[0]) if card.filled else (look.INK, look.INK_SOFT)
        title = page.words(card.title, left, y, room, size=look.OPTION, bold=True, colour=ink)
        title.move_to(y + (high - title.height_u) / 2)
        if not card.more:
            return
        if beside:
            begin = left + title.width_u + _BESIDE
            more = page.words(card.more, begin, y, x + wide - _AFTER - begin, colour=soft, align="right")
            more.move_to(y + (high - more.height_u) / 2)
        else:
            more = page.words(card.more, left, y, room, colour=soft)
            title.move_to(y + (high - title.height_u - more.height_u) / 2)
            more.move_to(title.below)
