"""After a session: words first, what is normal about it, one thing to do. No numbers that judge."""

from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.sentences import sentences

EARLY = frozenset({"ended_early", "limit_reached", "abandoned"})
KEPT = frozenset({"room", "site"})


class AfterPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        session = desk.flow.finished
        ends = [line.detail for line in session.log if line.code == "session_closed"] if session else []
        early = not EARLY.isdisjoint(ends)
        y = self.head(self.t("after.title_early" if early else "after.title")) + 6
        room = self.inner if self.theme.large else self.inner - 300
        minutes = round(session.summary.duration_s / 60) if session and session.summary else 0
        first = self.t("after.duration", minutes=minutes) if minutes >= 2 else self.t("after.short")
        said = [(first, look.INK), *([(self.t("after.normal"), look.INK_SOFT)] if session else [])]
        if not self.theme.large:
            Figure(self, (self.wide - look.MARGIN - 130, 270), 120)
        bottom = self.row - 30
        if session is not None:
            where = self.code(f"saved_{session.saved}")
            saved = self.t("after.record", saved=where) if session.saved in KEPT else self.t("after.unsaved")
            record = self.words(saved, look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
            record.move_to(bottom - record.height_u)
            bottom -= record.height_u + 20
        label = self.words(self.t("after.todo"), look.MARGIN + 40, 0, self.inner - 80, colour=look.GREEN, bold=True)
        todo = self.words(
            self.t("after.todo_more"), look.MARGIN + 40, 0, self.inner - 80, size=look.QUESTION, bold=True
        )
        high = label.height_u + todo.height_u + 48
        sentences(self, said, (look.MARGIN, y, room, bottom - high - 12 - y), gap=6)
        self.panel(look.MARGIN, bottom - high, self.inner, high, fill=look.MIST)
        for block in (label, todo):
            self.remove_widget(block)
            self.add_widget(block)
        label.move_to(bottom - high + 22)
        todo.move_to(label.below)
        self.help_button()
        self.filled(self.t("after.done"), Tap.DONE, right=self.wide - look.MARGIN)
