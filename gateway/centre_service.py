"""The centre process as its configuration wants it: the centre itself, and what lives beside it.

Beside it: the fleet keeper, the beacons (one on the own broker, one on the one above), the daily counts, what acts on
what came down, the rollout below. Each runs on its own and none of their faults ends the centre.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from care.hotlines import HotlineError
from devices.clock import Clock
from gateway import topics
from gateway.acting import Acting
from gateway.centre import Centre, CentreOptions, Upper
from gateway.config import Config, broker_address, upper_address
from gateway.counter.counter import Counter
from gateway.counts import changed_days
from gateway.disk import make_folder
from gateway.duty.keeper import DutyKeeper, pagers_of
from gateway.duty.site_files import hotlines_of, rules_to_call_by, stale_hotlines
from gateway.errors import StoreError
from gateway.fleet.health import ANNOUNCE
from gateway.fleet.keeper import FleetKeeper
from gateway.fleet.machine import Machine
from gateway.fleet.pulse import Load, Pulse, Vitals
from gateway.fleet.watch import FleetWatch
from gateway.forwarding import Forwarder
from gateway.kept import load_kept, save_kept
from gateway.keys import KEYS_FOLDER
from gateway.link import BrokerAddress
from gateway.messages import KeyEscrow
from gateway.points_open import open_points, retention_of
from gateway.releases.layout import Layout
from gateway.releases.rolling import Rolling
from gateway.routing import UP
from gateway.scoring import Scorer
from gateway.trust.authority import Authority
from gateway.trust.gate import Gate
from gateway.trust.identity import Identity
from gateway.trust.quota import Quota
from gateway.trust.upkeep import RENEWALS, Above, Below

COUNT_S = 300.0
_ESCROWED = "keys_escrowed"

log = logging.getLogger(__name__)


async def run(config: Config, clock: Clock, stop: asyncio.Event) -> None:
    """Serve one site until `stop` is set.

    Raises:
        StoreError, ConfigError: it cannot be served like this.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    site, broker = config.site.id, broker_address(config)
    await asyncio.to_thread(make_folder, config.data)
    machine = Machine(config.data)
    reason = await asyncio.to_thread(machine.begin, topics.CENTRE)
    hotlines_of(config)  # a file that cannot be used is said at the start
    vitals = Vitals(machine, lambda: _load(centre, config))
    pulse = Pulse(site, topics.CENTRE, vitals, clock, reset_reason=reason)
    watched: list[FleetWatch] = []
    relay = Pulse(
        site,
        topics.RELAY,
        vitals,
        clock,
        uplink=lambda: "up",
        faults=lambda: [fault for watch in watched for fault in watch.faults(site, clock.utc_ns())],
    )
    upper = Upper(config.up.site, upper_address(config)) if config.up.site else None
    points = open_points(config.points, config.data)
    above = await asyncio.to_thread(_above, config, broker)
    rules, pagers = rules_to_call_by(config), pagers_of(config)

    async def hand_up(escrow: KeyEscrow) -> None:
        await centre.put(escrow)

    def remember(known: set[str]) -> None:
        save_kept(centre.rows, _ESCROWED, msgspec.json.encode(sorted(known)))

    identity = Identity(config.data / "identity")
    forwarder = Forwarder(site, broker)
    below = Below(site, identity, config.data / KEYS_FOLDER, hand_up, (lambda: _escrowed(centre), remember))
    centre = Centre(
        site,
        broker,
        config.data,
        points=points,
        clock=clock,
        options=CentreOptions(
            level=config.centre.level,
            rows_url=config.centre.rows_url,
            upper=upper,
            routing=config.routing,
            worker=config.centre.worker,
            retention=retention_of(config),
            beside=(pulse.beacon.beside, *([above.beside] if above else [])),
            beside_relay=(relay.beacon.beside, forwarder.beside, *([] if config.up.secret else [below.beside])),
            others_relay={RENEWALS: below.take, ANNOUNCE: relay.beacon.take, topics.REQUEST: forwarder.take},
            door=above,
            scorer=scorer_of(config),
        ),
    )
    if above:
        centre.handlers[topics.RENEW] = above.renew

    async def beside() -> None:
        """What needs the rows, once they are open; it belongs to one of several centres."""
        await centre.opened.wait()
        keeper = FleetKeeper(site, broker, centre.rows, clock, centre.put, points=points)
        watched.append(keeper.watch)
        updater = Layout(Path(config.release.root)).state
        acting = Acting(site, config.data, updater, centre.rows, clock, centre.put, config.centre.worker)
        rolling = Rolling(site, config.data, centre.rows, clock, centre.put, keeper.watch)
        async with asyncio.TaskGroup() as group:
            if not config.centre.worker:  # faces ask a centre that is alone at its site
                await asyncio.to_thread(make_folder, config.sockets)
                group.create_task(_for_ever("counter", lambda: _counter(config, centre)))
            for name, work in (
                ("fleet", lambda: centre.lease.whenever(keeper.run)),
                ("counts", lambda: centre.lease.whenever(lambda: _count(centre, ZoneInfo(config.centre.zone)))),
                ("acting", acting.run),
                ("duty", lambda: centre.lease.whenever(lambda: DutyKeeper(centre, config, rules, pagers, clock).run())),
                ("rollout", lambda: centre.lease.whenever(rolling.run)),
                ("machine", vitals.refresh),
            ):
                group.create_task(_for_ever(name, work))

    task = asyncio.create_task(beside())
    try:
        await centre.run(stop)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        points.close()
        await asyncio.to_thread(machine.end, topics.CENTRE)


def scorer_of(config: Config) -> Scorer:
    """What a site knows of questionnaires and tiers.

    Raises:
        DataError: its rules of tiers are not as they must be.
    """
    scorer = Scorer(config.packs, config.risk_rules)
    _ = scorer.rules
    return scorer


def _above(config: Config, broker: BrokerAddress) -> Above | None:
    """The upkeep for sites below, where there may be some."""
    if not config.broker.sites_port:
        return None
    authority = Authority.open(config.data / "authority", site=config.site.id)
    return Above(authority, Gate(authority, config.data / "broker", broker), Quota(), time.monotonic_ns)


def _escrowed(centre: Centre) -> set[str]:
    kept = load_kept(centre.rows, _ESCROWED)
    return set(msgspec.json.decode(kept, type=list[str])) if kept else set()


async def _for_ever(name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s: a fault of our own; it begins anew", name)
        await asyncio.sleep(1.0)


async def _counter(config: Config, centre: Centre) -> None:
    async with Counter(config.centre_socket, centre, ZoneInfo(config.centre.zone)):
        await asyncio.Event().wait()


async def _count(centre: Centre, zone: ZoneInfo) -> None:
    while True:
        with contextlib.suppress(StoreError):
            now = centre.clock.utc_ns()
            for counts in await asyncio.to_thread(changed_days, centre.rows, centre.site, now, zone):
                await centre.put(counts)
        await asyncio.sleep(COUNT_S)


def _load(centre: Centre, config: Config) -> Load:
    """How full the centre is: what waits to go up, holes, dead letters; and which numbers want a look."""
    if not centre.opened.is_set():
        return Load()
    gaps, letters, incidents = centre.rows.troubles()
    try:
        stale = len(stale_hotlines(config, centre.clock.utc_ns()))
    except HotlineError as error:
        log.warning("%s", error)
        stale = 1  # somebody has to look
    depth = centre.rows.box(UP, centre.clock.utc_ns).depth()
    return Load(depth=depth, sequence_gaps=gaps, dead_letters=letters, incidents=incidents, hotlines_stale=stale)
