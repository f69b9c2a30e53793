"""The emergency stop, always at the same place, and what follows it: the confirmation, then releasing the chair.

The button itself is worked by the page's script (`console.js`), which posts to `/stop`: it needs nothing of the page's
connection, and says at once that it is on its way. The Escape key does the same, except while a note is being typed.
"""

from dashboards.console.elements import box, button, drawn, show, words
from dashboards.console.session_controls import Ask
from dashboards.console.words import Texts
from gateway.live import LiveFrame, ReleaseChair

STOP_SIGN = '<rect x="5" y="5" width="14" height="14" rx="3"/>'


class Stop:
    """Stop button and stopped state."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        with box("stop", "button", type="button", data_press="stop", aria_label=texts("stop.press")):
            words("stop-idle", texts("stop.press"), "span")
            words("stop-sending", texts("stop.sending"), "span")
            words("stop-key", texts("stop.key"), "span")
        with box("stop-said stop-failed", role="alert"):
            words("stop-said-title", texts("stop.failed"))
            words("stop-said-more", "", data_stop_words="")
            words("stop-said-more", texts("stop.failed_more"))
        with box("stop-said stop-cut", role="alert"):
            words("stop-said-title", texts("stop.console_away"))
            words("stop-said-more", texts("stop.console_away_more"))
        with box("stop-said stop-done", role="status") as self._done:
            with box("stop-done-head"):
                drawn(STOP_SIGN)
                words("stop-said-title", texts("stop.done"))
            words("stop-said-more", texts("stop.done_more"))
            self._reset = words("stop-said-more stop-reset gone", texts("stop.reset"))
            self._release = button(texts("stop.release"), lambda: ask(ReleaseChair()), "outlined", data_press="release")

    def show(self, frame: LiveFrame | None) -> None:
        """Show whether the chair is locked, and what has to be done at the chair before it can be released.

        A chair that is only out of reach may still move for two seconds: that it stands still is said by it alone.
        """
        if frame is None:
            self._release.props.set_bool("disabled", value=True)
            return
        locked = frame.chair is not None and frame.chair.motion_locked
        stopped = (
            frame.chair is None
            and not any(device.chair for device in frame.devices)
            and frame.session is not None
            and (frame.session.state == "paused" and frame.session.pause_reason == "emergency_stop")
        )
        cleared = frame.chair is not None and frame.chair.cleared
        self._release.props.set_bool("disabled", value=not (locked and cleared))
        show(self._release, locked)
        show(self._reset, locked and not cleared)
        if locked or stopped:
            self._done.classes(add="is-on")
        else:
            self._done.classes(remove="is-on")
