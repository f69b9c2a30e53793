"""Paced breathing: the figure swells and ebbs with the pacer, the heart's rhythm runs under it.

Numbers are shown only when the room gives them with enough quality; below that stand the words of what to do instead.
`SoloPage` is the same figure on the kiosk's own clock, for breathing along without chair, sensor or room.
"""

from gateway.live import LiveFrame, PacerView
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.curve import RhythmCurve
from kiosk.flow import Tap
from kiosk.flow.leisure import solo_left_s
from kiosk.pacing import breath_at
from kiosk.rhythm import curve
from kiosk.screens.deep import DeepPage, Number, weak
from kiosk.screens.page import Desk

SOLO_PACER = PacerView(6.0, 0.4, 0)
CURVE_EVERY = 2
"""The curve moves one or two pixels at a time; every second picture is enough."""


def heart_rate_words(page: DeepPage, frame: LiveFrame) -> str:
    """What to say instead of the heart rate."""
    return page.code(frame.signal.reason or frame.metrics.heart_rate.reason or "weak")


class BreathingPage(DeepPage):
    def __init__(self, desk: Desk) -> None:
        self._rate: Number | None = None
        super().__init__(desk)
        curve_high = 112.0
        curve_top = self.row - 14 - curve_high
        top = self.top + 6
        bottom = curve_top - 6
        radius = (bottom - top) / 2
        centre = (self.wide / 2, (top + bottom) / 2)
        words = (self.t("session.inhale"), self.t("session.exhale"))
        self._words = words
        side = self.wide / 2 - radius - look.MARGIN - 16
        y = centre[1] - 96
        self._rate = Number(self, self.t("session.heart_rate"), self.t("session.per_minute"), (look.MARGIN, y, side))
        self._rhythm = Number(
            self,
            self.t("session.rhythm"),
            self.t("session.of_hundred"),
            (self.wide - look.MARGIN - side, y, side),
            align="right",
        )
        self._figure = Figure(self, centre, radius, words=words)
        self._curve = RhythmCurve(self, (look.MARGIN, curve_top, self.inner, curve_high))
        legend = self.words(
            self.t("session.heart_line"), look.MARGIN, 0, side + 60, size=look.SMALL, colour=look.BREATH[1]
        )
        legend.move_to(curve_top - legend.height_u + 6)
        dots = self.words(
            self.t("session.pacer_line"),
            self.wide - look.MARGIN - side - 60,
            0,
            side + 60,
            size=look.SMALL,
            colour=look.SAND,
            align="right",
        )
        dots.move_to(curve_top - dots.height_u + 6)
        self._pictures = 0
        self.show(desk.flow.frame)

    def show(self, frame: LiveFrame | None, /) -> None:
        super().show(frame)
        if frame is None or self._rate is None:
            return
        self._rate.show(frame.metrics.heart_rate, heart_rate_words(self, frame))
        rhythm = frame.metrics.coherence
        waiting = weak(frame) or not rhythm.reason
        self._rhythm.show(rhythm, self.t("signal.wait") if waiting else self.code(rhythm.reason))

    def tick(self, session_ns: int, _: float, /) -> None:
        frame = self.desk.flow.frame
        session = frame.session if frame else None
        if frame is None or session is None or session.pacer is None:
            return
        breath = breath_at(session.pacer, session_ns)
        self._figure.breathe(breath, self._words[0 if breath.inhaling else 1])
        self._pictures += 1
        if self._pictures % CURVE_EVERY == 1:
            self._curve.show(curve(frame.tachogram, session.pacer, session_ns))


class SoloPage(DeepPage):
    SIGNAL = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top, bottom = self.top + 16, self.row - 24
        self._words = (self.t("session.inhale"), self.t("session.exhale"))
        self._figure = Figure(self, (self.wide / 2, (top + bottom) / 2), (bottom - top) / 2, words=self._words)

    def bottom_row(self) -> None:
        self.help_button()
        self.outlined(self.t("session.end"), Tap.END, right=self.wide - look.MARGIN)

    def show(self, _: LiveFrame | None, /) -> None:
        """The room has no part in it."""

    def tick(self, _: int, now_s: float, /) -> None:
        left = solo_left_s(self.desk.flow.visit, now_s)
        self.header.say(self.t("solo.header", left=self.duration(left)))
        breath = breath_at(SOLO_PACER, round((now_s - self.desk.flow.visit.began_s) * 1e9))
        self._figure.breathe(breath, self._words[0 if breath.inhaling else 1])
