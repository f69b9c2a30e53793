"""The Kivy application: what `flow` says becomes a page on the window, and a finger becomes a tap for `flow`."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.uix.floatlayout import FloatLayout

from gateway.live import Action, LiveFrame, Reply
from kiosk import theme as look
from kiosk.flow import Flow, Place, Quiet, Tap
from kiosk.idle import Idle, IdleTimes, idle_after
from kiosk.pacing import SessionClock
from kiosk.screens.page import Desk, Page
from kiosk.screens.pages import build
from kiosk.screens.waking import Waking
from kiosk.texts import Language, Texts
from kiosk.theme import Theme
from kiosk.window import FPS


class Stage(App):
    """One window with one page.

    Args:
        texts: of each language.
        language: that the kiosk starts in.
        send: asks the room for something, without waiting.
        motion: False keeps the breathing figure still, and pages change without a fade.
        idle: when the screen dims, asks and forgets.
        closable: a window may be closed; a public screen may not.
    """

    def __init__(
        self,
        texts: Mapping[Language, Texts],
        language: Language,
        send: Callable[[Action], None],
        *,
        motion: bool,
        idle: IdleTimes,
        closable: bool,
    ) -> None:
        super().__init__()
        self.title = "Xinyi"
        self.flow = Flow(language)
        self.page: Page | None = None
        self._texts, self._send, self._motion, self._times = texts, send, motion, idle
        self._closable = closable
        self._clock = SessionClock()
        self._shown: tuple[object, ...] = ()
        self._veil: Waking | None = None
        self._veil_asks = False
        self._touched_s = time.monotonic()
        self._counting: tuple[Quiet, Place] = (Quiet.NOTHING, Place.HOME)

    def build(self) -> FloatLayout:
        """Open with the first page; frames come when they come."""
        self.root_layout = FloatLayout()
        with self.root_layout.canvas.after:
            self._fade_tint = Color(*look.PAPER[:3], 0)
            self._fade_sheet = Rectangle(pos=(0, 0), size=(0, 0))
        Window.bind(on_touch_down=self._touched, on_request_close=lambda *_: not self._closable)
        Window.bind(size=lambda *_: self._refresh())
        self._refresh()
        Clock.schedule_interval(self._tick, 1 / FPS)
        Clock.schedule_interval(lambda _: self._idle(), 0.25)
        return self.root_layout

    def open_settings(self, *_: Any) -> bool:
        """F1 opens nothing on a public screen."""
        return False

    def heard(self, frame: LiveFrame | None, local_ns: int) -> None:
        """A frame of the room, or None when it is out of reach."""
        if frame and frame.session:
            self._clock.heard(frame.session.id, frame.session.now_ns, frame.speed, local_ns)
        self.flow.heard(frame)
        self._refresh()
        if self.page:
            self.page.show(frame)

    def replied(self, action: Action, reply: Reply) -> None:
        """The room's answer to something that was asked."""
        self.flow.replied(action, reply)
        self._refresh()

    def tap(self, tap: Tap) -> None:
        """A finger asked for something."""
        action = self.flow.tap(tap, time.monotonic())
        if action is not None:
            self._send(action)
        self._refresh()
        if self.page:
            self.page.show(self.flow.frame)

    def _touched(self, *_: object) -> bool:
        """Every touch counts; one on the veil only wakes."""
        self._touched_s = time.monotonic()
        if self._veil is None:
            return False
        self._lift()
        return True

    def _refresh(self) -> None:
        flow, place = self.flow, self.flow.place
        session = flow.live
        frame = flow.frame
        shown = (
            place,
            flow.language,
            flow.large,
            tuple(Window.size),
            session.pause_reason if session and place is Place.PAUSED else "",
            flow.refused if place is Place.REFUSED else "",
            frame.site_name if frame and place is Place.HOME else "",
        )
        if shown == self._shown:
            return
        changed_place = not self._shown or self._shown[0] is not place
        self._shown = shown
        self._lift()
        if self.page:
            self.root_layout.remove_widget(self.page)
        theme = Theme.for_screen(*Window.size, large=flow.large, motion=self._motion)
        desk = Desk(theme, tuple(Window.size), self._texts[flow.language], flow, self._clock, self.tap)
        self.page = build(place, desk)
        self.root_layout.add_widget(self.page)
        Window.clearcolor = self.page.GROUND
        if changed_place and self._motion:
            self._fade_sheet.size = Window.size
            self._fade_tint.rgba = (*self.page.GROUND[:3], 1.0)
        self._tick(0.0)

    def _tick(self, passed_s: float) -> None:
        if self._fade_tint.a > 0:
            self._fade_tint.a = max(0.0, self._fade_tint.a - passed_s / look.FADE_S)
            if self._fade_tint.a == 0:
                self._fade_sheet.size = (0, 0)
        if self.page:
            now_ns = time.monotonic_ns()
            self.page.tick(self._clock.at(now_ns), now_ns / 1e9)
            if self.flow.place is not self._shown[0]:
                self._refresh()

    def _idle(self) -> None:
        quiet, place = self.flow.quiet, self.flow.place
        if (quiet, place) != self._counting:
            self._counting, self._touched_s = (quiet, place), time.monotonic()
        if quiet is Quiet.NOTHING:
            self._lift()
            return
        idle = idle_after(self._times, time.monotonic() - self._touched_s, on_help=place is Place.HELP)
        if idle.forget:
            self.flow.forget()
            self._touched_s = time.monotonic()
            self._refresh()
        elif quiet is Quiet.ASK:
            self._cover(idle)

    def _cover(self, idle: Idle) -> None:
        asks = idle.ask_left_s is not None
        if not idle.dim:
            self._lift()
            return
        if self._veil is None or asks != self._veil_asks:
            self._lift()
            theme = Theme.for_screen(*Window.size, large=self.flow.large, motion=self._motion)
            self._veil = Waking(theme, tuple(Window.size), self._texts[self.flow.language], asks=asks)
            self._veil_asks = asks
            self.root_layout.add_widget(self._veil)
        self._veil.show(idle)

    def _lift(self) -> None:
        if self._veil is not None:
            self.root_layout.remove_widget(self._veil)
            self._veil = None
