"""Drawn icons: lines of one weight, never emoji. Each is a function that draws into a square of units."""

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.shapes import Sheet
from kiosk.theme import Colour

WEIGHT = 1.6


class Icon(Widget):
    """An empty square on the page, `side` units wide, to draw lines into; x and y run 0-1 from the bottom left."""

    def __init__(self, sheet: Sheet, x: float, y: float, side: float, tint: Colour) -> None:
        super().__init__(size_hint=(None, None))
        left, bottom, wide, high = sheet.pixels(x, y, side, side)
        self.pos, self.size, self._weight = (left, bottom), (wide, high), WEIGHT * sheet.theme.scale
        with self.canvas:
            Color(*tint)
        sheet.add_widget(self)

    def line(self, *points: tuple[float, float]) -> None:
        """A line through these points."""
        flat = [value for x, y in points for value in (self.x + x * self.width, self.y + y * self.height)]
        with self.canvas:
            SmoothLine(points=flat, width=self._weight, overdraw_width=self._weight)

    def ring(self, x: float, y: float, radius: float) -> None:
        """A circle."""
        at = (self.x + x * self.width, self.y + y * self.height, radius * self.width)
        with self.canvas:
            SmoothLine(circle=at, width=self._weight, overdraw_width=self._weight, close=True)

    def disc(self, x: float, y: float, radius: float) -> None:
        """A filled circle."""
        r = radius * self.width
        with self.canvas:
            SmoothEllipse(pos=(self.x + x * self.width - r, self.y + y * self.height - r), size=(2 * r, 2 * r))


def rings(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """Breathing."""
    icon = Icon(sheet, x, y, side, tint)
    for radius in (0.14, 0.3, 0.46):
        icon.ring(0.5, 0.5, radius)


def steps(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """Three steps, one after another."""
    icon = Icon(sheet, x, y, side, tint)
    for height in (0.82, 0.5, 0.18):
        icon.disc(0.1, height, 0.07)
        icon.line((0.32, height), (0.95, height))


def forward(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """An arrow to the right."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line((0.1, 0.5), (0.9, 0.5))
    icon.line((0.58, 0.82), (0.9, 0.5), (0.58, 0.18))


def mark(sheet: Sheet, x: float, y: float, side: float) -> None:
    """The sign of the house: a disc in a halo."""
    for radius, tint in ((0.5, look.BREATH[0]), (0.27, look.BREATH[1])):
        Icon(sheet, x, y, side, tint).disc(0.5, 0.5, radius)
