"""The Kivy application: what `flow` says becomes a page on the window, and a finger becomes a tap for `flow`."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.uix.floatlayout import FloatLayout

from gateway.counter.messages import AlertAnswer, AppointmentsAnswer, DutyAnswer, FileAnswer, LibraryAnswer
from gateway.live import Action, LiveFrame, Reply
from kiosk import lettering
from kiosk import theme as look
from kiosk.flow import HELPING, Flow, House, Place, Quiet, Tap
from kiosk.flow.wishes import Wish
from kiosk.idle import Idle, IdleTimes, idle_after
from kiosk.pacing import SessionClock
from kiosk.screens.page import Desk, Page
from kiosk.screens.pages import build
from kiosk.screens.waking import Waking
from kiosk.shelf import take_in
from kiosk.slip import slip_lines
from kiosk.speaking import Speaking
from kiosk.texts import Language, Texts
from kiosk.theme import Theme
from kiosk.watchdog import Watchdog
from kiosk.window import FPS
from kiosk.xscreen import forget_selections

IDLE_S, ALIVE_S = 0.25, 5.0
_TOLD_AS_THEY_CHANGE = HELPING | {Place.EXERCISE}
"""On these the words that matter change while one listens."""

BYE_S = 12.0
"""The last page goes by itself."""


class Stage(App):
    """One window with one page.

    Args:
        texts: of each language.
        house: what this kiosk has.
        carry_out: does what the flow wishes, without waiting.
        speaking: sounds and the voice in the headset.
        motion: False keeps the breathing figure still, and pages change without a fade.
        mm_per_px: calibration of the screen.
        idle: when the screen dims, asks and forgets.
        closable: a window may be closed; a public screen may not.

    Attributes:
        leaving: staff has left the kiosk: "" not yet, "leave" or "again".
    """

    def __init__(
        self,
        texts: Mapping[Language, Texts],
        house: House,
        carry_out: Callable[[list[Wish]], None],
        speaking: Speaking,
        *,
        motion: bool,
        mm_per_px: float,
        idle: IdleTimes,
        closable: bool,
    ) -> None:
        super().__init__()
        self.title = "Xinyi"
        self.flow = Flow(house)
        self._visit = self.flow.visit
        self.page: Page | None = None
        self.leaving = ""
        self._texts, self._carry_out, self._motion, self._times = texts, carry_out, motion, idle
        self._mm_per_px = mm_per_px
        self._speaking, self._closable, self._sounds = speaking, closable, house.sounds
        self._clock, self._watchdog = SessionClock(), Watchdog()
        self._shown: tuple[object, ...] = ()
        self._veil: Waking | None = None
        self._veil_asks = False
        self._touched_s = time.monotonic()
        self._counting: tuple[Quiet, Place] = (Quiet.NOTHING, Place.WELCOME)

    def build(self) -> FloatLayout:
        """Open with the first page; frames come when they come."""
        self.root_layout = FloatLayout()
        with self.root_layout.canvas.after:
            self._fade_tint = Color(*look.PAPER[:3], 0)
            self._fade_sheet = Rectangle(pos=(0, 0), size=(0, 0))
        Window.bind(on_touch_down=self._touched, on_request_close=lambda *_: not self._closable)
        Window.bind(size=lambda *_: self._refresh())
        self._refresh()
        Clock.schedule_interval(self._tick, 0.75 / FPS)  # a little early, so that it is every second turn of the loop
        Clock.schedule_interval(lambda _: self._idle(), IDLE_S)
        Clock.schedule_interval(lambda _: self._watchdog.alive(), ALIVE_S)
        Window.bind(on_flip=self._first_picture)
        return self.root_layout

    def _first_picture(self, *_: object) -> None:
        """The kiosk can be used once this picture is on the screen."""
        Window.unbind(on_flip=self._first_picture)
        gc.collect()
        gc.freeze()  # what the start has made stays; looking through it again and again would hold up pictures
        Clock.schedule_once(lambda _: self._watchdog.ready())

    def open_settings(self, *_: Any) -> bool:
        """F1 opens nothing on a public screen."""
        return False

    # what the room and the centre say

    def heard(self, frame: LiveFrame | None, local_ns: int) -> None:
        """A frame of the room, or None when it is out of reach."""
        if frame and frame.session:
            self._clock.heard(frame.session.id, frame.session.now_ns, frame.speed, local_ns)
        self.flow.heard(frame)
        self._news()

    def replied(self, action: Action, reply: Reply) -> None:
        """The room's answer to something that was asked."""
        self._carry_out(self.flow.replied(action, reply))
        self._news()

    def opened(self, answer: FileAnswer | None) -> None:
        """The centre's answer about a code."""
        self.flow.opened(answer)
        self._news()

    def booked(self, subject: str, answer: AppointmentsAnswer) -> None:
        """What became of what somebody asked for."""
        self.flow.booked(subject, answer)
        self._news()

    def stands(self, alert: UUID, answer: AlertAnswer) -> None:
        """How somebody's alert stands."""
        self.flow.stands(alert, answer, time.monotonic())
        self._news()

    def on_duty(self, answer: DutyAnswer | None) -> None:
        """Who is on duty; None: the centre is out of reach."""
        self.flow.duty = answer
        self._news()

    def brought(self, answer: LibraryAnswer) -> None:
        """New pieces have come from above, and old ones are withdrawn."""
        take_in(self.flow.house, answer)

    def waits(self, records: int) -> None:
        """So many records are on this machine and not at the centre yet."""
        self.flow.waiting = records

    def printed(self, ok: bool) -> None:
        """The printer has taken the slip, or has not."""
        self.flow.printed(ok)
        self._news()

    def left(self, again: bool) -> None:
        """Staff leaves the kiosk."""
        self.leaving = "again" if again else "leave"
        self.stop()

    def open_alert(self) -> UUID | None:
        """The alert whose standing this person may want to know."""
        called = self.flow.visit.called
        over = called is not None and called.standing is not None and called.standing.status == "closed"
        return called.alert if called and not over else None

    def have(self) -> dict[str, int]:
        """Pieces that are here, and their versions."""
        return {piece.key: piece.version for piece in self.flow.house.pieces}

    def slip(self) -> tuple[str, ...]:
        """What a slip of this visit says."""
        return tuple(slip_lines(self.flow.house, self.flow.visit, self._texts[self.flow.visit.language]))

    # fingers

    def tap(self, tap: Tap, value: str = "") -> None:
        """A finger asked for something."""
        if tap is Tap.AGAIN:
            self._speaking.again()
            return
        self._carry_out(self.flow.tap(tap, time.monotonic(), value))
        if self.flow.visit is not self._visit:
            self._wipe()
        self._news()

    def _touched(self, *_: object) -> bool:
        """Every touch counts; one on the veil only wakes."""
        self._touched_s = time.monotonic()
        if self._veil is None:
            return False
        self._lift()
        return True

    def _news(self) -> None:
        self._refresh()
        if self.page:
            self.page.show(self.flow.frame)

    def _key(self) -> tuple[object, ...]:
        """What a page is rebuilt for; everything else changes in place."""
        flow, place, visit = self.flow, self.flow.place, self.flow.visit
        session, frame = flow.live, flow.frame
        item = visit.open.sitting.item if visit.open and place is Place.QUESTION else None
        return (
            place,
            visit.language,
            visit.large,
            visit.contrast,
            tuple(Window.size),
            visit.page,
            visit.note,
            visit.chosen,
            item.id if item else visit.intro,
            tuple(sorted(visit.consents)) if place is Place.CONSENT else (),
            flow.progress(time.monotonic()) if place in HELPING else "",
            visit.aloud,
            self.flow.house.speaks,
            self._speaking.sounds if place in {Place.SOUND, Place.RELAX} else None,
            visit.printed,
            session.pause_reason if session and place is Place.PAUSED else "",
            flow.watch.refused if place is Place.REFUSED else "",
            (frame.site_name, frame.chair is not None) if frame else None,
            flow.duty.people if flow.duty and place in HELPING else None,
        )

    def _refresh(self) -> None:
        shown = self._key()
        if shown == self._shown:
            return
        flow, place = self.flow, self.flow.place
        changed_place = not self._shown or self._shown[0] is not place
        self._shown = shown
        self._lift()
        if self.page:
            self.root_layout.remove_widget(self.page)
        visit = flow.visit
        desk = Desk(self._theme(), tuple(Window.size), self._texts[visit.language], flow, self._clock, self.tap)
        self.page = build(place, desk)
        self.root_layout.add_widget(self.page)
        Window.clearcolor = self.page.ground
        if changed_place and self._motion:
            self._fade_sheet.size = Window.size
            self._fade_tint.rgba = (*self.page.ground[:3], 1.0)
        self._speaking.follow(flow, self.page.spoken())
        self._tick(0.0)

    def _theme(self) -> Theme:
        visit = self.flow.visit
        return Theme.for_screen(
            *Window.size,
            large=visit.large,
            motion=self._motion,
            contrast=visit.contrast,
            mm_per_px=self._mm_per_px,
        )

    def _tick(self, passed_s: float) -> None:
        if self._fade_tint.a > 0:
            self._fade_tint.a = max(0.0, self._fade_tint.a - passed_s / look.FADE_S)
            if self._fade_tint.a == 0:
                self._fade_sheet.size = (0, 0)
        if self.page:
            now_ns = time.monotonic_ns()
            self.page.tick(self._clock.at(now_ns), now_ns / 1e9)

    def _idle(self) -> None:
        now_s = time.monotonic()
        house = self.flow.house
        house.speaks, house.sounds = self._speaking.speaks, self._sounds if self._speaking.sounds else []
        self._carry_out(self.flow.passed(now_s))
        self._refresh()
        if self.page and self.flow.place in _TOLD_AS_THEY_CHANGE:
            self._speaking.follow(self.flow, self.page.spoken())
        quiet, place = self.flow.quiet, self.flow.place
        if (quiet, place) != self._counting:
            self._counting, self._touched_s = (quiet, place), now_s
        if quiet is Quiet.NOTHING:
            self._lift()
            return
        quiet_s = now_s - self._touched_s
        if place is Place.BYE and quiet_s >= BYE_S:
            self._forget()
            return
        idle = idle_after(self._times, quiet_s, on_help=place in HELPING)
        if idle.forget:
            self._forget()
        elif quiet is Quiet.ASK and place is not Place.BYE:
            self._cover(idle)

    def _forget(self) -> None:
        self._touched_s = time.monotonic()
        self._carry_out(self.flow.forget(self._touched_s))
        self._wipe()

    def _wipe(self) -> None:
        """Nothing of the last person remains: on the screen, in a cache, in the ear; what was freed, the C library
        overwrites (the environment in `deploy/systemd/xinyi-kiosk.service`).
        """
        self._visit = self.flow.visit
        self._speaking.forget()
        self._shown = ()
        self._refresh()
        lettering.forget()
        forget_selections()
        Clock.schedule_once(lambda _: gc.collect())  # their last page is still under the finger that ended it

    def _cover(self, idle: Idle) -> None:
        asks = idle.ask_left_s is not None
        if not idle.dim:
            self._lift()
            return
        if self._veil is None or asks != self._veil_asks:
            self._lift()
            self._veil = Waking(self._theme(), tuple(Window.size), self._texts[self.flow.visit.language], asks=asks)
            self._veil_asks = asks
            self.root_layout.add_widget(self._veil)
        self._veil.show(idle)

    def _lift(self) -> None:
        if self._veil is not None:
            self.root_layout.remove_widget(self._veil)
            self._veil = None
