"""For staff with the maintenance PIN: what can be reached, what waits, whether the screen has its size; the way out."""

from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import Words
from kiosk.screens.page import Desk, Page
from kiosk.theme import TARGET_MM


class ServicePage(Page):
    """The bar at the bottom must be 20 mm: hold a ruler to it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top, ruler = self.head(self.t("service.title")), self.theme.units(TARGET_MM)
        high = (self.row - 20 - top - 3 * 12) / 4
        self._states: dict[str, Words] = {}
        for number, key in enumerate(("room", "centre", "waiting")):
            y = top + number * (high + 12)
            self._states[key] = self._line(key, y, high)
        y = top + 3 * (high + 12)
        self.panel(look.MARGIN, y, self.inner, high, fill=look.CARD, under=look.HAIRLINE)
        self._name(self.t("service.ruler"), look.MARGIN + 30 + ruler + 30, y, high, self.inner * 0.4)
        self.panel(look.MARGIN + 30, y + (high - 24) / 2, ruler, 24, fill=look.GREEN, radius=1)
        y += (high - look.TARGET) / 2
        leave = self.pill(self.t("service.leave"), Tap.CHOOSE, "leave", right=self.wide - look.MARGIN - 24, y=y)
        self.pill(self.t("service.again"), Tap.CHOOSE, "again", right=leave.box[0] - 16, y=y)
        self.help_button()
        self.filled(self.t("service.back"), Tap.BACK, right=self.wide - look.MARGIN)
        self.show(desk.flow.frame)

    def _name(self, text: str, x: float, y: float, high: float, room: float) -> Words:
        words = self.words(text, x, y, room, colour=look.INK)
        words.move_to(y + (high - words.height_u) / 2)
        return words

    def _line(self, key: str, y: float, high: float) -> Words:
        """One thing and how it is."""
        self.panel(look.MARGIN, y, self.inner, high, fill=look.CARD, under=look.HAIRLINE)
        self._name(self.t(f"service.{key}"), look.MARGIN + 30, y, high, self.inner * 0.5)
        half = self.inner * 0.42
        state = self.words(" ", self.wide - look.MARGIN - 30 - half, y, half, bold=True, align="right")
        state.move_to(y + (high - state.height_u) / 2)
        return state

    def show(self, frame: LiveFrame | None, /) -> None:
        flow = self.desk.flow
        reached = {True: self.t("service.reached"), False: self.t("service.away")}
        self._states["room"].say(reached[frame is not None])
        self._states["centre"].say(reached[flow.duty is not None])
        self._states["waiting"].say(self.t("service.records", count=flow.waiting))
