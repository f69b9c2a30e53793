"""A few sentences one below another, in the largest type in which all of them fit their box."""

from collections.abc import Sequence

from kiosk import theme as look
from kiosk.reach import Box
from kiosk.screens.page import Page
from kiosk.theme import Colour

SIZES = (look.OPTION, look.BODY, look.SMALL)


def sentences(
    page: Page,
    said: Sequence[tuple[str, Colour]],
    box: Box,
    *,
    gap: float = 10.0,
    bold: bool = False,
    middle: bool = False,
) -> float:
    """Put them on the page; returns where the last one ends.

    Args:
        page: that they are put on.
        said: each with its colour.
        box: in which they have room.
        gap: between two of them.
        bold: the first is.
        middle: in the upper middle of the box instead of at its top.
    """
    x, top, wide, high = box
    for size in SIZES:
        heights = [
            page.text_height(text, size, wide, bold=bold and number == 0) for number, (text, _) in enumerate(said)
        ]
        spare = high - sum(heights) - gap * (len(said) - 1)
        if spare >= 0:
            break
    y = top + (max(0.0, spare) / 3 if middle else 0.0)
    for number, (text, colour) in enumerate(said):
        block = page.words(text, x, y, wide, size=size, colour=colour, bold=bold and number == 0)
        y = block.below + gap
    return y - gap
