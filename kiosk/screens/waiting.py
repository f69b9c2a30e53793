"""Waiting for staff: what happens now, who comes if that is known, where the person sits, and a number all the while.

Every sentence follows the call (`screens/called`); a small figure breathes beside it, because waiting is long.
"""

import time

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import HandOff
from kiosk.pacing import breath_at
from kiosk.screens.breathing import SOLO_PACER
from kiosk.screens.called import alone, number_card, sentence
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.sentences import sentences


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

    def spoken(self) -> list[str]:
        return [self._said[1], self._next(self._said[0])] if self._said else []

    def _lay_out(self, said: HandOff, what: str) -> None:
        self.clear_widgets()
        house = self.desk.flow.house
        y = self.head(self.t(f"waiting.{self._title(said)}")) + 4
        self.back_button()
        card = number_card(self, self.row - 22)
        radius = 92.0 if self.theme.large else 150.0
        room = self.inner - 2 * radius - 40
        said_now = [(what, look.INK), (self._next(said), look.INK_SOFT)]
        said_now.append((self.t("waiting.seat", seat=house.seat), look.INK_SOFT))
        sentences(self, said_now, (look.MARGIN, y, room, card - 12 - y), bold=True, middle=True)
        self._figure = Figure(self, (self.wide - look.MARGIN - radius, (112 + card) / 2), radius)

    def _title(self, said: HandOff) -> str:
        visit = self.desk.flow.visit
        standing = visit.called.standing if visit.called else None
        if alone(visit, said):
            return "title_alone"
        if said is HandOff.SEEN and standing and standing.owner_level == self.desk.flow.house.level:
            return "title_seen"
        return "title_over" if said is HandOff.OVER else "title"

    def _next(self, said: HandOff) -> str:
        visit = self.desk.flow.visit
        standing = visit.called.standing if visit.called else None
        if alone(visit, said):
            return self.t("waiting.ring")
        if said in {HandOff.OVER, HandOff.NONE}:
            return self.t("waiting.again")
        if said is HandOff.TOLD and standing and not standing.delivered:
            return self.t("waiting.nobody_above")
        if said is HandOff.TOLD and standing and standing.next_level:
            return self.t("waiting.next")
        return self.t("waiting.stay")
