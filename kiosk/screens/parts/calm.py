"""A few sentences with a figure at rest beside them; in large text the sentences have the whole width."""

from collections.abc import Sequence

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.screens.page import Page

RADIUS, LEAST = 150.0, 90.0


def calm(page: Page, sentences: Sequence[str], top: float, bottom: float, *, soft: int = 1) -> None:
    """Put them on the page; those from index `soft` on in soft ink."""
    high = bottom - top
    radius = min(RADIUS, high / 2 - 10)
    beside = not page.theme.large and radius >= LEAST
    room = page.inner - 2 * radius - 70 if beside else page.inner
    sizes = (look.OPTION, 32.0, look.BODY, look.SMALL)
    size = next(
        (size for size in sizes if sum(page.text_height(each, size, room) + 16 for each in sentences) <= high),
        sizes[-1],
    )
    used = sum(page.text_height(each, size, room) + 16 for each in sentences) - 16
    y = top + max(0.0, min(40.0, (high - used) / 3))
    for number, sentence in enumerate(sentences):
        colour = look.INK if number < soft else look.INK_SOFT
        y = page.words(sentence, look.MARGIN, y, room, size=size, colour=colour).below + 16
    if beside:
        Figure(page, (page.wide - look.MARGIN - radius - 10, (top + bottom) / 2), radius)
