"""Somebody asks for a person: a banner over the page that says where, how long and how much time is left.

It stands beside the emergency stop and never over it. The chime and the leave to make a sound are the page script's.
What is seen comes out of the site's own store, so it works with the uplink gone and the room service down.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from care.alerts import AlertState
from care.words import known
from dashboards.console.elements import box, drawn, enable, mark, put, show, words
from dashboards.console.words import Texts, clock
from gateway.services.desk import Desk, DeskError, DeskPicture

LOOK_S = 1.0
_S = 1e9
_WAITS = {"open", "incomplete"}
"""Nobody has answered."""
OF_BANNER = "document.querySelector('[data-banner]')?.dataset.alert"
PRESSED = f"(e) => {{ if (e.detail < 2) emit({OF_BANNER}) }}"
ENTERED = f"(e) => {{ if (e.key === 'Enter' && !e.isComposing && e.keyCode !== 229) emit({OF_BANNER}) }}"
DONE_TYPED = f"(e) => emit({OF_BANNER}, e.target.value)"
"""Whoever answers says which alert the page showed: another one may have come up in the same moment."""
PERSON = '<circle cx="12" cy="8" r="3.6"/><path d="M4.8 20c.6-4 3.4-6.2 7.2-6.2s6.6 2.2 7.2 6.2"/>'

log = logging.getLogger(__name__)

Press = Callable[[object], Awaitable[None]]
Show = Callable[[DeskPicture | None], None]
"""Shows a picture; None: nobody can see what stands."""


class DutyWatch:
    """Looks for the whole console and shows every open page.

    Args:
        desk: of the site; None: this console has none.
    """

    def __init__(self, desk: Desk | None) -> None:
        self._desk = desk
        self._pages: dict[str, tuple[Show, Callable[[], bool]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._picture: DeskPicture | None = DeskPicture(0)
        self.name = ""
        """Who answered last at this console; most of the time it is the same person."""

    @property
    def sees(self) -> bool:
        """Whether this console looks for alerts at all."""
        return self._desk is not None

    async def start(self) -> None:
        """Begin to look."""
        if self._desk is not None:
            self._task = asyncio.create_task(self._run(self._desk))

    async def close(self) -> None:
        """Stop looking."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def join(self, name: str, show: Show, is_open: Callable[[], bool]) -> None:
        """A page is there; it is shown what stands at once. `is_open`: a browser has it before somebody's eyes now."""
        self._pages[name] = show, is_open
        show(self._picture)

    def leave(self, name: str) -> None:
        """A page is gone."""
        self._pages.pop(name, None)

    async def take(self, alert: UUID, actor: str) -> bool:
        """Somebody takes an alert on; whether it is stored."""
        self.name = actor
        return await self._answer(lambda desk: desk.take(alert, actor))

    async def finish(self, alert: UUID, actor: str, done: str) -> bool:
        """It is over; whether that is stored."""
        return await self._answer(lambda desk: desk.finish(alert, actor, done))

    async def _answer(self, do: Callable[[Desk], AlertState]) -> bool:
        if self._desk is None:
            return False
        try:
            await asyncio.to_thread(do, self._desk)
            self._publish(await asyncio.to_thread(self._desk.look))
        except DeskError as error:
            log.warning("an answer was not stored: %s", error)
            return False
        return True

    async def _run(self, desk: Desk) -> None:
        try:
            while True:
                try:
                    self._publish(await asyncio.to_thread(desk.look))
                    await asyncio.to_thread(desk.shown, self._picture if self._is_open() else None)
                except DeskError as error:
                    log.debug("alerts cannot be seen: %s", error)
                    self._publish(None)
                except Exception:  # the next look may go well, and the pages must say that this one did not
                    log.exception("alerts cannot be seen: a fault of our own")
                    self._publish(None)
                await asyncio.sleep(LOOK_S)
        finally:
            desk.shown(None)
            desk.close()

    def _is_open(self) -> bool:
        return any(is_open() for _, is_open in self._pages.values())

    def _publish(self, picture: DeskPicture | None) -> None:
        self._picture = picture
        for name, (show_, _) in list(self._pages.items()):
            try:
                show_(picture)
            except Exception:  # one page must never take the picture from the others
                log.exception("page %s could not show the alerts; it is left out", name)
                self.leave(name)


