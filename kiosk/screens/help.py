"""Numbers that somebody can call, without the room and without a network: one large, the others in pages beside it.

They are data (`care/hotlines`), each with what it is for and when somebody answers. Ambulance and police come before
the other lines, so that they never stand on a second page. What stands of a call to the staff is said below, and that
this screen dials nothing.
"""

import time

from care.hotlines import Hotline
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import Words
from kiosk.reach import Box
from kiosk.screens.called import THROUGH, sentence, support
from kiosk.screens.page import ROW_HIGH, Desk, Page

NUMBER = 108.0
GAP = 12.0
URGENT = ("medical", "police")


def urgent_first(lines: list[Hotline]) -> list[Hotline]:
    """One ambulance and one police line before all others, which keep their order."""
    kinds = [line.kind for line in lines]
    urgent = [lines[kinds.index(kind)] for kind in URGENT if kind in kinds]
    return [*urgent, *(line for line in lines if line not in urgent)]


class HelpPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("help.title")) - 4
        self._state: Words | None = None
        bottom = self.row - 18
        if desk.flow.visit.called:
            # room for the longest of the sentences, so that nothing moves when it changes
            keys = ("told", "unreached", "cut_off", "above", "over", "nobody")
            high = max(self.text_height(self.t(f"called.{key}"), look.BODY, self.inner) for key in keys)
            self._state = self.words(" ", look.MARGIN, bottom - high, self.inner, colour=look.CLAY_TEXT)
            bottom -= high + 10
        lines = desk.flow.house.hotlines
        first = support(lines)
        rest = urgent_first([line for line in lines if line is not first])
        high = bottom - top
        if self.theme.large:
            bar = self._bar(first, top)
            box = (look.MARGIN, top + bar + GAP, self.inner, high - bar - GAP)
        else:
            share = self.inner * 0.46
            self._card(first, (look.MARGIN, top, share, high))
            box = (look.MARGIN + share + look.GAP, top, self.inner - share - look.GAP, high)
        self._bottom_row(self._others(rest, box))
        self.tick(0, time.monotonic())

    def tick(self, _: int, now_s: float, /) -> None:
        if self._state:
            flow = self.desk.flow
            self._state.say(sentence(self.t, flow.house, flow.visit, flow.progress(now_s)))

    def _said(self, line: Hotline) -> tuple[str, str, str]:
        if self.t.language == "zh":
            return line.name_zh, line.what_zh, line.hours_zh
        return line.name_en, line.what_en, line.hours_en

    def _number_size(self, number: str, room: float) -> float:
        size = NUMBER / self.theme.text
        while self.text_width(number, size, bold=True) > room:
            size *= 0.9
        return size

    def _card(self, line: Hotline, box: Box) -> None:
        """The one number that must be readable from the chair."""
        x, y, wide, high = box
        self.panel(*box, fill=look.CARD, line=look.CLAY)
        name, what, hours = self._said(line)
        left, room = x + 36, wide - 72
        blocks = [
            self.words(name, left, y, room, size=look.OPTION, bold=True),
            self.words(line.number, left, y, room, size=self._number_size(line.number, room), bold=True),
            self.words(what, left, y, room),
            self.words(hours, left, y, room, colour=look.INK_SOFT),
        ]
        y += max(6.0, (high - sum(block.height_u for block in blocks)) / 2)
        for block in blocks:
            block.move_to(y)
            y = block.below

    def _bar(self, line: Hotline, top: float) -> float:
        """The same over the whole width, for large text; returns its height."""
        name, what, hours = self._said(line)
        size = self._number_size(line.number, self.inner * 0.44)
        digits = self.text_width(line.number, size, bold=True) + 40
        room = self.inner - 36 - digits - 30
        texts = [(name, look.BODY, True, look.INK), (what, look.SMALL, False, look.INK)]
        texts.append((hours, look.SMALL, False, look.INK_SOFT))
        heights = [self.text_height(text, each, room, bold=bold) for text, each, bold, _ in texts]
        high = sum(heights) + 20
        self.panel(look.MARGIN, top, self.inner, high, fill=look.CARD, line=look.CLAY)
        number = self.words(line.number, look.MARGIN + 36, top, digits, size=size, bold=True)
        number.move_to(top + (high - number.height_u) / 2)
        y = top + 10
        for text, each, bold, colour in texts:
            left = look.MARGIN + 36 + digits
            y = self.words(text, left, y, room, size=each, bold=bold, colour=colour).below
        return high

    def _others(self, lines: list[Hotline], box: Box) -> tuple[int, int]:
        """The other numbers, as many as fit; which page of them this is, and of how many.

        Where ambulance and police do not fit one above the other, they stand side by side on a first page of their own.
        """
        x, top, wide, high = box
        needed = max((self._height(line, wide) for line in lines), default=0.0)
        fit = max(1, int((high + GAP) // (needed + GAP)))
        urgent = [line for line in lines[: len(URGENT)] if line.kind in URGENT]
        abreast = urgent if fit < len(urgent) else []
        below = lines[len(abreast) :]
        sheets = [abreast] if abreast else []
        sheets += [below[at : at + fit] for at in range(0, len(below), fit)]
        number = min(self.desk.flow.visit.page, max(0, len(sheets) - 1))
        if abreast and number == 0:
            each = (wide - (len(abreast) - 1) * GAP) / len(abreast)
            for column, line in enumerate(abreast):
                self._row(line, (x + column * (each + GAP), top, each, high))
            return number, len(sheets)
        rows = min(fit, len(below))
        each = (high - (rows - 1) * GAP) / max(1, rows)
        for row, line in enumerate(sheets[number] if sheets else []):
            self._row(line, (x, top + row * (each + GAP), wide, each))
        return number, len(sheets)

    def _beside(self, line: Hotline, wide: float) -> float:
        """Room of the name beside its number, or 0 where it does not fit there."""
        room = wide - self.text_width(line.number, look.QUESTION, bold=True) - 28 - 24 - 24
        return room if self.text_width(self._said(line)[0], look.BODY, bold=True) <= room else 0.0

    def _rest(self, line: Hotline) -> str:
        _, what, hours = self._said(line)
        return f"{what}。{hours}" if self.t.language == "zh" else f"{what}. {hours}"

    def _height(self, line: Hotline, wide: float) -> float:
        first = self.text_height(line.number, look.QUESTION, wide, bold=True)
        name = 0.0 if self._beside(line, wide) else self.text_height(self._said(line)[0], look.BODY, wide - 56)
        return first + name + self.text_height(self._rest(line), look.SMALL, wide - 56) + 10

    def _row(self, line: Hotline, box: Box) -> None:
        x, y, wide, high = box
        self.panel(*box, fill=look.CARD, under=look.HAIRLINE)
        beside = self._beside(line, wide)
        y += (high - self._height(line, wide) + 10) / 2
        digits = self.words(line.number, x + 28, y, wide - 56, size=look.QUESTION, bold=True)
        if beside:
            name = self.words(self._said(line)[0], x + wide - beside - 24, y, beside, bold=True, align="right")
            name.move_to(y + (digits.height_u - name.height_u) / 2)
            y = digits.below
        else:
            y = self.words(self._said(line)[0], x + 28, digits.below, wide - 56, bold=True).below
        self.words(self._rest(line), x + 28, y, wide - 56, size=look.SMALL, colour=look.INK_SOFT)

    def _bottom_row(self, at: tuple[int, int]) -> None:
        """Back, that this screen dials nothing, and the other pages."""
        number, pages = at
        left = self.back_button().box
        begin, end = left[0] + left[2] + 24, self.wide - look.MARGIN
        for tap, key, shown in ((Tap.MORE, "more", number + 1 < pages), (Tap.LESS, "less", number > 0)):
            if shown:
                end = self.button(self.t(f"shared.{key}"), tap, right=end, around=28).box[0] - 14
        honest = self.words(self.t("help.honest"), begin, 0, end - 10 - begin, size=look.SMALL, colour=look.INK_SOFT)
        honest.move_to(self.row + (ROW_HIGH - honest.height_u) / 2)


class FamilyPage(Page):
    """Whom to ring, how to begin, and that staff can ring: only if staff knows."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._known: bool | None = None
        self.tick(0, time.monotonic())

    def tick(self, _: int, now_s: float, /) -> None:
        known = self.desk.flow.progress(now_s) in THROUGH
        if known is not self._known:
            self._known = known
            self._lay_out()

    def _lay_out(self) -> None:
        self.clear_widgets()
        top = self.head(self.t("family.title"))
        self.back_button()
        keys = ("who", "who_more"), ("say", "say_more"), ("staff", "staff_more" if self._known else "alone_more")
        bottom, gap = self.row - 24, 16.0
        room = self.inner - 80
        texts = [(self.t(f"family.{name}"), self.t(f"family.{more}")) for name, more in keys]
        for size, small in ((look.OPTION, look.BODY), (look.BODY, look.BODY), (look.BODY, look.SMALL)):
            heights = [
                self.text_height(name, size, room, bold=True) + self.text_height(more, small, room)
                for name, more in texts
            ]
            spare = max(0.0, bottom - top - 2 * gap - sum(heights)) / 3
            if spare >= 12:
                break
        y = top
        for (name, more), high in zip(texts, heights, strict=True):
            said = name == texts[1][0]
            fill, ink = (look.MIST, look.INK) if said else (look.CARD, look.INK_SOFT)
            self.panel(look.MARGIN, y, self.inner, high + spare, fill=fill, under=look.HAIRLINE)
            head = self.words(name, look.MARGIN + 40, y + spare / 2, room, size=size, bold=True)
            self.words(more, look.MARGIN + 40, head.below, room, size=small, colour=ink)
            y += high + spare + gap
