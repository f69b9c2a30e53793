"""What a face at a desk sees of the alerts that call somebody there, and the answers that are given.

A face looks every second; with nothing open that is one question to an index. It works beside the centre, without it
and without any uplink. Calls block: use them in a thread.
"""

import threading
import time
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

from care.alerts import AlertState
from care.handoff import Handoff
from gateway.called import Post, pages
from gateway.errors import StoreError
from gateway.eyes import Eyes
from gateway.keeping.asking import Place
from gateway.rows import Rows
from gateway.services.alerts import StandingAlert, acknowledge_alert, close_alert, standing_alerts
from gateway.services.duty import on_duty

__all__ = ["Desk", "DeskError", "DeskPicture"]

DeskError = StoreError
"""Why something could not be seen or stored; one line for people."""
_FRESH_S = 60.0
"""So long a store stays open: a backup that was restored in its place is seen after that."""


class DeskPicture(NamedTuple):
    """The alerts that call this site at a moment.

    Attributes:
        site: which one; the others are below it.
        urgent: those for which pagers ring, until they are closed; what nobody has answered first.
        follow_ups: how many others nobody has taken on.
        on_duty: names of those who answer now.
        standing: all of them.
    """

    now_utc_ns: int
    urgent: tuple[StandingAlert, ...] = ()
    follow_ups: int = 0
    on_duty: tuple[str, ...] = ()
    site: str = ""
    standing: frozenset[UUID] = frozenset()


class Desk:
    """One face of one site.

    Args:
        place: of the site; names the face as producer, so that it has an outbox of its own.
        level: what the site is called in ladders.
        rules: which tiers page.
    """

    def __init__(self, place: Place, level: str, rules: Handoff) -> None:
        self._place, self._level = place, level
        self._post, self._eyes = Post(place.site, level, rules), Eyes(place.data, place.producer)
        self._answering = threading.Lock()
        self._open = ExitStack()
        self._rows: Rows | None = None
        self._opened = 0.0

    def look(self) -> DeskPicture:
        """What stands now. One look at a time.

        Raises:
            DeskError: the store cannot be read.
        """
        if time.monotonic() - self._opened > _FRESH_S:
            self.close()
        try:
            if self._rows is None:
                self._rows = self._open.enter_context(self._place.reading())
                self._opened = time.monotonic()
            return self._picture(self._rows)
        except StoreError:
            self.close()
            raise

    def shown(self, picture: DeskPicture | None) -> None:
        """Somebody's page shows this now; None: nobody's shows anything. Residents are told so at the kiosk."""
        if picture is None:
            self._eyes.close()
        else:
            self._eyes.see(picture.standing)

    def close(self) -> None:
        """Let go of the store; the next look opens it again."""
        self._rows = None
        self._open.close()

    def take(self, alert: UUID, actor: str) -> AlertState:
        """Somebody here takes an alert on.

        Raises:
            DeskError: it was not taken on.
        """
        with self._answering:
            return acknowledge_alert(self._place, alert, actor, self._level)

    def finish(self, alert: UUID, actor: str, done: str) -> AlertState:
        """It is over; `done` says what was done.

        Raises:
            DeskError: it was not closed.
        """
        with self._answering:
            return close_alert(self._place, alert, actor, self._level, done)

    def _picture(self, rows: Rows) -> DeskPicture:
        now, site = time.time_ns(), self._place.site
        standing = standing_alerts(rows, post=self._post, now_utc_ns=now)
        urgent = [each for each in standing if pages(self._post.rules, each.state)]
        waiting = [each for each in standing if each not in urgent and each.state.status == "open"]
        names = tuple(entry.name for entry in on_duty(rows, site, now)) if urgent else ()
        ids = frozenset(each.state.alert for each in standing)
        return DeskPicture(now, tuple(urgent), len(waiting), names, site, ids)
