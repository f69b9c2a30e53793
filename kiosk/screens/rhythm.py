"""One minute of heart rhythm: how it is done, and what may be said after it.

After the minute there is no baseline of this person and no score (`care/rhythm` says why), so the page says first what
is normal, then one sentence on how the rhythm went, then one step. With a poor signal there is no result, and the page
says how to sit for a better one. A number never stands here: it would be read as a mark.
"""

from care.rhythm import Rhythm, after_a_minute
from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.lettering import Words
from kiosk.screens.after import EARLY
from kiosk.screens.how import StepsPage
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.sentences import sentences


class RhythmHowPage(StepsPage):
    def say(self, name: str) -> str:
        return self.t(f"rhythm.{name}")


class RhythmPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._sorting: Words | None = None
        self._laid_out = False
        self._lay_out()

    def show(self, _: LiveFrame | None, /) -> None:
        if not self._laid_out:
            self._lay_out()

    def _lay_out(self) -> None:
        """As soon as the room has closed the session; until then, one quiet sentence."""
        session = self.desk.flow.finished
        if session is None or session.summary is None:
            if self._sorting is None:
                top = self.head(self.t("rhythm.title"))
                self._sorting = self.words(self.t("rhythm.sorting"), look.MARGIN, top, self.inner, size=look.OPTION)
                self.help_button()
            return
        self.clear_widgets()
        self._laid_out = True
        ends = [line.detail for line in session.log if line.code == "session_closed"]
        whole = EARLY.isdisjoint(ends)
        summary = session.summary
        said = after_a_minute(
            whole=whole, beats=summary.beats, mean_hr_bpm=summary.mean_hr_bpm, rmssd_ms=summary.rmssd_ms
        )
        self._say(said, whole=whole)

    def _say(self, said: Rhythm, *, whole: bool) -> None:
        y = self.head(self.t("rhythm.over" if whole else "rhythm.early")) + 4
        room = self.inner if self.theme.large else self.inner - 290
        if not self.theme.large:
            Figure(self, (self.wide - look.MARGIN - 120, 252), 110)
        keys = ["unclear"] if whole and said is Rhythm.UNCLEAR else ["normal"]
        keys += [str(said)] if whole and said is not Rhythm.UNCLEAR else []
        bottom = self.row - 26
        inner = self.inner - 80
        label, step = self.t("rhythm.todo"), self.t(f"rhythm.do_{said}" if whole else "rhythm.do_early")
        heights = [
            self.text_height(label, look.BODY, inner, bold=True),
            self.text_height(step, look.OPTION, inner, bold=True),
        ]
        high = sum(heights) + 40
        parts = [(self.t(f"rhythm.{key}"), look.INK if key == keys[-1] else look.INK_SOFT) for key in keys]
        sentences(self, parts, (look.MARGIN, y, room, bottom - high - 14 - y))
        self.panel(look.MARGIN, bottom - high, self.inner, high, fill=look.MIST)
        at = self.words(label, look.MARGIN + 40, bottom - high + 20, inner, colour=look.GREEN, bold=True).below
        self.words(step, look.MARGIN + 40, at, inner, size=look.OPTION, bold=True)
        if said in {Rhythm.UNCLEAR, Rhythm.FAST}:
            self.button(self.t("rhythm.again"), Tap.START, x=look.MARGIN)
        else:
            self.button(self.t("rhythm.breathe"), Tap.CHOOSE, x=look.MARGIN)
        self.help_button()
        self.filled(self.t("rhythm.done"), Tap.DONE, right=self.wide - look.MARGIN)
