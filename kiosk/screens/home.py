"""The first page. Everything on it works: one large choice for the chair, two that need no chair, and help.

The other services of the room are named in one quiet line with whom to ask, rather than as cards that disappoint. In
large text the cards become one column of bars.
"""

from collections.abc import Callable

from gateway.live import LiveFrame
from kiosk import icons
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import SOLO_S, Tap, relax_minutes
from kiosk.screens.page import Desk, Page, brand
from kiosk.shapes import Words

Box = tuple[float, float, float, float]
PILL = 72.0


class HomePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        frame = desk.flow.frame
        brand(self, frame.site_name if frame else "", self.switches())
        y = 112.0 if self.theme.large else 124.0
        top = self.words(self.t("home.title"), look.MARGIN, y, self.inner, size=look.TITLE, bold=True).below
        if not self.theme.large:
            top = self.words(self.t("home.subtitle"), look.MARGIN, top + 2, self.inner, colour=look.INK_SOFT).below
        staff = self.words(self.t("home.staff"), look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
        staff.move_to(self.row - 16 - staff.height_u)
        room = (look.MARGIN, top + 14, self.inner, self.row - 16 - staff.height_u - 10 - top - 14)
        self._start: Words | None = None
        (self._bars if self.theme.large else self._cards)(room)
        self.help_bar()

    def _cards(self, room: Box) -> None:
        x, top, inner, high = room
        wide = inner * 0.6
        self._relax((x, top, wide, high))
        half, left = (high - look.GAP) / 2, x + wide + look.GAP
        self._choice(Tap.SOLO, (left, top, inner - wide - look.GAP, half))
        self._choice(Tap.HOW, (left, top + half + look.GAP, inner - wide - look.GAP, half))

    def _bars(self, room: Box) -> None:
        x, top, inner, high = room
        each = (high - 2 * 12) / 3
        for number, tap in enumerate((Tap.START, Tap.SOLO, Tap.HOW)):
            self._choice(tap, (x, top + number * (each + 12), inner, each), beside=True)

    def _relax(self, box: Box) -> None:
        x, top, wide, high = box
        self.target(*box, self.ask(Tap.START), fill=look.GREEN)
        name = self.text_width(self.t("home.relax"), look.QUESTION, bold=True)
        radius = min(high / 2 - 24, 140.0, (wide - name - 44 - 20 - 40 - 4) / 2)
        Figure(self, (x + wide - radius - 40, top + high / 2), radius)
        left, room = x + 44, wide - 2 * radius - 40 - 44 - 20
        title = self.words(self.t("home.relax"), left, top, room, size=look.QUESTION, bold=True, colour=look.CARD)
        more = self.words(self._more(Tap.START), left, top, room, colour=look.BREATH[0])
        title.move_to(top + max(0.0, (high - title.height_u - more.height_u - 10 - 26 - PILL) / 2))
        more.move_to(title.below + 10)
        y, text = more.below + 26, self.t("home.relax_start")
        longest = max(self.text_width(words, look.BODY, bold=True) for words in (text, self.t("home.starting")))
        pill = longest + 120
        self.panel(left, y, pill, PILL, fill=look.BREATH[0], radius=PILL / 2)
        self._start = self.words(text, left + 36, y, longest + 4, bold=True, colour=look.DEEP)
        self._start.move_to(y + (PILL - self._start.height_u) / 2)
        icons.forward(self, left + pill - 66, y + 21, 30, look.DEEP)

    def _more(self, tap: Tap) -> str:
        match tap:
            case Tap.START:
                return self.t("home.relax_more", minutes=relax_minutes())
            case Tap.SOLO:
                return self.t("home.solo_more", minutes=round(SOLO_S / 60))
            case _:
                return self.t("home.how_more")

    def _choice(self, tap: Tap, box: Box, *, beside: bool = False) -> None:
        """A card with an icon, its name, and a few words below or `beside` it."""
        name, icon = _CHOICES[tap]
        filled = tap is Tap.START
        x, y, wide, high = box
        self.target(
            *box,
            self.ask(tap),
            fill=look.GREEN if filled else look.CARD,
            under=None if filled else look.HAIRLINE,
        )
        self.icon_tile(icon, x + 26, y + (high - 72) / 2)
        room = wide - 122 - 20
        ink, soft = (look.CARD, look.BREATH[0]) if filled else (look.INK, look.INK_SOFT)
        title = self.words(self.t(name), x + 122, y, room, size=look.OPTION, bold=True, colour=ink)
        text = self._more(tap).replace("\n", "" if self.t.language == "zh" else " ") if beside else self._more(tap)
        if beside:
            left = x + 122 + title.width_u + 36
            more = self.words(text, left, y, x + wide - 30 - left, colour=soft, align="right")
            more.move_to(y + (high - more.height_u) / 2)
            title.move_to(y + (high - title.height_u) / 2)
        else:
            more = self.words(text, x + 122, y, room, colour=soft)
            title.move_to(y + (high - title.height_u - more.height_u) / 2)
            more.move_to(title.below)

    def show(self, _: LiveFrame | None, /) -> None:
        if self._start:
            self._start.say(self.t("home.starting" if self.desk.flow.starting else "home.relax_start"))


_CHOICES: dict[Tap, tuple[str, Callable[..., None]]] = {
    Tap.START: ("home.relax", icons.forward),
    Tap.SOLO: ("home.solo", icons.rings),
    Tap.HOW: ("home.how", icons.steps),
}
