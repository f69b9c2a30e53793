"""One thread that puts down what a screen hands it: alerts first, everything else in order, nothing dropped.

A screen must never wait for a disk: the lock of the outbox may be held while somebody else waits for the disk. So what
it hands over is in memory until this thread has written it. What the disk refuses is tried again every second; an alert
that waits meanwhile can be seen by whoever has another door for it (`alerts`).
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import NamedTuple, TypeVar
from uuid import UUID

from gateway.box import new_id
from gateway.client.draft import DraftFile
from gateway.errors import RecordTooLarge, StoreError
from gateway.messages import Body, Lane, kind_of, lane_of
from gateway.outbox import Outbox

AGAIN_S = 1.0
"""How long until the disk is tried again, and how often it is counted what has no receipt."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Handed(NamedTuple):
    """A record that was handed over: its id, what it says, when it was made, and when it came, monotonic seconds."""

    record: UUID
    body: Body
    made_utc_ns: int
    at_s: float
    written: Future[UUID]


class _Draft(NamedTuple):
    body: Body | None
    written: Future[None]


class Writer:
    """Of one line. Nothing here waits but its own thread.

    Args:
        outbox: of the kiosk.
        draft: its one draft.
        stir: called whenever an alert came, was written or was refused; it must not wait.
        name: of the kiosk.

    Attributes:
        waiting: records without a receipt, those among them that are not on the disk yet.
        refuses: the disk took nothing the last time.
    """

    def __init__(self, outbox: Outbox, draft: DraftFile, stir: Callable[[], None], name: str) -> None:
        self._outbox, self._draft, self._stir = outbox, draft, stir
        self._alerts: list[Handed] = []
        self._rest: list[Handed | _Draft] = []
        self._news = threading.Condition()
        self._on_disk = self._handed = 0
        self._ends_at: float | None = None
        self.refuses = False
        self._thread = threading.Thread(target=self._run, name=f"{name}-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._count()
        self._thread.start()

    def close(self, patience_s: float) -> bool:
        """Write what was handed over, as far as the disk takes it in time. Whether the thread has ended."""
        with self._news:
            self._ends_at = time.monotonic() + patience_s
            self._news.notify()
        self._thread.join(patience_s + AGAIN_S)
        if self._handed:
            log.error("%d records could not be written before the end and are lost", self._handed)
        return not self._thread.is_alive()

    @property
    def waiting(self) -> int:
        return self._on_disk + self._handed

    def keep(self, body: Body, made_utc_ns: int) -> Handed:
        """Put a record down soon. Its future says when it is on the disk, or at the centre; it fails only for a body
        that can be kept nowhere.
        """
        handed = Handed(new_id(), body, made_utc_ns, time.monotonic(), Future())
        is_alert = lane_of(kind_of(body)) is Lane.ALERT
        with self._news:
            (self._alerts if is_alert else self._rest).append(handed)
            self._handed += 1
            self._news.notify()
        if is_alert:
            self._stir()
        return handed

    def draft(self, body: Body | None) -> Future[None]:
        """Replace the draft soon, after what was handed over before. One that the disk refuses is tried again until
        something comes after it.
        """
        draft = _Draft(body, Future())
        with self._news:
            self._rest.append(draft)
            self._news.notify()
        return draft.written

    def alerts(self) -> list[Handed]:
        """Alerts that are not on the disk yet, the oldest first."""
        with self._news:
            return list(self._alerts)

    def is_elsewhere(self, alert: Handed) -> None:
        """It has reached the centre by another door: the disk need not take it any more."""
        if self._leave(alert):
            _settle(alert.written, alert.record)

    def _run(self) -> None:
        while self._goes_on():
            try:
                while (item := self._next()) is not None:
                    self._take(item)
            except StoreError as error:
                if not self.refuses:
                    log.error("what was handed over waits in memory: %s", error)  # noqa: TRY400 - one line for people
                self.refuses = True
                self._stir()
            self._count()

    def _goes_on(self) -> bool:
        """Wait for something to do; False: it is time to end."""
        with self._news:
            if self._ends_at is None and (self.refuses or not (self._alerts or self._rest)):
                self._news.wait(AGAIN_S)
            elif self.refuses:
                self._news.wait(AGAIN_S / 4)
            ends_at = self._ends_at
            return ends_at is None or (bool(self._alerts or self._rest) and time.monotonic() < ends_at)

    def _next(self) -> Handed | _Draft | None:
        with self._news:
            return self._alerts[0] if self._alerts else self._rest[0] if self._rest else None

    def _take(self, item: Handed | _Draft) -> None:
        """Write one.

        Raises:
            StoreError: the disk refuses; it stays where it is in the row.
        """
        try:
            self._write(item)
        except RecordTooLarge as error:  # no disk and no broker will ever take it
            log.error("%s", error)  # noqa: TRY400 - one line for people
            self._give_up(item, error)
        except StoreError as error:
            if isinstance(item, Handed) or self._rest[-1] is item:
                raise
            self._give_up(item, error)
        except Exception as error:
            log.exception("a record cannot be kept: a fault of our own")
            self._give_up(item, error)
        else:
            self.refuses = False

    def _write(self, item: Handed | _Draft) -> None:
        if isinstance(item, Handed):
            self._outbox.put(item.body, made_utc_ns=item.made_utc_ns, id=item.record)
            self._on_disk += self._leave(item)
            _settle(item.written, item.record)
            self._stir()
            return
        if item.body is None:
            self._draft.clear()
        else:
            self._draft.put(item.body)
        self._leave(item)
        _settle(item.written, None)

    def _leave(self, item: Handed | _Draft) -> bool:
        """Take something out of the row; whether it was there."""
        with self._news:
            for row in (self._alerts, self._rest):
                for place, each in enumerate(row):
                    if each is item:
                        del row[place]
                        self._handed -= isinstance(item, Handed)
                        return True
        return False

    def _give_up(self, item: Handed | _Draft, error: Exception) -> None:
        self._leave(item)
        with contextlib.suppress(InvalidStateError):
            item.written.set_exception(error)

    def _count(self) -> None:
        with contextlib.suppress(StoreError):
            self._on_disk = self._outbox.depth().records


def _settle(written: Future[T], result: T) -> None:
    with contextlib.suppress(InvalidStateError):  # whoever waited has gone
        written.set_result(result)
