"""Which questions, by names that judge nobody, and what is said before the first of them."""

from care.sitting import Sitting
from kiosk import icons
from kiosk import theme as look
from kiosk.flow import Tap, asking
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.calm import calm
from kiosk.screens.parts.cards import Card, Cards
from kiosk.screens.parts.watermark import watermark


class TestsPage(Page):
    """The quick look first, then what else may be chosen."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        flow = desk.flow
        top = self.head(self.t("tests.title"), "" if self.theme.large else self.t("tests.more"))
        cards: list[Card] = []
        if asking.first(flow.house, flow.visit):
            cards.append(Card("quick", self.t("tests.quick"), self.t("tests.quick_more"), icons.tick, filled=True))
        for key in asking.choices(flow.house, flow.visit):
            instrument = flow.house.instrument(key)
            minutes = self.t("tests.minutes", minutes=instrument.minutes)
            cards.append(Card(key, self.title_of(instrument), minutes, icons.steps))
        if cards:
            Cards(self, cards, (look.MARGIN, top, self.inner, self.row - 20 - top), at=flow.visit.page)
        else:
            self.words(self.t("tests.none"), look.MARGIN, top + 10, self.inner, size=look.OPTION)
        self.back_button()
        self.help_button()


class IntroPage(Page):
    """How many questions, how long, and that there is no right answer."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        house, visit = desk.flow.house, desk.flow.visit
        instrument = house.instrument(visit.intro)
        again = bool(visit.answered)
        top = self.head(self.title_of(instrument), self.t("intro.again") if again else "")
        count = self.t("intro.count", count=Sitting(instrument).progress[1], minutes=instrument.minutes)
        calm(self, (count, self.t("intro.right"), self.t("intro.stop")), top, self.row - 64)
        licence = instrument.licence
        if licence.holder_zh:
            holder = licence.holder_zh if self.t.language == "zh" else licence.holder
            source = self.words(
                self.t("intro.source", holder=" · ".join(filter(None, (holder, licence.copyright)))),
                look.MARGIN,
                0,
                self.inner,
                size=look.SMALL / self.theme.text,
                colour=look.INK_SOFT,
            )
            source.move_to(self.row - 18 - source.height_u)
        if again:
            self.button(self.t("intro.enough"), Tap.STOP, x=look.MARGIN)
        else:
            self.back_button()
        self.help_button()
        self.filled(self.t("intro.begin"), Tap.NEXT, right=self.wide - look.MARGIN)
        watermark(self, instrument.key)
