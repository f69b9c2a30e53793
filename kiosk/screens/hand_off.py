"""After a risk answer, or a press for help: thanks, what is known of the call, four choices, and a number that works.

The order of the choices is data (`care/handoff.toml`): staff first, or the number first when nobody is known to come.
When that changes while somebody looks, the cards are laid out anew and a finger that is on its way does nothing.
"""

import time

from care.handoff import Rule
from kiosk import theme as look
from kiosk.flow import HandOff, Tap
from kiosk.flow.handoff import BUTTON, RED
from kiosk.lettering import Words
from kiosk.reach import Box
from kiosk.screens.called import alone, number_card, sentence
from kiosk.screens.page import Desk, Page
from kiosk.shapes import Target

GAP = 20.0


class HandOffPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._alone: bool | None = None
        self._said: Words | None = None
        self._top = 0.0
        called = desk.flow.visit.called
        self._cause = called.cause if called else BUTTON
        self.tick(0, time.monotonic())

    def tick(self, _: int, now_s: float, /) -> None:
        flow = self.desk.flow
        said = flow.progress(now_s)
        if (changed := alone(flow.visit, said)) is not self._alone:
            again, self._alone = self._alone is not None, changed
            self._lay_out(said)
            if again:
                Target.last_tap_s = now_s
        elif self._said and self._said.text != (what := sentence(self.t, flow.house, flow.visit, said)):
            self._said.say(what)
            if self._said.below > self._top:
                self._lay_out(said)

    def _rule(self) -> Rule:
        rules, called = self.desk.flow.house.handoff, self.desk.flow.visit.called
        rule = rules.rule_for(called.tier, called.cause) if called else rules.rule_for(RED, BUTTON)
        return rule or rules.rule[0]

    def _lay_out(self, said: HandOff) -> None:
        self.clear_widgets()
        flow = self.desk.flow
        right = self.wide - look.MARGIN
        if self._cause == BUTTON:
            pill = self.button(
                self.t("handoff.mistake"),
                Tap.MISTAKE,
                right=right,
                y=30,
                high=look.TARGET,
                size=look.BODY,
                ink=look.INK_SOFT,
                around=30,
                least=112,
                radius=look.TARGET / 2,
            )
            right = pill.box[0] - 16
        size = look.QUESTION if self.theme.large else look.TITLE
        thanks, not_alone = self.t("handoff.title").split("\n")
        first = self.words(thanks, look.MARGIN, 26, right - look.MARGIN, size=size, bold=True)
        title = self.words(not_alone, look.MARGIN, first.below, self.inner, size=size, bold=True)
        what = sentence(self.t, flow.house, flow.visit, said)
        small = self.theme.large or self.text_width(what, look.OPTION) > self.inner
        self._said = self.words(
            what,
            look.MARGIN,
            title.below + 4,
            self.inner,
            size=look.BODY if small else look.OPTION,
            colour=look.CLAY_TEXT if self._alone else look.INK_SOFT,
        )
        self._top = top = self._said.below + 12
        below = number_card(self, self.high - 36) - 22
        rule = self._rule()
        listed = rule.choices_alone if self._alone else rule.choices
        rows = -(-len(listed) // 2)
        each = (below - top - (rows - 1) * GAP) / rows
        wide = (self.inner - GAP) / 2
        boxes = [
            (look.MARGIN + number % 2 * (wide + GAP), top + number // 2 * (each + GAP), wide, each)
            for number in range(len(listed))
        ]
        if len(listed) % 2:
            x, y, _, high = boxes[-1]
            boxes[-1] = (x, y, self.inner, high)
        detailed = all(self._fits(choice, box) for choice, box in zip(listed, boxes, strict=True))
        for choice, box in zip(listed, boxes, strict=True):
            self._choice(choice, box, filled=choice == listed[0], detailed=detailed)

    def _detail(self, choice: str) -> str:
        return self.t("handoff.staff_alone" if choice == "staff" and self._alone else f"handoff.{choice}_more")

    def _fits(self, choice: str, box: Box) -> bool:
        """Whether a few words more have room under the name."""
        _, _, wide, high = box
        name = self.text_height(self.t(f"handoff.{choice}"), look.OPTION, wide - 64, bold=True)
        return name + self.text_height(self._detail(choice), look.BODY, wide - 64) <= high - 6

    def _choice(self, choice: str, box: Box, *, filled: bool, detailed: bool) -> None:
        x, y, wide, high = box
        tap = self.ask(Tap.CHOOSE, choice)
        if filled:
            self.target(*box, tap, fill=look.GREEN)
        else:
            self.target(*box, tap, fill=look.CARD, line=look.HAIRLINE)
        room, ink = wide - 64, look.CARD if filled else look.INK
        name = self.words(self.t(f"handoff.{choice}"), x + 36, y, room, size=look.OPTION, bold=True, colour=ink)
        if not detailed:
            name.move_to(y + (high - name.height_u) / 2)
            return
        soft = look.BREATH[0] if filled else look.INK_SOFT
        more = self.words(self._detail(choice), x + 36, y, room, colour=soft)
        name.move_to(y + (high - name.height_u - more.height_u) / 2)
        more.move_to(name.below)
