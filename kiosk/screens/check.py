"""Finding the heartbeat: sit, place the finger, hold still. What to do now comes from the signal's own reason."""

from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.flow import moves
from kiosk.screens.deep import DeepPage, Dots, weak
from kiosk.screens.page import Desk


class CheckPage(DeepPage):
    SIGNAL = False

    def __init__(self, desk: Desk) -> None:
        self._built = False
        super().__init__(desk)
        title = self.words(
            self.t("check.title"), look.MARGIN, 116, self.inner, size=look.TITLE, bold=True, colour=look.ON_DEEP
        )
        session = desk.flow.live
        self._moves = session is None or moves(session.programme)
        chair = self.words(
            self.t("check.chair" if self._moves else "check.seat"), look.MARGIN, 0, self.inner, colour=look.ON_DEEP_SOFT
        )
        chair.move_to(self.row - 26 - chair.height_u)
        top, bottom = title.below + 18, self.row - 26 - chair.height_u - 18
        left_wide = self.inner * 0.54
        self._steps(top, bottom, left_wide)
        left = look.MARGIN + left_wide + look.GAP
        wide, high = self.wide - look.MARGIN - left, bottom - top
        self.panel(left, top, wide, high, fill=look.BREATH[4])
        self._big = Dots(self, left + (wide + 5 * 41) / 2, top + 44, 36.0)
        self._words = self.words(
            " ", left + 24, 0, wide - 48, size=look.OPTION, bold=True, colour=look.ON_DEEP, align="center"
        )
        self._middle = top + 90 + (high - 100) / 2
        self._built = True
        self.show(desk.flow.frame)

    def _steps(self, top: float, bottom: float, wide: float) -> None:
        size = look.BODY if self.theme.large else look.OPTION
        each = (bottom - top) / 3
        for number, key in enumerate(("one", "two" if self._moves else "two_clip", "three")):
            middle = top + (number + 0.5) * each
            self.panel(look.MARGIN, middle - 30, 60, 60, fill=look.BREATH[4], radius=30)
            digit = self.words(str(number + 1), look.MARGIN, 0, 60, bold=True, colour=look.BREATH[0], align="center")
            digit.move_to(middle - digit.height_u / 2)
            words = self.words(self.t(f"check.{key}"), look.MARGIN + 84, 0, wide - 84, size=size, colour=look.ON_DEEP)
            words.move_to(middle - words.height_u / 2)

    def show(self, frame: LiveFrame | None, /) -> None:
        super().show(frame)
        if frame is None or not self._built:
            return
        self._big.show(frame.signal.score)
        if frame.signal.reason:
            words = self.code(frame.signal.reason)
        else:
            words = self.t("check.looking" if weak(frame) else "check.good")
        self._words.say(words)
        self._words.move_to(self._middle - self._words.height_u / 2)
