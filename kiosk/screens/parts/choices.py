"""One column of big rounded bars with a ring each; the marked one has a full ring, a tinted ground and bold words.

Where one column does not fit (eleven steps of a scale, large text) it becomes two. Marking changes the bars in place,
so that nothing jumps under the finger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kivy.graphics import Color, SmoothEllipse
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import Words
from kiosk.reach import Box
from kiosk.screens.page import Page
from kiosk.shapes import Sheet, Target

GAP, TALLEST = 14.0, 84.0
RING, BEFORE, AFTER = 36.0, 34.0, 24.0
_LEFT = BEFORE + RING + 28.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One bar: what it means for the flow, and its words."""

    value: str
    text: str


class Ring(Widget):
    """The round mark of a choice, empty or full."""

    def __init__(self, sheet: Sheet, x: float, y: float) -> None:
        super().__init__(size_hint=(None, None))
        left, bottom, wide, high = sheet.pixels(x, y, RING, RING)
        self.pos, self.size = (left, bottom), (wide, high)
        scale, tint = sheet.theme.scale, sheet.theme.tint
        self._colours = {True: tint(look.GREEN), False: tint(look.SWITCHED_OFF)}
        self._inner = {True: tint(look.GREEN), False: tint(look.CARD)}
        with self.canvas:
            self._edge = Color(*self._colours[False])
            SmoothEllipse(pos=(left, bottom), size=(wide, high))
            Color(*tint(look.CARD))
            self._disc(3 * scale)
            self._heart = Color(*self._inner[False])
            self._disc(8 * scale)
        sheet.add_widget(self)

    def _disc(self, inset: float) -> None:
        SmoothEllipse(pos=(self.x + inset, self.y + inset), size=(self.width - 2 * inset, self.height - 2 * inset))

    def fill(self, full: bool) -> None:
        """Empty it or fill it."""
        self._edge.rgba, self._heart.rgba = self._colours[full], self._inner[full]


def bar_height(page: Page, text: str, wide: float, size: float) -> float:
    """How high the bar of this text must be."""
    return max(look.TARGET, page.text_height(text, size, wide - _LEFT - AFTER, bold=True) + 20)


def needed(page: Page, texts: Sequence[str], wide: float, *, columns: int = 1, size: float = look.OPTION) -> float:
    """How high the whole column must be, or the higher of two."""
    each = (wide - (columns - 1) * look.GAP) / columns
    rows = -(-len(texts) // columns)
    return rows * max(bar_height(page, text, each, size) for text in texts) + (rows - 1) * GAP


class Choices:
    """The bars, from the top of a box of units.

    Args:
        page: that they are put on.
        choices: in the order in which they stand.
        box: in which they have room.
        size: of the words.
        tap: what a finger on one asks for, with its value.
    """

    def __init__(
        self,
        page: Page,
        choices: Sequence[Choice],
        box: Box,
        *,
        size: float = look.OPTION,
        tap: Tap = Tap.CHOOSE,
    ) -> None:
        x, top, wide, high = box
        texts = [choice.text for choice in choices]
        columns = 1 if needed(page, texts, wide, size=size) <= high else 2
        each = (wide - (columns - 1) * look.GAP) / columns
        rows = -(-len(choices) // columns)
        least = max(bar_height(page, text, each, size) for text in texts)
        bar = max(least, min(TALLEST, (high - (rows - 1) * GAP) / rows))
        self._bars: dict[str, tuple[Target, Ring, Words]] = {}
        for number, choice in enumerate(choices):
            left = x + (number // rows) * (each + look.GAP)
            y = top + (number % rows) * (bar + GAP)
            target = page.target(
                left, y, each, bar, page.ask(tap, choice.value), fill=look.CARD, line=look.HAIRLINE, radius=24
            )
            ring = Ring(page, left + BEFORE, y + (bar - RING) / 2)
            words = page.words(choice.text, left + _LEFT, y, each - _LEFT - AFTER, size=size)
            words.move_to(y + (bar - words.height_u) / 2)
            self._bars[choice.value] = (target, ring, words)
        self._marked: str | None = None

    def mark(self, value: str | None) -> None:
        """Show which one is marked; None: none is."""
        if value == self._marked:
            return
        for each, full in ((self._marked, False), (value, True)):
            if each not in self._bars:
                continue
            target, ring, words = self._bars[each]
            target.recolour(look.MIST if full else look.CARD, look.GREEN if full else look.HAIRLINE)
            ring.fill(full)
            words.say(words.text, bold=full)
            words.move_to(target.box[1] + (target.box[3] - words.height_u) / 2)
        self._marked = value
