"""The centre of a site: takes what producers send, commits it, says so, and then draws the picture.

The order is the promise: rows are on the disk, then the receipt goes out, then the broker may forget the message. A
crash between any two steps only repeats work, because rows are idempotent on the record id. While rows cannot be
written nothing is acknowledged, and the broker's window is the back-pressure.
"""

import asyncio
import logging
import random
from collections import defaultdict
from pathlib import Path
from uuid import UUID

from devices.clock import Clock
from gateway import topics
from gateway.arrivals import Good, Poison, judge
from gateway.errors import PointsAway, StoreError
from gateway.keys import Keyring
from gateway.link import BrokerAddress, Link, LinkLost, Message, Will
from gateway.messages import Receipt, encode
from gateway.points import PointStore
from gateway.projection import project_batch
from gateway.rows import KEYS_FOLDER, Rows

WINDOW = 200
RETRY_S = 0.5
RETRY_MAX_S = 10.0

log = logging.getLogger(__name__)


class Centre:
    """The centre process of one site.

    Args:
        site: site path, "huadu.xinhua.0007".
        broker: the site's broker.
        data: data folder: rows.sqlite, keys.
        points: where points go; None draws none.
        clock: for the time when rows were stored.
        level: what receipts call this level.
        rows_url: another database than the embedded one.
    """

    def __init__(
        self,
        site: str,
        broker: BrokerAddress,
        data: Path,
        *,
        points: PointStore | None = None,
        clock: Clock | None = None,
        level: str = "site",
        rows_url: str = "",
    ) -> None:
        self._site, self._broker, self._points, self._level = site, broker, points, level
        self._clock = clock or Clock()
        self._data, self._rows_url = data, rows_url
        self._inbox: list[Message] = []
        self._arrived, self._stored = asyncio.Event(), asyncio.Event()
        self.connected = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. No failure of broker, points or disk ends it.

        Raises:
            StoreError: the store cannot be opened at the start.
        """
        keyring = await asyncio.to_thread(Keyring.open, self._data / KEYS_FOLDER)
        rows = await asyncio.to_thread(Rows.for_writing, self._data, keyring, self._rows_url)
        try:
            async with asyncio.TaskGroup() as group:
                work = [group.create_task(self._serve(rows))]
                if self._points is not None:
                    work.append(group.create_task(self._project(rows, self._points)))
                await stop.wait()
                for task in work:
                    task.cancel()
        finally:
            rows.close()

    async def _serve(self, rows: Rows) -> None:
        pause_s = RETRY_S
        while True:
            self._inbox.clear()
            try:
                async with self._link() as link:
                    await link.subscribe(topics.all_up(self._site))
                    link.publish(self._state_topic, topics.ONLINE, retain=True)
                    log.info("centre of %s is listening at %s", self._site, self._broker)
                    self.connected.set()
                    pause_s = RETRY_S
                    await self._take(link, rows)
            except LinkLost as error:
                log.warning("centre: %s", error)
            except Exception:
                log.exception("centre: a fault of our own; the link is made again")
            finally:
                self.connected.clear()
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    @property
    def _state_topic(self) -> str:
        return topics.state(self._site, topics.CENTRE)

    def _link(self) -> Link:
        return Link(
            self._broker,
            f"xinyi-{self._site}-{topics.CENTRE}",
            username=topics.CENTRE,
            on_message=self._received,
            window=WINDOW,
            will=Will(self._state_topic, topics.OFFLINE),
            manual_ack=True,
        )

    def _received(self, message: Message) -> None:
        self._inbox.append(message)
        self._arrived.set()

    async def _take(self, link: Link, rows: Rows) -> None:
        while True:
            await self._next(link)
            messages, self._inbox = self._inbox, []
            arrivals = [(message, judge(message.topic, bytes(message.payload))) for message in messages]
            await self._commit(link, rows, [arrival for _, arrival in arrivals])
            link.check()
            self._receipt(link, arrivals)
            for message in messages:
                link.ack(message)
            self._stored.set()

    async def _next(self, link: Link) -> None:
        """Wait for messages, or raise when the link is gone."""
        arrived = asyncio.ensure_future(self._arrived.wait())
        lost = asyncio.ensure_future(link.lost())
        try:
            await asyncio.wait({arrived, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrived.cancel()
            lost.cancel()
        link.check()
        self._arrived.clear()

    async def _commit(self, link: Link, rows: Rows, arrivals: list[Good | Poison]) -> None:
        """Store a batch; hold on while the store does not answer, as long as it takes."""
        pause_s = RETRY_S
        while True:
            try:
                await asyncio.to_thread(rows.store, arrivals, self._clock.utc_ns())
            except StoreError as error:
                log.error("centre: %s", error)  # noqa: TRY400 - one line for people, repeated until it works
            else:
                return
            await asyncio.sleep(pause_s)
            link.check()
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    def _receipt(self, link: Link, arrivals: list[tuple[Message, Good | Poison]]) -> None:
        ids: defaultdict[str, list[UUID]] = defaultdict(list)
        for message, arrival in arrivals:
            record = arrival.record.id if isinstance(arrival, Good) else arrival.id
            if record is not None:
                ids[topics.parse_up(message.topic).producer].append(record)
        for producer, records in ids.items():
            link.publish(topics.receipt(self._site, producer), encode(Receipt(self._level, records)))

    async def _project(self, rows: Rows, store: PointStore) -> None:
        pause_s = RETRY_S
        while True:
            self._stored.clear()
            try:
                while await asyncio.to_thread(project_batch, rows, store, self._clock.utc_ns()):
                    pause_s = RETRY_S
            except PointsAway as error:
                log.warning("points wait: %s", error)
            except StoreError as error:
                log.error("points wait: %s", error)  # noqa: TRY400 - one line for people, repeated until it works
            except Exception:
                log.exception("points wait: a fault of our own")
            else:
                await self._stored.wait()
                continue
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RETRY_MAX_S)
