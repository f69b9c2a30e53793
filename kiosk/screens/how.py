"""How relaxing works, in three steps, for who would rather know before sitting down."""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page

STEPS = ("one", "two", "three")


class HowPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.title(self.t("how.title"), self.switches()) + 6
        note = self.words(self.t("how.note"), look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
        note.move_to(self.row - 18 - note.height_u)
        high = self.row - 18 - note.height_u - 16 - top
        each = (high - 2 * 14) / 3
        names = max(self.text_width(self.t(f"how.{key}"), look.OPTION, bold=True) for key in STEPS)
        for row, key in enumerate(STEPS):
            y = top + row * (each + 14)
            self.panel(look.MARGIN, y, self.inner, each, fill=look.CARD, under=look.HAIRLINE)
            self.panel(look.MARGIN + 28, y + (each - 64) / 2, 64, 64, fill=look.MIST, radius=32)
            digit = self.words(
                str(row + 1), look.MARGIN + 28, y, 64, size=look.BODY, bold=True, colour=look.GREEN, align="center"
            )
            digit.move_to(y + (each - digit.height_u) / 2)
            left, room = look.MARGIN + 120, self.inner - 120 - 30
            title = self.words(self.t(f"how.{key}"), left, y, room, size=look.OPTION, bold=True)
            if self.theme.large:
                left, room = left + names + 30, room - names - 30
            more = self.words(self.t(f"how.{key}_more"), left, y, room, colour=look.INK_SOFT)
            if self.theme.large:
                title.move_to(y + (each - title.height_u) / 2)
                more.move_to(y + (each - more.height_u) / 2)
            else:
                title.move_to(y + (each - title.height_u - more.height_u) / 2)
                more.move_to(title.below)
        self.button(self.t("shared.back"), Tap.BACK, x=look.MARGIN)
        self.help_button()
        self.filled(self.t("how.start"), Tap.START, right=self.wide - look.MARGIN)
