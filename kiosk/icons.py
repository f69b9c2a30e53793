"""Drawn icons: lines of one weight, never emoji. Each is a function that draws into a square of units."""

import math
from collections.abc import Callable

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.shapes import Sheet
from kiosk.theme import Colour

WEIGHT = 1.6

Draw = Callable[..., None]
"""Draws itself onto a sheet, at x and y, so many units wide."""


class Icon(Widget):
    """An empty square on the page, `side` units wide, to draw lines into; x and y run 0-1 from the bottom left."""

    def __init__(self, sheet: Sheet, x: float, y: float, side: float, tint: Colour) -> None:
        super().__init__(size_hint=(None, None))
        left, bottom, wide, high = sheet.pixels(x, y, side, side)
        self.pos, self.size, self._weight = (left, bottom), (wide, high), WEIGHT * sheet.theme.scale
        with self.canvas:
            Color(*sheet.theme.tint(tint))
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


def tick(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """Questions."""
    Icon(sheet, x, y, side, tint).line((0.12, 0.46), (0.4, 0.18), (0.88, 0.8))


def pulse(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """A heart's rhythm."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line((0.02, 0.5), (0.24, 0.5), (0.4, 0.86), (0.56, 0.12), (0.7, 0.5), (0.98, 0.5))


def book(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """Something to read."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line((0.5, 0.76), (0.36, 0.86), (0.06, 0.86), (0.06, 0.2), (0.36, 0.2), (0.5, 0.1))
    icon.line((0.5, 0.76), (0.64, 0.86), (0.94, 0.86), (0.94, 0.2), (0.64, 0.2), (0.5, 0.1))
    icon.line((0.5, 0.76), (0.5, 0.1))


def calendar(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """A day that was agreed."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line((0.08, 0.8), (0.92, 0.8), (0.92, 0.08), (0.08, 0.08), (0.08, 0.8))
    icon.line((0.08, 0.58), (0.92, 0.58))
    for across in (0.3, 0.7):
        icon.line((across, 0.7), (across, 0.94))


def bars(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """How it was over time; the bars say nothing about more or less."""
    icon = Icon(sheet, x, y, side, tint)
    for across, high in ((0.08, 0.7), (0.36, 0.42), (0.64, 0.56), (0.92, 0.88)):
        icon.line((across, 0.12), (across, high))


def headset(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """Something to hear."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line(
        (0.1, 0.4),
        (0.1, 0.55),
        (0.18, 0.76),
        (0.34, 0.89),
        (0.5, 0.93),
        (0.66, 0.89),
        (0.82, 0.76),
        (0.9, 0.55),
        (0.9, 0.4),
    )
    for left in (0.04, 0.76):
        icon.line((left, 0.44), (left + 0.2, 0.44), (left + 0.2, 0.08), (left, 0.08), (left, 0.44))


def person(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """An exercise for the body."""
    icon = Icon(sheet, x, y, side, tint)
    icon.ring(0.5, 0.76, 0.17)
    icon.line((0.1, 0.08), (0.16, 0.36), (0.34, 0.46), (0.66, 0.46), (0.84, 0.36), (0.9, 0.08))


def waves(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """A sound that flows on."""
    icon = Icon(sheet, x, y, side, tint)
    swell = [(0.02 + 0.06 * step, 0.09 * math.sin(step * math.pi / 4)) for step in range(17)]
    for height in (0.78, 0.5, 0.22):
        icon.line(*((across, height + up) for across, up in swell))


def seat(sheet: Sheet, x: float, y: float, side: float, tint: Colour = look.GREEN) -> None:
    """The chair."""
    icon = Icon(sheet, x, y, side, tint)
    icon.line((0.12, 0.92), (0.28, 0.36), (0.66, 0.36), (0.9, 0.2))
    icon.line((0.34, 0.56), (0.66, 0.56))
    icon.line((0.36, 0.36), (0.36, 0.08))
    icon.line((0.62, 0.36), (0.62, 0.08))


def mark(sheet: Sheet, x: float, y: float, side: float) -> None:
    """The sign of the house: a disc in a halo."""
    for radius, tint in ((0.5, look.BREATH[0]), (0.27, look.BREATH[1])):
        Icon(sheet, x, y, side, tint).disc(0.5, 0.5, radius)
