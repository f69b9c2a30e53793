"""The breathing figure: concentric rings that swell and rest with the breath, driven by time and nothing else.

The innermost disc carries the word (慢慢吸气), so it is never smaller than the word; the outer rings do the breathing.
Without motion the figure stands still and counts the seconds of the half-breath instead.
"""

import math
from typing import Any

from kivy.graphics import Color, SmoothEllipse
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.lettering import Words
from kiosk.pacing import Breath
from kiosk.shapes import Sheet
from kiosk.theme import Colour

REST, FULL = 0.6, 1.0
INNER = (0.40, 0.46)
BETWEEN = (1.0, 0.86, 0.42, 0.0)
"""Where the rings lie between inner disc and outer edge, from outside in."""

STILL = 0.55
WORD_SHARE = 0.68


def _word_size(sheet: Sheet, words: tuple[str, ...], radius: float) -> tuple[float, float]:
    """The largest type that leaves the rings room to breathe, and the inner radius that it needs."""
    text = sheet.theme.text
    for size in (look.QUESTION, look.QUESTION / text, look.OPTION / text):
        least = max((sheet.text_width(word, size, bold=True) / 2 + 22 for word in words), default=0.0)
        if least <= WORD_SHARE * radius:
            break
    return size, least


class Figure(Widget):
    """Rings of at most `radius` units around a point of the page.

    Args:
        sheet: the page it is put on.
        centre: x and y in units from the top left.
        radius: of the outer ring when the breath is full.
        words: the texts that may stand inside; they decide how small the inner disc may get.
        rings: colours from outside in.
    """

    def __init__(
        self,
        sheet: Sheet,
        centre: tuple[float, float],
        radius: float,
        *,
        words: tuple[str, ...] = (),
        rings: tuple[Colour, ...] = look.BREATH[3::-1],
    ) -> None:
        super().__init__(size_hint=(None, None))
        self._sheet, self._radius = sheet, radius
        counting = not sheet.theme.motion
        size, self._least = _word_size(sheet, words, radius)
        scale = sheet.theme.scale
        self._at = (centre[0] * scale, sheet.height - centre[1] * scale)
        self._discs: list[Any] = []
        with self.canvas:
            for tint in rings:
                Color(*sheet.theme.tint(tint))
                self._discs.append(SmoothEllipse(segments=96))
        sheet.add_widget(self)
        box = (centre[0] - radius, centre[1], 2 * radius)
        self._word: Words | None = None
        self._count: Words | None = None
        if words:
            self._word = Words(sheet, words[0], box, size=size, bold=True, colour=look.DEEP, align="center")
            lift = self._word.line_u / 2
            self._word.move_to(centre[1] - lift * (1.7 if counting else 1.0))
            sheet.add_widget(self._word)
            if counting:
                self._count = Words(sheet, " ", box, size=size, bold=True, colour=look.DEEP, align="center")
                self._count.move_to(centre[1])
                sheet.add_widget(self._count)
        self.carried = [words for words in (self._word, self._count) if words]
        self.fullness = -1.0
        self.swell(STILL)

    def breathe(self, breath: Breath, word: str) -> None:
        """Show a moment of a breath."""
        if self._word:
            self._word.say(word)
        if self._sheet.theme.motion:
            self.swell(breath.fullness)
        elif self._count:
            self._count.say(str(max(1, math.ceil(round(breath.left_s, 2)))))

    def swell(self, fullness: float) -> None:
        """Draw the rings at this fullness (0-1)."""
        if fullness == self.fullness:
            return
        self.fullness = fullness
        inner = max(self._least, self._radius * (INNER[0] + (INNER[1] - INNER[0]) * fullness))
        outer = max(self._radius * (REST + (FULL - REST) * fullness), inner + self._radius * 0.12)
        outer = min(outer, self._radius) if inner < self._radius else outer
        scale = self._sheet.theme.scale
        for disc, share in zip(self._discs, BETWEEN, strict=True):
            r = (inner + (outer - inner) * share) * scale
            disc.pos, disc.size = (self._at[0] - r, self._at[1] - r), (2 * r, 2 * r)
