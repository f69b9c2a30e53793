"""Right, below the stop: the chair as it reports itself, each value with a bar, and small steps up and down.

A step asks; the driver's limits and interlocks decide, and a refusal is said. Ranges of the bars: angles as in
`care.programme.ChairScene`, levels as in the chair's own limits (massage 0-5, heat 0-3).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from dashboards.console.elements import box, button, drawn, enable, fill, put, show, words
from dashboards.console.session_controls import Ask
from dashboards.console.words import Texts
from gateway.live import ArmChair, ChairView, LiveFrame, MoveChair


@dataclass(frozen=True)
class Row:
    """One actuator: where it may go, in which steps, how to read it and how to ask for it."""

    name: str
    low: float
    high: float
    step: float
    unit: str
    read: Callable[[ChairView], float]
    ask: Callable[[float], MoveChair]


ROWS = (
    Row("recline", 90, 160, 5, "degrees", lambda c: c.recline_deg, lambda v: MoveChair(recline_deg=v)),
    Row("leg_rest", 0, 70, 5, "degrees", lambda c: c.leg_rest_deg, lambda v: MoveChair(leg_rest_deg=v)),
    Row("massage", 0, 5, 1, "level", lambda c: c.massage_level, lambda v: MoveChair(massage_level=int(v))),
    Row("heat", 0, 3, 1, "level", lambda c: c.heat_level, lambda v: MoveChair(heat_level=int(v))),
    Row("light", 0, 100, 10, "percent", lambda c: c.light_percent, lambda v: MoveChair(light_percent=int(v))),
    Row("volume", 0, 100, 10, "percent", lambda c: c.volume_percent, lambda v: MoveChair(volume_percent=int(v))),
)

WISH_S = 3.0
"""So long quick presses count from the last wish, because the chair is still on its way."""
LESS, MORE = '<path d="M6 12h12"/>', '<path d="M6 12h12M12 6v12"/>'
MOVING_PARTS = {"recline", "leg_rest", "massage"}


class Chair:
    """State of the chair."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._texts = texts
        with box("chair", "section", aria_label=texts("chair.title"), data_panel="chair") as self._box:
            with box("side-head"):
                words("side-title", texts("chair.title"), "h2")
                self._state = words("side-sub", texts("rail.waiting"))
            with box("chair-rows") as self._rows_box:
                self._rows = [_Row(row, texts, ask) for row in ROWS]
            with box("chair-arm gone", role="status") as self._unarmed:
                words("chair-arm-words", texts("chair.unarmed"))
                button(texts("chair.arm"), lambda: ask(ArmChair()), "outlined", data_press="arm")
            self._fault = words("chair-fault gone", role="status")

    def show(self, frame: LiveFrame | None) -> None:
        """Show the chair of this picture."""
        texts = self._texts
        chair = frame.chair if frame else None
        show(self._rows_box, frame is None or chair is not None)
        for row in self._rows:
            row.show(chair)
        show(self._fault, chair is not None and bool(chair.faults))
        running = frame is not None and frame.session is not None and frame.session.state == "running"
        asleep = chair is not None and chair.has_motion and not (chair.armed or chair.motion_locked)
        show(self._unarmed, running and asleep)
        if chair is None:
            self._state.text = texts("rail.waiting" if frame is None else "chair.none")
            return
        state = [texts("chair.occupied" if chair.occupied else "chair.empty")]
        state.append(texts("chair.moving" if chair.moving else "chair.still"))
        if chair.massage_level and chair.massage_zones:
            zones = texts("chair.and").join(texts.named("chair", zone) for zone in chair.massage_zones)
            state.append(texts("chair.massaging", zones=zones))
        if chair.motion_locked:
            state.append(texts("chair.locked"))
        self._state.text = " · ".join(state)
        if chair.faults:
            self._fault.text = texts("chair.fault", words="；".join(map(texts.code, chair.faults)))


class _Row:
    def __init__(self, row: Row, texts: Texts, ask: Ask) -> None:
        self._row, self._texts, self._ask = row, texts, ask
        self._chair: ChairView | None = None
        self._wish, self._wished_at = 0.0, -math.inf
        name = texts(f"chair.{row.name}")
        with box("chair-row", data_row=row.name):
            with box("chair-line"):
                words("chair-name", name)
                self._less = button(
                    "", lambda: self._step(-1), "step", quick=True, aria_label=texts("chair.less", name=name)
                )
                with self._less:
                    drawn(LESS)
                self._more = button(
                    "", lambda: self._step(1), "step", quick=True, aria_label=texts("chair.more", name=name)
                )
                with self._more:
                    drawn(MORE)
            with box("chair-line"):
                self._bar = box("bar", role="img")
                self._value = words("chair-value", "—")

    def show(self, chair: ChairView | None) -> None:
        row, texts = self._row, self._texts
        self._chair = chair
        if chair is None:
            self._value.text = "—"
            fill(self._bar, 0)
            enable(self._less, on=False)
            enable(self._more, on=False)
            return
        value = row.read(chair)
        off = row.unit == "level" and value == 0
        said = texts("chair.off") if off else texts(f"chair.{row.unit}", value=f"{value:.0f}")
        self._value.text = said
        fill(self._bar, (value - row.low) / (row.high - row.low))
        put(self._bar, "aria-label", f"{texts(f'chair.{row.name}')} {said}")
        free = not (chair.motion_locked or chair.stop_pressed) or row.name not in {*MOVING_PARTS, "heat"}
        enable(self._less, free and value > row.low)
        enable(self._more, free and value < row.high)

    async def _step(self, direction: int) -> None:
        """One step from where it is, or from where it was just asked to go."""
        row = self._row
        if self._chair is None:
            return
        now = time.monotonic()
        start = self._wish if now - self._wished_at < WISH_S else row.read(self._chair)
        self._wish = min(row.high, max(row.low, (round(start / row.step) + direction) * row.step))
        self._wished_at = now
        if not await self._ask(row.ask(self._wish)):
            self._wished_at = -math.inf
