"""A flood from one site does not starve the others: on a real mosquitto, with a reader slower than the flood."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway_parts import Process, until
from trust_parts import MINE, NEIGHBOUR, UpperSite

from gateway import topics
from gateway.link import Link, Message
from gateway.messages import Lane
from gateway.trust.identity import Identity
from gateway.trust.quota import Limits, Quota, Verdict

FLOODER = Path(__file__).with_name("run_flood.py")
READ_S = 0.001
"""A reader of at most 1000 messages a second; the flood has several thousand."""


class Reader:
    """What a centre does with the quota: acknowledge and count at the door, and shut out who is over."""

    def __init__(self, upper: UpperSite, quota: Quota) -> None:
        self.upper, self.quota = upper, quota
        self.seen: dict[str, set[bytes]] = {MINE: set(), NEIGHBOUR: set()}
        self.verdicts: list[Verdict] = []
        self._queue: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        async with self.upper.centre(self._queue.put_nowait, window=200, manual_ack=True) as link:
            await link.subscribe(topics.shared(topics.all_up()))
            while True:
                message = await self._queue.get()
                link.ack(message)
                site = topics.parse_up(message.topic).site
                verdict = self.quota.count(site, len(message.payload), time.monotonic_ns())
                if verdict is Verdict.DROP:
                    continue
                self.verdicts.append(verdict)
                if verdict is Verdict.SHUT:
                    self.holding = asyncio.ensure_future(self.upper.gate.hold(site))  # nobody waits for it
                    continue
                self.seen[site].add(message.payload)
                await asyncio.sleep(READ_S)  # its work


@contextlib.asynccontextmanager
async def flooding(upper: UpperSite, identity: Identity) -> AsyncIterator[Process]:
    files, topic = identity.tls_files, topics.up(identity.site, Lane.NORMAL, "relay")
    door = ("127.0.0.1", str(upper.port_below))
    flood = Process([sys.executable, str(FLOODER), *door, str(files.ca), str(files.certificate), topic])
    await flood.start()
    try:
        yield flood
    finally:
        flood.kill()


async def resend(link: Link, payloads: list[bytes], seen: set[bytes]) -> None:
    """As an outbox does: what has no receipt is sent again."""
    while missing := [payload for payload in payloads if payload not in seen]:
        for payload in missing:
            link.publish(topics.up(NEIGHBOUR, Lane.NORMAL, "relay"), payload)
        with contextlib.suppress(AssertionError):
            await until(lambda: seen.issuperset(payloads), "all", timeout_s=1.0)


@pytest.mark.timeout(90)
async def test_a_flooding_site_is_shut_out_its_neighbour_comes_through_and_it_comes_back(upper: UpperSite) -> None:
    mine, neighbour = upper.site(MINE), upper.site(NEIGHBOUR)
    quota = Quota(Limits(messages_per_s=50, burst_s=2, debt_s=4, shut_s=4))
    reader = Reader(upper, quota)
    reading = asyncio.ensure_future(reader.run())
    try:
        async with flooding(upper, mine) as flood:
            await until(lambda: len(reader.seen[MINE]) > 100, "the flood has begun")
            async with upper.link(neighbour) as link:
                began = time.monotonic()
                await resend(link, [b"%d" % number for number in range(100)], reader.seen[NEIGHBOUR])
                took_s = time.monotonic() - began
            assert took_s < 15.0, "the neighbour waited too long"
            await until(lambda: Verdict.SHUT in reader.verdicts, "the flood is over its quota")
            assert flood.child is not None
            await asyncio.to_thread(flood.child.wait, 20)  # ends when the broker ends its connection
        assert list(quota.shut(time.monotonic_ns())) == [MINE]
        with pytest.raises(Exception, match="is held for a while"):
            async with upper.link(mine):
                pass

        await until(lambda: quota.due(time.monotonic_ns()) == [MINE], "its time is over")
        await upper.gate.release(MINE)
        await upper.lets_in(mine)
        async with upper.link(mine) as link:
            link.publish(topics.up(MINE, Lane.NORMAL, "relay"), b"good again")
            await until(lambda: b"good again" in reader.seen[MINE], "a message of the site that is in again")
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
