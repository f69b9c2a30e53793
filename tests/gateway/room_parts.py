"""A room without wires for tests: the real conductor, desk, stores and journal; a clock and a chair in our hands."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway_parts import SITE

from devices.clock import Clock
from devices.errors import DeviceError, PortLost
from devices.events import ChairCommand, ChairStatus, Connected, Disconnected, Identity, Rhythm
from gateway.config import Config, DeviceConfig
from gateway.keys import Keyring
from gateway.live import Action, Command, Reply, StartSession
from gateway.messages import Body, SessionChunk, SessionClosed, decode_body
from gateway.outbox import Outbox
from gateway.room.chair import ChairControl
from gateway.room.conductor import Conductor
from gateway.room.desk import Desk
from gateway.room.room import Room
from gateway.room.service import _take_up
from signals.pipeline import HeartBeat
from signals.samples import Channel

S = 1_000_000_000
BEGIN_NS = 1000 * S
CHAIR = Identity("Xinyi", "Test", "1", "1.0", ((Channel.ECG, 250.0),), hardware_watchdog=True)


class HandClock(Clock):
    """Stands still until it is moved."""

    __setattr__ = object.__setattr__  # the clock of the house is frozen; ours is not

    def __init__(self) -> None:
        super().__init__()
        self.t_ns = BEGIN_NS

    def now_ns(self) -> int:
        return self.t_ns


class FakeChair:
    """Takes commands as a supervised driver does; `answer` may refuse, fail or hang."""

    device = "chair-1"

    def __init__(self) -> None:
        self.asked: list[ChairCommand] = []
        self.away: DeviceError | None = None
        self.hangs: asyncio.Event | None = None
        self.during: Callable[[], None] = lambda: None

    async def command(self, command: ChairCommand) -> None:
        self.asked.append(command)
        if self.away:
            raise self.away
        self.during()
        if self.hangs:
            await self.hangs.wait()


class TestRoom:
    """One start of a room service, in a folder that outlives it."""

    __test__ = False

    def __init__(self, folder: Path, clock: HandClock, boot: str = "boot-1") -> None:
        self.folder, self.clock = folder, clock
        self.keyring = Keyring.open(folder / "keys")
        self.outbox = Outbox(folder / "outbox.sqlite", self.keyring, site=SITE, producer="room", boot=boot)
        self.wires = FakeChair()
        self.room = Room(Config(devices=[DeviceConfig("chair-1", "chair-link", "/dev/null")]), clock)
        self.chair = ChairControl(self.wires, lambda code: self.conductor.note("chair_refused", code))  # type: ignore[arg-type]  # all that it uses of a Supervised
        self.conductor = Conductor(folder / "journal", self.keyring, self.outbox, clock, self.room.senses, self.chair)
        self.room.lead(self.conductor, self.chair, "chair-1")
        self.desk = Desk(self.room, clock, "kernel")
        self._ids = 0

    async def take_up(self, kernel: str = "kernel") -> None:
        await _take_up(self.room, self.folder / "journal", self.keyring, self.outbox, self.clock, kernel)

    def die(self) -> None:
        """SIGKILL: what was not synced is gone; the kernel lets go of the locks."""
        recording = self.conductor.recording
        if recording:
            recording._journal._buffer.clear()
            recording._journal.close()
        self.outbox.close()

    async def ask(self, action: Action, actor: str = "console:test") -> Reply:
        self._ids += 1
        return await self.desk.perform(Command(self._ids, action, actor, 0))

    def connect(self, *, occupied: bool = True, stop_pressed: bool = False, stopped: bool = False) -> None:
        self.room.take(Connected("chair-1", self.clock.t_ns, CHAIR, 1))
        self.say(occupied=occupied, stop_pressed=stop_pressed, stopped=stopped)

    def say(
        self,
        *,
        occupied: bool = True,
        stop_pressed: bool = False,
        stopped: bool = False,
        moving: bool = False,
        tripped: bool = False,
        armed: bool = False,
    ) -> None:
        """A status of the chair."""
        self.room.take(
            ChairStatus(
                device="chair-1",
                t_ns=self.clock.t_ns,
                recline_deg=115.0,
                leg_rest_deg=10.0,
                massage_level=0,
                massage_zones=(),
                massage_rhythm=Rhythm.OFF,
                heat_level=0,
                light_percent=0,
                volume_percent=0,
                moving=moving,
                occupied=occupied,
                stop_pressed=stop_pressed,
                watchdog_tripped=tripped,
                stopped=stopped,
                armed=armed,
            )
        )

    def pull(self) -> None:
        self.room.take(Disconnected("chair-1", self.clock.t_ns, PortLost("/dev/null", "chair-1")))

    async def start(self, limit_s: float | None = None) -> None:
        reply = await self.ask(StartSession(limit_s=limit_s))
        assert reply.ok, reply

    def beat(self, rr_ms: float | None = 800.0) -> None:
        """A beat that happened now."""
        self.room._hear(HeartBeat(self.clock.t_ns, rr_ms, 0.9))

    def flow(self) -> None:
        """Samples of the heart begin to arrive now."""
        self.conductor.heart_flows(self.clock.t_ns)

    async def pass_time(self, seconds: float, *, beats: bool = True) -> None:
        """Time goes on in steps of 0.2 s, with a beat in every fourth, and everything is on disk after each."""
        for step in range(round(seconds * 5)):
            self.clock.t_ns += S // 5
            if beats and step % 4 == 0:
                self.beat()
            await self.room.tick()
        await self.conductor.sync()

    @property
    def state(self) -> tuple[str, str]:
        session = self.conductor.session
        assert session
        return str(session.state), str(session.pause or "")

    def bodies(self) -> list[Body]:
        return [
            decode_body(each.record.kind, each.record.body) for each in self.outbox.take(self.outbox.pending(10_000))
        ]

    def chunks(self) -> list[SessionChunk]:
        return [body for body in self.bodies() if isinstance(body, SessionChunk)]

    def closed(self) -> list[SessionClosed]:
        return [body for body in self.bodies() if isinstance(body, SessionClosed)]
