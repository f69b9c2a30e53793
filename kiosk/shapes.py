"""What pages are made of: words, panels and targets, placed in units from the top left.

A target answers when the finger lifts inside it, or near where it came down if that was beside all targets and `reach`
says which was meant; a second tap within 0.7 s of any other is ignored, because hands that tremble tap twice. Colours
are tokens until they are drawn.
"""

import time
from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, Rectangle, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.lettering import LINE_HEIGHT, Words, broken, width_px
from kiosk.reach import Box, meant
from kiosk.theme import Colour, Theme

DEBOUNCE_S = 0.7
SLOP = 12.0


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
        return len(broken(text, width * self.theme.scale, px, bold)) * px * LINE_HEIGHT / self.theme.scale
