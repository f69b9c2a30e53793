"""One question: how far one is, what is asked, one column of answers, and the way back.

Where an answer acts at once there is no 下一题, except when the question was answered before; where it waits, 下一题 is
there from the start and becomes the filled button when something is marked. The question is set as large as it fits.
"""

from care.instruments.model import Item
from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.flow import Tap, asking
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.calm import calm
from kiosk.screens.parts.choices import Choice, Choices, needed
from kiosk.screens.parts.progress import Progress
from kiosk.screens.parts.waiting_button import WaitingButton
from kiosk.screens.parts.watermark import watermark

BAR_Y = 92.0
SIZES = (
    (look.BODY, look.QUESTION, look.OPTION),
    (look.BODY, 40.0, look.OPTION),
    (look.BODY, look.OPTION, 32.0),
    (look.SMALL, 32.0, look.BODY),
    (look.SMALL, look.BODY, look.SMALL),
)
"""Stem, question and answers: the largest that fit are taken."""


class AskPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        visit = desk.flow.visit
        assert visit.open is not None
        sitting = visit.open.sitting
        item = sitting.item
        assert item is not None
        number, of = sitting.progress
        self._header(self.t("question.number", number=number, of=of), number / of)
        instrument = sitting.instrument
        stem, question = (instrument.stem_zh, item.zh) if self.t.language == "zh" else (instrument.stem_en, item.en)
        if item.kind != "scored":  # it asks in a sentence of its own; the one before the others does not fit it
            stem = ""
        options = [Choice(str(each.value), each.zh if self.t.language == "zh" else each.en) for each in item.options]
        top, bottom = BAR_Y + 26, self.row - 18
        care = self.t("question.care") if item.risk else ""
        if care:
            near = self.words(care, look.MARGIN, 0, self.inner, size=look.SMALL, colour=look.CLAY_TEXT)
            near.move_to(self.row - 12 - near.height_u)
            bottom = self.row - 12 - near.height_u - 8
        texts = [each.text for each in options]
        stem_size, size, option_size = self._sizes(stem, question, texts, bottom - top)
        if stem:
            top = self.words(stem, look.MARGIN, top, self.inner, size=stem_size, colour=look.INK_SOFT).below + 2
        top = self.words(question, look.MARGIN, top, self.inner, size=size, bold=True).below + 14
        self._choices = Choices(self, options, (look.MARGIN, top, self.inner, bottom - top), size=option_size)
        self.button(self.t("question.back"), Tap.BACK, x=look.MARGIN)
        self.help_button()
        self._next: WaitingButton | None = None
        if self._waits(item) or visit.open.choice is not None:
            self._next = self.waiting_button(self.t("question.next"), Tap.NEXT, right=self.wide - look.MARGIN)
        watermark(self, instrument.key)
        self.show(desk.flow.frame)

    def _waits(self, item: Item) -> bool:
        return asking.needs_next(self.desk.flow.visit, item)

    def _header(self, text: str, share: float) -> None:
        begin = self.switches(12.0, stop=True)
        words = self.words(text, look.MARGIN, 12, begin - look.MARGIN - 16, colour=look.INK_SOFT)
        words.move_to(12 + (look.TARGET - words.height_u) / 2)
        Progress(self, BAR_Y, share)

    def _sizes(self, stem: str, question: str, options: list[str], room: float) -> tuple[float, float, float]:
        """The largest sizes with which all of it fits, in one column if that is possible at all."""
        for columns in (1, 2):
            for stem_size, size, option_size in SIZES:
                used = (
                    (self.text_height(stem, stem_size, self.inner) + 2 if stem else 0.0)
                    + self.text_height(question, size, self.inner, bold=True)
                    + 14
                    + needed(self, options, self.inner, columns=columns, size=option_size)
                )
                if used <= room:
                    return stem_size, size, option_size
        return SIZES[-1]

    def show(self, _: LiveFrame | None, /) -> None:
        open_ = self.desk.flow.visit.open
        if open_ is None:
            return
        self._choices.mark(None if open_.choice is None else str(open_.choice))
        if self._next:
            self._next.ready(open_.choice is not None)


class StopPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("stop.title"))
        calm(self, (self.t("stop.kept"), self.t("stop.later")), top, self.row - 20)
        self.button(self.t("stop.end"), Tap.CONFIRM_END, x=look.MARGIN)
        self.help_button()
        self.filled(self.t("stop.keep"), Tap.KEEP, right=self.wide - look.MARGIN)
