"""After the questions: what is normal, what it may mean, and one thing to do, which is the filled button. No number.

A sitting that was not finished gets kind words and no more.
"""

from care.instruments.model import Feedback
from kiosk import theme as look
from kiosk.flow import Tap, asking
from kiosk.flow.asking import ORANGE
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.watermark import watermark
from kiosk.telling import told

DOES = {
    "rest": (Tap.CHOOSE, "relax"),
    "read": (Tap.CHOOSE, "read"),
    "talk": (Tap.CHOOSE, "book"),
    "book": (Tap.CHOOSE, "book"),
    "doctor": (Tap.CHOOSE, "book"),
    "help": (Tap.CHOOSE, "help"),
}
"""What the filled button of a step asks for. For a doctor one is sent elsewhere; here one may talk about it."""


class ResultPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        flow = desk.flow
        said = told(flow.visit, self.t)
        assert said is not None, "a result without a form"
        form, words = said
        key = "title" if form.score.complete else "title_partly"
        top = self.head(self.t(f"result.{key}"))
        further = asking.following(flow.house, flow.visit)
        strip = self.row - 20 - look.TARGET
        self._strip(strip, further[0] if further else "")
        self._todo(top, strip - 18, self._sentences(words), self.t(f"step.{words.step}"))
        self.button(self.t("shared.home"), Tap.NEXT, x=look.MARGIN)
        self.help_button()
        tap, value = DOES[words.step]
        self.filled(self.t(f"result.do_{words.step}"), tap, value, right=self.wide - look.MARGIN)
        watermark(self, form.instrument.key)

    def _sentences(self, words: Feedback) -> list[str]:
        called = self.desk.flow.visit.called
        listed = called is not None and called.tier == ORANGE and called.waits
        return [words.normal, words.meaning, *([self.t("result.listed")] if listed else [])]

    def _strip(self, y: float, following: str) -> None:
        """What else may be done, outlined: take it along, answer more."""
        take = self.pill(self.t("result.take"), Tap.TAKE, x=look.MARGIN, y=y)
        if following:
            left = take.box[0] + take.box[2] + 16
            self.pill(self.t("result.more"), Tap.CHOOSE, following, x=left, y=y)

    def _todo(self, top: float, bottom: float, sentences: list[str], step: str) -> None:
        """The sentences from the top, the one thing to do on a tinted card at the bottom; as large as they fit."""
        room = self.inner - 80
        for size, todo_size in ((look.OPTION, look.QUESTION), (look.OPTION, look.OPTION), (look.BODY, look.OPTION)):
            label = self.text_height(self.t("result.todo"), look.BODY, room, bold=True)
            high = label + self.text_height(step, todo_size, room, bold=True) + 40
            used = sum(self.text_height(each, size, self.inner) + 10 for each in sentences)
            if used + high + 10 <= bottom - top:
                break
        y = top
        for number, sentence in enumerate(sentences):
            colour = look.INK_SOFT if number == 0 else look.INK
            y = self.words(sentence, look.MARGIN, y, self.inner, size=size, colour=colour).below + 10
        self.panel(look.MARGIN, bottom - high, self.inner, high, fill=look.MIST)
        name = self.words(
            self.t("result.todo"), look.MARGIN + 40, bottom - high + 18, room, colour=look.GREEN, bold=True
        )
        self.words(step, look.MARGIN + 40, name.below, room, size=todo_size, bold=True)
