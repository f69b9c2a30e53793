"""When the room cannot be reached, and when it refuses to start: what happened, what still works, what to do meanwhile.

Both come back by themselves as soon as there is something to come back to.
"""

from kiosk import icons
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.sentences import sentences


class NoticePage(Page):
    """A calm figure, a title, a few sentences, one card that works, and help."""

    def notice(self, title: str, said: list[str], meanwhile: str) -> None:
        """Lay it out."""
        y = self.head(title) + 6
        room = self.inner
        if not self.theme.large:
            Figure(self, (self.wide - look.MARGIN - 150, 270), 120)
            room -= 330
        high = 124.0
        top = self.row - 30 - high
        above = self.words(meanwhile, look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
        above.move_to(top - 12 - above.height_u)
        box = (look.MARGIN, y, room, top - 12 - above.height_u - 12 - y)
        sentences(self, [(text, look.INK) for text in said], box, gap=8)
        wide = max(self.text_width(self.t("relax.breathe"), look.OPTION, bold=True) + 180, self.inner * 0.5)
        self.target(look.MARGIN, top, wide, high, self.ask(Tap.CHOOSE), fill=look.CARD, under=look.HAIRLINE)
        self.icon_tile(icons.rings, look.MARGIN + 26, top + (high - 72) / 2)
        words = self.words(self.t("relax.breathe"), look.MARGIN + 122, 0, wide - 142, size=look.OPTION, bold=True)
        words.move_to(top + (high - words.height_u) / 2)


class AwayPage(NoticePage):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.notice(self.t("away.title"), [self.t("away.more"), self.t("away.chair")], self.t("away.meanwhile"))
        self.help_bar()


class RefusedPage(NoticePage):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.notice(self.t("refused.title"), [self.sentence(desk.flow.watch.refused)], self.t("refused.meanwhile"))
        self.back_button()
        self.help_button()
