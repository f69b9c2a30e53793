"""The session stands still: why, what still works, and whether anything is to be pressed. And: "end now?"

A pause that came by itself goes by itself; only one that was asked for, or a restart of the room, has a button.
"""

from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap, moves
from kiosk.screens.deep import DeepPage
from kiosk.screens.page import Desk

PRESS = frozenset({"asked", "room_restarted"})
TOP, SMALLEST = 48.0, 50.0
STAFF = frozenset({"emergency_stop"})


class QuestionPage(DeepPage):
    """A figure at rest, one sentence in the middle, and a few smaller ones."""

    SIGNAL = False

    def middle(self, title: str, rest: list[str]) -> None:
        """Centre these under the figure."""
        blocks = [
            self.words(
                sentence,
                look.MARGIN,
                0,
                self.inner,
                size=look.OPTION if number else look.QUESTION,
                bold=number == 0,
                colour=look.ON_DEEP if number < 2 else look.ON_DEEP_SOFT,
                align="center",
            )
            for number, sentence in enumerate([title, *rest])
        ]
        text = sum(block.height_u + 6 for block in blocks)
        room = self.row - 20 - TOP - text - 24
        radius = min(120.0, room / 2)
        y = TOP + max(0.0, room - 2 * radius) / 2
        if radius >= SMALLEST:
            Figure(self, (self.wide / 2, y + radius), radius)
            y += 2 * radius + 24
        for block in blocks:
            block.move_to(y)
            y = block.below + 6


class PausedPage(QuestionPage):
    def __init__(self, desk: Desk) -> None:
        session = desk.flow.live
        self.reason = session.pause_reason if session else ""
        super().__init__(desk)
        how = "asked" if self.reason in PRESS else "staff" if self.reason in STAFF else "by_itself"
        chair = {"person_left": "pause.empty", "emergency_stop": "pause.calm"}.get(self.reason, "pause.still")
        if session and not moves(session.programme):
            chair = {"pause.empty": "pause.seat"}.get(chair, "pause.calm")
        self.middle(self.t("pause.title"), [self.sentence(self.reason), self.t(chair), self.t(f"pause.{how}")])

    def bottom_row(self) -> None:
        if self.reason in PRESS:
            self.bright(self.t("session.resume"), Tap.RESUME, x=look.MARGIN)
        self.help_button()
        self.outlined(self.t("session.end"), Tap.END, right=self.wide - look.MARGIN)

    def show(self, _: LiveFrame | None, /) -> None:
        """Nothing counts down while it stands still."""


class EndPage(QuestionPage):
    """Going on stands where "end" stood, so that a second tap by mistake ends nothing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        session = desk.flow.live
        self.middle(
            self.t("end.title"), [self.t("end.more" if not session or moves(session.programme) else "end.seat")]
        )

    def bottom_row(self) -> None:
        self.outlined(self.t("end.end"), Tap.CONFIRM_END, x=look.MARGIN)
        self.help_button()
        self.bright(self.t("end.keep"), Tap.KEEP, right=self.wide - look.MARGIN)

    def show(self, _: LiveFrame | None, /) -> None:
        """The question stands still."""
