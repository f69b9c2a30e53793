"""The first page, what is said before anything is asked, and the last page.

The sign of the house at the top left is the staff's way in: it asks for the maintenance PIN, and does nothing where
there is none.
"""

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page, brand

PROMISES = ("asked", "seen", "danger")


class WelcomePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        brand(self, "", self.switches(contrast=True))
        radius = 200.0
        middle = (112 + self.row - 16) / 2
        Figure(self, (self.wide - look.MARGIN - radius - 20, middle), radius)
        room = self.inner - 2 * radius - 60
        title = self.words(self.t("welcome.title"), look.MARGIN, 0, room, size=look.TITLE, bold=True)
        more = self.words(self.t("welcome.more"), look.MARGIN, 0, room, colour=look.INK_SOFT)
        site = self.words(self.site_name or " ", look.MARGIN, 0, room, colour=look.GREEN, bold=True)
        high = site.height_u + title.height_u + more.height_u + 12 + 40 + 112
        site.move_to(middle - high / 2)
        title.move_to(site.below)
        more.move_to(title.below + 12)
        self.button(
            self.t("welcome.begin"),
            Tap.NEXT,
            x=look.MARGIN,
            y=more.below + 40,
            high=112,
            least=340,
            fill=look.GREEN,
            line=None,
            ink=look.CARD,
            bold=True,
        )
        self.help_bar()


class PrivacyPage(Page):
    """What is asked and kept, who sees it, and when a person is called: before the first question."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("privacy.title"))
        bottom = self.row - 20
        each = (bottom - top - 2 * 14) / 3
        for number, key in enumerate(PROMISES):
            y = top + number * (each + 14)
            self.panel(look.MARGIN, y, self.inner, each, fill=look.CARD, under=look.HAIRLINE)
            self.panel(look.MARGIN + 28, y + (each - 64) / 2, 64, 64, fill=look.MIST, radius=32)
            digit = self.words(
                str(number + 1), look.MARGIN + 28, y, 64, size=look.BODY, bold=True, colour=look.GREEN, align="center"
            )
            digit.move_to(y + (each - digit.height_u) / 2)
            text = self.t(f"privacy.{key}")
            room = self.inner - 120 - 30
            size = self.fitting(text, room, each - 12, (look.OPTION, 32.0, look.BODY, look.SMALL))
            words = self.words(text, look.MARGIN + 120, y, room, size=size)
            words.move_to(y + (each - words.height_u) / 2)
        self.back_button()
        self.help_button()
        self.filled(self.t("privacy.next"), Tap.NEXT, right=self.wide - look.MARGIN)


class ByePage(Page):
    """Nothing of the person is left on it, and it goes by itself."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        radius = 150.0
        Figure(self, (self.wide / 2, 70 + radius), radius)
        title = self.words(
            self.t("bye.title"), look.MARGIN, 250 + radius, self.inner, size=look.TITLE, bold=True, align="center"
        )
        title.move_to(70 + 2 * radius + 30)
        self.words(self.t("bye.more"), look.MARGIN, title.below + 10, self.inner, colour=look.INK_SOFT, align="center")
        self.help_button()
        self.filled(self.t("bye.done"), Tap.DONE, right=self.wide - look.MARGIN)
