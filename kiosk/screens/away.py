"""When the room cannot be reached, and when it refuses to start: what happened, what still works, what to do meanwhile.

Both come back by themselves as soon as there is something to come back to.
"""

from kiosk import icons
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page


class NoticePage(Page):
    """A calm figure, a title, a few sentences, one card that works, and help."""

    def notice(self, title: str, sentences: list[str], meanwhile: str) -> None:
        """Lay it out."""
        y = self.title(title, self.switches()) + 6
        room = self.inner
        if not self.theme.large:
            Figure(self, (self.wide - look.MARGIN - 150, 270), 120)
            room -= 330
        for sentence in sentences:
            y = self.words(sentence, look.MARGIN, y, room, size=look.OPTION).below + 8
        high = 124.0
        top = self.row - 30 - high
        above = self.words(meanwhile, look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
        above.move_to(top - 12 - above.height_u)
        wide = max(self.text_width(self.t("home.solo"), look.OPTION, bold=True) + 180, self.inner * 0.5)
        self.target(look.MARGIN, top, wide, high, self.ask(Tap.SOLO), fill=look.CARD, under=look.HAIRLINE)
        self.icon_tile(icons.rings, look.MARGIN + 26, top + (high - 72) / 2)
        words = self.words(self.t("home.solo"), look.MARGIN + 122, 0, wide - 142, size=look.OPTION, bold=True)
        words.move_to(top + (high - words.height_u) / 2)


class AwayPage(NoticePage):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        sentences = [self.t("away.more")]
        if desk.flow.watched:
            sentences.append(self.t("away.chair"))
        self.notice(self.t("away.title"), sentences, self.t("away.meanwhile"))
        self.help_bar()


class RefusedPage(NoticePage):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.notice(self.t("refused.title"), [self.sentence(desk.flow.refused)], self.t("refused.meanwhile"))
        self.button(self.t("shared.back"), Tap.BACK, x=look.MARGIN)
        self.help_button()
