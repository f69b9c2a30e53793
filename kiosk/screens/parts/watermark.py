"""Wording that no reviewer of the site has signed is shown in the demonstration only, and says so at the foot."""

from kiosk import theme as look
from kiosk.screens.page import Page

FOOT = 3.0


def watermark(page: Page, instrument: str) -> None:
    """Put it under the bottom row, if this instrument needs it."""
    if instrument not in page.desk.flow.house.catalogue.watermark:
        return
    words = page.words(
        page.t("shared.watermark"),
        look.MARGIN,
        0,
        page.inner,
        size=look.SMALL / page.theme.text,
        colour=look.INK_SOFT,
        align="right",
    )
    words.move_to(page.high - FOOT - words.height_u)
