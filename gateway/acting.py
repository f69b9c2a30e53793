"""What came down for this site is acted on: release manifests become offers, settings become a layer, reports go up.

Stored and receipted is not yet done. So the centre looks every minute at what stands for its own site and has not been
acted on, does it, and notes that it is done; each may be done twice, so a crash in between does no harm. Rosters,
acknowledgements, appointments and deletions need nothing here: they act by being in the rows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from devices.clock import Clock
from gateway import settings_above
from gateway.arrivals import Poison, within
from gateway.config import SECTIONS
from gateway.documents import all_for, newest
from gateway.errors import StoreError
from gateway.kept import load_kept, save_kept
from gateway.messages import RecordKind, ReleaseManifest, ReleaseReport, SiteSettings
from gateway.placing import bury
from gateway.releases.reports import leave_offer, reports_after
from gateway.releases.trust import ROOT
from gateway.rows import Rows

LOOK_S = 60.0

log = logging.getLogger(__name__)


class Acted(Struct, frozen=True):
    """What was done already.

    Attributes:
        manifests: records of manifests and roots.
        offered_utc_ns: when the release that was offered last was made known; an older one changes nothing.
        settings: record of the settings that are in the file.
        report: number of the updater's report that went up last.
    """

    manifests: list[UUID] = []
    offered_utc_ns: int = 0
    settings: UUID | None = None
    report: int = 0


class Acting:
    """Runs until cancelled, at every centre of a site: what it does lies on the disk of its own machine.

    Args:
        site: whose centre.
        data: its data folder.
        state_file: of the machine's updater, with its reports.
        rows: where records are.
        clock: for the time of dead letters.
        put: stores a record of the centre's own.
        worker: which of several centres of the site.
    """

    def __init__(
        self,
        site: str,
        data: Path,
        state_file: Path,
        rows: Rows,
        clock: Clock,
        put: Callable[[ReleaseReport], Awaitable[object]],
        worker: str = "",
    ) -> None:
        self._site, self._data, self._state_file, self._rows = site, data, state_file, rows
        self._clock, self._put = clock, put
        self._name = f"acted-{worker}" if worker else "acted"

    async def run(self) -> None:
        while True:
            try:
                await self.turn()
            except StoreError as error:
                log.warning("what came down waits: %s", error)
            await asyncio.sleep(LOOK_S)

    async def turn(self) -> None:
        """Do what there is to do.

        Raises:
            StoreError: the disk refused; what was not done is done at the next turn.
        """
        await asyncio.to_thread(self._take_manifests)
        await asyncio.to_thread(self._take_settings)
        await self._hand_up()

    def _take_manifests(self) -> None:
        acted = self._acted()
        for document in all_for(self._rows, RecordKind.RELEASE_MANIFEST, self._site, set(acted.manifests)):
            manifest = document.body
            assert isinstance(manifest, ReleaseManifest)
            root = manifest.version.startswith(ROOT)
            if not within(self._site, document.site):
                log.warning("%s offers release %s, which is not for it to do", document.site, manifest.version)
            elif root or document.made_utc_ns >= acted.offered_utc_ns:
                leave_offer(self._data, manifest)
                log.info("release %s is offered by %s", manifest.version, document.site)
                if not root:
                    acted = msgspec.structs.replace(acted, offered_utc_ns=document.made_utc_ns)
            acted = msgspec.structs.replace(acted, manifests=[*acted.manifests, document.record])
            self._remember(acted)

    def _take_settings(self) -> None:
        acted = self._acted()
        found = newest(self._rows, RecordKind.SITE_SETTINGS, self._site)
        if found is None or found.record == acted.settings:
            return
        assert isinstance(found.body, SiteSettings)
        settings = settings_above.sort(found.body.values, SECTIONS)
        settings_above.write(self._data, settings.good)
        log.info("settings from %s: %s", found.site, ", ".join(settings.good) or "none")
        if settings.refused:
            with self._rows.writing() as db:
                for key, why in settings.refused.items():
                    said = f"{key} = {found.body.values[key]!r}".encode()
                    poison = Poison(uuid5(found.record, key), f"{found.site} sets {key}: {why}", said)
                    bury(db, self._rows.keyring, "setting", poison, self._clock.utc_ns())
        self._remember(msgspec.structs.replace(acted, settings=found.record))

    async def _hand_up(self) -> None:
        acted = await asyncio.to_thread(self._acted)
        reports = await asyncio.to_thread(reports_after, self._state_file, 0)
        last = acted.report
        if reports and reports[-1].number < last:
            last = 0  # another updater, which counts anew
        for one in reports:
            if one.number > last:
                await self._put(one.report)
                acted = msgspec.structs.replace(acted, report=one.number)
                await asyncio.to_thread(self._remember, acted)

    def _acted(self) -> Acted:
        try:
            kept = load_kept(self._rows, self._name)
            return msgspec.msgpack.decode(kept, type=Acted) if kept else Acted()
        except msgspec.DecodeError as error:
            log.warning("what was acted on is forgotten and done again: %s", error)
            return Acted()

    def _remember(self, acted: Acted) -> None:
        save_kept(self._rows, self._name, msgspec.msgpack.encode(acted))
