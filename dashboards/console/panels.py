"""The plots as panels of the page: heading, direct labels, the chart.

When the room is away the picture stands still, grey, and says from when it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from nicegui import ui

from dashboards.console import plots
from dashboards.console.elements import box, fill, mark, show, words
from dashboards.console.now import FAIR
from dashboards.console.words import Texts
from gateway.live import LiveFrame, Metric

NOTHING = "[]"


class Drawings:
    """What the plots of one picture look like, made once however many browsers look at it."""

    def __init__(self) -> None:
        self._frame: LiveFrame | None = None
        self._made: dict[str, dict[str, Any]] = {}

    def of(self, frame: LiveFrame, name: str, make: Callable[[LiveFrame], dict[str, Any]]) -> dict[str, Any]:
        """The named plot of this picture; points as text, which costs NiceGUI a tenth of what lists do."""
        if frame is not self._frame:
            self._frame, self._made = frame, {}
        if name not in self._made:
            news = make(frame)
            for series in news["series"]:
                series[":data"] = msgspec.json.encode(series.pop("data")).decode()
            self._made[name] = news
        return self._made[name]


class Chart:
    """One chart; sends what changed and nothing when nothing did."""

    def __init__(self, options: dict[str, Any], name: str, label: str) -> None:
        self._chart = ui.echart(options).classes("chart")
        self._chart.props["data-chart"] = name
        self._chart.props["role"] = "img"
        self._chart.props["aria-label"] = label
        self._last: dict[str, Any] = {}

    def update(self, news: dict[str, Any]) -> None:
        """Lay what changes over what stays."""
        if news is self._last:
            return
        self._last = news
        options = self._chart.options
        for key, value in news.items():
            olds, parts = (options[key], value) if isinstance(value, list) else ([options[key]], [value])
            for old, part in zip(olds, parts, strict=True):
                old.update(part)
        self._chart.update()


class Rhythm:
    """The big plot."""

    def __init__(self, texts: Texts, drawings: Drawings) -> None:
        self._texts, self._drawings, self._stamp = texts, drawings, ""
        with box("panel rhythm", "section", data_panel="rhythm") as self.box:
            with box("panel-head"):
                words("panel-title", texts("plot.tachogram"), "h2")
                words("key key-heart", texts("plot.heart_line"))
                self._guide = words("key key-guide", texts("plot.pacer_line"))
                self._out = words("key key-out gone", texts("plot.artefact"))
                self._facts = words("panel-facts")
            self._chart = Chart(plots.tachogram_frame(texts), "rhythm", texts("plot.tachogram"))
            self._still = words("still gone")

    def show(self, frame: LiveFrame | None) -> None:
        """Show the last minute; the picture of a room that is away is grey and says from when it is."""
        texts = self._texts
        mark(self.box, "is-still", frame is None)
        show(self._still, frame is None and bool(self._stamp))
        if frame is None:
            self._still.text = texts("plot.frozen", time=self._stamp)
            return
        self._stamp = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        share = frame.metrics.artefact_share.value
        facts = [texts("plot.last_60")]
        if share is not None:
            facts.insert(0, texts("plot.excluded", percent=f"{100 * share:.0f}"))
        if frame.session:
            facts.insert(0, texts("plot.beats", count=f"{frame.session.beats:,}"))
        self._facts.text = " · ".join(facts)
        name = f"rhythm {texts.language}"
        news = self._drawings.of(frame, name, partial(plots.tachogram, texts=texts))
        guide, _, out = news["series"]
        show(self._guide, guide[":data"] != NOTHING)
        show(self._out, out[":data"] != NOTHING)
        self._chart.update(news)


class Pulse:
    """The heart signal itself, with its quality."""

    def __init__(self, texts: Texts, drawings: Drawings) -> None:
        self._texts, self._drawings = texts, drawings
        with box("panel small", "section", data_panel="heart") as self.box:
            with box("panel-head"):
                words("panel-title", texts("plot.heart"), "h2")
                self._facts = words("panel-facts")
            self._chart = Chart(plots.heart_frame(), "heart", texts("plot.heart"))
            self._none = words("still gone", texts("plot.no_signal"))
            self._bar = box("quality", role="img", aria_label=texts("plot.heart"))

    def show(self, frame: LiveFrame | None) -> None:
        """Show the last seconds."""
        mark(self.box, "is-still", frame is None)
        if frame is None:
            fill(self._bar, 0)
            return
        trace = frame.heart
        seconds = round(len(trace.values) * trace.step_ns / 1e9)
        facts = [self._texts("plot.heart_more", seconds=seconds)] if seconds else []
        spo2 = frame.metrics.spo2.value
        if spo2 is not None:
            facts.insert(0, self._texts("plot.spo2", value=f"{spo2:.0f}"))
        self._facts.text = " · ".join(facts)
        news = self._drawings.of(frame, "heart", plots.heart)
        show(self._none, news["series"][0][":data"] == NOTHING or not any(value is not None for value in trace.values))
        fill(self._bar, frame.signal.score)
        mark(self._bar, "is-low", bool(frame.signal.reason) and frame.signal.score < FAIR)
        self._chart.update(news)


class SkinAndBreath:
    """Skin conductance and breath, one above the other."""

    def __init__(self, texts: Texts, drawings: Drawings) -> None:
        self._texts, self._drawings = texts, drawings
        with box("panel small", "section", data_panel="skin") as self.box:
            with box("panel-head"):
                words("panel-title", texts("plot.skin"), "h2")
                self._facts = words("panel-facts")
            with box("two-lines"):
                with box("line-names"):
                    words("line-name is-skin", texts("plot.skin_line"))
                    words("line-name is-breath", texts("plot.breath_line"))
                self._chart = Chart(plots.skin_and_breath_frame(), "skin", texts("plot.skin"))
            self._none = words("still gone", texts("plot.no_signal"))

    def show(self, frame: LiveFrame | None) -> None:
        """Show the last minute."""
        mark(self.box, "is-still", frame is None)
        if frame is None:
            return
        texts, metrics = self._texts, frame.metrics
        self._facts.text = " · ".join(
            texts(key, **{name: f"{metric.value:.1f}"})
            for key, name, metric in _facts(metrics.skin_temperature, metrics.breathing_rate)
            if metric.value is not None
        )
        values = [*frame.skin_conductance.values, *frame.respiration.values]
        show(self._none, not any(value is not None for value in values))
        self._chart.update(self._drawings.of(frame, "skin", plots.skin_and_breath))


def _facts(temperature: Metric, breathing: Metric) -> tuple[tuple[str, str, Metric], ...]:
    return ("plot.temperature", "value", temperature), ("plot.breathing_rate", "rate", breathing)
