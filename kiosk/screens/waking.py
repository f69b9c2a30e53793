"""Over any page: a veil when nobody has touched the screen for a while, and a question before it forgets."""

import math
from typing import Any

from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.idle import Idle
from kiosk.lettering import Words
from kiosk.shapes import Sheet
from kiosk.texts import Texts
from kiosk.theme import Theme

VEIL = look.colour("#16302D", 0.5)


class Waking(Sheet):
    """The veil. Any touch wakes; that touch does nothing else."""

    def __init__(self, theme: Theme, size_px: tuple[float, float], texts: Texts, *, asks: bool) -> None:
        super().__init__(theme, size_px, VEIL)
        self._texts = texts
        self._countdown: Words | None = None
        if not asks:
            return
        wide = min(self.wide - 2 * look.MARGIN, 860.0)
        x, inner = (self.wide - wide) / 2, wide - 112
        title = self.words(texts("idle.title"), x + 56, 0, inner, size=look.QUESTION, bold=True, align="center")
        self._countdown = self.words(texts("idle.more", seconds=20), x + 56, 0, inner, align="center")
        button = 88.0
        high = 44 + title.height_u + 10 + self._countdown.height_u + 28 + button + 44
        top = (self.high - high) / 2
        blocks: list[Widget] = [title, self._countdown]
        self.panel(x, top, wide, high, fill=look.PAPER)
        stay = texts("idle.stay")
        button_wide = max(300.0, self.text_width(stay, look.OPTION, bold=True) + 96)
        at = (self.wide - button_wide) / 2, top + high - 44 - button
        self.panel(at[0], at[1], button_wide, button, fill=look.GREEN)
        words = self.words(
            stay, at[0], at[1], button_wide, size=look.OPTION, bold=True, colour=look.CARD, align="center"
        )
        words.move_to(at[1] + (button - words.height_u) / 2)
        for block in blocks:
            self.remove_widget(block)
            self.add_widget(block)
        title.move_to(top + 44)
        self._countdown.move_to(title.below + 10)

    def show(self, idle: Idle) -> None:
        """Count down."""
        if self._countdown and idle.ask_left_s is not None:
            self._countdown.say(self._texts("idle.more", seconds=max(1, math.ceil(idle.ask_left_s))))

    def on_touch_down(self, _: Any) -> bool:
        return True
