"""Real parts for the tests of the gateway: a mosquitto, a centre process, sessions as the contract wants them.

Nothing is skipped: a machine without mosquitto fails these tests with a plain message.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

from gateway import topics
from gateway.arrivals import Good, Poison, judge_up
from gateway.box import Box, new_id
from gateway.broker import broker_command, free_port, private_address, wait_until_listening
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.link import BrokerAddress
from gateway.messages import (
    BeatRow,
    Body,
    Envelope,
    EventRow,
    FeatureRow,
    GapRow,
    Lane,
    Record,
    SessionChunk,
    SessionClosed,
    SessionOpened,
    encode,
    kind_of,
)
from gateway.placement import Placement
from gateway.routing import Routing

ROOT = Path(__file__).parents[2]
SITE = "huadu.xinhua.0007"
BEGAN_UTC_NS = 1_750_000_000_000_000_000
S = 1_000_000_000


def opened(session: UUID, device: str = "chair-1") -> SessionOpened:
    return SessionOpened(session, "resonance", 1, device, "RX-3", "0042", "1.4", "ecg", 256.0, BEGAN_UTC_NS)


def chunk(session: UUID, number: int, version: int = 1, rr_ms: float = 800.0) -> SessionChunk:
    """Ten seconds with ten beats, one feature, one event."""
    start = (number - 1) * 10 * S
    beats = [
        BeatRow(start + i * S, rr_ms + i if number > 1 or i else None, "normal" if number > 1 or i else "first", 0.9)
        for i in range(10)
    ]
    features = [FeatureRow(start + 9 * S, "rmssd", 31.5 + number, "ms", 60.0, 0.8)]
    events = [EventRow(start + 5 * S, "segment_began", "呼吸", float(number))]
    gaps = [GapRow(start + 1, start + 2, "samples_lost")] if number == 1 else []
    return SessionChunk(session, number, start, start + 10 * S, beats, features, events, gaps, version)


def closed(session: UUID, chunks: int) -> SessionClosed:
    return SessionClosed(session, chunks * 10 * S, "completed", chunks, chunks * 10, 75.0, 31.0, 0.0)


def whole_session(session: UUID, chunks: int) -> list[Body]:
    return [opened(session), *(chunk(session, number) for number in range(1, chunks + 1)), closed(session, chunks)]


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait on a condition; a plain message when it never comes true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout_s:g} s still not true: {what}"
        await asyncio.sleep(0.02)


class Process:
    """A real child process that may be killed and started again."""

    def __init__(self, command: list[str], ready: Callable[[], Awaitable[None]] | None = None) -> None:
        self._command, self._ready = command, ready
        self.child: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.child = subprocess.Popen(self._command, start_new_session=True)
        if self._ready:
            await self._ready()

    def signal(self, what: signal.Signals) -> None:
        self.child.send_signal(what)

    def kill(self) -> None:
        if self.child:
            self.child.kill()
            self.child.wait()


class Broker(Process):
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(broker_command(folder, self.port), self._listening)
        self.folder = folder
        self.address: BrokerAddress = private_address(folder, self.port)

    async def _listening(self) -> None:
        await wait_until_listening(self.address)


class CentreProcess(Process):
    """A centre in its own process (tests/gateway/run_centre.py)."""

    def __init__(self, data: Path, broker: Broker) -> None:
        script = Path(__file__).with_name("run_centre.py")
        address = broker.address
        super().__init__(
            [sys.executable, str(script), SITE, address.host, str(address.port), address.password, str(data)]
        )


@contextlib.asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run a service beside a test; its failure is the test's failure."""
    task = asyncio.ensure_future(work)
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def waiting(box: Box, limit: int = 1_000_000) -> list[Envelope]:
    """What waits in an outbox, as it would travel."""
    return box.take(box.pending(limit))


def placement(data: Path, site: str = SITE, upper: str = "", boot: str = "centre-1") -> Placement:
    """How a centre of this data folder places records."""
    return Placement(Keyring.open(data / KEYS_FOLDER), Routing(site, upper), boot)


def a_session() -> UUID:
    return new_id()


def judge_all(bodies: Sequence[Body], first: int = 1, site: str = SITE, boot: str = "boot-1") -> list[Good | Poison]:
    """Bodies as a centre gets them, numbered from `first`."""
    arrivals = []
    for seq, body in enumerate(bodies, first):
        record = Record(new_id(), kind_of(body), site, "room", seq, encode(body))
        envelope = Envelope(boot, Lane.NORMAL, seq, record)
        arrivals.append(judge_up(topics.up(site, Lane.NORMAL, "room"), encode(envelope)))
    return arrivals
