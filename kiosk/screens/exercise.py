"""An exercise that runs by itself: the step in large words, a drawing of the part of the body, a ring that fills.

Where it stands follows from the time since it began (`care.exercises.at`), so nothing that happens to a page moves it.
`SoundPage` is its quiet sister: rings at rest, a title, and a way to stop.
"""

from care.exercises import Step, at
from care.sounds import sounds
from gateway.live import LiveFrame
from kiosk import theme as look
from kiosk.breath import Figure
from kiosk.flow import Tap
from kiosk.flow.leisure import SOUND_S
from kiosk.screens.deep import DeepPage
from kiosk.screens.page import Desk
from kiosk.screens.parts.body import Body, TimeRing


class RestPage(DeepPage):
    """A deep page without the room: help, and one way to end."""

    SIGNAL = False
    END = "exercise.end"

    def bottom_row(self) -> None:
        self.help_button()
        self.outlined(self.t(self.END), Tap.END, right=self.wide - look.MARGIN)

    def show(self, _: LiveFrame | None, /) -> None:
        """The room has no part in it."""


class ExercisePage(RestPage):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._exercise = desk.flow.house.exercises[desk.flow.visit.chosen]
        self._step = -1
        top, bottom = self.top + 20, self.row - 30
        radius = min((bottom - top) / 2, 236.0)
        middle = (top + bottom) / 2
        centre = (look.MARGIN + radius + 6, middle)
        self._ring = TimeRing(self, centre, radius)
        self._body = Body(self, centre, radius * 0.84)
        left = look.MARGIN + 2 * radius + 70
        room = self.wide - look.MARGIN - left
        self._act = self.words(" ", left, 0, room, size=look.OPTION, colour=look.BREATH[1])
        self._words = self.words(" ", left, 0, room, size=look.QUESTION, bold=True, colour=look.ON_DEEP)
        self._left = self.words(" ", left, 0, room, size=look.OPTION, colour=look.ON_DEEP_SOFT)
        self._middle = middle
        self.tick(0, desk.flow.visit.began_s)

    def spoken(self) -> list[str]:
        return [self._words.text]

    def tick(self, _: int, now_s: float, /) -> None:
        exercise = self._exercise
        index, left_s = at(exercise, now_s - self.desk.flow.visit.began_s)
        step = exercise.steps[index]
        over = left_s <= 0
        if over:
            index = len(exercise.steps)
        if index != self._step:
            self._step = index
            self._lay_out(step, over=over)
        self._ring.show(1.0 if over else 1.0 - left_s / step.seconds)
        self._left.say(" " if over else self.duration(left_s))

    def _lay_out(self, step: Step, *, over: bool) -> None:
        zh, exercise = self.t.language == "zh", self._exercise
        title = exercise.title_zh if zh else exercise.title_en
        number = min(self._step + 1, len(exercise.steps))
        self.header.say(self.t("exercise.header", title=title, step=number, steps=len(exercise.steps)))
        self._body.show("" if over else step.part, "" if over else step.act)
        self._act.say(self.t(f"exercise.{step.act}") if step.act and not over else " ")
        self._words.say(self.t("exercise.over") if over else step.zh if zh else step.en)
        high = self._act.height_u + self._words.height_u + self._left.height_u + 24
        y = self._middle - high / 2
        for block in (self._act, self._words, self._left):
            block.move_to(y)
            y = block.below + 12


class SoundPage(RestPage):
    END = "sound.stop"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        key = desk.flow.visit.chosen
        sound = sounds()[key]
        self._title = sound.title_zh if self.t.language == "zh" else sound.title_en
        silent = key not in desk.flow.house.sounds
        more = self.words(
            self.t("sound.silent" if silent else "sound.more"),
            look.MARGIN,
            0,
            self.inner,
            size=look.OPTION,
            colour=look.ON_DEEP_SOFT,
            align="center",
        )
        more.move_to(self.row - 40 - more.height_u)
        title = self.words(
            self._title, look.MARGIN, 0, self.inner, size=look.QUESTION, bold=True, colour=look.ON_DEEP, align="center"
        )
        title.move_to(self.row - 40 - more.height_u - 8 - title.height_u)
        top, bottom = self.top + 20, self.row - 40 - more.height_u - 8 - title.height_u - 20
        Figure(self, (self.wide / 2, (top + bottom) / 2), min((bottom - top) / 2, 200.0))
        self.tick(0, desk.flow.visit.began_s)

    def tick(self, _: int, now_s: float, /) -> None:
        left = max(0.0, SOUND_S - (now_s - self.desk.flow.visit.began_s))
        self.header.say(self.t("sound.header", title=self._title, left=self.duration(left)))
