"""Waiting for staff: what happens now, who comes if that is known, where the person sits, and a number all the while.

Every sentence follows the call (`screens/called`); a small figure breathes beside it, because waiting is long.
"""

import time

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import HandOff, Tap
from kiosk.pacing import breath_at
from kiosk.screens.breathing import SOLO_PACER
from kiosk.screens.called import alone, sentence, support
from kiosk.screens.hand_off import number_card
from kiosk.screens.page import Desk, Page

_TITLES = {HandOff.SEEN: "title_seen", HandOff.OVER: "title_over"}


class StaffPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._said: tuple[HandOff, str] | None = None
        self._figure: Figure | None = None
        self.tick(0, time.monotonic())

    def tick(self, _: int, now_s: float, /) -> None:
        flow = self.desk.flow
        said = flow.progress(now_s)
        now = (said, sentence(self.t, flow.house, flow.visit, said))
        if now != self._said:
            self._said = now
            self._lay_out(*now)
        if self._figure and self.theme.motion:
            self._figure.swell(breath_at(SOLO_PACER, round(now_s * 1e9)).fullness)

    def _next(self, said: HandOff) -> str:
        visit = self.desk.flow.visit
        standing = visit.called.standing if visit.called else None
        if alone(visit, said):
            return self.t("waiting.ring")
        if said is HandOff.OVER or said is HandOff.NONE:
            return self.t("waiting.again")
        if said is HandOff.TOLD and standing and standing.next_level:
            return self.t("waiting.next")
        return self.t("waiting.stay")

    def _lay_out(self, said: HandOff, what: str) -> None:
        self.clear_widgets()
        visit, house = self.desk.flow.visit, self.desk.flow.house
        key = "title_alone" if alone(visit, said) else _TITLES.get(said, "title")
        y = self.title(self.t(f"waiting.{key}"), self.switches()) + 6
        card = number_card(self, support(house.hotlines), None) if False else 0.0
        del card
        top = self._number(house)
        radius = 84.0 if self.theme.large else 120.0
        room = self.inner - 2 * radius - 70
        centre = self.wide - look.MARGIN - radius - 10
        small = look.BODY if self.theme.large else look.OPTION
        y = self.words(what, look.MARGIN, y, room, size=look.OPTION, bold=True).below + 10
        y = self.words(self._next(said), look.MARGIN, y, room, size=small, colour=look.INK_SOFT).below + 18
        seat = self.words(self.t("waiting.seat"), look.MARGIN, y, room, colour=look.INK_SOFT)
        self.words(house.seat, look.MARGIN + seat.width_u + 24, y - 6, room - seat.width_u - 24, size=look.OPTION)
        self._figure = Figure(self, (centre, (126 + top) / 2), radius)

    def _number(self, house: object) -> float:
        del house
        self.button(self.t("shared.back"), Tap.BACK, x=look.MARGIN)
        line = support(self.desk.flow.house.hotlines)
        probe = number_card(self, line, self.row - 200)
        return probe
