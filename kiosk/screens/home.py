"""The first page. Everything on it works: one large card for the chair, two smaller ones that need no chair, and help.

The other services of the room are named in one quiet line with whom to ask, rather than as cards that disappoint.
"""

from gateway.live import LiveFrame
from kiosk import icons
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import SOLO_S, Tap, relax_minutes
from kiosk.screens.page import Desk, Page, brand


class HomePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        frame = desk.flow.frame
        begin = self.switches()
        brand(self, frame.site_name if frame else "", begin)
        top = self.lead(self.t("home.title"), self.t("home.subtitle")) + 16
        staff = self.words(self.t("home.staff"), look.MARGIN, 0, self.inner, size=look.SMALL, colour=look.INK_SOFT)
        staff.move_to(self.row - 22 - staff.height_u)
        high = self.row - 22 - staff.height_u - 14 - top
        third = (self.inner - 2 * look.GAP) / 3
        self._relax(top, third * 1.85 + look.GAP, high)
        left = look.MARGIN + third * 1.85 + 2 * look.GAP
        wide = self.wide - look.MARGIN - left
        half = (high - look.GAP) / 2
        solo = (self.t("home.solo"), self.t("home.solo_more", minutes=round(SOLO_S / 60)))
        self._card(Tap.SOLO, icons.rings, solo, (left, top, wide, half))
        how = (self.t("home.how"), self.t("home.how_more"))
        self._card(Tap.HOW, icons.steps, how, (left, top + half + look.GAP, wide, half))
        self.help_bar()

    def _relax(self, top: float, wide: float, high: float) -> None:
        x = look.MARGIN
        self.target(x, top, wide, high, self.ask(Tap.START), fill=look.GREEN)
        radius = min(high / 2 - 24, 150.0, wide * 0.2)
        Figure(self, (x + wide - radius - 40, top + high / 2), radius, rings=look.BREATH[3::-1])
        room = wide - 2 * radius - 40 - 44 - 20
        title = self.words(
            self.t("home.relax"), x + 44, top, room, size=look.QUESTION, bold=True, colour=look.CARD
        )
        more = self.words(
            self.t("home.relax_more", minutes=relax_minutes()), x + 44, top, room, colour=look.BREATH[0]
        )
        pill = 72.0
        space = max(0.0, (high - title.height_u - more.height_u - 10 - 26 - pill) / 2)
        title.move_to(top + space)
        more.move_to(title.below + 10)
        text = self.t("home.relax_start")
        wide_pill = self.text_width(text, look.BODY, bold=True) + 120
        self.panel(x + 44, more.below + 26, wide_pill, pill, fill=look.BREATH[0], radius=36)
        self.start = self.words(
            text, x + 44 + 36, more.below + 26, room, size=look.BODY, bold=True, colour=look.DEEP
        )
        self.start.move_to(more.below + 26 + (pill - self.start.height_u) / 2)
        icons.forward(self, x + 44 + wide_pill - 66, more.below + 26 + 21, 30, look.DEEP)

    def _card(self, tap: Tap, icon: object, texts: tuple[str, str], box: tuple[float, float, float, float]) -> None:
        x, y, wide, high = box
        self.target(*box, self.ask(tap), fill=look.CARD, under=look.HAIRLINE)
        self.icon_tile(icon, x + 26, y + (high - 72) / 2)  # type: ignore[arg-type]
        room = wide - 26 - 72 - 24 - 20
        title = self.words(texts[0], x + 122, y, room, size=look.OPTION, bold=True)
        more = self.words(texts[1], x + 122, y, room, size=look.SMALL, colour=look.INK_SOFT)
        title.move_to(y + (high - title.height_u - more.height_u) / 2)
        more.move_to(title.below)

    def show(self, frame: LiveFrame | None) -> None:
        self.start.say(self.t("home.starting" if self.desk.flow.starting else "home.relax_start"))
