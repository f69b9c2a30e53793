"""A few lines to take along: as a QR code that holds the words themselves, and on paper where there is a printer."""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.qr import QrPicture
from kiosk.slip import qr_matrix, slip_lines


class TakePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        house, visit = desk.flow.house, desk.flow.visit
        lines = slip_lines(house, visit, self.t)
        top = self.head(self.t("take.title"))
        bottom = self.row - 20
        side = min(bottom - top, 470.0)
        left = self.wide - look.MARGIN - side
        self.panel(left, top, side, side, fill=look.CARD, under=look.HAIRLINE)
        QrPicture(self, qr_matrix(lines), left + 14, top + 14, side - 28)
        room = left - look.MARGIN - 40
        y = top + 4
        how = self.words(self.t("take.how"), look.MARGIN, y, room, colour=look.INK_SOFT)
        y = how.below + 14
        last = bottom
        if house.printer:
            last -= look.TARGET + 16
            at = bottom - look.TARGET
            if visit.printed:
                done = self.words(self.t("take.printed"), look.MARGIN, at, room, colour=look.INK_SOFT)
                done.move_to(at + (look.TARGET - done.height_u) / 2)
            else:
                self.pill(self.t("take.print"), Tap.PRINT, x=look.MARGIN, y=at)
        self._lines([line for line in lines if line], y, last, room)
        self.back_button()
        self.help_button()
        self.filled(self.t("take.done"), Tap.NEXT, right=self.wide - look.MARGIN)

    def _lines(self, lines: list[str], y: float, bottom: float, room: float) -> None:
        """The same words as in the code, as many as there is room for; the code and the paper have all of them."""
        for size in (look.BODY, look.SMALL, look.SMALL / self.theme.text):
            if sum(self.text_height(line, size, room) + 4 for line in lines) <= bottom - y:
                break
        for line in lines:
            if y + self.text_height(line, size, room) > bottom:
                return
            y = self.words(line, look.MARGIN, y, room, size=size).below + 4
