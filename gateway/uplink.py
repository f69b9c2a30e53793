"""Carries a box of records to the next centre: oldest first, alerts before all, until its receipt says it is there.

A broker's PUBACK is not durable (facts 0.2), so nothing leaves the box on it. What has no receipt is sent again after a
pause that grows while nothing comes back, and at once after a reconnect; the centre stores each id once. The same class
serves a process of a site (its outbox) and a centre's relay (its rows), which also reads what comes down.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import msgspec

from gateway import topics
from gateway.box import Box
from gateway.errors import StoreError
from gateway.link import BrokerAddress, Link, LinkLost, Message, Will
from gateway.messages import Receipt, encode
from gateway.pacing import RESEND_S, Pacing

WINDOW = 64
LIVE_SHARE = 8
"""One place in so many is kept for the newest, so that what is live does not wait behind a month of backlog."""
RECONNECT_S = 0.5
RECONNECT_MAX_S = 10.0
SHORTEST_REST_S = 0.05

log = logging.getLogger(__name__)


class Uplink:
    """The link of one producer to the centre that stores for it.

    Args:
        box: what is to be sent; names site and producer.
        broker: the broker of that centre.
        window: records on their way without a receipt.
        resend_s: first pause before something without receipt is sent again, real seconds.
        centre_site: whose centre it is; the box's own site unless it is the one above.
        beside: async context managers that live as long as a connection does, given the link.
        reads: topics beside receipts; what comes on them is given to `on_message` and counts as received when that
            acknowledges it.
        on_message: see `reads`.
    """

    def __init__(
        self,
        box: Box,
        broker: BrokerAddress,
        *,
        window: int = WINDOW,
        resend_s: float = RESEND_S,
        centre_site: str = "",
        beside: Sequence[Callable[[Link], contextlib.AbstractAsyncContextManager[None]]] = (),
        reads: Sequence[str] = (),
        on_message: Callable[[Link, Message], object] | None = None,
    ) -> None:
        self._box, self._broker, self._window, self._resend_s = box, broker, window, resend_s
        self._centre_state = topics.state(centre_site or box.site, topics.CENTRE)
        self._receipts_topic = topics.receipt(box.site, box.producer)
        self._beside, self._reads, self._on_message = beside, reads, on_message
        self._connected = self._centre_online = self._overdue = False
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._receipts: list[tuple[str, list[UUID]]] = []
        self._pacing = Pacing(resend_s)
        self._current: Link | None = None

    @property
    def connected(self) -> bool:
        """The broker can be reached."""
        return self._connected

    @property
    def overdue(self) -> bool:
        """Something was sent more than once and no receipt has come since."""
        return self._overdue

    @property
    def up(self) -> bool:
        """Broker and centre can be reached: the centre says it is there and receipts are not overdue."""
        return self._connected and self._centre_online and not self._overdue

    async def changed(self) -> None:
        """Wait until `connected`, `up` or the box's counts have changed."""
        await self._changed.wait()

    async def run(self) -> None:
        """Keep the link up and send, until cancelled. No failure of the network or the broker ends it."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self._box.watch(wake)
        try:
            await self._stay_connected()
        finally:
            self._box.watch(_nobody)

    async def _stay_connected(self) -> None:
        pause_s = RECONNECT_S
        while True:
            try:
                self._current = link = self._link()  # a kept session delivers before we have asked for anything
                async with link, self._company(link):
                    pause_s = RECONNECT_S
                    self._tell(connected=True)
                    await self._send(link)
            except LinkLost as error:
                log.warning("uplink: %s", error)
            except StoreError:
                log.exception("uplink: the outbox does not answer")
            except Exception:
                log.exception("uplink: a fault of our own; the link is made again")
            finally:
                self._current = None
                self._tell(connected=False)
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RECONNECT_MAX_S)

    @contextlib.asynccontextmanager
    async def _company(self, link: Link) -> AsyncIterator[None]:
        """Subscriptions, the word that we are there, and whoever lives beside the connection."""
        async with contextlib.AsyncExitStack() as stack:
            await link.subscribe(self._receipts_topic, self._centre_state, *self._reads)
            for each in self._beside:
                await stack.enter_async_context(each(link))
            link.publish(self._state_topic, topics.ONLINE, retain=True)
            link.publish(topics.up(self._box.site, topics.HELLO, self._box.producer), b"")
            yield

    @property
    def _state_topic(self) -> str:
        return topics.state(self._box.site, self._box.producer)

    def _link(self) -> Link:
        box = self._box
        return Link(
            self._broker,
            f"xinyi-{box.site}-{box.producer}",
            username=box.producer,
            on_message=self._received,
            window=max(2 * self._window, 100),
            will=Will(self._state_topic, topics.OFFLINE),
            manual_ack=bool(self._reads),
        )

    async def _send(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        self._pacing = Pacing(self._resend_s)
        try:
            while True:
                self._wake.clear()
                await self._take_receipts()
                # While nothing comes back, what is new waits in the box, not in the broker's queue.
                newest = 0 if self._overdue else self._window // LIVE_SHARE
                waiting = await asyncio.to_thread(self._box.pending, self._window, newest)
                due = self._pacing.due(waiting, loop.time())
                if due:
                    envelopes = await asyncio.to_thread(self._box.take, due)
                    link.check()
                    for envelope in envelopes:
                        topic = topics.up(self._box.site, envelope.lane, self._box.producer)
                        link.publish(topic, encode(envelope))
                    self._pacing.sent(due, loop.time())
                    if len(envelopes) < len(due):
                        self._wake.set()  # some were held back, or have gone: look again
                    self._tell(overdue=self._pacing.overdue)
                link.check()
                if not self._receipts:
                    await link.until(self._wake, max(self._pacing.rest_s(loop.time()), SHORTEST_REST_S))
        finally:
            with contextlib.suppress(StoreError):
                await self._take_receipts()

    async def _take_receipts(self) -> None:
        receipts, self._receipts = self._receipts, []
        while receipts:
            level, ids = receipts[0]
            try:
                gone = await asyncio.to_thread(self._box.receipted, ids, level)
            except StoreError:
                self._receipts = receipts + self._receipts
                raise
            receipts.pop(0)
            self._pacing.receipted(ids, any_waited=bool(gone))
            if gone:
                self._tell(overdue=False)

    def _received(self, message: Message) -> None:
        link = self._current
        if message.topic == self._centre_state:
            self._centre_says(message.payload == topics.ONLINE)
        elif message.topic == self._receipts_topic:
            receipt = msgspec.msgpack.decode(message.payload, type=Receipt)
            self._receipts.append((receipt.level, receipt.ids))
        elif link is not None and self._on_message is not None:
            self._on_message(link, message)
            return
        if self._reads and link is not None:
            link.ack(message)
        self._wake.set()

    def _centre_says(self, online: bool) -> None:
        if online and not self._centre_online:
            self._pacing.again()  # what was sent before it subscribed may have gone nowhere
            if self._current is not None:
                self._current.publish(topics.up(self._box.site, topics.HELLO, self._box.producer), b"")
        self._tell(centre_online=online)

    def _tell(
        self, *, connected: bool | None = None, centre_online: bool | None = None, overdue: bool | None = None
    ) -> None:
        self._connected = self._connected if connected is None else connected
        self._centre_online = self._centre_online if centre_online is None else centre_online
        self._overdue = self._overdue if overdue is None else overdue
        self._changed.set()
        self._changed = asyncio.Event()


def _nobody() -> None:
    """Watches a box whose uplink has ended."""
