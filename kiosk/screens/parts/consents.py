"""Something to agree to: a card with a name, one sentence, and a switch that says in words too where it stands."""

from kivy.graphics import Color, SmoothEllipse, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.reach import Box
from kiosk.screens.page import Page
from kiosk.shapes import Sheet

SWITCH_WIDE, SWITCH_HIGH = 92.0, 52.0


class Knob(Widget):
    """A knob at one end of its groove. (Kivy has rules of its own for a `Switch`.)"""

    def __init__(self, sheet: Sheet, x: float, y: float, *, on: bool) -> None:
        super().__init__(size_hint=(None, None))
        left, bottom, wide, high = sheet.pixels(x, y, SWITCH_WIDE, SWITCH_HIGH)
        self.pos, self.size = (left, bottom), (wide, high)
        tint, edge = sheet.theme.tint, 5 * sheet.theme.scale
        side = high - 2 * edge
        with self.canvas:
            Color(*tint(look.GREEN if on else look.SWITCHED_OFF))
            SmoothRoundedRectangle(pos=(left, bottom), size=(wide, high), radius=[high / 2])
            Color(*tint(look.CARD))
            at = left + wide - edge - side if on else left + edge
            SmoothEllipse(pos=(at, bottom + edge), size=(side, side))
        sheet.add_widget(self)


def consent(page: Page, box: Box, value: str, title: str, sentence: str, *, on: bool) -> None:
    """Put one on the page."""
    x, y, wide, high = box
    page.target(
        *box,
        page.ask(Tap.CHOOSE, value),
        fill=look.MIST if on else look.CARD,
        line=look.GREEN if on else look.HAIRLINE,
    )
    states = [page.t("consent.on"), page.t("consent.off")]
    state_wide = max(page.text_width(text, look.BODY, bold=True) for text in states) + 4
    right = x + wide - 32
    Knob(page, right - SWITCH_WIDE, y + (high - SWITCH_HIGH) / 2, on=on)
    left = right - SWITCH_WIDE - 20 - state_wide
    state = page.words(states[0 if on else 1], left, y, state_wide, bold=on, align="right", colour=look.INK)
    state.move_to(y + (high - state.height_u) / 2)
    room = left - 30 - x - 36
    name = page.words(title, x + 36, y, room, size=look.OPTION, bold=True)
    size = page.fitting(sentence, room, high - 8 - name.height_u, (look.BODY, look.SMALL, look.SMALL / page.theme.text))
    more = page.words(sentence, x + 36, y, room, size=size, colour=look.INK_SOFT)
    name.move_to(y + (high - name.height_u - more.height_u) / 2)
    more.move_to(name.below)
