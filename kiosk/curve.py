"""The heart rhythm on the screen: a solid green line over the sand-coloured dots of the pacer. Points: `rhythm`."""

from functools import cache
from typing import Any

from kivy.graphics import Color, Point, SmoothEllipse, SmoothLine
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.rhythm import Curve
from kiosk.shapes import Sheet

DOT_PX = 32


@cache
def _dot() -> Any:
    """A round soft-edged dot; Kivy's points are squares otherwise."""
    half = DOT_PX / 2
    shades = bytearray()
    for y in range(DOT_PX):
        for x in range(DOT_PX):
            away = ((x + 0.5 - half) ** 2 + (y + 0.5 - half) ** 2) ** 0.5
            cover = min(1.0, max(0.0, half - 1 - away))
            shades += bytes((255, 255, 255, round(255 * cover)))
    texture = Texture.create(size=(DOT_PX, DOT_PX), colorfmt="rgba", mipmap=True)
    texture.blit_buffer(bytes(shades), colorfmt="rgba", bufferfmt="ubyte")
    return texture


class RhythmCurve(Widget):
    """Both lines in a box of units."""

    def __init__(self, sheet: Sheet, box: tuple[float, float, float, float]) -> None:
        super().__init__(size_hint=(None, None))
        self._sheet = sheet
        left, bottom, wide, high = sheet.pixels(*box)
        self.pos, self.size = (left, bottom), (wide, high)
        sheet.add_widget(self)

    def show(self, curve: Curve) -> None:
        """Draw this moment."""
        scale = self._sheet.theme.scale

        def place(points: list[tuple[float, float]]) -> list[float]:
            return [v for x, y in points if x >= 0 for v in (self.x + x * self.width, self.y + y * self.height)]

        self.canvas.clear()
        with self.canvas:
            Color(*self._sheet.theme.tint(look.SAND))
            Point(points=place(curve.pacer), pointsize=3.0 * scale, texture=_dot())
            Color(*self._sheet.theme.tint(look.BREATH[1]))
            for stretch in curve.heart:
                points = place(stretch)
                if len(points) >= 4:
                    SmoothLine(points=points, width=2.2 * scale, overdraw_width=1.4 * scale)
            if curve.heart and curve.now_x - curve.heart[-1][-1][0] < 0.06:
                x, y = place(curve.heart[-1][-1:])
                r = 7 * scale
                SmoothEllipse(pos=(x - r, y - r), size=(2 * r, 2 * r))
