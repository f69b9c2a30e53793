"""How far one has come: a bar across the page. Its words always stand beside it."""

from kivy.graphics import Color, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from kiosk import theme as look
from kiosk.screens.page import Page

HIGH = 10.0


class Progress(Widget):
    """A bar at `y`, full to `share` (0-1)."""

    def __init__(self, page: Page, y: float, share: float = 0.0) -> None:
        super().__init__(size_hint=(None, None))
        self._page, self._y = page, y
        left, bottom, wide, high = page.pixels(look.MARGIN, y, page.inner, HIGH)
        self.pos, self.size, self._share = (left, bottom), (wide, high), -1.0
        page.add_widget(self)
        self.show(share)

    def show(self, share: float) -> None:
        """Move it."""
        if share == self._share:
            return
        self._share = share
        tint = self._page.theme.tint
        self.canvas.clear()
        with self.canvas:
            for token, part in ((look.HAIRLINE, 1.0), (look.GREEN, share)):
                Color(*tint(token))
                wide = max(self.height, self.width * min(1.0, part))
                SmoothRoundedRectangle(pos=self.pos, size=(wide, self.height), radius=[self.height / 2])
