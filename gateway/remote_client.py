"""Asks a room from afar, over the broker of its site or of the one above, with the console's rights.

Each call makes a new request with its own id and end; nothing is repeated by itself, and what has no answer in time is
said so in one line.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Self

import msgspec

from gateway import topics
from gateway.fleet.errors import FleetUnreachable
from gateway.link import BrokerAddress, Link, LinkLost, Message
from gateway.messages import encode
from gateway.remote import LIVES_S, LONGEST_LEASE_S, Answer, Arguments, Kind, LiveGlance, Request

OLD_S = 5.0
"""A glance that is older is not shown as live."""
_S = 1_000_000_000


class RemoteRoom:
    """Async context manager.

    Args:
        broker: where to ask.
        site: whose room.
        actor: who asks, "technician:li".
        through: "room" at the site's own broker, "relay" at the one above.
    """

    def __init__(self, broker: BrokerAddress, site: str, actor: str, through: str = "room") -> None:
        self._site, self._actor, self._through, self._broker = site, actor, through, broker
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._glances: asyncio.Queue[LiveGlance] = asyncio.Queue(1)
        self._viewer = uuid.uuid4().hex[:16]
        name = f"remote-{self._viewer}"
        self._link = Link(broker, name, username="console", on_message=self._hear, window=20, session_expiry_s=0)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            FleetUnreachable: the broker does not answer or refuses.
        """
        try:
            await self._link.__aenter__()
            await self._link.subscribe(topics.up(self._site, topics.ANSWER, self._through))
        except LinkLost as error:
            raise self._unreachable(str(error)) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.__aexit__()

    async def ask(self, kind: str, arguments: Arguments | None = None, lives_s: float = LIVES_S) -> Answer:
        """Ask once.

        Raises:
            FleetUnreachable: no answer within the request's life.
        """
        made = time.time_ns()
        arguments = arguments or Arguments()
        request = Request(str(uuid.uuid4()), kind, self._actor, made, made + round(lives_s * _S), arguments)
        answer = self._waiting[request.id] = asyncio.get_running_loop().create_future()
        try:
            self._link.check()
            topic = topics.down(self._site, topics.REQUEST, self._through)
            self._link.publish(topic, encode(request), expiry_s=max(1, round(lives_s)))
            return await asyncio.wait_for(answer, lives_s)
        except TimeoutError:
            raise self._unreachable(f"{self._site} does not answer") from None
        except LinkLost as error:
            raise self._unreachable(str(error)) from None
        finally:
            del self._waiting[request.id]

    async def glances(self, per_s: float = 1.0) -> AsyncGenerator[LiveGlance]:
        """What the room shows, until nobody reads on; a slow reader misses glances.

        Raises:
            FleetUnreachable: the room refuses, or is not heard any more.
        """
        await self._link.subscribe(topics.live(self._site, self._viewer))
        lease = Arguments(viewer=self._viewer, per_s=per_s, seconds=LONGEST_LEASE_S / 2)
        try:
            while True:
                answer = await self.ask(Kind.LIVE, lease)
                if not answer.ok:
                    raise self._unreachable(f"refused: {answer.code} {answer.detail}".rstrip())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(lease.seconds / 2):
                        while True:
                            yield await self._glances.get()
        finally:
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        made = time.time_ns()
        end = Arguments(viewer=self._viewer, seconds=0)
        request = Request(str(uuid.uuid4()), Kind.LIVE, self._actor, made, made + round(LIVES_S * _S), end)
        self._link.publish_if_up(topics.down(self._site, topics.REQUEST, self._through), encode(request))

    def _hear(self, message: Message) -> None:
        if message.topic == topics.live(self._site, self._viewer):
            glance = msgspec.msgpack.decode(message.payload, type=LiveGlance)
            if time.time_ns() - glance.sent_utc_ns < OLD_S * _S:
                with contextlib.suppress(asyncio.QueueEmpty):
                    self._glances.get_nowait()
                self._glances.put_nowait(glance)
            return
        answer = msgspec.msgpack.decode(message.payload, type=Answer)
        waiting = self._waiting.get(answer.id)
        if waiting and not waiting.done():
            waiting.set_result(answer)

    def _unreachable(self, problem: str) -> FleetUnreachable:
        return FleetUnreachable(str(self._broker), problem, "is its room service running, and its broker and uplink?")
