"""Finding the heartbeat: sit, place the finger, hold still. What to do now comes from the signal's own reason."""

from gateway.live import LiveFrame
from kiosk import theme as look
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
        left_wide = self.inner * 0.54
        y = title.below + 22
        for number, key in enumerate(("one", "two", "three"), 1):
            self.panel(look.MARGIN, y, 60, 60, fill=look.BREATH[4], radius=30)
            digit = self.words(
                str(number), look.MARGIN, y, 60, size=look.BODY, bold=True, colour=look.BREATH[0], align="center"
            )
            digit.move_to(y + (60 - digit.height_u) / 2)
            words = self.words(
                self.t(f"check.{key}"), look.MARGIN + 84, y, left_wide - 84, size=look.OPTION, colour=look.ON_DEEP
            )
            words.move_to(y + max(0.0, (60 - words.height_u) / 2))
            y = max(y + 60, words.below) + 16
        chair = self.words(
            self.t("check.chair"), look.MARGIN, 0, self.inner, size=look.SMALL, colour=look.ON_DEEP_SOFT
        )
        chair.move_to(self.row - 26 - chair.height_u)
        left, top = look.MARGIN + left_wide + look.GAP, title.below + 22
        wide, high = self.wide - look.MARGIN - left, self.row - 26 - chair.height_u - 20 - top
        self.panel(left, top, wide, high, fill=look.BREATH[4])
        self._big = Dots(self, left + (wide + 5 * 41) / 2, top + 56, 36.0)
        self._words = self.words(
            " ", left + 24, top + 120, wide - 48, size=look.OPTION, bold=True, colour=look.ON_DEEP, align="center"
        )
        self._room = (top + 110, high - 120)
        self._built = True
        self.show(desk.flow.frame)

    def show(self, frame: LiveFrame | None) -> None:
        super().show(frame)
        if frame is None or not self._built:
            return
        self._big.show(frame.signal.score)
        if frame.signal.reason:
            words = self.code(frame.signal.reason)
        else:
            words = self.t("check.looking" if weak(frame) else "check.good")
        self._words.say(words)
        top, high = self._room
        self._words.move_to(top + max(0.0, (high - self._words.height_u) / 2))
