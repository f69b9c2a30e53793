"""The rollout of an upper level, in its centre: news in, records out, once a minute.

What a turn decides is on the disk only after its records are: a crash in between repeats the turn, and what a site was
told already is not told again (the newest manifest and the newest settings that were sent to it are looked at first).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from devices.clock import Clock
from gateway import tables as t
from gateway.arrivals import within
from gateway.documents import newest, stored_since
from gateway.errors import StoreError
from gateway.fleet.watch import FleetWatch
from gateway.kept import load_kept, save_kept
from gateway.messages import Body, RecordKind, ReleaseManifest, ReleaseReport, SiteSettings
from gateway.releases.errors import ReleaseError
from gateway.releases.plan import Action, Done, Halt, Offer, Release, Rollout, SiteHealth
from gateway.releases.reports import ReportState
from gateway.releases.rollout_file import RolloutFile
from gateway.rows import Rows
from gateway.settings_above import HOLD, Value, changed

LOOK_S = 60.0
_S = 1_000_000_000
_OVERLAP_NS = 600 * _S
"""Reports are looked at again for so long: of several centres one may commit a little later than its clock said."""

Put = Callable[[Body, str], Coroutine[Any, Any, object]]

log = logging.getLogger(__name__)


def sites_below(rows: Rows, site: str) -> list[str]:
    """Every site below that was heard at this broker, or whose counts have come up."""
    with rows.reading() as db:
        heard = {*db.scalars(sa.select(t.sites.c.site)), *db.scalars(sa.select(t.site_counts.c.site).distinct())}
    return sorted(one for one in heard if one != site and within(one, site))


class Rolling:
    """Runs until cancelled.

    Args:
        site: of the centre.
        data: its data folder, with the rollout's file.
        rows: where records are.
        clock: for soak times.
        put: stores a record of the centre's own, for a target.
        watch: how the fleet is.
        tell: called with what a person should hear.
    """

    def __init__(
        self,
        site: str,
        data: Path,
        rows: Rows,
        clock: Clock,
        put: Put,
        watch: FleetWatch,
        *,
        tell: Callable[[str], None] = log.error,
    ) -> None:
        self._site, self._data, self._rows, self._clock = site, data, rows, clock
        self._put, self._watch, self._tell = put, watch, tell
        self._silent_since: dict[str, int] = {}
        self._seen: tuple[str, int] = ("", 0)
        self._before: tuple[str, dict[str, set[str]]] | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.turn()
            except (StoreError, ReleaseError) as error:
                log.warning("the rollout waits: %s", error)
            await asyncio.sleep(LOOK_S)

    async def turn(self) -> None:
        """Take in what is new, and tell sites and people what follows.

        Raises:
            StoreBusy: somebody gives it a command at this moment.
            StoreError: nothing is lost, the next turn does it again.
        """
        if not RolloutFile.is_there(self._data):
            return
        sites = await asyncio.to_thread(sites_below, self._rows, self._site)
        with RolloutFile(self._data) as stored:
            now, rollout = self._clock.utc_ns(), stored.rollout
            this = f"{rollout.version} {rollout.events[0].at_utc_ns}"
            since = self._seen[1] - _OVERLAP_NS if self._seen[0] == this else 0
            found = await asyncio.to_thread(stored_since, self._rows, RecordKind.RELEASE_REPORT, since)
            reports = [(each.site, each.body) for each in found if isinstance(each.body, ReleaseReport)]
            health = self._health(sites, now, rollout.policy.silent_s)
            faulty = self._faults(rollout, sites, now)
            health |= dict.fromkeys(faulty, SiteHealth.SAFETY_FAULT)
            for action in stored.advance(now, sites, reports, health):
                await self._perform(action, stored.manifest)
        self._seen = (this, max((each.stored_utc_ns for each in found), default=self._seen[1]))

    async def _perform(self, action: Action, manifest: ReleaseManifest) -> None:
        match action:
            case Offer():
                for site in action.sites:
                    await self._offer(site, manifest)
                log.info("release %s is offered to %d more sites", action.version, len(action.sites))
            case Halt():
                for site in action.sites:
                    await self._hold(site, action.version)
                remedy = "look with: xinyi release rollout status"
                self._tell(f"rollout of {action.version} is halted: {action.why}; {remedy}")
            case Release():
                for site in action.sites:
                    await self._let_go(site, action.version)
            case Done():
                log.info("rollout of %s: every stage has passed", action.version)

    async def _offer(self, site: str, manifest: ReleaseManifest) -> None:
        last = await asyncio.to_thread(newest, self._rows, RecordKind.RELEASE_MANIFEST, site)
        if last is None or last.body != manifest:
            await self._put(manifest, site)

    async def _hold(self, site: str, version: str) -> None:
        before = await self._sent(site)
        if before is None or before.values.get(HOLD) != "*":
            await self._set(site, before, version)

    async def _let_go(self, site: str, version: str) -> None:
        before = await self._sent(site)
        if before and before.values.get(HOLD) == version:
            await self._set(site, before, None)

    async def _sent(self, site: str) -> SiteSettings | None:
        last = await asyncio.to_thread(newest, self._rows, RecordKind.SITE_SETTINGS, site)
        return last.body if last and isinstance(last.body, SiteSettings) else None

    async def _set(self, site: str, before: SiteSettings | None, hold: Value | None) -> None:
        if settings := changed(before, {HOLD: hold}, self._clock.utc_ns()):
            await self._put(settings, site)

    def _health(self, sites: Iterable[str], now_utc_ns: int, silent_s: float) -> dict[str, SiteHealth]:
        """How sites are that are heard here. A site is silent when it was so for `silent_s` while we listened."""
        below = set(sites)
        silent = {
            sample.site: bool(sample.values["silent"])
            for sample in self._watch.samples(now_utc_ns)
            if sample.site in below and not sample.process and "silent" in sample.values
        }
        self._silent_since = {
            site: self._silent_since.get(site, now_utc_ns) for site, is_silent in silent.items() if is_silent
        }
        health = dict.fromkeys(silent, SiteHealth.WELL)
        for site, since in self._silent_since.items():
            if now_utc_ns - since >= silent_s * _S:
                health[site] = SiteHealth.SILENT
        return health

    def _faults(self, rollout: Rollout, sites: Iterable[str], now_utc_ns: int) -> set[str]:
        """Sites that took the version and where something that moves people has a fault that was not there before."""
        name = f"faults-before-{rollout.version}"
        if self._before is None or self._before[0] != name:
            kept = load_kept(self._rows, name)
            self._before = (name, msgspec.json.decode(kept, type=dict[str, set[str]]) if kept else {})
        before, faulty = dict(self._before[1]), set()
        for site in sites:
            now = set(self._watch.faults(site, now_utc_ns))
            seen = rollout.outcomes.get(site)
            if seen is None or seen.state in {ReportState.OFFERED, ReportState.FETCHED}:
                before[site] = now
            elif now - before.get(site, set()):
                faulty.add(site)
        before = {site: faults for site, faults in before.items() if faults}
        if before != self._before[1]:
            save_kept(self._rows, name, msgspec.json.encode({site: sorted(found) for site, found in before.items()}))
            self._before = (name, before)
        return faulty
