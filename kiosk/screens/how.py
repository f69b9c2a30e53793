"""How relaxing works, in three steps, for who would rather know before sitting down."""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page


class HowPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.switches()
        top = self.lead(self.t("how.title"), y=118) + 20
        note = self.words(self.t("how.note"), look.MARGIN, 0, self.inner, size=look.SMALL, colour=look.INK_SOFT)
        note.move_to(self.row - 18 - note.height_u)
        high = self.row - 18 - note.height_u - 16 - top
        each = (high - 2 * 14) / 3
        for row, key in enumerate(("one", "two", "three")):
            y = top + row * (each + 14)
            self.panel(look.MARGIN, y, self.inner, each, fill=look.CARD, under=look.HAIRLINE)
            self.panel(look.MARGIN + 28, y + (each - 64) / 2, 64, 64, fill=look.MIST, radius=32)
            digit = self.words(
                str(row + 1), look.MARGIN + 28, y, 64, size=look.BODY, bold=True, colour=look.GREEN, align="center"
            )
            digit.move_to(y + (each - digit.height_u) / 2)
            left, room = look.MARGIN + 120, self.inner - 120 - 30
            title = self.words(self.t(f"how.{key}"), left, y, room, size=look.OPTION, bold=True)
            more = self.words(self.t(f"how.{key}_more"), left, y, room, size=look.BODY, colour=look.INK_SOFT)
            title.move_to(y + (each - title.height_u - more.height_u) / 2)
            more.move_to(title.below)
        self.button(self.t("shared.back"), Tap.BACK, x=look.MARGIN)
        self.help_button()
        self.filled(self.t("how.start"), Tap.START, right=self.wide - look.MARGIN)
