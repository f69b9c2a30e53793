"""What there is to do: six cards, of which the first is recommended, and help.

What needs the room's devices is there when the room is out of reach, too: it says calmly that it does not work now, and
explains itself when it is touched. In large text the cards stand in two columns.
"""

from collections.abc import Callable

from kiosk import icons
from kiosk import theme as look
from kiosk.flow import SERVICES, Tap
from kiosk.reach import Box
from kiosk.screens.page import ROW_HIGH, Desk, Page, brand
from kiosk.screens.parts.calm import calm

_ICONS: dict[str, Callable[..., None]] = {
    "tests": icons.tick,
    "rhythm": icons.pulse,
    "relax": icons.rings,
    "read": icons.book,
    "book": icons.calendar,
    "trend": icons.bars,
}
NEEDS_ROOM = frozenset({"rhythm"})


class HomePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        large = self.theme.large
        brand(self, self.site_name, self.switches())
        y = 106.0 if large else 116.0
        top = self.words(self.t("home.title"), look.MARGIN, y, self.inner, size=look.TITLE, bold=True).below
        if not large:
            top = self.words(self.t("home.subtitle"), look.MARGIN, top + 2, self.inner, colour=look.INK_SOFT).below
        columns = 2 if large else 3
        gap = 14.0 if large else look.GAP
        rows = len(SERVICES) // columns
        top += 6 if large else 14
        wide = (self.inner - (columns - 1) * gap) / columns
        high = (self.row - 6 - 18 - top - (rows - 1) * gap) / rows
        for number, service in enumerate(SERVICES):
            across, down = number % columns, number // columns
            self._card(service, (look.MARGIN + across * (wide + gap), top + down * (high + gap), wide, high))
        leave = self.t("home.leave")
        beside = max(200.0, self.text_width(leave, look.OPTION) + 60)
        self.help_bar(wide=self.inner - beside - look.GAP)
        self.button(
            leave,
            Tap.BYE,
            right=self.wide - look.MARGIN,
            y=self.row - 6,
            high=ROW_HIGH + 8,
            least=beside,
            around=30,
        )

    def _more(self, service: str) -> str:
        if service in NEEDS_ROOM and self.desk.flow.frame is None:
            return self.t("home.later")
        return self.t(f"home.{service}_more")

    def _card(self, service: str, box: Box) -> None:
        x, y, wide, high = box
        filled = service == SERVICES[0]
        away = service in NEEDS_ROOM and self.desk.flow.frame is None
        self.target(
            *box,
            self.ask(Tap.CHOOSE, service),
            fill=look.GREEN if filled else look.PAPER if away else look.CARD,
            line=look.HAIRLINE if away else None,
            under=None if filled or away else look.HAIRLINE,
        )
        self.icon_tile(_ICONS[service], x + 24, y + (high - 72) / 2, on_green=filled)
        left, room = x + 118, wide - 118 - 14
        ink, soft = (look.CARD, look.BREATH[0]) if filled else (look.INK, look.INK_SOFT)
        name = self.t(f"home.{service}")
        size = self.on_a_line(name, room, (look.OPTION, 33.0, 30.0), bold=True)
        title = self.words(name, left, y, room, size=size, bold=True, colour=ink)
        more_size = self.on_a_line(self._more(service), room, (look.BODY, look.SMALL))
        more = self.words(self._more(service), left, y, room, size=more_size, colour=soft)
        title.move_to(y + (high - title.height_u - more.height_u) / 2)
        more.move_to(title.below)


class AccompaniedPage(Page):
    """A child does some things together with an adult; the rest is open."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("accompanied.title"))
        sentences = [self.t(f"accompanied.{key}") for key in ("why", "staff", "meanwhile")]
        calm(self, sentences, top, self.row - 20, soft=2)
        self.help_button()
        self.filled(self.t("accompanied.back"), Tap.BACK, right=self.wide - look.MARGIN)
