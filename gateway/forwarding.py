"""Passes remote requests from the broker above on to the own room, and what comes of them back up.

Lives beside the relay's connection. It judges nothing but size and who is asked: freshness, rights and audit are the
room's, which sees the very bytes that were sent. Back up go only answers to what was passed on, and glances for viewers
from above while their lease may run.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

import msgspec

from gateway import topics
from gateway.alongside import alongside
from gateway.link import BrokerAddress, Link, LinkLost, Message
from gateway.messages import encode
from gateway.remote import LONGEST_LEASE_S, LONGEST_S, Answer, Kind, Request

ROOM = "room"
MOST = 64
"""Requests, and viewers, that are remembered at once."""
MOST_BYTES = 4096
AGAIN_S = 1.0

log = logging.getLogger(__name__)


class Forwarder:
    """Of one centre.

    Args:
        site: its site.
        broker: the broker of this site.
    """

    def __init__(self, site: str, broker: BrokerAddress) -> None:
        self._site, self._broker = site, broker
        self._own: Link | None = None
        self._upper: Link | None = None
        self._asked: dict[str, float] = {}
        self._viewers: dict[str, float] = {}

    def take(self, message: Message) -> None:
        """A request came down to the relay."""
        if message.retain or len(message.payload) > MOST_BYTES:
            return
        request = msgspec.msgpack.decode(message.payload, type=Request)
        if self._own is None or not _room_for(self._asked, request.id, LONGEST_S):
            self._up(topics.ANSWER, encode(Answer(request.id, ok=False, code="not_now", detail="the room is away")))
            return
        if request.kind == Kind.LIVE:
            _room_for(self._viewers, request.arguments.viewer, LONGEST_LEASE_S)
        left_s = (request.expires_utc_ns - time.time_ns()) / 1e9
        topic = topics.down(self._site, topics.REQUEST, ROOM)
        self._own.publish(topic, bytes(message.payload), expiry_s=round(min(LONGEST_S, max(1.0, left_s))))

    @contextlib.asynccontextmanager
    async def beside(self, upper: Link) -> AsyncIterator[None]:
        """Pass on for as long as the connection to the level above lasts."""
        self._upper = upper
        try:
            async with alongside(self._keep()):
                yield
        finally:
            self._upper = None

    async def _keep(self) -> None:
        name = f"xinyi-{self._site}-forwarder"
        while True:
            try:
                link = Link(
                    self._broker, name, username=topics.CENTRE, on_message=self._hear, window=MOST, session_expiry_s=0
                )
                async with link:
                    await link.subscribe(topics.up(self._site, topics.ANSWER, ROOM), topics.live(self._site, "+"))
                    self._own = link
                    await link.lost()
            except LinkLost as error:
                log.warning("remote requests are not passed on: %s", error)
            finally:
                self._own = None
            await asyncio.sleep(AGAIN_S)

    def _hear(self, message: Message) -> None:
        now = time.monotonic()
        if message.topic == topics.up(self._site, topics.ANSWER, ROOM):
            answer = msgspec.msgpack.decode(message.payload, type=Answer)
            if self._asked.pop(answer.id, 0.0) > now:
                self._up(topics.ANSWER, bytes(message.payload))
        elif self._upper and self._viewers.get(message.topic.rpartition("/")[2], 0.0) > now:
            self._upper.publish(message.topic, bytes(message.payload), qos=0)

    def _up(self, what: str, payload: bytes) -> None:
        if self._upper:
            self._upper.publish(topics.up(self._site, what, topics.RELAY), payload, expiry_s=round(LONGEST_S))


def _room_for(known: dict[str, float], one: str, lives_s: float) -> bool:
    """Remember one for a while, if there is room; what has ended goes first."""
    now = time.monotonic()
    for ended in [key for key, until in known.items() if until <= now]:
        del known[ended]
    if one not in known and len(known) >= MOST:
        return False
    known[one] = now + lives_s
    return True
