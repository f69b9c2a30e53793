"""One simulated room on its district's broker: sessions as records, an outbox in memory, and receipts as a relay keeps.

The rules are those of `gateway/uplink.py`: oldest first, at most a window without a receipt; what has none is sent
again after a pause that doubles while nothing comes back, and at once after a reconnect. Sequences have no holes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import numpy as np
import uuid6

from devices.clock import Clock
from firmware_sim.fleet.connection import Broker, Connection
from firmware_sim.fleet.profile import FleetProfile
from firmware_sim.fleet.sessions import Template
from gateway import topics
from gateway.messages import Body, Envelope, Lane, Receipt, Record, SessionOpened, encode, kind_of

_WINDOW = 64
_RESEND_S, _RESEND_MAX_S = 3.0, 15.0
_PRODUCER = topics.RELAY


@dataclass(slots=True)
class Totals:
    """What all rooms together have done."""

    opened: int = 0
    closed: int = 0
    records: int = 0
    published: int = 0
    resent: int = 0
    receipted: int = 0
    bytes: int = 0
    connects: int = 0
    lost_links: int = 0


@dataclass(slots=True)
class _Waiting:
    payload: bytes
    sent_at: float | None = None


class Room:
    """One room.

    Attributes:
        site: its id, three levels in one segment.
        sessions: ids of those that it has opened.
    """

    def __init__(
        self,
        site: str,
        broker: Broker,
        clock: Clock,
        totals: Totals,
        luck: np.random.Generator,
    ) -> None:
        self.site, self.sessions = site, list[UUID]()
        self._broker, self._clock, self._totals, self._luck = broker, clock, totals, luck
        self._boot = str(UUID(int=uuid6.uuid7().int))
        self._seq = 0
        self._upper = site.partition(".")[0]
        self._outbox: dict[UUID, _Waiting] = {}
        self._pause_s = _RESEND_S
        self._connection: Connection | None = None
        self._topic = topics.up(site, Lane.NORMAL, _PRODUCER)
        self._state = topics.state(site, _PRODUCER)

    @property
    def waiting(self) -> int:
        """Records without a receipt."""
        return len(self._outbox)

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.up

    async def connect(self) -> None:
        """Go online; what has no receipt is sent again.

        Raises:
            BrokerAway: the broker does not want us.
        """
        self.disconnect()
        connection = Connection(
            self._broker,
            f"xinyi-{self.site}-{_PRODUCER}",
            _PRODUCER,
            (self._state, topics.OFFLINE),
            self._heard,
        )
        await connection.open([topics.receipt(self.site, _PRODUCER), topics.state(self._upper, topics.CENTRE)])
        self._connection = connection
        self._totals.connects += 1
        connection.publish(self._state, topics.ONLINE, retain=True)
        self._again()

    def disconnect(self) -> None:
        if self._connection is not None:
            if self._connection.up:
                self._connection.publish(self._state, topics.OFFLINE, retain=True)
            self._connection.close()
            self._connection = None

    async def hold(self, template: Template, profile: FleetProfile, over: Callable[[], bool]) -> None:
        """One session from its beginning to its end; it is ended early when `over()` says so."""
        session = UUID(int=uuid6.uuid7().int)
        number = int(self.site.rpartition(".")[2])
        began_ns = self._clock.now_ns()
        self.sessions.append(session)
        self._put(
            SessionOpened(
                session=session,
                programme="resonance",
                programme_version=1,
                device="chair-1",
                device_model="Xinyi Reference Chair",
                device_serial=f"{number:04d}",
                device_firmware="1.0.0",
                heart_channel="ecg",
                heart_rate_hz=250.0,
                began_utc_ns=self._clock.utc_ns(),
                speed=self._clock.speed,
            )
        )
        self._totals.opened += 1
        most = len(template.chunks)
        if self._luck.random() < profile.early_share:
            most = int(self._luck.integers(1, most + 1))
        done = 0
        for chunk in template.chunks[:most]:
            await self._clock.sleep((began_ns + chunk.to_ns - self._clock.now_ns()) / 1e9)
            self._put(msgspec.structs.replace(chunk, session=session))
            done += 1
            if over():
                break
        end = template.closed if done == len(template.chunks) else template.cut(done)
        self._put(msgspec.structs.replace(end, session=session))
        self._totals.closed += 1

    def care(self) -> None:
        """About once a second: keep-alive, and again what has waited too long."""
        if self._connection is None:
            return
        self._connection.care()
        if not self._connection.up:
            self._totals.lost_links += 1
            self.disconnect()
            return
        self._send(time.monotonic())

    def _put(self, body: Body) -> None:
        self._seq += 1
        record = Record(
            id=UUID(int=uuid6.uuid7().int),
            kind=kind_of(body),
            site=self.site,
            producer="room",
            made_utc_ns=self._clock.utc_ns(),
            body=encode(body),
        )
        self._totals.records += 1
        self._outbox[record.id] = _Waiting(encode(Envelope(self._boot, Lane.NORMAL, self._seq, record)))
        self._send(time.monotonic())

    def _again(self) -> None:
        for waiting in self._outbox.values():
            waiting.sent_at = None
        self._pause_s = _RESEND_S
        self._send(time.monotonic())

    def _send(self, now: float) -> None:
        if self._connection is None or not self._connection.up:
            return
        late = False
        for waiting, _ in zip(self._outbox.values(), range(_WINDOW), strict=False):
            if waiting.sent_at is not None:
                if now < waiting.sent_at + self._pause_s:
                    continue
                late = True
                self._totals.resent += 1
            waiting.sent_at = now
            self._connection.publish(self._topic, waiting.payload)
            self._totals.published += 1
            self._totals.bytes += len(waiting.payload)
        if late:
            self._pause_s = min(2 * self._pause_s, _RESEND_MAX_S)

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic.endswith(f"/{topics.CENTRE}"):
            if payload == topics.ONLINE:
                self._again()
            return
        try:
            receipt = msgspec.msgpack.decode(payload, type=Receipt)
        except msgspec.DecodeError:
            return
        gone = [each for each in receipt.ids if self._outbox.pop(each, None) is not None]
        self._totals.receipted += len(gone)
        if gone:
            self._pause_s = _RESEND_S
            self._send(time.monotonic())
