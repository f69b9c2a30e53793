"""How something with the room is done, in three steps, before one sits down to it."""

from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import Words
from kiosk.screens.page import Desk, Page

STEPS = ("one", "two", "three")


class StepsPage(Page):
    """Three steps, a note, and the way to begin."""

    def say(self, name: str) -> str:
        """The words of this part of the page."""
        raise NotImplementedError

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.say("title")) + 6
        note = self.words(self.say("note"), look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
        note.move_to(self.row - 18 - note.height_u)
        high = self.row - 18 - note.height_u - 16 - top
        each = (high - 2 * 14) / 3
        names = max(self.text_width(self.say(key), look.OPTION, bold=True) for key in STEPS)
        left, room = look.MARGIN + 120, self.inner - 120 - 30
        size, small, columns = next(
            (way for way in self._ways() if self._fits(way, room, names, each - 8)), (look.BODY, look.SMALL, False)
        )
        for row, key in enumerate(STEPS):
            y = top + row * (each + 14)
            self.panel(look.MARGIN, y, self.inner, each, fill=look.CARD, under=look.HAIRLINE)
            self.panel(look.MARGIN + 28, y + (each - 64) / 2, 64, 64, fill=look.MIST, radius=32)
            digit = self.words(
                str(row + 1), look.MARGIN + 28, y, 64, size=look.BODY, bold=True, colour=look.GREEN, align="center"
            )
            digit.move_to(y + (each - digit.height_u) / 2)
            title = self.words(self.say(key), left, y, room, size=size, bold=True)
            beside = (left + names + 30, room - names - 30) if columns else (left, room)
            more = self.words(self.say(f"{key}_more"), beside[0], y, beside[1], size=small, colour=look.INK_SOFT)
            if columns:
                title.move_to(y + (each - title.height_u) / 2)
                more.move_to(y + (each - more.height_u) / 2)
            else:
                title.move_to(y + (each - title.height_u - more.height_u) / 2)
                more.move_to(title.below)
        self.back_button()
        self.help_button()
        texts = self.say("start"), self.t("how.starting")
        wide = max(self.text_width(text, look.OPTION, bold=True) for text in texts) + 80
        self.button(
            texts[0],
            Tap.START,
            right=self.wide - look.MARGIN,
            fill=look.GREEN,
            line=None,
            ink=look.CARD,
            bold=True,
            least=max(252.0, wide),
        )
        self._start: Words = next(child for child in self.children if isinstance(child, Words))

    def _ways(self) -> list[tuple[float, float, bool]]:
        """Size of the names, size of the words, and whether these stand in a column of their own; the best first."""
        return [
            (look.OPTION, look.BODY, self.theme.large),
            (look.OPTION, look.BODY, False),
            (look.BODY, look.BODY, False),
        ]

    def _fits(self, way: tuple[float, float, bool], room: float, names: float, high: float) -> bool:
        size, small, columns = way
        wide = room - names - 30 if columns else room
        tallest = max(self.text_height(self.say(f"{key}_more"), small, wide) for key in STEPS)
        name = self.text_height("1", size, room, bold=True)
        return max(name, tallest) <= high if columns else name + tallest <= high

    def show(self, _: LiveFrame | None, /) -> None:
        starting = self.desk.flow.watch.starting
        self._start.say(self.t("how.starting") if starting else self.say("start"))


class HowPage(StepsPage):
    def say(self, name: str) -> str:
        return self.t(f"how.{name}")
