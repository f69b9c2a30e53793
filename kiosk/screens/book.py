"""Asking for an appointment: what, which days, which part of the day, and then a code to keep.

No time is promised here: staff settle it, and the page says so.
"""

from care.codes import shown
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.flow.leisure import DAYS, PARTS, PURPOSES
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.cards import Card, Cards
from kiosk.screens.parts.sentences import sentences


class ChoicePage(Page):
    """A question and a column of cards."""

    KEY = ""
    VALUES: tuple[str, ...] = ()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t(f"book.{self.KEY}"))
        self.back_button()
        self.help_button()
        box = (look.MARGIN, top, self.inner, self.row - 22 - top)
        Cards(self, [self.card(value) for value in self.VALUES], box, at=desk.flow.visit.page)

    def card(self, value: str) -> Card:
        key = f"any_{self.KEY}" if value == "any" else value
        return Card(value, self.t(f"book.{key}"))


class BookPage(ChoicePage):
    KEY, VALUES = "title", PURPOSES

    def card(self, value: str) -> Card:
        return Card(value, self.t(f"book.{value}"), self.t(f"book.{value}_more"))


class BookDayPage(ChoicePage):
    KEY, VALUES = "day", DAYS


class BookPartPage(ChoicePage):
    KEY, VALUES = "part", PARTS


class BookedPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        visit = desk.flow.visit
        top = self.head(self.t("book.booked"))
        self.help_button()
        self.filled(self.t("book.done"), Tap.NEXT, right=self.wide - look.MARGIN)
        room = self.inner - 80
        key = "yours" if visit.booked == visit.code else "keep"
        label = self.words(self.t(f"book.{key}"), look.MARGIN + 40, 0, room, size=look.OPTION, align="center")
        code = self.words(
            shown(visit.booked), look.MARGIN + 40, 0, room, size=96.0 / self.theme.text, bold=True, align="center"
        )
        high = label.height_u + code.height_u + 44
        panel = self.panel(look.MARGIN, top, self.inner, high, fill=look.MIST)
        for block in (label, code):
            self.remove_widget(block)
            self.add_widget(block)
        label.move_to(panel.box[1] + 22)
        code.move_to(label.below)
        y = top + high + 26
        said = [(self.t(f"book.{key}"), look.INK) for key in ("next", "ask")]
        sentences(self, said, (look.MARGIN, y, self.inner, self.row - 16 - y))
