"""Says who a process is and how it is: its birth on every connection and on request, a heartbeat every minute.

A reconnect says everything again, because a broker may have forgotten it (facts: zigbee2mqtt); requests are answered at
most once in ten seconds, or a restarting centre makes a storm (facts: Sparkplug's rebirth). Seconds are those of the
wall, jittered, so that a district that gets its power back does not speak in step. `Pace` holds the times and is pure.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

import msgspec

from devices.clock import Clock
from gateway import topics
from gateway.alongside import alongside
from gateway.fleet.health import HEARTBEAT_S, Birth, Heartbeat, announce_topic, encode
from gateway.link import BrokerAddress, Link, LinkLost, Message, Will

ANNOUNCE_EVERY_S = 10.0
JITTER = 0.1
EXPIRY_S = 60
"""A broker that keeps heartbeats for a centre that is away must not hand them out as news afterwards."""
RECONNECT_S, RECONNECT_MAX_S = 0.5, 10.0
_WINDOW = 16

log = logging.getLogger(__name__)


class Pace:
    """When to say what. Times are seconds of any one clock.

    Args:
        beat_s: between two heartbeats.
        announce_every_s: at least so long between two births that were asked for.
        jitter: share by which a heartbeat may come early or late.
    """

    def __init__(self, beat_s: float, announce_every_s: float, jitter: float = JITTER) -> None:
        self._beat_s, self._every_s, self._jitter = beat_s, announce_every_s, jitter
        self._next_beat = self._last_birth = float("-inf")
        self._asked = True

    def connected(self) -> None:
        """Say everything at once."""
        self._next_beat = self._last_birth = float("-inf")
        self._asked = True

    def ask(self) -> None:
        """Somebody wants to hear the birth; any number of times before it is said count once."""
        self._asked = True

    @property
    def next_s(self) -> float:
        """When `birth_due` or `beat_due` is true next, if nobody asks before."""
        return min(self._next_beat, self._last_birth + self._every_s) if self._asked else self._next_beat

    def birth_due(self, now_s: float) -> bool:
        """Whether to say the birth now; True counts as said. Whoever asked also wants to know how things are."""
        if not self._asked or now_s < self._last_birth + self._every_s:
            return False
        self._asked, self._last_birth, self._next_beat = False, now_s, now_s
        return True

    def beat_due(self, now_s: float) -> bool:
        """Whether to send a heartbeat now; True counts as sent."""
        if now_s < self._next_beat:
            return False
        self._next_beat = now_s + self._beat_s * random.uniform(1 - self._jitter, 1 + self._jitter)
        return True


class Beacon:
    """The beacon of one process. It survives connections: make one, and use it `on` each.

    Args:
        site: where the process is.
        process: which it is, "room".
        read: how things are now; number and time are filled in here. Called in the event loop, so it must be quick:
            read the machine in a thread and hand over the last reading.
        birth: who is there now. Likewise.
        clock: for the wall time in heartbeats.
    """

    def __init__(
        self,
        site: str,
        process: str,
        read: Callable[[], Heartbeat],
        birth: Callable[[], Birth],
        *,
        clock: Clock | None = None,
        beat_s: float = HEARTBEAT_S,
        announce_every_s: float = ANNOUNCE_EVERY_S,
    ) -> None:
        self.site, self.process = site, process
        self._read, self._birth, self._clock = read, birth, clock or Clock()
        self._pace = Pace(beat_s, announce_every_s)
        self._wake = asyncio.Event()
        self._number = 0

    @property
    def will(self) -> Will:
        """What the link of this process should leave behind."""
        return Will(topics.state(self.site, self.process), topics.OFFLINE)

    def take(self, message: Message) -> bool:
        """Give every message of the link here first; True when it was for the beacon (acknowledge it all the same).

        A request that the broker has retained is nobody's: requests are for those who are there.
        """
        if message.topic != announce_topic(self.site, self.process):
            return False
        if not message.retain:
            self.announce()
        return True

    def announce(self) -> None:
        """Say the birth again soon: asked for, or because a device has come or gone."""
        self._pace.ask()
        self._wake.set()

    async def on(self, link: Link) -> None:
        """Speak on this connection until it is lost. Run it beside whatever else uses the link.

        Raises:
            LinkLost: the connection has ended, or the broker refuses the subscription.
        """
        loop = asyncio.get_running_loop()
        await link.subscribe(announce_topic(self.site, self.process))
        self._pace.connected()
        while True:
            self._wake.clear()
            self._speak(link, loop.time())
            await link.until(self._wake, max(0.0, self._pace.next_s - loop.time()))

    def beside(self, link: Link) -> contextlib.AbstractAsyncContextManager[None]:
        """Speak on a connection for as long as the block lasts."""
        return alongside(self.on(link))

    async def keep(self, address: BrokerAddress) -> None:
        """Speak on a connection of its own, with will and retained state, until cancelled: for a process without one.

        No failure of the network or the broker ends it.
        """
        pause_s = RECONNECT_S
        while True:
            try:
                async with Link(
                    address,
                    f"{self.site}-{self.process}-beacon",
                    username=self.process,
                    on_message=self._hear,
                    window=_WINDOW,
                    will=self.will,
                ) as link:
                    link.publish(self.will.topic, topics.ONLINE, retain=True)
                    pause_s = RECONNECT_S
                    await self.on(link)
            except LinkLost as error:
                log.warning("%s is not heard: %s", self.process, error)
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RECONNECT_MAX_S)

    def _hear(self, message: Message) -> None:
        self.take(message)

    def _speak(self, link: Link, now_s: float) -> None:
        """What is due. A fault of whoever tells us is logged and costs one message, not the beacon."""
        if self._pace.birth_due(now_s):
            try:
                link.publish(topics.birth(self.site, self.process), encode(self._birth()), retain=True)
            except Exception:
                log.exception("%s cannot say who is there", self.process)
        if self._pace.beat_due(now_s):
            self._number += 1
            try:
                said = msgspec.structs.replace(self._read(), number=self._number, sent_utc_ns=self._clock.utc_ns())
                link.publish(topics.health(self.site, self.process), encode(said), expiry_s=EXPIRY_S)
            except Exception:
                log.exception("%s cannot say how it is", self.process)
