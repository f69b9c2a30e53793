"""The kiosk's line to its centre: what it made is on its own disk, sealed, until the centre's receipt, and then gone.

One way only: nothing comes down to a kiosk but answers to what it asks (`gateway/counter`), and they are kept nowhere.
The uplink runs in a thread with a loop of its own, so a slow screen never holds up an alert, nor a slow disk a screen.
A screen hands over and goes on (`keep_soon`): a second thread writes. An alert without a receipt after a second is
handed in at the counter as well, again and again until one of the two doors has taken it, the disk's or not: the broker
may be dead, the disk full.
"""

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from devices.clock import Clock
from gateway.client.counter import PATIENCE_S, ask_counter, hear_counter
from gateway.client.draft import DraftFile
from gateway.client.writer import Handed, Writer
from gateway.config import Config, broker_address
from gateway.counter.messages import Answer, HandedIn, HandIn, NotNow, Question
from gateway.errors import StoreError
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.link import BrokerAddress
from gateway.messages import Body, Envelope, Lane, Record, encode, kind_of, lane_of
from gateway.outbox import Outbox
from gateway.pins import new_file
from gateway.uplink import Uplink

BROKER_S = 1.0
"""So long the broker's way has for an alert before it goes to the counter, too; and between two tries there."""
CLOSE_S = 5.0
"""So long the end waits for a disk that refuses."""
_AT_ONCE = 32

log = logging.getLogger(__name__)


