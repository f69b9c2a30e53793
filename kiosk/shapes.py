"""What pages are made of: words, panels and targets, placed in units from the top left.

Text is broken by `typesetting` and drawn line by line at 1.4 of its size. A target answers when the finger lifts inside
it, or inside where the finger came down if that was beside all targets and `reach` says which was meant; a second tap
within 0.7 s of any other is ignored, because hands that tremble tap twice. Colours are tokens until they are drawn.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from kivy.core.text import Label as CoreLabel
from kivy.core.text import LabelBase
from kivy.graphics import Color, Rectangle, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.fonts import Faces
from kiosk.reach import Box, meant
from kiosk.theme import Colour, Theme
from kiosk.typesetting import break_lines

FACE = "xinyi"
LINE_HEIGHT = 1.4
DEBOUNCE_S = 0.7
SLOP = 12.0

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
def _broken(text: str, width: float, size_px: int, bold: bool) -> tuple[str, ...]:
    """Lines of a text in so many pixels; what was measured to find a size is drawn next."""
    return tuple(break_lines(text, width, lambda line: width_px(line, size_px, bold)))


def forget() -> None:
    """Nothing that was drawn or measured for the last person stays in memory."""
    _texture.cache_clear()
    width_px.cache_clear()
    _broken.cache_clear()


class Words(Widget):
    """A block of text in a box of units; `lines`, `height_u` and `width_u` say what became of it."""

    def __init__(
        self,
        sheet: "Sheet",
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
        self.lines = list(_broken(text, self._box[2] * self._sheet.theme.scale, self._size_px, self._bold))
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


class Panel(Widget):
    """A rounded surface with a line around it, in a box of units."""

    def __init__(
        self,
        sheet: "Sheet",
        box: Box,
        *,
        fill: Colour,
        line: Colour | None = None,
        radius: float = look.RADIUS,
        stroke: float = look.STROKE,
        under: Colour | None = None,
    ) -> None:
        super().__init__(size_hint=(None, None))
        scale, tint = sheet.theme.scale, sheet.theme.tint
        if under and sheet.theme.contrast and not line:  # a shadow alone is too little to see an edge by
            line, under = under, None
        self.box, self._sheet = box, sheet
        left, bottom, wide, high = sheet.pixels(*box)
        self.pos, self.size = (left, bottom), (wide, high)
        edge = stroke * scale if line else 0.0
        with self.canvas:
            if under:
                Color(*tint(under))
                SmoothRoundedRectangle(pos=(left, bottom - 2 * scale), size=(wide, high), radius=[radius * scale])
            if line:
                self._edge = Color(*tint(line))
                SmoothRoundedRectangle(pos=(left, bottom), size=(wide, high), radius=[radius * scale])
            self._tint = Color(*tint(fill))
            SmoothRoundedRectangle(
                pos=(left + edge, bottom + edge),
                size=(wide - 2 * edge, high - 2 * edge),
                radius=[max(1.0, radius * scale - edge)],
            )
        self.fill = fill

    def recolour(self, fill: Colour, line: Colour) -> None:
        """Other colours, for a panel that was made with a line."""
        self.fill = fill
        self._edge.rgba, self._tint.rgba = self._sheet.theme.tint(line), self._sheet.theme.tint(fill)

    def shade(self, pressed: bool) -> None:
        """Show that the finger is on it."""
        red, green, blue, alpha = self._sheet.theme.tint(self.fill)
        dark = red + green + blue < 1.2
        mix = [part * 0.82 + (0.18 if dark else 0.0) for part in (red, green, blue)] if pressed else (red, green, blue)
        self._tint.rgba = (*mix, alpha)


class Target(Panel):
    """A panel that answers a finger, when it lifts.

    Args:
        apart: a miss is never taken for this one when anything else is near, nor the other way round.
    """

    last_tap_s = float("-inf")

    def __init__(
        self, sheet: "Sheet", box: Box, on_tap: Callable[[], None], *, apart: bool = False, **look_of: Any
    ) -> None:
        super().__init__(sheet, box, **look_of)
        self.apart = apart
        self._on_tap, self._slop = on_tap, SLOP * sheet.theme.scale
        self._pressed_at: tuple[float, float] = (0.0, 0.0)

    def _inside(self, touch: Any) -> bool:
        on_it = (
            self.x - self._slop <= touch.x <= self.right + self._slop
            and self.y - self._slop <= touch.y <= self.top + self._slop
        )
        at = self._pressed_at
        return bool(on_it or max(abs(touch.x - at[0]), abs(touch.y - at[1])) <= self._slop)

    def settled(self, now_s: float) -> bool:
        """Whether a tap at this second is one of its own, and not the trembling of the last."""
        return now_s - Target.last_tap_s >= DEBOUNCE_S

    def press(self, touch: Any) -> bool:
        """The finger came down on it, or beside it and meant it."""
        touch.grab(self)
        self._pressed_at = (touch.x, touch.y)
        self.shade(True)
        return True

    def on_touch_down(self, touch: Any) -> bool:
        if touch.is_mouse_scrolling or not self.collide_point(*touch.pos) or touch.grab_list:
            return False
        return self.press(touch)

    def on_touch_move(self, touch: Any) -> bool:
        if touch.grab_current is not self:
            return False
        self.shade(self._inside(touch))
        return True

    def on_touch_up(self, touch: Any) -> bool:
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self.shade(False)
        now_s = time.monotonic()
        if self._inside(touch) and self.parent is not None and self.settled(now_s):
            Target.last_tap_s = now_s
            self._on_tap()
        return True


class Sheet(Widget):
    """One page: `wide` × `high` units, at least 1280×800, with the origin at the top left."""

    def __init__(self, theme: Theme, size_px: tuple[float, float], ground: Colour) -> None:
        super().__init__(size=size_px, size_hint=(None, None), pos=(0, 0))
        self.theme = theme
        self.wide, self.high = size_px[0] / theme.scale, size_px[1] / theme.scale
        if ground[3] < 1:  # an opaque ground is the window's own colour: one fill less in every picture
            with self.canvas.before:
                Color(*theme.tint(ground))
                Rectangle(pos=(0, 0), size=size_px)

    def on_touch_down(self, touch: Any) -> bool:
        """A touch that hit nothing may have meant something."""
        if super().on_touch_down(touch):
            return True
        if touch.is_mouse_scrolling or touch.grab_list:
            return False
        targets = [child for child in self.children if isinstance(child, Target)]
        scale = self.theme.scale
        at = meant(touch.x / scale, (self.height - touch.y) / scale, [(target.box, target.apart) for target in targets])
        return at is not None and targets[at].press(touch)

    def pixels(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Left, bottom, width, height in pixels of a box in units."""
        scale = self.theme.scale
        return x * scale, self.height - (y + height) * scale, width * scale, height * scale

    def words(self, text: str, x: float, y: float, width: float, **look_of: Any) -> Words:
        """Set a text and put it on the page."""
        block = Words(self, text, (x, y, width), **look_of)
        self.add_widget(block)
        return block

    def panel(self, x: float, y: float, width: float, height: float, **look_of: Any) -> Panel:
        """Put a surface on the page."""
        panel = Panel(self, (x, y, width, height), **look_of)
        self.add_widget(panel)
        return panel

    def target(
        self, x: float, y: float, width: float, height: float, on_tap: Callable[[], None], **look_of: Any
    ) -> Target:
        """Put something to tap on the page."""
        target = Target(self, (x, y, width, height), on_tap, **look_of)
        self.add_widget(target)
        return target

    def text_width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of one line in units."""
        return width_px(text, round(size * self.theme.scale * self.theme.text), bold) / self.theme.scale

    def text_height(self, text: str, size: float, width: float, *, bold: bool = False) -> float:
        """Height of a text that is broken into this width, in units."""
        px = round(size * self.theme.scale * self.theme.text)
        return len(_broken(text, width * self.theme.scale, px, bold)) * px * LINE_HEIGHT / self.theme.scale
