"""The room's end of remote requests: judges each, writes it down, answers; shows glances to who holds a lease.

It is given readings and nothing else: no chair, no desk, no session, so no request can move anything, whatever it says
(import-linter keeps it so). One request at a time; a flood is dropped and counted, never queued.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from gateway import topics
from gateway.link import Link, LinkLost, Message
from gateway.live import DeviceView, Health
from gateway.messages import encode
from gateway.remote import (
    LONGEST_S,
    ROLES,
    SEES_HEART,
    Answer,
    Check,
    Diagnostics,
    Kind,
    Lease,
    LiveGlance,
    Request,
)
from gateway.room.leases import Leases
from gateway.trust.freshness import Freshness

ANSWER_EXPIRY_S, GLANCE_EXPIRY_S = 30, 2
MOST_WAITING = 32
MOST_BYTES = 4096
SILENT_S = 2.0
_LONGEST = 120

log = logging.getLogger(__name__)
_request = msgspec.msgpack.Decoder(Request)

Write = Callable[[str, str, str, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Readings:
    """All that a remote request can reach; each is only read, in the event loop, and must be quick.

    Attributes:
        announce: have the process say again who it is.
    """

    views: Callable[[], Sequence[DeviceView]]
    diagnostics: Callable[[], Diagnostics]
    glance: Callable[[], LiveGlance]
    announce: Callable[[], None]


@dataclass(slots=True)
class RemoteDesk:
    """Of one room service.

    Attributes:
        site: its site.
        readings: what it may show.
        write: the audit: actor, action, what, outcome, what was asked.
        process: whose requests these are.
        dropped: requests that were too many at once.
    """

    site: str
    readings: Readings
    write: Write
    process: str = "room"
    utc_ns: Callable[[], int] = time.time_ns
    dropped: int = 0
    _leases: Leases = field(default_factory=Leases)
    _link: Link | None = None
    _fresh: Freshness = field(init=False)
    _inbox: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    _leased: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._fresh = Freshness(self.utc_ns(), most_s=LONGEST_S)

    @property
    def topic(self) -> str:
        """Where requests come."""
        return topics.down(self.site, topics.REQUEST, self.process)

    def take(self, message: Message) -> bool:
        """Give every message of the link here; True when it was a request."""
        if message.topic != self.topic:
            return False
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped += 1
            log.warning("more requests at once than anybody needs; %d were dropped", self.dropped)
        return True

    @contextlib.asynccontextmanager
    async def beside(self, link: Link) -> AsyncIterator[None]:
        """Hear and answer on a connection for as long as the block lasts."""
        await link.subscribe(self.topic)
        self._link = link
        try:
            yield
        finally:
            self._link = None

    async def run(self) -> None:
        """Serve until cancelled. No request and no loss of the broker ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._serve())
            group.create_task(self._show())

    async def _serve(self) -> None:
        while True:
            message = await self._inbox.get()
            try:
                answer = await self._judge(message)
            except Exception:
                log.exception("a remote request failed")
                continue
            if answer and self._link:
                with contextlib.suppress(LinkLost):
                    self._link.check()
                    topic = topics.up(self.site, topics.ANSWER, self.process)
                    self._link.publish(topic, encode(answer), expiry_s=ANSWER_EXPIRY_S)

    async def _judge(self, message: Message) -> Answer | None:
        """The answer, after the audit holds it; None: nobody knows whom to answer."""
        try:
            if len(message.payload) > MOST_BYTES:
                raise msgspec.ValidationError(f"{len(message.payload)} bytes")
            request = _request.decode(message.payload)
        except msgspec.DecodeError:
            await self.write("unknown", "remote.unreadable", "", "refused: not_understood", "")
            return None
        answer = self._refuse(request, retained=message.retain) or self._do(request)
        said = "done" if answer.ok else f"refused: {answer.code}"
        asked = msgspec.json.encode(request.arguments).decode()
        await self.write(request.actor, f"remote.{request.kind}", request.id, said, asked)
        return answer

    def _refuse(self, request: Request, *, retained: bool) -> Answer | None:
        if retained:  # requests are for who is there; a broker that keeps one plays it to everybody who comes
            return _no(request, "retained")
        stale = self._fresh.check(request.id, request.made_utc_ns, request.expires_utc_ns, self.utc_ns())
        if stale:
            return _no(request, str(stale))
        if request.kind not in frozenset(Kind):
            return _no(request, "unknown_kind", request.kind)
        if request.kind not in ROLES.get(_role(request.actor), frozenset()):
            return _no(request, "not_allowed", request.actor)
        return None

    def _do(self, request: Request) -> Answer:
        asked = request.arguments
        try:
            match Kind(request.kind):
                case Kind.DIAGNOSTICS:
                    return Answer(request.id, ok=True, diagnostics=self.readings.diagnostics())
                case Kind.ANNOUNCE:
                    self.readings.announce()
                    return Answer(request.id, ok=True)
                case Kind.SELF_TEST:
                    views = [view for view in self.readings.views() if asked.device in {"", view.id}]
                    if not views:
                        return _no(request, "no_device", asked.device)
                    checks = [check for view in views for check in checks_of(view)]
                    return Answer(request.id, ok=True, checks=checks)
                case Kind.LIVE:
                    now_s = asyncio.get_running_loop().time()
                    heart = _role(request.actor) in SEES_HEART
                    if code := self._leases.renew(asked.viewer, asked.per_s, asked.seconds, now_s, heart=heart):
                        return _no(request, code)
                    self._leased.set()
                    return Answer(request.id, ok=True, lease=Lease(asked.viewer, asked.per_s, asked.seconds))
        except Exception as error:
            log.exception("a remote request failed")
            return _no(request, "not_now", type(error).__name__)

    async def _show(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._leased.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(None if self._leases.next_s == math.inf else self._leases.next_s):
                    await self._leased.wait()
            due, link = self._leases.due(loop.time()), self._link
            if not due or link is None:
                continue
            try:
                glance = msgspec.structs.replace(self.readings.glance(), sent_utc_ns=self.utc_ns())
                for name, viewer in due:
                    rate = glance.heart_rate_bpm if viewer.heart else None
                    shown = msgspec.structs.replace(glance, number=viewer.number, heart_rate_bpm=rate)
                    link.publish(topics.live(self.site, name), encode(shown), qos=0, expiry_s=GLANCE_EXPIRY_S)
            except Exception:
                log.exception("a glance could not be shown")


def checks_of(view: DeviceView) -> list[Check]:
    """A device as the room sees it while it runs. Nothing is sent to it: what is asked of a chair could move it."""
    silent = view.silent_s is None or view.silent_s > SILENT_S
    errors = view.crc_errors + view.lost_frames
    flat = view.battery_percent is not None and view.battery_percent < 15
    found = {
        "here": (view.health is not Health.SEARCHING, view.problem or "not_connected"),
        "healthy": (view.health is not Health.FAULT, view.problem or "fault"),
        "speaks": (not silent, "no_answer"),
        "line": (errors * 100 <= view.frames or errors == 0, "noisy_line"),
        "battery": (not flat, "battery_low"),
    }
    return [Check(view.id, name, good, "" if good else problem[:_LONGEST]) for name, (good, problem) in found.items()]


def _role(actor: str) -> str:
    return actor.partition(":")[0]


def _no(request: Request, code: str, detail: str = "") -> Answer:
    return Answer(request.id, ok=False, code=code, detail=detail[:_LONGEST])
