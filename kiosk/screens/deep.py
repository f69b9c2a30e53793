"""The immersive pages of a session: deep green, what part it is at the top left, the signal at the top right, pause,
help and end at the bottom, always in the same places.
"""

from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from gateway.live import LiveFrame, Metric
from kiosk import theme as look
from kiosk.flow import Tap, segment_now
from kiosk.lettering import Align, Words
from kiosk.screens.page import Desk, Page
from kiosk.shapes import Sheet, Target

GOOD, FAIR = 0.8, 0.5
DOTS = 5
BAR = 6.0


class Dots(Widget):
    """Five dots; as many are full as the signal is good. Its words always stand beside it."""

    def __init__(self, sheet: Sheet, right: float, y: float, size: float = 22.0) -> None:
        super().__init__(size_hint=(None, None))
        self.full, self._tint = -1, sheet.theme.tint
        self._places = [sheet.pixels(right - (DOTS - n) * (size + 5) + 5, y, size, size) for n in range(DOTS)]
        self.wide = DOTS * (size + 5)
        sheet.add_widget(self)

    def show(self, score: float) -> None:
        """Fill them for a quality of 0-1."""
        full = min(DOTS, max(0, round(score * DOTS)))
        if full == self.full:
            return
        self.full = full
        self.canvas.clear()
        with self.canvas:
            for number, (x, y, wide, high) in enumerate(self._places):
                Color(*self._tint(look.ON_DEEP_SOFT))
                SmoothEllipse(pos=(x, y), size=(wide, high))
                if number >= full:
                    Color(*self._tint(look.DEEP))
                    SmoothEllipse(pos=(x + 2, y + 2), size=(wide - 4, high - 4))


class Number(Widget):
    """A number with its name, unit and quality bar, or words instead; never both."""

    def __init__(
        self,
        page: "DeepPage",
        label: str,
        unit: str,
        box: tuple[float, float, float],
        *,
        align: Align = "left",
    ) -> None:
        super().__init__(size_hint=(None, None))
        x, y, wide = box
        self._page, self._unit, self._right = page, unit, align == "right"
        style: dict[str, Any] = {"align": align}
        words = look.BODY if page.theme.large else look.OPTION
        self.label = page.words(label, x, y, wide, colour=look.ON_DEEP_SOFT, **style)
        self.value = page.words("", x, self.label.below, wide, size=look.TITLE, bold=True, colour=look.ON_DEEP, **style)
        self.unit = page.words(unit, x, 0, wide, colour=look.ON_DEEP_SOFT, **style)
        self.instead = page.words("", x, self.label.below + 4, wide, size=words, colour=look.ON_DEEP, **style)
        self._box = (x, self.value.below + 6, wide)
        self._shown: tuple[str, int] | None = None
        page.add_widget(self)

    def show(self, metric: Metric, otherwise: str) -> None:
        """The number when there is one, else these words."""
        value = "" if metric.value is None else str(round(metric.value))
        shown = (value or otherwise, round(metric.quality * 20))
        if shown == self._shown:
            return
        self._shown = shown
        self.instead.say("" if value else otherwise)
        self.canvas.clear()
        if not value:
            self.value.say("")
            self.unit.say("")
            return
        gap = 10.0
        x, bar_y, wide = self._box
        unit_wide = self._page.text_width(self._unit, look.BODY)
        self.value.move_to(self.label.below, x if not self._right else x - unit_wide - gap)
        self.value.say(value)
        self.unit.say(self._unit)
        left = x + self.value.width_u + gap if not self._right else x
        self.unit.move_to(self.label.below + (self.value.line_u - self.unit.line_u) * 0.78, left)
        long = min(wide, 180.0)
        left = x + wide - long if self._right else x
        with self.canvas:
            for colour, part in ((look.DEEP_LINE, 1.0), (look.BREATH[1], metric.quality)):
                Color(*self._page.theme.tint(colour))
                px, py, pw, ph = self._page.pixels(left, bar_y, max(BAR, long * part), BAR)
                SmoothRoundedRectangle(pos=(px, py), size=(pw, ph), radius=[ph / 2])


class DeepPage(Page):
    """Base of the session's pages."""

    GROUND = look.DEEP
    SIGNAL = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.header = self.words(" ", look.MARGIN, 40, self.inner * 0.62, colour=look.ON_DEEP_SOFT)
        self.top = self.header.below
        self._dots: Dots | None = None
        if self.SIGNAL:
            right = self.wide - look.MARGIN
            self._dots = Dots(self, right, 40 + (self.header.line_u - 22) / 2)
            left = right - self._dots.wide - 12 - self.inner * 0.3
            self._signal: Words = self.words(" ", left, 40, self.inner * 0.3, colour=look.ON_DEEP_SOFT, align="right")
        self.bottom_row()
        self.show(desk.flow.frame)

    def bottom_row(self) -> None:
        """Pause, help, end."""
        self.outlined(self.t("session.pause"), Tap.PAUSE, x=look.MARGIN)
        self.help_button()
        self.outlined(self.t("session.end"), Tap.END, right=self.wide - look.MARGIN)

    def outlined(self, text: str, tap: Tap, *, x: float | None = None, right: float | None = None) -> Target:
        """A button that is not the next step."""
        return self.button(text, tap, x=x, right=right, fill=look.DEEP, line=look.DEEP_LINE, ink=look.ON_DEEP)

    def bright(self, text: str, tap: Tap, *, x: float | None = None, right: float | None = None) -> Target:
        """The next step."""
        return self.button(text, tap, x=x, right=right, fill=look.BREATH[0], line=None, ink=look.DEEP, bold=True)

    def help_button(self) -> Target:
        return self.button(
            self.t("shared.help"),
            Tap.HELP,
            fill=look.DEEP,
            line=look.CLAY_ON_DEEP if self.theme.contrast else look.CLAY,
            ink=look.CLAY_ON_DEEP,
            least=268,
        )

    def show(self, frame: LiveFrame | None, /) -> None:
        session = frame.session if frame else None
        if frame is None or session is None:
            return
        if current := segment_now(session):
            number, segment = current
            title = session.title_zh if self.t.language == "zh" else session.title_en
            open_end = session.segment_left_s <= 0 or segment.key == "check"
            self.header.say(
                self.t("session.header_open", title=title, part=number)
                if open_end
                else self.t("session.header", title=title, part=number, left=self.duration(session.segment_left_s))
            )
        if self._dots:
            self._dots.show(frame.signal.score)
            key = "weak" if weak(frame) else "good" if frame.signal.score >= GOOD else "fair"
            self._signal.say(self.t(f"signal.{key}"))


def weak(frame: LiveFrame) -> bool:
    """Whether the heart signal is below what numbers may be made of."""
    return bool(frame.signal.reason) or frame.signal.score < FAIR
