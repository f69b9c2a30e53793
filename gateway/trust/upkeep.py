"""Certificates and keys kept in order while a centre runs: renewals asked and answered, keys escrowed, floods shut out.

Below: two thirds through its life a certificate is renewed over the connection that it opened, and every key of the
site is handed up, wrapped. Above: renewals are answered by the site's authority, and who sends far more than its share
is held at the gate for a while.
"""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path

from gateway import topics
from gateway.alongside import alongside
from gateway.errors import StoreError
from gateway.link import Link, Message
from gateway.messages import KeyEscrow
from gateway.trust.authority import Authority
from gateway.trust.enrolment import answer_renewal
from gateway.trust.errors import TrustError
from gateway.trust.escrow import public_key, wrap_all
from gateway.trust.gate import Gate
from gateway.trust.identity import Identity
from gateway.trust.quota import Quota, Verdict

RENEWALS = "certificate"
LOOK_S = 3600.0
AGAIN_S = 60.0

log = logging.getLogger(__name__)


class Below:
    """The upkeep of a site that has somebody above; lives beside the relay's connection.

    Args:
        site: which.
        identity: its certificate.
        keys: folder of its keys.
        put: stores a record of the centre's own.
        escrowed: ids of keys that were handed up already, and how to remember more.
    """

    def __init__(
        self,
        site: str,
        identity: Identity,
        keys: Path,
        put: Callable[[KeyEscrow], Awaitable[object]],
        escrowed: tuple[Callable[[], set[str]], Callable[[set[str]], None]],
    ) -> None:
        self._site, self._identity, self._keys, self._put = site, identity, keys, put
        self._recall, self._remember = escrowed
        self.topic = topics.down(site, RENEWALS, topics.RELAY)

    def beside(self, link: Link) -> contextlib.AbstractAsyncContextManager[None]:
        """Look after certificate and keys as long as the connection lasts."""
        return alongside(self._look(link))

    def take(self, message: Message) -> bool:
        """An answer to a renewal; True when it was one."""
        if message.topic != self.topic:
            return False
        try:
            certificate = self._identity.install(bytes(message.payload))
            log.info("the certificate of %s is renewed until %s", self._site, certificate.not_valid_after_utc)
        except (TrustError, StoreError) as error:
            log.error("the renewed certificate cannot be used: %s", error)  # noqa: TRY400 - one line for people
        return True

    async def _look(self, link: Link) -> None:
        while True:
            try:
                due = await asyncio.to_thread(self._identity.needs_renewal, dt.datetime.now(dt.UTC))
                if due:  # asked again until the answer is here: the centre above may be away
                    request = await asyncio.to_thread(self._identity.renewal)
                    link.publish(topics.up(self._site, topics.RENEW, topics.RELAY), request)
                await self._hand_keys_up()
                pause_s = AGAIN_S if due else LOOK_S
            except (TrustError, StoreError) as error:
                log.warning("upkeep of %s: %s", self._site, error)
                pause_s = AGAIN_S
            await asyncio.sleep(pause_s)

    async def _hand_keys_up(self) -> None:
        known = await asyncio.to_thread(self._recall)
        above = public_key(await asyncio.to_thread(lambda: self._identity.escrow_pem))
        for escrow in await asyncio.to_thread(wrap_all, above, self._keys):
            if f"{escrow.key_id} {escrow.wrapped_for}" not in known:
                await self._put(escrow)
                known.add(f"{escrow.key_id} {escrow.wrapped_for}")
                await asyncio.to_thread(self._remember, known)


class Above:
    """The upkeep of a site that lets others in; lives beside the urgent connection of its centre.

    Args:
        authority: of the site.
        gate: shuts out and lets in.
        quota: who may send how much.
        now_ns: monotonic.
    """

    def __init__(self, authority: Authority, gate: Gate, quota: Quota, now_ns: Callable[[], int]) -> None:
        self._authority, self._gate, self._quota, self._now_ns = authority, gate, quota, now_ns
        self._link: Link | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def beside(self, link: Link) -> AsyncIterator[None]:
        """Answer and let in again as long as the connection lasts."""
        self._link = link
        try:
            async with alongside(self._let_in()):
                yield
        finally:
            self._link = None

    async def renew(self, site: str, request: bytes) -> None:
        """Answer a renewal."""
        try:
            answer = await asyncio.to_thread(
                answer_renewal, self._authority, request, site=site, now=dt.datetime.now(dt.UTC)
            )
        except TrustError as error:
            log.warning("%s gets no new certificate: %s", site, error)
            return
        if self._link is not None:
            self._link.publish(topics.down(site, RENEWALS, topics.RELAY), answer)

    def admit(self, site: str, size: int) -> Verdict:
        """A message has come from a site below."""
        verdict = self._quota.count(site, size, self._now_ns())
        if verdict is Verdict.SHUT:
            log.warning("%s sends far more than its share and is shut out for a while", site)
            self._start(self._gate.hold(site))
        return verdict

    def wait_s(self, site: str) -> float:
        """For how long receipts of a site are held back."""
        return self._quota.wait_s(site, self._now_ns())

    async def _let_in(self) -> None:
        await self._gate.release_all()
        while True:
            await asyncio.sleep(1.0)
            for site in self._quota.due(self._now_ns()):
                log.warning("%s is let in again", site)
                await self._gate.release(site)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
