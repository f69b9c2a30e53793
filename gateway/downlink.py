"""Carries what waits for the sites below down to them, as durable as the way up: until each has sent its receipt.

A site counts as there while it was heard within `HEARD_S`; what waits for one that is away waits in the rows, not in
the broker's queue, for as long as it takes. Of several centres the one with the lease does it.
"""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from gateway import topics
from gateway.arrivals import within
from gateway.errors import StoreError
from gateway.link import Link
from gateway.messages import encode
from gateway.outgoing import HopBox
from gateway.pacing import RESEND_S, Pacing

HEARD_S = 180.0
WINDOW = 64
LONGEST_S = 60.0
LOOK_S = 1.0

log = logging.getLogger(__name__)


class Downlink:
    """Sends while it has a link; `stir` makes it look at once.

    Args:
        box: the entries of a hop.
        targets: hops that have entries, and the sites below that were heard lately.
    """

    def __init__(self, box: Callable[[str], HopBox], targets: Callable[[], tuple[list[str], list[str]]]) -> None:
        self._box, self._targets = box, targets
        self._pacing: dict[str, Pacing] = {}
        self._boxes: dict[str, HopBox] = {}
        self._wake = asyncio.Event()

    def stir(self) -> None:
        """Something was put, or somebody has come."""
        self._wake.set()

    def hello(self, site: str) -> None:
        """A site has connected: what was sent to it before may have gone nowhere."""
        for hop, pacing in self._pacing.items():
            if within(hop, site):
                pacing.again()
        self.stir()

    async def receipted(self, site: str, ids: list[UUID], level: str) -> None:
        """A site below holds these."""
        hops, _ = await asyncio.to_thread(self._targets)
        for hop in hops:
            if within(hop, site):
                gone = await asyncio.to_thread(self._box_of(hop).receipted, ids, level)
                if hop in self._pacing:
                    self._pacing[hop].receipted(ids, any_waited=bool(gone))
        self.stir()

    async def serve(self, link: Link) -> None:
        """Send over this connection, until cancelled or it is gone."""
        self._pacing.clear()
        while True:
            self._wake.clear()
            try:
                await self._send(link)
            except StoreError as error:
                log.error("downlink: %s", error)  # noqa: TRY400 - one line for people
            await link.until(self._wake, LOOK_S)

    async def _send(self, link: Link) -> None:
        hops, here = await asyncio.to_thread(self._targets)
        loop = asyncio.get_running_loop()
        for gone in self._pacing.keys() - set(hops):
            del self._pacing[gone]
        for hop in hops:
            through = max((site for site in here if within(hop, site)), key=len, default="")
            if not through:
                continue
            pacing = self._pacing.setdefault(hop, Pacing(RESEND_S, LONGEST_S))
            box = self._box_of(hop)
            due = pacing.due(await asyncio.to_thread(box.pending, WINDOW), loop.time())
            for envelope in await asyncio.to_thread(box.take, due):
                link.publish(topics.down(through, envelope.lane, topics.RELAY), encode(envelope))
            pacing.sent(due, loop.time())

    def _box_of(self, hop: str) -> HopBox:
        if hop not in self._boxes:
            self._boxes[hop] = self._box(hop)
        return self._boxes[hop]
