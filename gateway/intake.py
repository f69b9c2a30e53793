"""One connection of a centre through which records come in: take, commit, receipt, acknowledge, in this order.

A crash between any two steps only repeats work, because rows are idempotent on the record id. While rows cannot be
written nothing is acknowledged, and the broker's window is the back-pressure. A centre has one intake for each urgency,
so that an alert does not stand behind a month of backlog in the broker's queue.
"""

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from gateway import topics
from gateway.arrivals import Good, Hop, Poison, judge_up
from gateway.errors import StoreError
from gateway.link import SESSION_EXPIRY_S, BrokerAddress, Link, LinkLost, Message, Will
from gateway.messages import LANES, Receipt, encode
from gateway.trust.quota import Verdict

WINDOW = 1000
RETRY_S = 0.5
RETRY_MAX_S = 10.0

Arrivals = list[Good | Poison]

log = logging.getLogger(__name__)


class Door(Protocol):
    """Who counts what sites below send (`gateway.trust.upkeep.Above`)."""

    def admit(self, site: str, size: int) -> Verdict: ...

    def wait_s(self, site: str) -> float: ...


class Intake:
    """Serves the topics of one urgency, until cancelled. No failure of broker or disk ends it.

    Args:
        site: of the centre.
        broker: its broker.
        name: of this intake, part of its client id.
        filters: topics that it serves.
        store: commits a batch; raises StoreError when it cannot.
        level: what receipts call this centre.
        on_other: called with site, name and payload of what is no record ("receipt", "hello" …), before it is
            acknowledged.
        will: for the one intake that speaks for the centre.
        beside: async context managers that live as long as the connection does.
        dealt: this is one of several that are dealt a share each. The broker keeps no share for one that has gone: it
            would go on dealing to it (facts 0.8), and whoever sent it sends it again to those that are left.
        door: counts what sites below send; without it nobody is counted.
    """

    def __init__(
        self,
        site: str,
        broker: BrokerAddress,
        name: str,
        filters: list[str],
        store: Callable[[Arrivals], Awaitable[None]],
        *,
        level: str,
        on_other: Callable[[topics.Travel, bytes], Awaitable[None]],
        will: Will | None = None,
        beside: Callable[[Link], contextlib.AbstractAsyncContextManager[None]] | None = None,
        dealt: bool = False,
        door: Door | None = None,
    ) -> None:
        self._site, self._broker, self._name, self._filters = site, broker, name, filters
        self._store, self._level, self._on_other = store, level, on_other
        self._will, self._beside, self._dealt = will, beside, dealt
        self._door = door
        self._inbox: list[Message] = []
        self._arrived = asyncio.Event()
        self.connected = asyncio.Event()

    async def run(self) -> None:
        pause_s = RETRY_S
        while True:
            self._inbox.clear()
            try:
                async with self._link() as link, contextlib.AsyncExitStack() as stack:
                    await link.subscribe(*self._filters)
                    if self._beside:
                        await stack.enter_async_context(self._beside(link))
                    if self._will:
                        link.publish(self._will.topic, topics.ONLINE, retain=True)
                    log.info("centre of %s takes %s at %s", self._site, self._name, self._broker)
                    self.connected.set()
                    pause_s = RETRY_S
                    await self._take(link)
            except LinkLost as error:
                log.warning("centre: %s", error)
            except Exception:
                log.exception("centre: a fault of our own; the link is made again")
            finally:
                self.connected.clear()
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    def _link(self) -> Link:
        return Link(
            self._broker,
            f"xinyi-{self._site}-{topics.CENTRE}-{self._name}",
            username=topics.CENTRE,
            on_message=self._received,
            window=WINDOW,
            will=self._will,
            manual_ack=True,
            session_expiry_s=0 if self._dealt else SESSION_EXPIRY_S,
        )

    def _received(self, message: Message) -> None:
        self._inbox.append(message)
        self._arrived.set()

    async def _take(self, link: Link) -> None:
        while True:
            await link.until(self._arrived)
            self._arrived.clear()
            messages, self._inbox = self._inbox, []
            arrivals: list[tuple[Hop, Good | Poison]] = []
            for message in messages:
                travel = _travel(message)
                if travel and self._is_too_much(travel.site, len(message.payload)):
                    continue  # it is shut out, and sends it again when it is let in
                if travel and travel.lane not in LANES:
                    await self._other(travel, bytes(message.payload))
                else:
                    hop = Hop(travel.site, travel.producer) if travel else Hop("", "")
                    arrivals.append((hop, judge_up(message.topic, bytes(message.payload))))
            if arrivals:
                await held_until_stored(self._store, [arrival for _, arrival in arrivals], link, who="centre")
            link.check()
            for hop, receipt in receipts_for(arrivals, self._level):
                self._say(link, hop, receipt)
            link.ack(*messages)

    def _is_too_much(self, site: str, size: int) -> bool:
        if self._door is None or site == self._site:
            return False
        return self._door.admit(site, size) in {Verdict.SHUT, Verdict.DROP}

    def _say(self, link: Link, hop: Hop, receipt: bytes) -> None:
        """Send a receipt; to who sends too much later, which stops an honest sender at its window."""
        topic = topics.receipt(hop.sender, hop.producer)
        wait_s = self._door.wait_s(hop.sender) if self._door and hop.sender != self._site else 0.0
        if wait_s <= 0:
            link.publish(topic, receipt)
        else:
            asyncio.get_running_loop().call_later(wait_s, link.publish_if_up, topic, receipt)

    async def _other(self, travel: topics.Travel, payload: bytes) -> None:
        try:
            await self._on_other(travel, payload)
        except StoreError as error:
            log.error("centre: %s", error)  # noqa: TRY400 - one line for people; whoever sent it sends it again
        except Exception:
            log.exception("centre: %s of %s is not understood", travel.lane, travel.site)


async def held_until_stored(
    store: Callable[[Arrivals], Awaitable[None]],
    arrivals: Arrivals,
    link: Link,
    *,
    who: str,
    longest_s: float = RETRY_MAX_S,
) -> None:
    """Store a batch; hold on while the store does not answer, as long as it takes.

    Raises:
        LinkLost: the connection ended meanwhile; what it brought comes again.
    """
    pause_s = RETRY_S
    while True:
        try:
            await store(arrivals)
        except StoreError as error:
            log.error("%s: %s", who, error)  # noqa: TRY400 - one line for people, repeated until it works
        else:
            return
        await asyncio.sleep(pause_s)
        link.check()
        pause_s = min(2 * pause_s, longest_s)


def _travel(message: Message) -> topics.Travel | None:
    with contextlib.suppress(ValueError):
        return topics.parse_up(message.topic)
    return None


def receipts_for(arrivals: list[tuple[Hop, Good | Poison]], level: str) -> list[tuple[Hop, bytes]]:
    """The receipts for what was just committed, one for each hop that it came over."""
    ids: defaultdict[Hop, list[UUID]] = defaultdict(list)
    for hop, arrival in arrivals:
        record = arrival.record.id if isinstance(arrival, Good) else arrival.id
        if record is not None:
            ids[hop].append(record)
    return [(hop, encode(Receipt(level, records))) for hop, records in ids.items()]
