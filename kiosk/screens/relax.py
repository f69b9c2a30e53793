"""What there is to rest with: the chair, the circle, exercises, sounds. What does not work now is said, not shown."""

from care.sounds import sounds
from kiosk import icons
from kiosk import theme as look
from kiosk.flow import SOLO_S, relax_minutes
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.cards import Card, Cards


class RelaxPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("relax.title"))
        self.back_button()
        self.help_button()
        frame, house = desk.flow.frame, desk.flow.house
        chair, sound = frame is not None and frame.chair is not None, bool(house.sounds)
        bottom = self.row - 22
        missing = "" if chair and sound else "no_sound" if chair else "no_chair" if sound else "neither"
        if missing:
            note = self.words(self.t(f"relax.{missing}"), look.MARGIN, 0, self.inner, colour=look.INK_SOFT)
            note.move_to(bottom - note.height_u)
            bottom -= note.height_u + 14
        cards = [*([self._chair()] if chair else []), self._breathe(), *self._exercises(), *self._sounds()]
        Cards(self, cards, (look.MARGIN, top, self.inner, bottom - top), at=desk.flow.visit.page)

    def _chair(self) -> Card:
        more = self.t("relax.chair_more", minutes=relax_minutes())
        return Card("chair", self.t("relax.chair"), more, icons.seat)

    def _breathe(self) -> Card:
        more = self.t("relax.breathe_more", minutes=round(SOLO_S / 60))
        return Card("breathe", self.t("relax.breathe"), more, icons.rings)

    def _exercises(self) -> list[Card]:
        zh = self.t.language == "zh"
        return [
            Card(
                key,
                exercise.title_zh if zh else exercise.title_en,
                self.t("relax.exercise_more", minutes=max(1, round(exercise.seconds / 60))),
                icons.person,
            )
            for key, exercise in self.desk.flow.house.exercises.items()
        ]

    def _sounds(self) -> list[Card]:
        return [
            Card(
                key,
                sound.title_zh if self.t.language == "zh" else sound.title_en,
                self.t("relax.sound_more"),
                icons.waves,
            )
            for key in self.desk.flow.house.sounds
            if (sound := sounds().get(key))
        ]
