"""Help: telephone numbers, first and large, without the room and without a network.

Plain and warm, no red (facts on unattended screens, 5.1). In this release nobody is called from here, and the page says
so; the alert path comes with a later release. Numbers: 12356 national helpline (one line per prefecture, at least 18 h
a day, 2025), 120 ambulance, 110 police, 12345 city services.
"""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page

NUMBER = 108.0
"""The one number that must be readable from the chair."""


class HelpPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.words(self.t("help.title"), look.MARGIN, 28, self.inner, size=look.TITLE, bold=True).below
        if not self.theme.large:
            top = self.words(self.t("help.subtitle"), look.MARGIN, top + 2, self.inner, colour=look.INK_SOFT).below
        bottom = self.row - 16
        honest = self.words(self.t("help.honest"), look.MARGIN, 0, self.inner, colour=look.CLAY_TEXT)
        honest.move_to(bottom - honest.height_u)
        top, high = top + 14, bottom - honest.height_u - 14 - top - 14
        first = self.inner * 0.5
        self._helpline(look.MARGIN, top, first, high)
        left, wide = look.MARGIN + first + look.GAP, self.inner - first - look.GAP
        each = (high - 2 * 12) / 3
        for row, (number, what) in enumerate((("120", "ambulance"), ("110", "police"), ("12345", "city"))):
            self._number(number, self.t(f"help.{what}"), (left, top + row * (each + 12), wide, each))
        self.button(self.t("shared.back"), Tap.BACK, least=268)
        self.switches_below()

    def _helpline(self, x: float, y: float, wide: float, high: float) -> None:
        self.panel(x, y, wide, high, fill=look.CARD, line=look.CLAY)
        room = wide - 80
        line = self.words(self.t("help.line"), x + 40, y, room, size=look.BODY if self.theme.large else look.OPTION)
        number = self.words("12356", x + 40, y, room, size=NUMBER / self.theme.text, bold=True)
        more = self.words(self.t("help.line_more"), x + 40, y, room, colour=look.INK_SOFT)
        line.move_to(y + max(4.0, (high - line.height_u - number.height_u - more.height_u) / 2))
        number.move_to(line.below)
        more.move_to(number.below)

    def _number(self, number: str, what: str, box: tuple[float, float, float, float]) -> None:
        x, y, wide, high = box
        self.panel(*box, fill=look.CARD, under=look.HAIRLINE)
        size = look.QUESTION
        left = self.text_width("12345", size, bold=True) + 60
        digits = self.words(number, x + 32, y, left, size=size, bold=True)
        digits.move_to(y + (high - digits.height_u) / 2)
        words = self.words(what, x + left, y, wide - left - 20, size=look.BODY if self.theme.large else look.OPTION)
        words.move_to(y + (high - words.height_u) / 2)
