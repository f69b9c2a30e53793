"""The next step of a page on which something has to be marked or typed first."""

from collections.abc import Callable
from typing import Any

from kiosk import theme as look
from kiosk.reach import Box
from kiosk.shapes import Sheet, Target


class WaitingButton(Target):
    """The next step, pale until it is ready and the filled button then. A touch before that does nothing."""

    def __init__(self, page: Sheet, text: str, box: Box, on_tap: Callable[[], None], size: float) -> None:
        super().__init__(page, box, on_tap, fill=look.PAPER, line=look.PLAIN)
        page.add_widget(self)
        self._words = page.words(text, box[0], box[1], box[2], size=size, bold=True, align="center")
        self._words.move_to(box[1] + (box[3] - self._words.height_u) / 2)
        self.is_ready = True
        self.ready(False)

    def ready(self, ready: bool) -> None:
        """Whether it may be pressed."""
        if ready == self.is_ready:
            return
        self.is_ready = ready
        self.recolour(look.GREEN if ready else look.PAPER, look.GREEN if ready else look.PLAIN)
        self._words.say(self._words.text, look.CARD if ready else look.INK_SOFT)

    def press(self, touch: Any) -> bool:
        return super().press(touch) if self.is_ready else True
