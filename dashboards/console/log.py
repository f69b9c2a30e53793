"""Right: what happened in the session and when, newest at the foot and always in view."""

from datetime import UTC, datetime

from dashboards.console.elements import box, show, words
from dashboards.console.words import Texts
from gateway.live import LiveFrame, LogLine, SessionView

KEPT = 40
OF_A_FACE = frozenset({"chair_moved", "stop_asked", "stop_released"})
"""Events whose detail is who asked."""


class Log:
    """The list of events."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._seen: tuple[str, list[LogLine]] = ("", [])
        with box("log", "section", aria_label=texts("log.title"), data_panel="log"):
            words("side-title", texts("log.title"), "h2")
            self._none = words("log-none", texts("log.none"))
            self._list = box("log-lines", "ol", tabindex="0", role="log")

    def show(self, frame: LiveFrame | None) -> None:
        """Show the log of this picture."""
        if frame is None:
            return
        session = frame.session
        lines = session.log[-KEPT:] if session else []
        names = {device.id: device.name for device in frame.devices}
        show(self._none, not lines)
        seen = (session.id if session else "", lines)
        if seen == self._seen:
            return
        self._seen = seen
        self._list.clear()
        if session is None:
            return
        with self._list:
            for line in reversed(lines):
                with box("log-line", "li"):
                    words("log-time", wall_time(session, line.t_ns), "time")
                    words("log-words", said(session, line, self._texts, names))


def wall_time(session: SessionView, t_ns: int) -> str:
    """A session time as the clock on the wall shows it."""
    return datetime.fromtimestamp((session.began_utc_ns + t_ns) / 1e9, UTC).astimezone().strftime("%H:%M:%S")


def said(session: SessionView, line: LogLine, texts: Texts, names: dict[str, str]) -> str:
    """A line of the log in words; a detail that names a part, a device, a face or a code gets its words too.

    Args:
        session: the session that the line is of.
        line: the line.
        texts: the words of the page.
        names: of the room's devices, by id.
    """
    known = {segment.key: texts.pick(segment.title_zh, segment.title_en) for segment in session.segments}
    known |= {session.programme: texts.pick(session.title_zh, session.title_en)} | names
    detail = line.detail
    if line.code in OF_A_FACE:
        detail = texts.named("actor", detail.partition(":")[0])
    elif line.code == "paused":
        detail = "" if detail == "asked" else texts.named("why", detail)
    elif line.code == "pace_changed" and detail:
        detail = texts("segments.pace", rate=detail)
    elif line.code != "mark":
        detail = known.get(detail) or (texts.code(detail) if detail else "")
    return " · ".join(filter(None, (texts.code(line.code), detail)))
