"""Words on a page: broken by `typesetting`, measured with the face that draws them, drawn in lines at 1.4 of its size.

What was measured and drawn is kept, because sizes are tried before one is taken, and forgotten with whoever read it.
"""

from functools import lru_cache
from typing import Any, Literal, Protocol

from kivy.core.text import Label as CoreLabel
from kivy.core.text import LabelBase
from kivy.graphics import Color, Rectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.fonts import Faces
from kiosk.theme import Colour, Theme
from kiosk.typesetting import break_lines

FACE = "xinyi"
LINE_HEIGHT = 1.4

Align = Literal["left", "center", "right"]


def register(faces: Faces) -> None:
    """Make the two cuts known to Kivy, also as its default font."""
    for name in (FACE, "Roboto"):
        LabelBase.register(name, str(faces.regular), fn_bold=str(faces.bold))


@lru_cache(maxsize=64)
def _ruler(size_px: int, bold: bool) -> Any:
    return CoreLabel(font_name=FACE, font_size=size_px, bold=bold)


@lru_cache(maxsize=8192)
def width_px(text: str, size_px: int, bold: bool) -> float:
    """Width of one line in pixels."""
    return float(_ruler(size_px, bold).get_extents(text)[0]) if text else 0.0


@lru_cache(maxsize=256)
def _texture(text: str, size_px: int, bold: bool) -> Any:
    label = CoreLabel(text=text, font_name=FACE, font_size=size_px, bold=bold)
    label.refresh()
    return label.texture


@lru_cache(maxsize=4096)
def broken(text: str, width: float, size_px: int, bold: bool) -> tuple[str, ...]:
    """Lines of a text in so many pixels; what was measured to find a size is drawn next."""
    return tuple(break_lines(text, width, lambda line: width_px(line, size_px, bold)))


def forget() -> None:
    """Nothing that was drawn or measured for the last person stays in memory."""
    _texture.cache_clear()
    width_px.cache_clear()
    broken.cache_clear()


class Ground(Protocol):
    """What words stand on."""

    theme: Theme

    def pixels(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Left, bottom, width, height in pixels of a box in units."""


class Words(Widget):
    """A block of text in a box of units; `lines`, `height_u` and `width_u` say what became of it."""

    def __init__(
        self,
        sheet: Ground,
        text: str,
        box: tuple[float, float, float],
        *,
        size: float = look.BODY,
        bold: bool = False,
        colour: Colour = look.INK,
        align: Align = "left",
    ) -> None:
        super().__init__(size_hint=(None, None))
        self._sheet, self._box, self._bold, self._align, self._colour = sheet, box, bold, align, colour
        self._size_px = round(size * sheet.theme.scale * sheet.theme.text)
        self.text, self.lines = "", [""]
        self.say(text)

    @property
    def line_u(self) -> float:
        return self._size_px * LINE_HEIGHT / self._sheet.theme.scale

    @property
    def height_u(self) -> float:
        return len(self.lines) * self.line_u

    @property
    def width_u(self) -> float:
        """Width of the longest line, in units."""
        return max(self._measure(line) for line in self.lines) / self._sheet.theme.scale

    @property
    def below(self) -> float:
        """Where the next thing may begin, in units from the top."""
        return self._box[1] + self.height_u

    def _measure(self, line: str) -> float:
        return width_px(line, self._size_px, self._bold)

    def say(self, text: str, colour: Colour | None = None, *, bold: bool | None = None) -> None:
        """Change the words, in the same box."""
        if text == self.text and colour in {None, self._colour} and bold in {None, self._bold}:
            return
        self.text, self._colour = text, colour or self._colour
        self._bold = self._bold if bold is None else bold
        self.lines = list(broken(text, self._box[2] * self._sheet.theme.scale, self._size_px, self._bold))
        self._draw()

    def move_to(self, y: float, x: float | None = None) -> None:
        """Put the block elsewhere, in units from the top left."""
        self._box = (self._box[0] if x is None else x, y, self._box[2])
        self._draw()

    def _draw(self) -> None:
        x, y, width = self._box
        left, bottom, wide, high = self._sheet.pixels(x, y, width, self.height_u)
        self.pos, self.size = (left, bottom), (wide, high)
        step = self._size_px * LINE_HEIGHT
        self.canvas.clear()
        with self.canvas:
            Color(*self._sheet.theme.tint(self._colour))
            for number, line in enumerate(self.lines):
                if not line:
                    continue
                texture = _texture(line, self._size_px, self._bold)
                free = wide - texture.width
                shift = {"left": 0.0, "center": free / 2, "right": free}[self._align]
                top = bottom + high - number * step
                Rectangle(
                    texture=texture,
                    pos=(round(left + shift), round(top - step / 2 - texture.height / 2)),
                    size=texture.size,
                )
