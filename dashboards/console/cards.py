"""The five numbers, each with the quality of its signal as a thin bar; below the floor words instead of a number."""

from nicegui.elements.mixins.text_element import TextElement

from dashboards.console.elements import box, fill, mark, put, show, words
from dashboards.console.now import FAIR
from dashboards.console.words import Texts
from gateway.live import LiveFrame, Metric
from signals.reasons import Reason

CARDS = {
    "heart_rate": (0, "bpm"),
    "rmssd_60s": (0, "ms"),
    "coherence": (0, ""),
    "skin_conductance": (1, "us"),
    "relaxation": (0, ""),
}
"""Field of `Metrics`: decimals, and the key of the unit's word ("" where the number has none)."""


NO_CHANGE = 50.0
"""The relaxation score of someone who is as when they sat down; an interval around it claims nothing."""

PATIENCE = frozenset(
    {
        Reason.TOO_SHORT,
        Reason.TOO_FEW_BEATS,
        Reason.NO_BASELINE,
        Reason.NO_PEAK,
        Reason.PACED,
        Reason.TOO_LITTLE_VARIATION,
    }
)
"""Reasons that ask for time and not for a hand."""


def interval_words(value: float, low: float, high: float) -> str:
    """How sure a number is; both ends where it does not lie in the middle.

    >>> interval_words(64, 58, 70), interval_words(97, 30, 100)
    ('±6', '30–100')
    """
    if abs((low + high) / 2 - value) <= 1:
        return f"±{(high - low) / 2:.0f}"
    return f"{low:.0f}–{high:.0f}"


def crosses(metric: Metric) -> bool:
    """Whether the interval of a relaxation score holds "no change": then no single number may be shown."""
    if metric.value is None or metric.low is None or metric.high is None:
        return False
    return metric.low <= NO_CHANGE <= metric.high


def metric_now(frame: LiveFrame, name: str) -> Metric:
    """A number of this picture; a score that was made before the signal went is not shown as if it were of now."""
    metric: Metric = getattr(frame.metrics, name)
    if name == "relaxation" and metric.value is not None and frame.signal.reason and frame.signal.score < FAIR:
        return Metric(None, metric.unit, frame.signal.score, frame.signal.reason)
    return metric


class Cards:
    """The row of numbers."""

    def __init__(self, texts: Texts) -> None:
        with box("cards", "section"):
            self._cards = {name: _Card(name, texts) for name in CARDS}

    def show(self, frame: LiveFrame | None) -> None:
        """Show the numbers of this picture, or that there are none."""
        for name, card in self._cards.items():
            card.show(None if frame is None else metric_now(frame, name))


class _Card:
    def __init__(self, name: str, texts: Texts) -> None:
        self._texts, self._name, (self._decimals, unit) = texts, name, CARDS[name]
        with box("card", "article", data_metric=name):
            words("card-name", texts(f"metric.{name}"), "h2")
            with box("card-value"):
                self._number = words("number", "—")
                self._unit = words("unit", texts(f"metric.{unit}") if unit else "")
                self._interval = words("interval")
            self._reason: TextElement = words("reason", texts("metric.waiting"))
            self._bar = box("quality", role="img")

    def show(self, metric: Metric | None) -> None:
        texts = self._texts
        there = metric is not None and metric.value is not None
        interval = metric is not None and there and metric.low is not None and metric.high is not None
        unclear = metric is not None and self._name == "relaxation" and crosses(metric)
        show(self._reason, not there or unclear)
        show(self._unit, there and bool(self._unit.text))
        show(self._interval, interval and not unclear)
        mark(self._number, "is-none", not there)
        mark(self._number, "is-unclear", unclear)
        if metric is None:
            self._number.text, self._reason.text = "—", texts("metric.waiting")
            fill(self._bar, 0)
            put(self._bar, "aria-label", texts("metric.waiting"))
            return
        if metric.value is None:
            self._number.text = "—"
            self._reason.text = texts.code(metric.reason) if metric.reason else texts("metric.unknown")
        elif unclear:
            self._number.text, self._reason.text = f"{metric.low:.0f}–{metric.high:.0f}", texts("metric.unclear")
        else:
            self._number.text = f"{metric.value:.{self._decimals}f}"
            if metric.low is not None and metric.high is not None:
                self._interval.text = interval_words(metric.value, metric.low, metric.high)
        fill(self._bar, metric.quality)
        weak = metric.value is None and metric.quality < FAIR and metric.reason not in PATIENCE
        mark(self._bar, "is-low", weak)
        mark(self._reason, "is-weak", weak)
        quality = texts("metric.quality", percent=round(100 * metric.quality))
        put(self._bar, "aria-label", quality)
        put(self._bar, "title", quality)