class KioskLine:
    """Async context manager, one per kiosk process.

    Args:
        data: data folder of the site.
        site: its path.
        producer: name of this kiosk, "kiosk-1".
        broker: the site's.
        counter: socket of the centre.
        clock: for the time when something was made.
        max_bytes: bound of what waits; what a kiosk makes is never dropped for it.

    Raises:
        StoreError: on entering: another kiosk of this name runs (`StoreBusy`), or the disk refuses.
    """

    def __init__(
        self,
        data: Path,
        *,
        site: str,
        producer: str,
        broker: BrokerAddress,
        counter: Path,
        clock: Clock | None = None,
        max_bytes: int = 1 << 30,
    ) -> None:
        self._data, self._site, self._producer = data, site, producer
        self._broker, self._counter, self._clock, self._max_bytes = broker, counter, clock or Clock(), max_bytes
        self._kept_at: dict[UUID, float] = {}
        self._elsewhere: set[UUID] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop, self._urgent, self._handed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, config: Config, clock: Clock | None = None) -> Self:
        """The line of the kiosk that a configuration names.

        Raises:
            ConfigError: the file of the broker's password cannot be read.
        """
        return cls(
            config.data,
            site=config.site.id,
            producer=config.kiosk.producer,
            broker=broker_address(config),
            counter=config.centre_socket,
            clock=clock,
            max_bytes=config.outbox.max_mb << 20,
        )

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._close)

    def keep(self, body: Body) -> UUID:
        """Put something down for the centre; it is on the disk when this returns, in a few milliseconds, or as many as
        the disk takes. A screen hands over instead (`keep_soon`).

        Raises:
            StoreError: the disk refuses; nothing was kept.
        """
        now = time.monotonic()
        record = self._outbox.put(body, made_utc_ns=self._clock.utc_ns())
        if lane_of(kind_of(body)) is Lane.ALERT:
            self._kept_at[record] = now
            self._stir()
        return record

    def keep_soon(self, body: Body) -> Future[UUID]:
        """Have something put down for the centre, without waiting for any disk: alerts first, else in order. What the
        disk refuses is tried again while this line is open. The future ends when it is on the disk, or at the centre.
        """
        handed = self._writer.keep(body, self._clock.utc_ns())
        if lane_of(kind_of(body)) is Lane.ALERT:
            self._kept_at[handed.record] = handed.at_s
        return handed.written

    def draft_soon(self, body: Body | None) -> Future[None]:
        """The same for `draft`, in order with everything but alerts."""
        return self._writer.draft(body)

    def draft(self, body: Body | None) -> None:
        """Keep what somebody has answered so far, instead of what was drafted before; None: nothing is open any more.

        Raises:
            StoreError: the disk refuses.
        """
        if body is None:
            self._draft.clear()
        else:
            self._draft.put(body)

    async def open_file(self, code: str, pin: str, *, age_band: str, language: str) -> UUID:
        """Keep a new file for a code; its PIN is hashed beside the loop (50 ms).

        Raises:
            StoreError: the disk refuses; there is no file.
        """

        def make() -> UUID:
            now = self._clock.utc_ns()
            return self.keep(
                new_file(code, pin, age_band=age_band, language=language, opened_utc_ns=now, opened_by="kiosk")
            )

        return await asyncio.to_thread(make)

    def is_delivered(self, record: UUID) -> bool:
        """Whether the centre's receipt for a record has come, and is on the disk here if the record is.

        Raises:
            StoreError: the disk does not answer.
        """
        return record in self._elsewhere or self._outbox.is_receipted(record)

    async def ask(self, question: Question, patience_s: float = PATIENCE_S) -> Answer | None:
        """Ask the centre; None: it is out of reach."""
        return await ask_counter(self._counter, self._producer, question, patience_s)

    @property
    def waiting(self) -> int:
        """Records without a receipt, counted every second. Asking waits for nothing."""
        return self._writer.waiting

    def _open(self) -> None:
        keyring = Keyring.open(self._data / KEYS_FOLDER)
        self._outbox = Outbox(
            self._data / f"outbox-{self._producer}.sqlite",
            keyring,
            site=self._site,
            producer=self._producer,
            boot=str(uuid4()),
            max_bytes=self._max_bytes,
            wipes=True,
        )
        self._draft = DraftFile(self._data / f"draft-{self._producer}", keyring)
        self._writer = Writer(self._outbox, self._draft, self._stir, self._producer)
        if left := self._draft.left():
            try:
                self.keep(left)
                self._draft.clear()
            except StoreError:  # a kiosk with a full disk must start: the writer says so and goes on trying
                self.keep_soon(left)
                self.draft_soon(None)
        self._writer.start()
        self._thread = threading.Thread(target=self._run, name=f"{self._producer}-line", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _close(self) -> None:
        written = self._writer.close(CLOSE_S)
        if self._thread and self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(None if written else CLOSE_S)
        if written:
            self._outbox.close()
        else:
            log.error("the disk does not answer; the outbox is left as it is")

    def _stir(self) -> None:
        if self._loop:
            with contextlib.suppress(RuntimeError):  # the line has ended
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._urgent.set()
        self._handed.set()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        doors = (Uplink(self._outbox, self._broker).run(), self._second_door(), self._third_door())
        work = [asyncio.create_task(each) for each in doors]
        await self._stop.wait()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _second_door(self) -> None:
        """Hand in at the counter whatever alert the broker has not brought there, until it is there."""
        while True:
            self._urgent.clear()
            rest_s: float | None = BROKER_S
            try:
                rest_s = await self._hand_in()
            except StoreError:
                log.exception("kiosk: the outbox does not answer")
            except Exception:
                log.exception("kiosk: a fault of our own; it goes on")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._urgent.wait()

    async def _third_door(self) -> None:
        """The same for alerts that the disk has not taken. Nothing here touches the disk, which may hang."""
        while True:
            self._handed.clear()
            left = True
            try:
                left = await self._hand_in_from_memory()
            except Exception:
                log.exception("kiosk: a fault of our own; it goes on")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BROKER_S if left else None):
                    await self._handed.wait()

    async def _hand_in(self) -> float | None:
        """One round; after how many seconds the next is due (None: when something urgent is kept)."""
        waiting = await asyncio.to_thread(self._outbox.waiting_in, Lane.ALERT, _AT_ONCE)
        known = {*waiting, *(alert.record for alert in self._writer.alerts())}
        for record in tuple(self._kept_at):  # another thread may add to it
            if record not in known:
                self._kept_at.pop(record, None)
        now = time.monotonic()
        due_in = {record: self._kept_at.get(record, 0.0) + BROKER_S - now for record in waiting}
        due = [record for record, rest_s in due_in.items() if rest_s <= 0]
        refused = False
        for envelope in await asyncio.to_thread(self._outbox.take, due):
            answer = await hear_counter(self._counter, self._producer, HandIn(self._producer, encode(envelope)))
            match answer:
                case HandedIn():
                    await asyncio.to_thread(self._outbox.receipted, answer.receipt.ids, answer.receipt.level)
                case NotNow():  # it may be about this one alone
                    log.warning("the centre does not take an alert: %s", answer.reason)
                    refused = True
                case _:
                    return BROKER_S
        later = [rest_s for rest_s in due_in.values() if rest_s > 0]
        if due and len(waiting) == _AT_ONCE and not refused:
            return 0.0  # there may be more
        return min(later, default=BROKER_S) if due or later else None

    async def _hand_in_from_memory(self) -> bool:
        """Alerts that the disk refuses, or has not taken in time; whether some are left."""
        for alert in self._writer.alerts():
            if not self._writer.refuses and time.monotonic() - alert.at_s < BROKER_S:
                continue
            question = HandIn(self._producer, encode(self._envelope(alert)))
            answer = await hear_counter(self._counter, self._producer, question)
            if isinstance(answer, HandedIn):
                self._elsewhere.add(alert.record)
                self._writer.is_elsewhere(alert)
            elif answer is None:
                break
        return bool(self._writer.alerts())

    def _envelope(self, alert: Handed) -> Envelope:
        """As the outbox would make it, but in a row of its own: its number leaves no hole, whichever door takes it."""
        kind = kind_of(alert.body)
        record = Record(alert.record, kind, self._site, self._producer, alert.made_utc_ns, encode(alert.body))
        return Envelope(f"memory-{alert.record}", lane_of(kind), 1, record)
