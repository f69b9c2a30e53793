"""Right, below the chair: pause, go on, next part, pace, mark a moment, end. Only what can be done now can be pressed.

Ending is asked about in place, without a dialog: nothing on this page may ever cover the emergency stop.
"""

from collections.abc import Awaitable, Callable

from nicegui import ui

from dashboards.console.elements import box, button, enable, show, words
from dashboards.console.words import Texts
from gateway.live import (
    Action,
    AdjustPace,
    EndSession,
    LiveFrame,
    MarkMoment,
    NextSegment,
    PauseSession,
    ResumeSession,
)

Ask = Callable[[Action], Awaitable[bool]]
"""Asks the room, says a refusal, and tells whether it was done."""
STEP_PER_MIN = 0.1
ENTER = "(e) => { if (e.key === 'Enter' && !e.isComposing && e.keyCode !== 229) emit() }"
"""Enter, but not the one that takes a word from a Chinese input method."""


class SessionControls:
    """Buttons of the running session."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._texts, self._ask, self._asking = texts, ask, False
        with box("controls gone", "section", aria_label=texts("controls.title")) as self._box:
            with box("pair"):
                self._pause = button(texts("controls.pause"), self._pause_or_go_on, data_press="pause")
                self._next = button(texts("controls.next"), lambda: ask(NextSegment()), "filled", data_press="next")
            with box("pair"):
                self._slower = button(
                    texts("controls.slower"), lambda: ask(AdjustPace(-STEP_PER_MIN)), quick=True, data_press="slower"
                )
                self._faster = button(
                    texts("controls.faster"), lambda: ask(AdjustPace(STEP_PER_MIN)), quick=True, data_press="faster"
                )
        self._paused = False

    def show(self, frame: LiveFrame | None) -> None:
        """Show what can be done."""
        session = frame.session if frame else None
        on = session is not None and session.state in {"running", "paused"}
        if frame is not None:
            show(self._box, on)
        if session is not None and on:
            self._paused = session.state == "paused"
            self._pause.text = self._texts("controls.resume" if self._paused else "controls.pause")
            last = bool(session.segments) and session.segments[-1].state == "now"
            self._next.text = self._texts("controls.last" if last else "controls.next")
        locked = frame is not None and frame.chair is not None and frame.chair.motion_locked
        enable(self._pause, on and not (self._paused and locked))
        enable(self._next, on and not self._paused)
        for pace in (self._slower, self._faster):
            enable(pace, on and session is not None and session.pacer is not None)

    async def _pause_or_go_on(self) -> None:
        await self._ask(ResumeSession() if self._paused else PauseSession())


class MarkAndEnd:
    """Bottom right: a mark (space bar), a few words with it if wanted, and the end."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._ask, self._note = ask, ""
        with box("mark-and-end gone", "section") as self._box:
            with box("note"):
                self._field = ui.element("input").classes("field")
                self._field.props["placeholder"] = self._field.props["aria-label"] = texts("controls.mark_text")
                self._field.props["maxlength"] = "80"
                self._field.on("input", self._typed, js_handler="(e) => emit(e.target.value)")
                self._field.on("keydown", lambda _: self._mark(), js_handler=ENTER)
            self._mark_button = button(texts("controls.mark"), self._mark, data_press="mark")
            self._end = button(texts("controls.end"), lambda: self._open(on=True), "help", data_press="end")
            with box("confirm gone", role="group", aria_label=texts("controls.end_ask")) as self._confirm:
                words("confirm-title", texts("controls.end_ask"))
                words("confirm-more", texts("controls.end_more"))
                with box("pair"):
                    self._no = button(texts("controls.end_no"), lambda: self._open(on=False), data_press="end-no")
                    self._yes = button(texts("controls.end_yes"), self._end_now, "help", data_press="end-yes")

    def show(self, frame: LiveFrame | None) -> None:
        """Show what can be done."""
        session = frame.session if frame else None
        on = session is not None and session.state in {"running", "paused"}
        if frame is not None:
            show(self._box, on)
            if not on:
                self._open(on=False)
        for element in (self._mark_button, self._end, self._yes):
            enable(element, on)

    def _open(self, *, on: bool) -> None:
        show(self._confirm, on)
        show(self._end, not on)

    def _typed(self, event: object) -> None:
        self._note = str(getattr(event, "args", "") or "")

    async def _mark(self) -> None:
        if not await self._ask(MarkMoment(self._note.strip())):
            return
        self._note = ""
        ui.run_javascript(f"const f = getHtmlElement({self._field.id}); f.value = ''; f.blur();")

    async def _end_now(self) -> None:
        self._open(on=False)
        await self._ask(EndSession())
