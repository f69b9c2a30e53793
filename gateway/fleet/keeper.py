"""The part of a centre that watches its fleet: hears states, judges them by the rules, tells people, keeps minutes.

A connection of its own, without a session to come back to: what was said while nobody listened is no news, and
everybody says it again when asked. Minutes of the own site's devices become records; health becomes points.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import msgspec

from devices.clock import Clock
from gateway import topics
from gateway.errors import PointsAway, StoreError
from gateway.fleet import rules as fleet_rules
from gateway.fleet.alert import FleetAlert
from gateway.fleet.alerts import FleetAlerts
from gateway.fleet.health import all_states, announce_topic
from gateway.fleet.machine import versions
from gateway.fleet.memory import known_sites, load_book, save_book, save_picture
from gateway.fleet.metrics import health_points
from gateway.fleet.watch import FleetWatch
from gateway.link import BrokerAddress, Link, LinkLost, Message
from gateway.messages import DeviceMinutes
from gateway.points import PointStore
from gateway.rows import Rows

TICK_S = 10.0
SAVE_S = 60.0
ASK_EXPIRY_S = 10
_WINDOW = 500

log = logging.getLogger(__name__)


class FleetKeeper:
    """Runs until cancelled.

    Args:
        site: of the centre.
        broker: its broker.
        rows: where picture and book are kept.
        clock: the centre's.
        put: stores a record of the centre's own.
        points: where health goes; None: nowhere.
        tell: called with what a person should hear, in words.
    """

    def __init__(
        self,
        site: str,
        broker: BrokerAddress,
        rows: Rows,
        clock: Clock,
        put: Callable[[DeviceMinutes], Awaitable[object]],
        *,
        points: PointStore | None = None,
        tell: Callable[[FleetAlert, str], None] = lambda _, text: log.warning("fleet: %s", text),
    ) -> None:
        self._site, self._broker, self._rows, self._clock = site, broker, rows, clock
        self._put, self._points, self._tell = put, points, tell
        self.watch = FleetWatch(release=versions().xinyi)
        self.book = FleetAlerts(fleet_rules.load())

    async def run(self) -> None:
        await asyncio.to_thread(self._remember)
        pause_s = 0.5
        while True:
            try:
                async with Link(
                    self._broker,
                    f"xinyi-{self._site}-{topics.CENTRE}-fleet-{random.getrandbits(32):08x}",
                    username=topics.CENTRE,
                    on_message=self._hear,
                    window=_WINDOW,
                    session_expiry_s=0,
                ) as link:
                    await link.subscribe(*all_states())
                    self.watch.hearing(self._clock.utc_ns())
                    pause_s = 0.5
                    await self._tick(link)
            except LinkLost as error:
                log.warning("fleet: %s", error)
            except Exception:
                log.exception("fleet: a fault of our own; the link is made again")
            self.watch.deaf()
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, TICK_S)

    def _remember(self) -> None:
        try:
            if kept := load_book(self._rows):
                self.book = FleetAlerts.restored(fleet_rules.load(), kept)
            self.watch.expect(known_sites(self._rows), self._clock.utc_ns())
        except (StoreError, msgspec.DecodeError) as error:
            log.warning("fleet: begins anew (%s)", error)

    def _hear(self, message: Message) -> None:
        self.watch.take(message.topic, bytes(message.payload), retained=message.retain, now_ns=self._clock.utc_ns())

    async def _tick(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        saved_at = loop.time()
        while True:
            await link.until(timeout_s=TICK_S)
            now_ns = self._clock.utc_ns()
            for site, process in self.watch.unborn(now_ns):
                link.publish(announce_topic(site, process), b"", expiry_s=ASK_EXPIRY_S)
            for alert in await asyncio.to_thread(self._judge, now_ns):
                self._tell(alert, self.book.text(alert, "zh"))
            try:
                await self._keep_minutes(now_ns)
                if loop.time() - saved_at > SAVE_S:
                    saved_at = loop.time()
                    await asyncio.to_thread(self._save, now_ns)
            except StoreError as error:
                log.warning("fleet: %s", error)

    def _judge(self, now_ns: int) -> list[FleetAlert]:
        samples = self.watch.samples(now_ns)
        if self._points is not None:
            try:
                self._points.write(health_points(samples))
            except PointsAway as error:
                log.debug("fleet: %s", error)  # a picture of this moment, not worth keeping
        return self.book.tick(samples, now_ns)

    async def _keep_minutes(self, now_ns: int) -> None:
        """Minutes of this site's devices; those below send theirs as records."""
        minutes = self.watch.minutes(now_ns).get(self._site)
        if minutes is not None:
            await self._put(minutes)

    def _save(self, now_ns: int) -> None:
        save_book(self._rows, self.book.dump())
        save_picture(self._rows, self.watch.sites(now_ns))
