"""Who of several centres does what only one should do at a time: whoever holds the lease in the rows' database.

A lease is renewed every few seconds and falls to another who has not seen it renewed for `LIFE_S` of its own steady
clock: clocks of walls may be a day apart, or jump, and are only written down for people. Two holders for a moment do no
harm: what they do is idempotent. A centre that is alone holds it without asking.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine

from gateway.errors import StoreError
from gateway.rows import Rows

LIFE_S = 10.0
RENEW_S = 3.0

log = logging.getLogger(__name__)


class Lease:
    """One lease of one process.

    Args:
        rows: where it is written.
        name: of the lease.
        holder: who asks for it.
        alone: nobody else can want it.
    """

    def __init__(self, rows: Rows, name: str, holder: str, *, alone: bool) -> None:
        self._rows, self._name, self._holder, self._alone = rows, name, holder, alone
        self._held, self._gone = asyncio.Event(), asyncio.Event()
        self._set(held=alone)

    async def keep(self) -> None:
        """Ask and renew, until cancelled."""
        seen: tuple[str, int] | None = None
        seen_at = 0.0
        try:
            while not self._alone:
                now = time.monotonic()
                silent = seen if now - seen_at > LIFE_S else None
                until = time.time_ns() + int(LIFE_S * 1e9)
                try:
                    found = await asyncio.to_thread(self._rows.lease, self._name, self._holder, until, silent)
                except StoreError as error:
                    log.warning("lease %s: %s", self._name, error)
                    self._set(held=False)
                else:
                    if found != seen:
                        seen, seen_at = found, now
                    self._set(held=found[0] == self._holder)
                await asyncio.sleep(RENEW_S)
        finally:
            if self._held.is_set() and not self._alone:
                with contextlib.suppress(StoreError):
                    await asyncio.to_thread(self._rows.give_back, self._name, self._holder)

    async def whenever(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do this whenever the lease is held; it is cancelled when the lease is lost, and begun anew later."""
        while True:
            await self._held.wait()
            task = asyncio.create_task(work())
            gone = asyncio.create_task(self._gone.wait())
            try:
                await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    task.result()
                    return
            finally:
                for each in (task, gone):
                    each.cancel()
                await asyncio.gather(task, gone, return_exceptions=True)

    def _set(self, *, held: bool) -> None:
        if held:
            self._gone.clear()
            self._held.set()
        else:
            self._held.clear()
            self._gone.set()
