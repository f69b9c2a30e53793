"""Codes and PINs: a new one to copy, or one that somebody has. Digits of a PIN are never on the screen.

What was typed changes in place; 下一步 becomes the filled button when enough was typed.
"""

from care.codes import ALPHABET, LENGTH, PIN_LENGTH
from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Place, Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.cards import Card, Cards
from kiosk.screens.parts.pads import DIGITS, KEY_GAP, Cells, Pad, sign_rows

LONGEST_SERVICE = 12


class FilePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("file.title"), self.t("file.more"))
        cards = [
            Card(value, self.t(f"file.{value}"), "" if self.theme.large else self.t(f"file.{value}_more"))
            for value in ("new", "have", "none")
        ]
        Cards(self, cards, (look.MARGIN, top, self.inner, self.row - 20 - top))
        self.back_button()
        self.help_button()


class NewCodePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("code.new")) + (10 if self.theme.large else 60)
        cells = Cells(self, LENGTH, (look.MARGIN, top, self.inner, 104), hidden=False)
        cells.show(desk.flow.visit.drawn)
        y = top + 104 + 36
        size = self.fitting(self.t("code.keep"), self.inner, 200, (look.OPTION, look.BODY))
        y = self.words(self.t("code.keep"), look.MARGIN, y, self.inner, size=size).below + 12
        self.words(self.t("code.lost"), look.MARGIN, y, self.inner, colour=look.INK_SOFT)
        self.back_button()
        self.help_button()
        self.filled(self.t("code.copied"), Tap.NEXT, right=self.wide - look.MARGIN)


class _Typing(Page):
    """A page with a pad: what was typed, and a button that waits until it is enough."""

    ENOUGH: int = PIN_LENGTH
    cells: Cells

    def finish(self) -> None:
        """The bottom row; to be called last."""
        self.back_button()
        self.help_button()
        self._next = self.waiting_button(self.t("shared.next"), Tap.NEXT, right=self.wide - look.MARGIN)
        self.show(self.desk.flow.frame)

    def show(self, _: LiveFrame | None, /) -> None:
        typed = self.desk.flow.visit.typed
        self.cells.show(typed)
        self._next.ready(len(typed) >= self.ENOUGH)


class CodePage(_Typing):
    ENOUGH = LENGTH

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        note = desk.flow.visit.note
        more = self.t(note) if note else "" if self.theme.large else self.t("code.how")
        top = self.head(self.t("code.title"), more, warm=bool(note))
        rows = sign_rows(ALPHABET)
        last = self.row - 12
        least = len(rows) * look.TARGET + (len(rows) - 1) * KEY_GAP
        high = min(88.0, last - least - 14 - top)
        self.cells = Cells(self, LENGTH, (look.MARGIN, top, self.inner, high), hidden=False)
        begin = top + high + 14
        Pad(self, rows, (look.MARGIN, begin, self.inner, last - begin))
        self.finish()


class PinPage(_Typing):
    """Four digits, for the place that asks for them."""

    SIGNS = PIN_LENGTH

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        note = desk.flow.visit.note
        title, more = _PIN_TEXTS[desk.flow.place]
        top = self.head(self.t(title))
        pad = min(520.0, self.inner * 0.46)
        left = self.wide - look.MARGIN - pad
        Pad(self, DIGITS, (left, top, pad, self.row - 20 - top))
        room = left - look.MARGIN - 48
        self.cells = Cells(self, self.SIGNS, (look.MARGIN, top + 24, room, 104), hidden=True)
        size = look.BODY
        self.words(
            self.t(note or more),
            look.MARGIN,
            top + 24 + 104 + 28,
            room,
            size=size,
            colour=look.CLAY_TEXT if note else look.INK_SOFT,
        )
        self.finish()


class ServicePinPage(PinPage):
    SIGNS, ENOUGH = LONGEST_SERVICE, 6


_PIN_TEXTS = {
    Place.NEW_PIN: ("pin.new", "pin.new_more"),
    Place.PIN_AGAIN: ("pin.again", "pin.again_more"),
    Place.PIN: ("pin.title", "pin.more"),
    Place.SERVICE_PIN: ("service.pin", "service.pin_more"),
}


class OpeningPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("opening.title"), self.t("opening.more"))
        radius = min(170.0, (self.row - 40 - top) / 2)
        Figure(self, (self.wide / 2, (top + self.row - 20) / 2), radius)
        self.back_button()
        self.help_button()