class Banner:
    """The most urgent alert of this site and its two buttons: I go; it is over."""

    def __init__(self, texts: Texts, watch: DutyWatch, refuse: Callable[[], None]) -> None:
        self._texts, self._watch, self._refuse = texts, watch, refuse
        self._state: AlertState | None = None
        self._done, self._busy = "", False
        self._name = watch.name
        self._typed_name, self._answered_as = False, ""
        with box("banner gone", "section", aria_label=texts("duty.title"), data_banner="") as self._box:
            drawn(PERSON, "icon banner-icon")
            with box("banner-words", role="alert"):
                self._title = words("banner-title")
                with box("banner-more"):
                    self._since = words("banner-clock", "", "span")
                    self._left = words("banner-clock banner-left", "", "span", data_left="")
                    self._undelivered = words("banner-undelivered gone", texts("duty.undelivered"), "span")
                    self._others = words("banner-others gone", "", "span")
            words("banner-sound", texts("duty.sound"), "button", type="button", data_press="sound")
            with box("banner-do"):
                self._who = self._field("duty.name", self._name_typed, 40, "banner-name", self._take_or_finish)
                self._what = self._field("duty.done", self._done_typed, 300, "banner-done", self._finish, DONE_TYPED)
                self._take_button = self._button("duty.take", self._take, "take")
                self._finish_button = self._button("duty.finish", self._finish, "finish")

    def show(self, picture: DeskPicture | None) -> None:
        """Show what stands; None leaves what stood, for somebody may still wait there."""
        if picture is None:
            return
        urgent = picture.urgent
        show(self._box, bool(urgent))
        if not urgent:
            self._state = None
            put(self._box, "data-ring", None)
            put(self._box, "data-alert", None)
            return
        state = urgent[0].state
        if self._state is None or state.alert != self._state.alert:
            self._new(picture)
        answered = state.status not in _WAITS
        if answered and not (self._state and self._state.status not in _WAITS and self._state.alert == state.alert):
            self._ask_who_closes()
        self._state = state
        mark(self._box, "is-taken", answered)
        put(self._box, "data-alert", state.alert.hex)
        put(self._box, "data-ring", None if answered else state.alert.hex)
        self._title.text = self._texts(
            "duty.taken" if answered else "duty.asked", seat=self._where(picture), name=state.owner
        )
        waited = picture.now_utc_ns - (state.raised_utc_ns or picture.now_utc_ns)
        self._since.text = self._texts("duty.since", time=clock(waited / _S))
        self._left.text = self._left_words(state, picture.now_utc_ns)
        show(self._left, bool(self._left.text))
        show(self._undelivered, not state.delivered)
        others = len(urgent) - 1
        show(self._others, others > 0)
        if others:
            self._others.text = self._texts("duty.others_taken" if answered else "duty.others", count=others)
        for element, on in (
            (self._who, True),
            (self._take_button, not answered),
            (self._what, answered),
            (self._finish_button, answered),
        ):
            show(element, on)
        self._enable()

    def _where(self, picture: DeskPicture) -> str:
        """The seat; of a site below with its site, and while the seat has not come, the site alone."""
        site, state = picture.urgent[0]
        return " · ".join(part for part in ("" if site == picture.site and state.seat else site, state.seat) if part)

    def _left_words(self, state: AlertState, now_utc_ns: int) -> str:
        deadline = state.next_deadline
        if deadline is None:
            return ""
        left_s = (deadline.until_utc_ns - now_utc_ns) / _S
        if state.next_level:
            level = self._level(state.next_level)
            return self._texts("duty.left", time=clock(left_s), level=level) if left_s > 0 else ""
        return self._texts("duty.called", level=self._level(state.level))

    def _level(self, level: str) -> str:
        return self._texts.code(f"level_{level}") if known(f"level_{level}") else level

    def _button(self, key: str, press: Press, name: str) -> TextElement:
        element = words("button filled", self._texts(key), "button", type="button", data_press=name)
        element.on("click", press, js_handler=PRESSED)
        return element

    def _field(
        self,
        key: str,
        typed: Callable[[object], None],
        longest: int,
        classes: str,
        press: Press,
        said: str = "(e) => emit(e.target.value)",
    ) -> ui.element:
        field = ui.element("input").classes(f"field {classes}")
        field.props["placeholder"] = field.props["aria-label"] = self._texts(key)
        field.props["maxlength"] = str(longest)
        field.on("input", typed, js_handler=said)
        field.on("keydown", press, js_handler=ENTERED)
        return field

    def _new(self, picture: DeskPicture) -> None:
        """Another alert: an empty word on what was done; the name of whoever answered last, or is alone on duty."""
        self._done = ""
        self._fill(self._what, "")
        if not self._typed_name:
            self._name = self._watch.name or (picture.on_duty[0] if len(picture.on_duty) == 1 else "")
            self._fill(self._who, self._name)

    def _ask_who_closes(self) -> None:
        """Whoever closes says so: the name that was given on this page, never that of whoever took it on elsewhere."""
        if not self._typed_name:
            self._name = self._answered_as
            self._fill(self._who, self._name)

    def _fill(self, field: ui.element, value: str) -> None:
        """Write into a field, as a person does: as an attribute it would come back while somebody types."""
        ui.run_javascript(f"const f = getHtmlElement({field.id}); if (f) f.value = {json.dumps(value)};")

    def _name_typed(self, event: object) -> None:
        self._name, self._typed_name = str(getattr(event, "args", "") or ""), True
        self._enable()

    def _done_typed(self, event: object) -> None:
        match getattr(event, "args", None):
            case [alert, text] if self._state is not None and alert == self._state.alert.hex:
                self._done = str(text or "")
            case _:  # the last key of a word about the alert before
                return
        self._enable()

    def _enable(self) -> None:
        enable(self._take_button, bool(self._name.strip()) and not self._busy)
        enable(self._finish_button, bool(self._done.strip() and self._name.strip()) and not self._busy)

    async def _take(self, event: object) -> None:
        state, name = self._state, self._name.strip()
        if state is None or not name or self._busy or _meant(event) != state.alert.hex:
            return
        self._answered_as = name
        await self._answer(self._watch.take(state.alert, name))

    async def _finish(self, event: object) -> None:
        state, name, done = self._state, self._name.strip(), self._done.strip()
        if state is None or not name or not done or self._busy or _meant(event) != state.alert.hex:
            return
        self._answered_as = name
        await self._answer(self._watch.finish(state.alert, name, done))

    async def _take_or_finish(self, event: object) -> None:
        await (self._take if self._state and self._state.status in _WAITS else self._finish)(event)

    async def _answer(self, answer: Awaitable[bool]) -> None:
        self._busy = True
        self._enable()
        try:
            stored = await answer
        finally:
            self._busy = False
            self._enable()
        if not stored:
            self._refuse()


def _meant(event: object) -> object:
    return getattr(event, "args", None)


class Waiting:
    """In the rail: follow-ups that nobody has taken on, and that alerts cannot be seen."""

    def __init__(self, texts: Texts, watch: DutyWatch) -> None:
        self._texts = texts
        with box("rail-duty" if watch.sees else "gone"):
            words("rail-sound", texts("duty.sound"), "button", type="button", data_press="sound")
            self._follow_ups = words("gone", "")
            self._blind = words("rail-blind gone", texts("duty.blind"), role="status")

    def show(self, picture: DeskPicture | None) -> None:
        """Show what waits."""
        show(self._blind, picture is None)
        waiting = picture.follow_ups if picture else 0
        show(self._follow_ups, waiting > 0)
        if waiting:
            self._follow_ups.text = self._texts("duty.follow_ups", count=waiting)
