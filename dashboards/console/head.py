"""Above the numbers: what runs, how good the signal is, where the data is, the one line that matters now, the parts of
the programme.
"""

from msgspec.structs import replace

from care import programme
from dashboards.console.elements import box, drawn, fill, mark, put, show, words
from dashboards.console.now import now_line, signal_words
from dashboards.console.words import Texts, clock
from gateway.live import LiveFrame, SegmentView, SessionView

TONES = {
    "calm": '<path d="M5 12.6l4.4 4.4L19 7.4"/>',
    "care": '<circle cx="12" cy="12" r="9"/><path d="M12 7.4v5.4M12 16.2v.4"/>',
    "stopped": '<rect x="5" y="5" width="14" height="14" rx="3"/>',
    "away": '<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 3.2"/><path d="M12 8v4.5l2.6 1.8"/>',
}


class Head:
    """Title line and the strip with the one line that matters."""

    def __init__(self, texts: Texts) -> None:
        self._texts, self._met = texts, False
        with box("head", "header"):
            self._title = words("title", texts("head.room"), "h1")
            self._sub = words("sub")
            with box("facts"):
                self._saved = words("fact")
                self._signal = words("fact fact-signal", texts("head.unknown"), data_signal="")
        with box("strip is-away", role="status", aria_live="polite") as self._strip:
            with box("strip-icons"):
                self._icons = {tone: drawn(paths, "icon gone") for tone, paths in TONES.items()}
            self._line = words("strip-title")
            self._more = words("strip-more")

    def show(self, frame: LiveFrame | None) -> None:
        """Show this picture."""
        texts = self._texts
        line = now_line(frame, texts, met=self._met)
        self._line.text, self._more.text = line.title, line.more
        for tone, icon in self._icons.items():
            mark(self._strip, f"is-{tone}", tone == line.tone)
            show(icon, tone == line.tone)
        self._signal.text = signal_words(frame, texts)
        if frame is None:
            self._sub.text = self._saved.text = ""
            return
        self._met = True
        session = frame.session if frame.session and frame.session.state != "idle" else None
        chair = next((d.name for d in frame.devices if session and d.id == session.device), "")
        title = texts.pick(session.title_zh, session.title_en) if session else texts("head.room")
        self._title.text = " · ".join(filter(None, (chair, title)))
        self._sub.text = texts("head.elapsed", time=clock(session.now_ns / 1e9)) if session else ""
        self._saved.text = texts.code(f"saved_{session.saved}") if session else ""


class Segments:
    """The parts of the programme: done, now with the time left, next. Widths follow the planned times."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._shape: tuple[tuple[str, float], ...] = ()
        self._parts: list[_Segment] = []
        self._bar = box("segments gone", "ol")

    def show(self, frame: LiveFrame | None) -> None:
        """Show how far the session is."""
        if frame is None:
            return
        session = frame.session if frame.session and frame.session.state != "idle" else None
        show(self._bar, session is not None)
        if session is None:
            return
        shape = tuple((segment.key, segment.seconds) for segment in session.segments)
        if shape != self._shape:
            self._shape = shape
            self._bar.clear()
            with self._bar:
                flexible = _ends_by_signal(session.programme)
                self._parts = [
                    _Segment(self._texts, segment, flexible=segment.key in flexible) for segment in session.segments
                ]
        for part, segment in zip(self._parts, reached(session), strict=True):
            part.show(segment, session.segment_left_s, over=session.state == "finished")


def reached(session: SessionView) -> list[SegmentView]:
    """The parts; of a session that is over, those that never began are not done."""
    begun = {line.detail for line in session.log if line.code == "segment_began"}
    if session.state != "finished" or not begun:
        return session.segments
    last = max((number for number, part in enumerate(session.segments) if part.key in begun), default=-1)
    return [part if number <= last else replace(part, state="next") for number, part in enumerate(session.segments)]


class _Segment:
    """One part of the bar."""

    def __init__(self, texts: Texts, segment: SegmentView, *, flexible: bool) -> None:
        self._texts, self._flexible = texts, flexible
        with box("segment", "li") as self._box:
            self._box.style["flex-grow"] = f"{max(segment.seconds, 1):.0f}"
            self._tick = drawn(TONES["calm"], "icon tick gone")
            self._name = words("segment-name")
            self._time = words("segment-time")

    def show(self, segment: SegmentView, left_s: float, *, over: bool) -> None:
        texts = self._texts
        now = segment.state == "now" and not over
        for state in ("done", "now", "next"):
            mark(self._box, f"is-{state}", segment.state == state and (now or state != "now"))
        show(self._tick, segment.state == "done")
        title = texts.pick(segment.title_zh, segment.title_en)
        pace = texts("segments.pace", rate=f"{segment.breaths_per_min:.1f}") if segment.breaths_per_min else ""
        self._name.text = " ".join(filter(None, (title, pace if now else "")))
        self._time.text = self._left(segment, left_s, now=now)
        fill(self._box, 1 - left_s / segment.seconds if now and segment.seconds else 0)
        state = texts(f"segments.{segment.state}") if segment.state in {"done", "now", "next"} else ""
        put(self._box, "aria-label", f"{title} {pace} {state}".strip())
        put(self._box, "aria-current", "step" if now else None)

    def _left(self, segment: SegmentView, left_s: float, *, now: bool) -> str:
        if now:
            return self._texts("segments.at_most_left" if self._flexible else "segments.left", time=clock(left_s))
        if segment.state == "done":
            return "" if self._flexible else clock(segment.seconds)
        return self._texts("segments.at_most" if self._flexible else "segments.planned", time=clock(segment.seconds))


def _ends_by_signal(key: str) -> frozenset[str]:
    """Parts of a programme that may end before their time; none where this console does not know the programme."""
    try:
        return frozenset(part.key for part in programme.load(key).segment if part.until == "signal")
    except programme.ProgrammeError:
        return frozenset()
