"""Carries an outbox to its centre: oldest first, alerts before everything, until the centre's receipt says it is there.

A broker's PUBACK is not durable (facts 0.2), so nothing leaves the outbox on it. What has no receipt is sent again
after a pause that grows while nothing comes back, and at once after a reconnect; the centre stores each id once.
Time-outs are seconds of the wall, not of the site's clock: a broker does not run faster because a demonstration does.
"""

import asyncio
import contextlib
import logging
import random
from uuid import UUID

import msgspec

from gateway import topics
from gateway.errors import StoreError
from gateway.link import BrokerAddress, Link, LinkLost, Message, Will
from gateway.messages import Receipt, Record, encode
from gateway.outbox import Outbox

WINDOW = 64
RESEND_S = 3.0
RESEND_MAX_S = 15.0
RECONNECT_S = 0.5
RECONNECT_MAX_S = 10.0

log = logging.getLogger(__name__)


class Uplink:
    """The link of one producer process to its site's centre.

    Args:
        outbox: what is to be sent; names site and producer.
        broker: the site's broker.
        window: records on their way without a receipt.
        resend_s: first pause before something without receipt is sent again, real seconds.
    """

    def __init__(
        self, outbox: Outbox, broker: BrokerAddress, *, window: int = WINDOW, resend_s: float = RESEND_S
    ) -> None:
        self._outbox, self._broker, self._window, self._resend_s = outbox, broker, window, resend_s
        self._connected = self._centre_online = self._overdue = False
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._receipts: list[UUID] = []
        self._sent: dict[UUID, float] = {}
        self._pause_s = resend_s

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
        """Wait until `connected`, `up` or the outbox's counts have changed."""
        await self._changed.wait()

    async def run(self) -> None:
        """Keep the link up and send, until cancelled. No failure of the network or the broker ends it."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self._outbox.watch(wake)
        try:
            await self._stay_connected()
        finally:
            self._outbox.watch(_nobody)

    async def _stay_connected(self) -> None:
        pause_s = RECONNECT_S
        while True:
            try:
                async with self._link() as link:
                    await link.subscribe(
                        topics.receipt(self._outbox.site, self._outbox.producer),
                        topics.state(self._outbox.site, topics.CENTRE),
                    )
                    link.publish(self._state_topic, topics.ONLINE, retain=True)
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
                self._tell(connected=False)
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RECONNECT_MAX_S)

    @property
    def _state_topic(self) -> str:
        return topics.state(self._outbox.site, self._outbox.producer)

    def _link(self) -> Link:
        outbox = self._outbox
        return Link(
            self._broker,
            f"xinyi-{outbox.site}-{outbox.producer}",
            username=outbox.producer,
            on_message=self._received,
            window=max(2 * self._window, 100),
            will=Will(self._state_topic, topics.OFFLINE),
        )

    async def _send(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        self._sent.clear()
        self._pause_s = self._resend_s
        try:
            while True:
                self._wake.clear()
                await self._take_receipts()
                records = await asyncio.to_thread(self._outbox.pending, self._window)
                link.check()
                soonest = self._publish(link, records, loop.time())
                if not self._receipts:
                    await self._rest(link, soonest - loop.time())
        finally:
            with contextlib.suppress(StoreError):
                await self._take_receipts()

    async def _take_receipts(self) -> None:
        ids, self._receipts = self._receipts, []
        if not ids:
            return
        try:
            gone = await asyncio.to_thread(self._outbox.receipted, ids)
        except StoreError:
            self._receipts = ids + self._receipts
            raise
        for record in ids:
            self._sent.pop(record, None)
        self._pause_s = self._resend_s
        if gone:
            self._tell(overdue=False)

    def _publish(self, link: Link, records: list[Record], now: float) -> float:
        """Send what was not sent on this connection, and again what has waited too long; when to look next."""
        late = False
        for record in records:
            sent_at = self._sent.get(record.id)
            if sent_at is not None and now < sent_at + self._pause_s:
                continue
            late = late or sent_at is not None
            link.publish(topics.up(record.site, record.lane, record.producer), encode(record))
            self._sent[record.id] = now
        if late:
            self._pause_s = min(2 * self._pause_s, RESEND_MAX_S)
            self._tell(overdue=True)
        waiting = [self._sent[record.id] for record in records]
        return min(waiting, default=now) + self._pause_s

    async def _rest(self, link: Link, seconds: float) -> None:
        """Until there is something to do: a put, a receipt, the end of the link, or something to send again."""
        wake = asyncio.ensure_future(self._wake.wait())
        lost = asyncio.ensure_future(link.lost())
        try:
            await asyncio.wait({wake, lost}, timeout=max(seconds, 0.05), return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()
            lost.cancel()
        link.check()

    def _received(self, message: Message) -> None:
        if message.topic == topics.state(self._outbox.site, topics.CENTRE):
            online = message.payload == topics.ONLINE
            if online and not self._centre_online:
                self._sent.clear()  # what was sent before it subscribed may have gone nowhere
            self._tell(centre_online=online)
        else:
            self._receipts.extend(msgspec.msgpack.decode(message.payload, type=Receipt).ids)
        self._wake.set()

    def _tell(
        self, *, connected: bool | None = None, centre_online: bool | None = None, overdue: bool | None = None
    ) -> None:
        self._connected = self._connected if connected is None else connected
        self._centre_online = self._centre_online if centre_online is None else centre_online
        self._overdue = self._overdue if overdue is None else overdue
        self._changed.set()
        self._changed = asyncio.Event()


def _nobody() -> None:
    """Watches an outbox whose uplink has ended."""
