"""Before a session: how the room is, which programme, one button. Two presses at most, none of them hidden."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from care import programme
from dashboards.console.elements import box, button, drawn, enable, mark, put, show, words
from dashboards.console.now import FAIR, signal_words
from dashboards.console.session_controls import Ask
from dashboards.console.words import Texts
from gateway.live import DeviceView, Health, LiveFrame, StartSession

TICK = '<circle cx="12" cy="12" r="9"/><path d="M8 12.4l2.8 2.8L16 9.6"/>'
WAIT = '<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 3.2"/><path d="M12 8v4.5l2.6 1.8"/>'
CHAIR = "chair"
"""`DeviceView.kind` of the devices a session can be started on."""


class Start:
    """The page before anything has begun."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._texts, self._ask = texts, ask
        self._programme, self._chair = "", ""
        self._chairs: dict[str, TextElement] = {}
        with box("panel start gone", "section", data_panel="start") as self.box:
            self._title = words("start-title", texts("start.title"), "h2")
            words("start-more", texts("start.more"))
            with box("start-columns"):
                with box("start-checks"):
                    self._chair_check, self._signal_check, saved = _Check(), _Check(), _Check()
                    saved.show(texts("start.check_saved"), good=True)
                with box("start-choices"):
                    words("choice-title", texts("start.programme"))
                    self._programmes = {key: self._offer(key) for key in programme.available()}
                    self._chair_title = words("choice-title gone", texts("start.chair"))
                    self._chair_row = box("chair-choices")
            self._go = button(texts("start.go"), self._begin, "filled big", data_press="start")
        self._choose(next(iter(self._programmes), ""))

    def _offer(self, key: str) -> ui.element:
        loaded = programme.load(key)
        minutes = round(sum(segment.seconds for segment in loaded.segment) / 60)
        more = self._texts("start.segments", count=len(loaded.segment), minutes=minutes)
        with box("choice", "button", type="button", data_programme=key) as choice:
            words("choice-name", self._texts.pick(loaded.title_zh, loaded.title_en), "span")
            words("choice-more", more, "span")
        choice.on("click", lambda _: self._choose(key))
        return choice

    def _choose(self, key: str) -> None:
        self._programme = key
        for name, choice in self._programmes.items():
            _chosen(choice, on=name == key)

    def show(self, frame: LiveFrame | None) -> None:
        """Show how ready the room is."""
        texts = self._texts
        if frame is None:
            enable(self._go, on=False)
            return
        chairs = [device for device in frame.devices if device.kind == CHAIR]
        ready = [device for device in chairs if device.health is Health.CONNECTED]
        self._offer_chairs(chairs)
        self._title.text = texts("start.title" if ready else "start.not_yet")
        ill = chairs[0] if chairs and not ready else None
        if ill:
            state = texts("now.device", name=ill.name, words=texts.advice(ill.problem or ill.health, ill.advice))
        elif ready:
            state = f"{ready[0].name} · {texts('health.connected')}"
        else:
            state = texts("start.go_no_chair")
        self._chair_check.show(state, good=bool(ready))
        good = frame.signal.score >= FAIR
        self._signal_check.show(signal_words(frame, texts) if good else texts("start.check_signal_none"), good=good)
        enable(self._go, bool(ready))

    def _offer_chairs(self, chairs: list[DeviceView]) -> None:
        """A choice only where there is one to make."""
        ids = [device.id for device in chairs]
        if ids != list(self._chairs):
            self._chair_row.clear()
            self._chairs = {}
            with self._chair_row:
                for device in chairs:
                    choice = button(device.name, lambda key=device.id: self._choose_chair(key), "choice-chair")
                    self._chairs[device.id] = choice
            self._choose_chair(ids[0] if ids else "")
        show(self._chair_title, len(chairs) > 1)
        show(self._chair_row, len(chairs) > 1)

    def _choose_chair(self, key: str) -> None:
        self._chair = key
        for name, choice in self._chairs.items():
            _chosen(choice, on=name == key)

    async def _begin(self) -> None:
        await self._ask(StartSession(programme=self._programme, device=self._chair))


def _chosen(choice: ui.element, *, on: bool) -> None:
    mark(choice, "is-chosen", on)
    put(choice, "aria-pressed", "true" if on else "false")


class _Check:
    """One line of the quick look: a tick or a clock, and words."""

    def __init__(self) -> None:
        with box("check"):
            self._tick, self._wait = drawn(TICK, "icon is-good"), drawn(WAIT, "icon is-wait")
            self._words = words("check-words")

    def show(self, text: str, *, good: bool) -> None:
        self._words.text = text
        show(self._tick, good)
        show(self._wait, not good)
