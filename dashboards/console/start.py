"""Before a session: how the room is, which programme, one button. Two presses at most, none of them hidden."""

from nicegui import ui

from care import programme
from dashboards.console.elements import box, button, drawn, enable, mark, put, show, words
from dashboards.console.now import FAIR, signal_words
from dashboards.console.session_controls import Ask
from dashboards.console.words import Texts, clock
from gateway.live import DeviceView, Health, LiveFrame, StartSession

TICK = '<circle cx="12" cy="12" r="9"/><path d="M8 12.4l2.8 2.8L16 9.6"/>'
WAIT = '<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 3.2"/><path d="M12 8v4.5l2.6 1.8"/>'
RINGS = "".join(f'<circle cx="12" cy="12" r="{radius}"/>' for radius in (11, 8.6, 6.2, 3.8, 1.6))
CHECKED_DEVICES = 4
"""So many devices have a line here; all of them stand on the left anyway."""


class Start:
    """The page before anything has begun."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._texts, self._ask = texts, ask
        self._programme = ""
        with box("panel start gone", "section", data_panel="start") as self.box:
            self._title = words("start-title", texts("start.title"), "h2")
            words("start-more", texts("start.more"))
            with box("start-columns"):
                with box("start-checks"):
                    self._none, *self._device_checks = (_Check() for _ in range(1 + CHECKED_DEVICES))
                    self._signal_check, saved = _Check(), _Check()
                    saved.show(texts("start.check_saved"), good=True)
                with box("start-choices"):
                    words("choice-title", texts("start.programme"))
                    self._programmes = {key: self._offer(key) for key in programme.available()}
            with box("start-foot"):
                self._go = button(texts("start.go"), self._begin, "filled big", data_press="start")
            drawn(RINGS, "start-rings")
        self._choose(next(iter(self._programmes), ""))

    def _offer(self, key: str) -> ui.element:
        loaded = programme.load(key)
        minutes = round(sum(part.seconds for part in loaded.segment if part.until == "time") / 60) + 1
        more = self._texts("start.segments", count=len(loaded.segment), minutes=minutes)
        with box("choice", "button", type="button", data_programme=key) as choice:
            words("choice-name", self._texts.pick(loaded.title_zh, loaded.title_en), "span")
            words("choice-more", more, "span")
            with box("plan", "span"):
                for segment in loaded.segment:
                    with box("plan-row", "span"):
                        words("plan-name", self._texts.pick(segment.title_zh, segment.title_en), "span")
                        if segment.breaths_per_min:
                            pace = self._texts("segments.pace", rate=f"{segment.breaths_per_min:.1f}")
                            words("plan-pace", pace, "span")
                        most = "segments.at_most" if segment.until == "signal" else "segments.planned"
                        words("plan-time", self._texts(most, time=clock(segment.seconds)), "span")
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
        ready = [device for device in frame.devices if device.health is Health.CONNECTED]
        free = frame.chair is None or not (frame.chair.motion_locked or frame.chair.stop_pressed)
        self._title.text = texts("start.title" if ready and free else "start.not_yet")
        for number, check in enumerate(self._device_checks):
            device = frame.devices[number] if number < len(frame.devices) else None
            check.show(_device_words(device, texts) if device else "", good=device in ready)
        self._none.show("" if frame.devices else texts("start.no_device"), good=False)
        good = frame.signal.score >= FAIR
        self._signal_check.show(signal_words(frame, texts) if good else texts("start.check_signal_none"), good=good)
        enable(self._go, bool(ready) and free)

    async def _begin(self) -> None:
        await self._ask(StartSession(programme=self._programme))


def _device_words(device: DeviceView, texts: Texts) -> str:
    if device.health is Health.CONNECTED:
        return f"{device.name} · {texts('health.connected')}"
    return texts("now.device", name=device.name, words=texts.advice(device.problem or device.health, device.advice))


def _chosen(choice: ui.element, *, on: bool) -> None:
    mark(choice, "is-chosen", on)
    put(choice, "aria-pressed", "true" if on else "false")


class _Check:
    """One line of the quick look: a tick or a clock, and words."""

    def __init__(self) -> None:
        with box("check") as self._box:
            self._tick, self._wait = drawn(TICK, "icon is-good"), drawn(WAIT, "icon is-wait")
            self._words = words("check-words")

    def show(self, text: str, *, good: bool) -> None:
        self._words.text = text
        show(self._box, bool(text))
        show(self._tick, good)
        show(self._wait, not good)
