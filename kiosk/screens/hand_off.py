"""After a risk answer, or a press for help: thanks, what is known of the call, four choices, and a number that always works.

The order of the choices is data (`care/handoff.toml`): staff first, or the number first when nobody is known to come.
When that changes while somebody looks, the cards are laid out anew and a finger that is on its way does nothing.
"""

import time

from care.handoff import Rule
from care.hotlines import Hotline
from kiosk import theme as look
from kiosk.flow import HandOff, Tap
from kiosk.reach import Box
from kiosk.screens.called import alone, sentence, support, urgent
from kiosk.screens.page import Desk, Page
from kiosk.shapes import Target, Words

HELP_BUTTON = "help_button"
GAP = 20.0


def number_card(page: Page, line: Hotline, y: float | None = None) -> float:
    """The number to talk to somebody, over the whole width, at the bottom of the page (or from `y`); its top."""
    zh = page.t.language == "zh"
    lines = page.desk.flow.house.hotlines
    left, half = look.MARGIN + 36, page.inner * 0.5
    name = page.words(line.name_zh if zh else line.name_en, left, 0, half)
    number = page.words(line.number, left, 0, half, size=look.TITLE / page.theme.text, bold=True)
    numbers = page.t("handoff.or").join(urgent(lines))
    right = page.inner - half - 36 - 36
    beside = left + half
    hours = page.words(line.hours_zh if zh else line.hours_en, beside, 0, right, colour=look.INK_SOFT, align="right")
    danger = page.words(
        page.t("handoff.danger", numbers=numbers) if numbers else " ",
        beside,
        0,
        right,
        colour=look.INK_SOFT,
        align="right",
    )
    high = max(name.height_u + number.height_u, hours.height_u + danger.height_u) + 28
    top = page.high - 36 - high if y is None else y
    panel = page.panel(look.MARGIN, top, page.inner, high, fill=look.CARD, under=look.HAIRLINE)
    page.remove_widget(panel)
    page.add_widget(panel, index=len(page.children))
    name.move_to(top + (high - name.height_u - number.height_u) / 2)
    number.move_to(name.below)
    hours.move_to(top + (high - hours.height_u - danger.height_u) / 2)
    danger.move_to(hours.below)
    return top


class HandOffPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._alone: bool | None = None
        self._said: Words | None = None
        called = desk.flow.visit.called
        self._cause = called.cause if called else HELP_BUTTON
        self.tick(0, time.monotonic())

    def tick(self, _: int, now_s: float, /) -> None:
        flow = self.desk.flow
        said = flow.progress(now_s)
        if (changed := alone(flow.visit, said)) is not self._alone:
            again, self._alone = self._alone is not None, changed
            self._lay_out(said)
            if again:
                Target.last_tap_s = now_s
        elif self._said:
            self._said.say(sentence(self.t, flow.house, flow.visit, said))

    def _rule(self) -> Rule:
        rules, called = self.desk.flow.house.handoff, self.desk.flow.visit.called
        rule = rules.rule_for(called.tier, called.cause) if called else rules.rule_for("red", HELP_BUTTON)
        return rule or rules.rule[0]

    def _lay_out(self, said: HandOff) -> None:
        self.clear_widgets()
        flow = self.desk.flow
        right = self.wide - look.MARGIN
        if self._cause == HELP_BUTTON:
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
        title = self.words(
            self.t("handoff.title"),
            look.MARGIN,
            26,
            right - look.MARGIN,
            size=look.QUESTION if self.theme.large else look.TITLE,
            bold=True,
        )
        self._said = self.words(
            sentence(self.t, flow.house, flow.visit, said),
            look.MARGIN,
            title.below + 2,
            self.inner,
            colour=look.CLAY_TEXT if self._alone else look.INK_SOFT,
        )
        # two lines of it have room, so that nothing moves when it changes
        top = self._said.below + (0.0 if self.theme.large else 10.0) + 8
        below = number_card(self, support(flow.house.hotlines)) - 22
        rule = self._rule()
        listed = rule.choices_alone if self._alone else rule.choices
        rows = -(-len(listed) // 2)
        each = (below - top - (rows - 1) * GAP) / rows
        wide = (self.inner - GAP) / 2
        for number, choice in enumerate(listed):
            across = self.inner if number == len(listed) - 1 and not number % 2 else wide
            at = (look.MARGIN + number % 2 * (wide + GAP), top + number // 2 * (each + GAP), across, each)
            self._choice(choice, at, filled=number == 0)

    def _choice(self, choice: str, box: Box, *, filled: bool) -> None:
        x, y, wide, high = box
        tap = self.ask(Tap.CHOOSE, choice)
        if filled:
            self.target(*box, tap, fill=look.GREEN)
        else:
            self.target(*box, tap, fill=look.CARD, line=look.HAIRLINE)
        room = wide - 64
        name = self.words(
            self.t(f"handoff.{choice}"),
            x + 36,
            y,
            room,
            size=look.OPTION,
            bold=True,
            colour=look.CARD if filled else look.INK,
        )
        key = "staff_alone" if choice == "staff" and self._alone else f"{choice}_more"
        more = self.words(
            self.t(f"handoff.{key}"), x + 36, y, room, colour=look.BREATH[0] if filled else look.INK_SOFT
        )
        if name.height_u + more.height_u > high - 8:
            self.remove_widget(more)
            name.move_to(y + (high - name.height_u) / 2)
            return
        name.move_to(y + (high - name.height_u - more.height_u) / 2)
        more.move_to(name.below)
