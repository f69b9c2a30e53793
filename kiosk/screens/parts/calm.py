"""A few sentences with a figure at rest beside them; in large text the sentences have the whole width."""

from collections.abc import Sequence

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.screens.page import Page
from kiosk.screens.parts.sentences import sentences

RADIUS, LEAST = 150.0, 90.0


def calm(page: Page, said: Sequence[str], top: float, bottom: float, *, soft: int = 1) -> None:
    """Put them on the page; those from index `soft` on in soft ink."""
    high = bottom - top
    radius = min(RADIUS, high / 2 - 10)
    beside = not page.theme.large and radius >= LEAST
    room = page.inner - 2 * radius - 70 if beside else page.inner
    inked = [(text, look.INK if number < soft else look.INK_SOFT) for number, text in enumerate(said)]
    sentences(page, inked, (look.MARGIN, top, room, high), gap=16.0, middle=True)
    if beside:
        Figure(page, (page.wide - look.MARGIN - radius - 10, (top + bottom) / 2), radius)
