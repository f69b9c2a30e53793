"""What somebody agrees to, each thing by itself and all off at first; and how old they are, in four bands."""

from kiosk import theme as look
from kiosk.flow import AGES, CONSENTS, Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.choices import Choice, Choices
from kiosk.screens.parts.consents import consent


class ConsentPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("consent.title"), "" if self.theme.large else self.t("consent.more"))
        each = (self.row - 20 - top - 2 * 14) / 3
        for number, key in enumerate(CONSENTS):
            consent(
                self,
                (look.MARGIN, top + number * (each + 14), self.inner, each),
                key,
                self.t(f"consent.{key}"),
                self.t(f"consent.{key}_more"),
                on=key in desk.flow.visit.consents,
            )
        self.back_button()
        self.help_button()
        self.filled(self.t("shared.next"), Tap.NEXT, right=self.wide - look.MARGIN)


_AGE_KEYS = dict(zip(AGES, ("child", "youth", "grown", "old"), strict=True))


class WhoPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("who.title"), self.t("who.more"))
        choices = [Choice(age, self.t(f"who.{key}")) for age, key in _AGE_KEYS.items()]
        bars = Choices(self, choices, (look.MARGIN, top, self.inner, self.row - 20 - top))
        bars.mark(desk.flow.visit.age_band or None)
        self.back_button()
        self.help_button()
