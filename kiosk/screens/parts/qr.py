"""A QR code as squares: whole pixels, dark on white, whatever the palette is; a telephone must read it."""

from itertools import groupby

from kivy.graphics import Color, Rectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.shapes import Sheet

DARK = look.colour("#16302D")


class QrPicture(Widget):
    """The squares of `matrix`, in the middle of a square of `side` units; their quiet zone is part of the matrix."""

    def __init__(self, sheet: Sheet, matrix: list[list[bool]], x: float, y: float, side: float) -> None:
        super().__init__(size_hint=(None, None))
        left, bottom, wide, high = sheet.pixels(x, y, side, side)
        dot = max(1, int(wide // len(matrix)))
        inset = (wide - dot * len(matrix)) / 2
        left, top = round(left + inset), round(bottom + high - inset)
        self.pos, self.size = (left, top - dot * len(matrix)), (dot * len(matrix), dot * len(matrix))
        self.dot = dot
        with self.canvas:
            Color(*look.CARD)
            Rectangle(pos=self.pos, size=self.size)
            Color(*DARK)
            for number, row in enumerate(matrix):
                at = 0
                for dark, squares in groupby(row):
                    long = len(list(squares))
                    if dark:
                        Rectangle(pos=(left + at * dot, top - (number + 1) * dot), size=(long * dot, dot))
                    at += long
        sheet.add_widget(self)
