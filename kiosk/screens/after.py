"""After a session: words first, what is normal about it, and one thing to do. No numbers that judge; the staff have them.
"""

from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.breath import Figure
from kiosk.screens.page import Desk, Page

EARLY = frozenset({"ended_early", "limit_reached", "abandoned"})


class AfterPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        session = desk.flow.finished
        early = session is not None and any(line.code in EARLY for line in session.log)
        begin = self.switches()
        title = self.words(
            self.t("after.title_early" if early else "after.title"),
            look.MARGIN,
            44,
            begin - look.MARGIN - 10,
            size=look.TITLE,
            bold=True,
        )
        room = self.inner - 300
        if session is None:
            first = self.t("after.solo")
        else:
            minutes = round(session.summary.duration_s / 60) if session.summary else 0
            first = self.t("after.duration", minutes=minutes) if minutes >= 2 else self.t("after.short")
        y = self.words(first, look.MARGIN, max(title.below, 132.0) + 16, room, size=look.OPTION).below + 10
        if session is not None:
            y = self.words(self.t("after.normal"), look.MARGIN, y, room, colour=look.INK_SOFT).below
        Figure(self, (self.wide - look.MARGIN - 130, 290), 120, rings=look.BREATH[3::-1])
        bottom = self.row - 30
        if session is not None:
            record = self.words(self.t("after.record"), look.MARGIN, 0, self.inner, size=look.SMALL)
            record.say(self.t("after.record") + " " + self.code(f"saved_{session.saved}"), look.INK_SOFT)
            record.move_to(bottom - record.height_u)
            bottom -= record.height_u + 20
        label = self.words(self.t("after.todo"), look.MARGIN + 40, 0, self.inner - 80, colour=look.GREEN, bold=True)
        todo = self.words(
            self.t("after.todo_more"), look.MARGIN + 40, 0, self.inner - 80, size=look.QUESTION, bold=True
        )
        high = label.height_u + todo.height_u + 48
        self.panel(look.MARGIN, bottom - high, self.inner, high, fill=look.MIST)
        for block in (label, todo):
            self.remove_widget(block)
            self.add_widget(block)
        label.move_to(bottom - high + 22)
        todo.move_to(label.below)
        self.help_button()
        self.filled(self.t("after.done"), Tap.DONE, right=self.wide - look.MARGIN)
