"""A centre's link to the centre above: carries up what policy lets, and takes in what comes down.

What comes down is stored like everything else: rows and, for sites further below, the next hop's entry in one
transaction, then the receipt, then the broker may forget it. Acts on nothing; who stores decides what follows.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType

from gateway import topics
from gateway.alongside import alongside
from gateway.arrivals import Good, judge_down
from gateway.downlink import HEARD_S
from gateway.intake import RETRY_S, Arrivals, held_until_stored
from gateway.link import BrokerAddress, Link, LinkLost, Message
from gateway.messages import LANES, Receipt, encode
from gateway.outgoing import HopBox
from gateway.uplink import RECONNECT_S, Uplink

log = logging.getLogger(__name__)


class Relay:
    """Runs until cancelled, however long the level above is out of reach.

    Args:
        box: the entries of the hop up.
        upper: the broker above.
        upper_site: whose it is.
        store: commits a batch.
        level: what receipts call this centre.
        beside: lives as long as the connection (a beacon).
        others: what to do with messages that are no records, by their name in the topic.
    """

    def __init__(
        self,
        box: HopBox,
        upper: BrokerAddress,
        upper_site: str,
        store: Callable[[Arrivals], Awaitable[None]],
        *,
        level: str,
        beside: tuple[Callable[[Link], contextlib.AbstractAsyncContextManager[None]], ...] = (),
        others: Mapping[str, Callable[[Message], object]] = MappingProxyType({}),
    ) -> None:
        self._box, self._store, self._level, self._upper_site = box, store, level, upper_site
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._others = {topics.down(box.site, name, box.producer): take for name, take in others.items()}
        self.uplink = Uplink(
            box,
            upper,
            centre_site=upper_site,
            reads=[*(topics.down(box.site, lane, box.producer) for lane in LANES), *self._others],
            on_message=self._received,
            beside=(self._takes, lambda link: alongside(self._say(link)), *beside),
        )

    async def run(self) -> None:
        await self.uplink.run()

    def _received(self, link: Link, message: Message) -> None:
        if take := self._others.get(message.topic):
            link.ack(message)
            take(message)
        else:
            self._inbox.put_nowait(message)

    @contextlib.asynccontextmanager
    async def _takes(self, link: Link) -> AsyncIterator[None]:
        try:
            async with alongside(self._take(link)):
                yield
        finally:
            while not self._inbox.empty():
                self._inbox.get_nowait()  # comes again: it was not acknowledged

    async def _say(self, link: Link) -> None:
        """Now and then: a relay with nothing to say must not count as away, or nothing would come down to it."""
        while True:
            await asyncio.sleep(HEARD_S / 4)
            link.publish(topics.up(self._box.site, topics.HELLO, self._box.producer), topics.STILL)

    async def _take(self, link: Link) -> None:
        while True:
            messages = [await self._inbox.get()]
            while not self._inbox.empty():
                messages.append(self._inbox.get_nowait())
            arrivals = [judge_down(m.topic, bytes(m.payload), self._upper_site) for m in messages]
            try:
                await held_until_stored(self._store, arrivals, link, who="relay", longest_s=RETRY_S)
                ids = [a.record.id if isinstance(a, Good) else a.id for a in arrivals]
                receipt = Receipt(self._level, [each for each in ids if each is not None])
                link.publish(topics.up(self._box.site, topics.RECEIPT, self._box.producer), encode(receipt))
                link.ack(*messages)
            except LinkLost:
                return
            except Exception:
                log.exception("relay: what came down could not be taken; it comes again")
                await asyncio.sleep(RECONNECT_S)
