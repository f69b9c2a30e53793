"""The one page: parts side by side, each shown the same picture of the room.

The middle holds what the moment needs: a start, the running rhythm, or the summary. A part knows its words and how to
ask; it never keeps a number of its own.
"""

from msgspec.structs import replace
from nicegui import ui

from dashboards.console.cards import Cards
from dashboards.console.chair import Chair
from dashboards.console.duty import Banner, DutyWatch, Waiting
from dashboards.console.elements import box, put, show, words
from dashboards.console.head import Head, Segments
from dashboards.console.hub import Hub
from dashboards.console.log import Log
from dashboards.console.panels import Pulse, Rhythm, SkinAndBreath
from dashboards.console.rail import Rail
from dashboards.console.session_controls import MarkAndEnd, SessionControls
from dashboards.console.start import Start
from dashboards.console.stop import Stop
from dashboards.console.summary import Summary
from dashboards.console.words import Texts
from gateway.live import Action, LiveFrame, Metric
from gateway.services.desk import DeskPicture
from signals.reasons import Reason


class Page:
    """One browser's page.

    Args:
        texts: the words of its language.
        hub: where pictures come from and requests go.
        duty: where alerts are seen and answered.
    """

    def __init__(self, texts: Texts, hub: Hub, duty: DutyWatch) -> None:
        self._texts, self._hub, self._duty = texts, hub, duty
        self._client = ui.context.client
        self._pulse, self._again, self._session = 0, False, ""
        with box("console", data_console="") as self._console:
            self._banner = Banner(texts, duty, lambda: self._say(texts("duty.not_stored")))
            rail = Rail(texts)
            with rail.foot:
                self._waiting = Waiting(texts, duty)
            with box("main", "main"):
                head, segments, cards = Head(texts), Segments(texts), Cards(texts)
                with box("middle"):
                    self._rhythm = Rhythm(texts, hub.drawings)
                    self._start = Start(texts, self._ask)
                    self._summary = Summary(texts, self._choose_again)
                with box("small-panels"):
                    pulse, skin = Pulse(texts, hub.drawings), SkinAndBreath(texts, hub.drawings)
            with box("side", "aside"):
                stop = Stop(texts, self._ask)
                chair = Chair(texts, self._ask)
                controls, log, mark_and_end = (
                    SessionControls(texts, self._ask), Log(texts), MarkAndEnd(texts, self._ask)
                )  # fmt: skip
            self._toasts = box("toasts")
            with box("lost-note", role="alert"):
                words("lost-title", texts("lost.title"))
                words("lost-more", texts("lost.more"))
        self._parts = (
            rail, head, segments, cards, self._rhythm, self._start, self._summary, pulse, skin, stop, chair, controls,
            log, mark_and_end,
        )  # fmt: skip
        hub.join(self._client.id, self.show)
        duty.join(self._client.id, self.show_alerts, lambda: self._client.has_socket_connection)

    def close(self) -> None:
        """The browser is gone for good."""
        self._hub.leave(self._client.id)
        self._duty.leave(self._client.id)

    def show_alerts(self, picture: DeskPicture | None) -> None:
        """Show who asks for a person at this site; None: nobody can see that now."""
        with self._client:
            self._banner.show(picture)
            self._waiting.show(picture)

    def show(self, frame: LiveFrame | None) -> None:
        """Show a picture of the room; None: it is away."""
        with self._client:
            self._pulse += 1
            put(self._console, "data-pulse", str(self._pulse))
            put(self._console, "data-room", "away" if frame is None else "here")
            if frame is not None:
                self._choose_middle(frame)
                frame = self._of_now(frame)
            for part in self._parts:
                part.show(frame)

    def _choose_middle(self, frame: LiveFrame) -> None:
        session = frame.session
        state = session.state if session else "idle"
        if session and session.id != self._session:
            self._session, self._again = session.id, False
        put(self._console, "data-state", state)
        starting = state == "idle" or (state == "finished" and self._again)
        show(self._start.box, starting)
        show(self._summary.box, state == "finished" and not starting)
        show(self._rhythm.box, state in {"running", "paused"})

    def _of_now(self, frame: LiveFrame) -> LiveFrame:
        """While the next session is prepared, nothing of the last person is on the page."""
        if not self._again or frame.session is None or frame.session.state != "finished":
            return frame
        metrics = replace(frame.metrics, relaxation=Metric(None, "", 0.0, Reason.NO_BASELINE))
        return replace(frame, session=None, metrics=metrics)

    def _choose_again(self) -> None:
        self._again = True
        self.show(self._hub.frame)

    async def _ask(self, action: Action) -> bool:
        reply = await self._hub.ask(action)
        if reply.ok:
            return True
        said = self._texts.code(reply.code) if reply.code else ""
        if reply.detail:
            said = f"{said}（{reply.detail}）" if self._texts.language == "zh" else f"{said} ({reply.detail})"
        self._say(self._texts("toast.refused", words=said))
        return False

    def _say(self, text: str) -> None:
        """A line at the foot that goes away by itself."""
        with self._client:
            self._toasts.clear()
            with self._toasts:
                words("toast", text, role="alert")
