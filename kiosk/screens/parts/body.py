"""A seated person in a few lines, with the part that is tensed or let go drawn bright: heavy lines for tensing, light
for letting go. It stands still; the words beside it always say the same.

Points are shares of a box whose side is twice the radius, from its bottom left.
"""

import math

from kivy.graphics import Color, SmoothLine
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.screens.page import Page

Points = tuple[tuple[float, float], ...]
Mark = tuple[float, float, float]

_HEAD: Mark = (0.5, 0.80, 0.115)
_LINES: dict[str, tuple[Points, ...]] = {
    "neck": (((0.5, 0.685), (0.5, 0.63)),),
    "shoulders": (((0.32, 0.595), (0.36, 0.62), (0.5, 0.63), (0.64, 0.62), (0.68, 0.595)),),
    "arms": (((0.32, 0.595), (0.275, 0.46), (0.33, 0.365)), ((0.68, 0.595), (0.725, 0.46), (0.67, 0.365))),
    "belly": (((0.39, 0.58), (0.40, 0.36)), ((0.61, 0.58), (0.60, 0.36)), ((0.40, 0.36), (0.60, 0.36))),
    "legs": (((0.41, 0.36), (0.37, 0.26), (0.385, 0.10)), ((0.59, 0.36), (0.63, 0.26), (0.615, 0.10))),
    "feet": (((0.385, 0.10), (0.32, 0.075)), ((0.615, 0.10), (0.68, 0.075))),
}
_RINGS: dict[str, tuple[Mark, ...]] = {
    "hands": ((0.355, 0.345, 0.032), (0.645, 0.345, 0.032)),
    "eyes": ((0.46, 0.815, 0.018), (0.54, 0.815, 0.018)),
    "ears": ((0.378, 0.80, 0.024), (0.622, 0.80, 0.024)),
}
_MOUTH: Points = ((0.46, 0.755), (0.5, 0.742), (0.54, 0.755))

PLAIN, BRIGHT, HEAVY = 4.0, 6.0, 10.0


class Body(Widget):
    """The drawing, around a point of the page.

    Args:
        page: that it is put on.
        centre: in units from the top left.
        radius: half the side of its box, in units.
    """

    def __init__(self, page: Page, centre: tuple[float, float], radius: float) -> None:
        super().__init__(size_hint=(None, None))
        self._page = page
        left, bottom, wide, high = page.pixels(centre[0] - radius, centre[1] - radius, 2 * radius, 2 * radius)
        self.pos, self.size = (left, bottom), (wide, high)
        page.add_widget(self)

    def show(self, part: str, act: str) -> None:
        """Draw it with this part bright; "whole" is all of it, "" nothing."""
        tint = self._page.theme.tint
        bright, weight = tint(look.BREATH[0]), HEAVY if act == "tense" else BRIGHT
        plain = tint(look.BREATH[2])
        self.canvas.clear()
        with self.canvas:
            # what is plain first, so that what is bright lies above it
            for lit in (False, True):
                Color(*(bright if lit else plain))
                for name, marks in _RINGS.items():
                    if name == "hands" and (part in {"hands", "whole"}) is lit:
                        self._rings(marks, weight if lit else PLAIN)
                    elif name != "hands" and lit and part == name:
                        self._rings(marks, weight)
                for name, lines in _LINES.items():
                    if (part in {name, "whole"}) is lit:
                        for points in lines:
                            self._line(points, weight if lit else PLAIN)
                if (part in {"face", "whole"}) is lit:
                    self._rings((_HEAD,), weight if lit else PLAIN)
                    if lit and part == "face":
                        self._rings(_RINGS["eyes"], BRIGHT)
                        self._line(_MOUTH, BRIGHT)

    def _line(self, points: Points, weight: float) -> None:
        flat = [value for x, y in points for value in (self.x + x * self.width, self.y + y * self.height)]
        wide = weight * self._page.theme.scale / 2
        SmoothLine(points=flat, width=wide, overdraw_width=wide)

    def _rings(self, marks: tuple[Mark, ...], weight: float) -> None:
        wide = weight * self._page.theme.scale / 2
        for x, y, radius in marks:
            at = (self.x + x * self.width, self.y + y * self.height, radius * self.width)
            SmoothLine(circle=at, width=wide, overdraw_width=wide, close=True)


class TimeRing(Widget):
    """A ring that fills, clockwise from the top, as the step passes."""

    WEIGHT = 8.0

    def __init__(self, page: Page, centre: tuple[float, float], radius: float) -> None:
        super().__init__(size_hint=(None, None))
        scale, tint = page.theme.scale, page.theme.tint
        self._at = (centre[0] * scale, page.height - centre[1] * scale, (radius - self.WEIGHT) * scale)
        wide = self.WEIGHT * scale / 2
        with self.canvas:
            Color(*tint(look.BREATH[4]))
            SmoothLine(circle=self._at, width=wide, overdraw_width=wide, close=True)
            Color(*tint(look.BREATH[1]))
            self._line = SmoothLine(points=[], width=wide, overdraw_width=wide)
        self._share = -1.0
        page.add_widget(self)

    def show(self, share: float) -> None:
        """Fill it to a share of 0-1, in steps too small to see."""
        share = round(min(1.0, max(0.0, share)), 3)
        if share == self._share:
            return
        self._share = share
        x, y, radius = self._at
        steps = max(1, round(120 * share))
        points: list[float] = []
        for step in range(steps + 1):
            angle = 2 * math.pi * share * step / steps
            points += [x + radius * math.sin(angle), y + radius * math.cos(angle)]
        self._line.points = points if share > 0 else []
