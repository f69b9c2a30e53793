"""The centre of a site: takes what producers and sites below send, commits it, says so, carries it on, and then draws.

The order is the promise: rows and the entries for the next hops are on the disk, then the receipt goes out, then the
broker may forget the message. Any number of centres may serve one site on one PostgreSQL: then each is dealt a share of
the messages, and what only one should do (relay, downlink, points) is done by whoever holds the lease.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from devices.clock import Clock
from gateway import topics
from gateway.alongside import alongside
from gateway.arrivals import Good
from gateway.downlink import HEARD_S, Downlink
from gateway.errors import PointsAway, StoreError
from gateway.intake import RETRY_MAX_S, RETRY_S, Arrivals, Door, Intake
from gateway.keeping.audit import swallow
from gateway.keeping.rescore import rescore
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.lease import Lease
from gateway.link import BrokerAddress, Link, Message, Will
from gateway.messages import AlertEvent, Body, Receipt, RecordKind
from gateway.placement import Placement
from gateway.points import PointStore
from gateway.projection import project_batch
from gateway.relay import Relay
from gateway.retention import Retention
from gateway.routing import UP, Routing
from gateway.rows import Rows
from gateway.scoring import Scorer
from gateway.tending import tend

SETTLED_S = 5.0
"""How often a points store that may forget is asked whether it still knows."""

log = logging.getLogger(__name__)

BOOKS_S = 3600.0
"""How often the audit log of readers is taken into the rows."""

Beside = Callable[[Link], contextlib.AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Upper:
    """The level above: its site, and its broker."""

    site: str
    broker: BrokerAddress


@dataclass(frozen=True, slots=True)
class CentreOptions:
    """What a centre may be told.

    Attributes:
        level: what receipts call this level.
        rows_url: another database than the embedded one; then other centres may write to it too.
        upper: the level above, if there is one.
        routing: what goes where; by default nothing but what `routing.DEFAULT_POLICY` says.
        retention: how long rows of the bulk kinds and points are kept.
        worker: name of this centre among several of its site; "" when it is the only one.
        beside: lives as long as the connection to the own broker.
        beside_relay: lives as long as the connection to the one above.
        others_relay: what to do with messages from above that are no records, by their name in the topic.
        door: counts what sites below send.
        scorer: what it knows of questionnaires.
    """

    level: str = "site"
    rows_url: str = ""
    upper: Upper | None = None
    routing: Routing | None = None
    retention: Retention = field(default_factory=Retention)
    worker: str = ""
    beside: tuple[Beside, ...] = ()
    beside_relay: tuple[Beside, ...] = ()
    others_relay: Mapping[str, Callable[[Message], object]] = field(default_factory=dict)
    door: Door | None = None
    scorer: Scorer = field(default_factory=Scorer)


class Centre:
    """The centre process of one site.

    Args:
        site: site path, "huadu.xinhua.0007".
        broker: the site's broker.
        data: data folder: rows.sqlite, keys.
        points: where points go; None draws none.
        clock: for the time when rows were stored.
        options: the rest.

    Attributes:
        opened: the rows are open, and `rows` and `lease` may be used.
        alerted: set whenever a step of an alert was stored here; whoever waits on it clears it.
        handlers: what to do with messages that are no records, by their name in the topic ("renew" …), given the
            site and the payload.
    """

    def __init__(
        self,
        site: str,
        broker: BrokerAddress,
        data: Path,
        *,
        points: PointStore | None = None,
        clock: Clock | None = None,
        options: CentreOptions | None = None,
    ) -> None:
        self.site, self._broker, self._points, self._data = site, broker, points, data
        self.clock = clock or Clock()
        self.options = options or CentreOptions()
        upper = self.options.upper
        self._routing = self.options.routing or Routing(site, upper.site if upper else "")
        self.boot = str(uuid4())
        self._stored = asyncio.Event()
        self._turn = asyncio.Lock()
        self._heard: dict[str, float] = {}
        self.handlers: dict[str, Callable[[str, bytes], Coroutine[None, None, None]]] = {}
        self.connected, self.opened = asyncio.Event(), asyncio.Event()
        self.alerted = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. No failure of broker, points or disk ends it.

        Raises:
            StoreError: the store cannot be opened at the start.
        """
        keyring = await asyncio.to_thread(Keyring.open, self._data / KEYS_FOLDER)
        placement = Placement(keyring, self._routing, self.boot, self.options.scorer)
        self.rows = await asyncio.to_thread(Rows.for_writing, self._data, placement, self.options.rows_url)
        try:
            await asyncio.to_thread(self.rows.adopt)
            await asyncio.to_thread(self.rows.apply_policy, self.clock.utc_ns())
            await asyncio.to_thread(rescore, self.rows, self.clock.utc_ns())
            self.lease = Lease(self.rows, "carrier", self.boot, alone=not self.options.worker)
            self.opened.set()
            async with asyncio.TaskGroup() as group:
                work = [group.create_task(each) for each in self._work()]
                await stop.wait()
                for task in work:
                    task.cancel()
        finally:
            self.rows.close()

    def _work(self) -> list[Coroutine[None, None, None]]:
        options = self.options
        self._up = self.rows.box(UP, self.clock.utc_ns)
        self.downlink = Downlink(lambda hop: self.rows.box(hop, self.clock.utc_ns), self._targets)
        intakes = [
            self._intake("urgent", ("alert", *topics.OTHERS), speaks=True),
            self._intake("normal", ("normal",)),
            self._intake("bulk", ("bulk",)),
        ]
        work = [self.lease.keep(), self._keep_books(), self._tell_connected(intakes)]
        work += [intake.run() for intake in intakes]
        work.append(self.lease.whenever(lambda: tend(self.rows, self._points, options.retention, self.clock.utc_ns)))
        if (points := self._points) is not None:
            work.append(self.lease.whenever(lambda: self._project(points)))
        if options.upper is not None:
            upper = options.upper
            work.append(
                self.lease.whenever(
                    lambda: Relay(
                        self._up,
                        upper.broker,
                        upper.site,
                        self._store,
                        level=options.level,
                        beside=options.beside_relay,
                        others=options.others_relay,
                    ).run()
                )
            )
        return work

    def _intake(self, name: str, lanes: tuple[str, ...], *, speaks: bool = False) -> Intake:
        worker = self.options.worker
        filters = [topics.all_up(lane) for lane in lanes]
        return Intake(
            self.site,
            self._broker,
            f"{name}-{worker}" if worker else name,
            [topics.shared(each) for each in filters] if worker else filters,
            self._store,
            level=self.options.level,
            on_other=self._other,
            will=Will(self._state_topic, topics.OFFLINE) if speaks and not worker else None,
            beside=self._company if speaks else None,
            door=self.options.door,
            dealt=bool(worker),
        )

    @contextlib.asynccontextmanager
    async def _company(self, link: Link) -> AsyncIterator[None]:
        """What lives beside the urgent connection: the downlink, and whoever was given to us."""
        if self.options.worker:  # each of several says that there is a centre; none says that there is none
            link.publish(self._state_topic, topics.ONLINE, retain=True)
        async with (
            alongside(self.lease.whenever(lambda: self.downlink.serve(link))),
            contextlib.AsyncExitStack() as stack,
        ):
            for each in self.options.beside:
                await stack.enter_async_context(each(link))
            yield

    @property
    def _state_topic(self) -> str:
        return topics.state(self.site, topics.CENTRE)

    async def _tell_connected(self, intakes: list[Intake]) -> None:
        for intake in intakes:
            await intake.connected.wait()
        self.connected.set()

    async def _store(self, arrivals: Arrivals) -> None:
        """Commit a batch, one at a time: an alert waits for one batch at most."""
        async with self._turn:
            await asyncio.to_thread(self.rows.store, arrivals, self.clock.utc_ns())
        await self._hear({each.hop.sender for each in arrivals if each.hop and each.hop.producer == topics.RELAY})
        if any(isinstance(each, Good) and each.record.kind is RecordKind.ALERT_EVENT for each in arrivals):
            self.alerted.set()
        self._stir()

    async def take(self, arrivals: Arrivals) -> None:
        """Store what came by another door than the broker's; what is there already does no harm.

        Raises:
            StoreError: nothing was stored.
        """
        await self._store(arrivals)

    async def put(self, body: Body, target: str = "") -> UUID:
        """Store a record of this centre's own, on its way up or to its target when this returns. Its id.

        Raises:
            StoreError: nothing was stored.
        """
        async with self._turn:
            record = await asyncio.to_thread(self.rows.put, body, self.clock.utc_ns(), target)
        if isinstance(body, AlertEvent):
            self.alerted.set()
        self._stir()
        return record

    def _stir(self) -> None:
        self._stored.set()
        self._up.stirred()
        self.downlink.stir()

    async def _other(self, travel: topics.Travel, payload: bytes) -> None:
        """Take what is no record."""
        match travel.lane:
            case topics.RECEIPT:
                receipt = msgspec.msgpack.decode(payload, type=Receipt)
                await self.downlink.receipted(travel.site, receipt.ids, receipt.level)
            case topics.HELLO if travel.producer == topics.RELAY:
                self._heard.pop(travel.site, None)
                await self._hear({travel.site})
                if payload != topics.STILL:
                    self.downlink.hello(travel.site)
            case topics.HELLO:
                pass
            case topics.ANSWER:  # whoever asked hears it at the broker
                pass
            case name if name in self.handlers:
                await self.handlers[name](travel.site, payload)
            case name:
                log.warning("centre: %s sends %s, which nobody here knows", travel.site, name)

    async def _hear(self, sites: set[str]) -> None:
        """These sites below are there; written down now and then."""
        now = asyncio.get_running_loop().time()
        new = [site for site in sites if now - self._heard.get(site, -1e18) > HEARD_S / 4]
        if new:
            await asyncio.to_thread(self.rows.hear, new, time.time_ns())
            self._heard.update(dict.fromkeys(new, now))

    def _targets(self) -> tuple[list[str], list[str]]:
        return self.rows.hops_below(), self.rows.heard_since(time.time_ns() - int(HEARD_S * 1e9))

    async def _project(self, store: PointStore) -> None:
        pause_s = RETRY_S
        while True:
            self._stored.clear()
            try:
                while await asyncio.to_thread(project_batch, self.rows, store, self.clock.utc_ns()):
                    pause_s = RETRY_S
            except PointsAway as error:
                log.warning("points wait: %s", error)
            except StoreError as error:
                log.error("points wait: %s", error)  # noqa: TRY400 - one line for people, repeated until it works
            except Exception:
                log.exception("points wait: a fault of our own")
            else:
                await self._more_stored(store)
                continue
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    async def _keep_books(self) -> None:
        """Take what readers have written into the audit log, now and every hour."""
        while True:
            try:
                await asyncio.to_thread(swallow, self.rows)
                await asyncio.to_thread(self.rows.scrub)
            except (StoreError, OSError) as error:
                log.error("the audit log waits: %s", error)  # noqa: TRY400 - one line for people
            await asyncio.sleep(BOOKS_S)

    async def _more_stored(self, store: PointStore) -> None:
        """Until something was stored here, or a while has passed in which another centre may have stored something, or
        the points store has made safe what it took.
        """
        settling = store.settling is not None and store.settling.held
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0 if self.options.worker else SETTLED_S if settling else None):
                await self._stored.wait()
