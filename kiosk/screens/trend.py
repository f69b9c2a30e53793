"""What somebody did here before, the newest first: the day, and the words of each sitting. No numbers, no lines.

Who has answered the same questions twice reads in words whether it has become lighter.
"""

from datetime import date

from gateway.counter.messages import TrendPoint
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.cards import Card, Cards
from kiosk.trend import direction


class TrendPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        visit = desk.flow.visit
        newest = sorted(visit.file, key=lambda point: point.ended_utc_ns, reverse=True)
        top = self.head(self.t("trend.title"), self._direction(newest))
        if newest:
            cards = [Card("", self._day(point), self._words(point)) for point in newest]
            Cards(self, cards, (look.MARGIN, top, self.inner, self.row - 20 - top), at=visit.page)
        else:
            self.words(self.t("trend.empty"), look.MARGIN, top + 10, self.inner, size=look.OPTION)
        self.back_button()
        self.help_button()
        self.filled(self.t("trend.leave"), Tap.BYE, right=self.wide - look.MARGIN)

    def _direction(self, newest: list[TrendPoint]) -> str:
        """For the questionnaire that was answered last."""
        if not newest:
            return ""
        instrument = self.desk.flow.house.catalogue.offered.get(newest[0].instrument)
        way = direction(instrument, newest) if instrument else None
        return self.t(f"trend.{way}") if way else self.t("trend.more")

    def _day(self, point: TrendPoint) -> str:
        day = date.fromisoformat(point.day)
        if self.t.language == "zh":
            return f"{day.year} 年 {day.month} 月 {day.day} 日"
        return f"{day.day} {day:%B} {day.year}"

    def _words(self, point: TrendPoint) -> str:
        instrument = self.desk.flow.house.catalogue.offered.get(point.instrument)
        if not point.complete:
            return self.t("trend.partly")
        words = next((each for each in instrument.words if each.band == point.band), None) if instrument else None
        if words is None:
            return self.t("trend.other")
        return words.meaning_zh if self.t.language == "zh" else words.meaning_en
