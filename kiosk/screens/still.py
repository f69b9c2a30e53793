"""Sitting quietly before, and coming back after: a calm figure that stands still, a few words, the time left."""

from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow.session import RHYTHM
from kiosk.lettering import Words
from kiosk.screens.breathing import heart_rate_words
from kiosk.screens.deep import DeepPage, Number
from kiosk.screens.page import Desk


class StillPage(DeepPage):
    KEY = "baseline"

    def __init__(self, desk: Desk) -> None:
        self._rate: Number | None = None
        self._hint: Words | None = None
        super().__init__(desk)
        watched = desk.flow.live is not None and desk.flow.live.programme == RHYTHM
        more = self.words(
            self.t(f"still.{self.KEY}_more"),
            look.MARGIN,
            0,
            self.inner,
            size=look.BODY if watched else look.OPTION,
            colour=look.ON_DEEP_SOFT,
            align="center",
        )
        high = more.line_u * (2 if watched else len(more.lines))  # what to do for a better signal may be longer
        more.move_to(self.row - 44 - high)
        title = self.words(
            self.t(f"still.{self.KEY}"),
            look.MARGIN,
            0,
            self.inner,
            size=look.QUESTION,
            bold=True,
            colour=look.ON_DEEP,
            align="center",
        )
        title.move_to(self.row - 44 - high - 6 - title.height_u)
        top, bottom = self.top + 20, self.row - 44 - high - 6 - title.height_u - 20
        radius = min((bottom - top) / 2, 190.0)
        Figure(self, (self.wide / 2, (top + bottom) / 2), radius)
        if watched:  # whoever has their rhythm looked at shall sit still, not look at a number
            self._hint = more
            self.show(desk.flow.frame)
            return
        side = self.wide / 2 - radius - look.MARGIN - 20
        self._rate = Number(
            self,
            self.t("session.heart_rate"),
            self.t("session.per_minute"),
            (look.MARGIN, (top + bottom) / 2 - 80, side),
        )
        self.show(desk.flow.frame)

    def show(self, frame: LiveFrame | None, /) -> None:
        super().show(frame)
        if frame and self._hint:
            reason = frame.signal.reason
            self._hint.say(self.sentence(reason) if reason else self.t(f"still.{self.KEY}_more"))
        if frame and self._rate:
            self._rate.show(frame.metrics.heart_rate, heart_rate_words(self, frame))


class BaselinePage(StillPage):
    KEY = "baseline"


class RecoveryPage(StillPage):
    KEY = "recovery"
