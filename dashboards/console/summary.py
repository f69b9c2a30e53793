"""After a session: begins with what is normal, gives the few numbers that hold, ends with one thing to do.

Nothing here judges or diagnoses; a number whose signal was too weak is a dash.
"""

from dashboards.console.cards import NO_CHANGE
from dashboards.console.elements import Press, box, button, show, words
from dashboards.console.words import Texts, clock
from gateway.live import LiveFrame, SummaryView

UNSTEADY_SHARE = 0.2
"""From this share of beats left out the one thing to do is about the sensor."""

FIGURES = ("duration", "beats", "heart_rate", "rmssd", "coherence", "relaxation", "excluded")


class Summary:
    """The page of a session that is over."""

    def __init__(self, texts: Texts, again: Press) -> None:
        self._texts = texts
        self._seen: SummaryView | None = None
        with box("panel summary gone", "section", data_panel="summary") as self.box:
            words("start-title", texts("summary.title"), "h2")
            words("start-more", texts("summary.normal"))
            with box("figures", "dl"):
                self._figures = {}
                for name in FIGURES:
                    with box("figure"):
                        words("figure-name", texts(f"summary.{name}"), "dt")
                        self._figures[name] = words("figure-value", texts("summary.none"), "dd", data_figure=name)
            self._why = words("summary-why gone")
            with box("next-thing"):
                words("next-title", texts("summary.next_title"))
                self._next = words("next-words", texts("summary.next_calm"))
            with box("summary-foot"):
                words("summary-note", texts("summary.note"))
                self._again = button(texts("summary.again"), again, "filled", data_press="again")

    def show(self, frame: LiveFrame | None) -> None:
        """Show the summary of this picture's session."""
        summary = frame.session.summary if frame and frame.session else None
        if frame is None or summary == self._seen:
            return
        self._seen = summary
        if summary is None:
            for figure in self._figures.values():
                figure.text = self._texts("summary.none")
            return
        for name, text in figures(summary, self._texts).items():
            self._figures[name].text = text
        why = summary.relaxation is None and bool(summary.relaxation_reason)
        show(self._why, why)
        if why:
            self._why.text = self._texts("summary.no_relaxation", words=self._texts.code(summary.relaxation_reason))
        unsteady = summary.artefact_share is None or summary.artefact_share > UNSTEADY_SHARE
        self._next.text = self._texts("summary.next_sensor" if unsteady else "summary.next_calm")


def figures(summary: SummaryView, texts: Texts) -> dict[str, str]:
    """The numbers in words, a dash for each that the signal did not carry."""

    def number(value: float | None, unit: str, factor: float = 1) -> str:
        return texts("summary.none") if value is None else f"{value * factor:.0f}{unit}"

    relaxation = number(summary.relaxation, "")
    low, high = summary.relaxation_low, summary.relaxation_high
    if summary.relaxation is not None and low is not None and high is not None:
        ends = {"low": f"{low:.0f}", "high": f"{high:.0f}"}
        between = texts("summary.range", **ends)
        if low <= NO_CHANGE <= high:
            relaxation = texts("summary.unclear", **ends)
        else:
            relaxation = f"{relaxation}（{between}）" if texts.language == "zh" else f"{relaxation} ({between})"
    return {
        "duration": clock(summary.duration_s),
        "beats": texts("summary.count", value=f"{summary.beats:,}"),
        "heart_rate": number(summary.mean_hr_bpm, " " + texts("metric.bpm")),
        "rmssd": number(summary.rmssd_ms, " ms"),
        "coherence": number(summary.coherence_share, ""),
        "relaxation": relaxation,
        "excluded": number(summary.artefact_share, "%", 100),
    }
