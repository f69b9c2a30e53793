"""Time that is computed, not waited for: a world of devices, and an asyncio loop whose sleep is its next event.

A real driver runs on `VirtualLoop` against real firmware in the same process, minutes in milliseconds, and the same
from the same seed. The world goes on by itself while the host hangs (`VirtualLoop.hang`), as a chair does: it is no
part of the loop, the loop only looks at it. Nothing here opens a file or a port.
"""

import asyncio
import heapq
import math
import selectors
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from devices.clock import Clock
from devices.errors import NotConnected, PortLost, PortMissing
from firmware_sim.line import Line, LinkConditions
from firmware_sim.noise import Noise

TICK_S = 0.05
_BITS_PER_BYTE = 10


_SPINS = 100_000


class Deadlock(RuntimeError):
    """Nothing will ever happen: every task waits for another, or one spins and time stands still."""


class World:
    """Everything but the host: events in order of time.

    Attributes:
        now_s: its time.
        stirred: something has happened that the host can see.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.stirred = False
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when_s: float, do: Callable[[], None]) -> None:
        """`do` at a moment, in the order of the calls where moments are the same; what is past happens next."""
        self._count += 1
        heapq.heappush(self._events, (max(when_s, self.now_s), self._count, do))

    def run(self, until_s: float, *, host_looks: bool = True) -> None:
        """Up to `until_s`, or until the host sees something."""
        if host_looks and self.stirred:
            self.stirred = False
            return
        if math.isinf(until_s) and not self._events:
            raise Deadlock("every task waits and the world has no more events")
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, do = heapq.heappop(self._events)
            do()
            if host_looks and self.stirred:
                break
        else:
            self.now_s = self.now_s if math.isinf(until_s) else until_s
        if host_looks:
            self.stirred = False


class _Leap(selectors.SelectSelector):
    """Waits for nothing: lets the world run instead."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._at_s, self._spins = -1.0, 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        world = self._world
        if world.now_s != self._at_s:
            self._at_s, self._spins = world.now_s, 0
        self._spins += 1
        if self._spins > _SPINS:
            raise Deadlock(f"the host spins at {world.now_s} s")
        world.run(math.inf if timeout is None else world.now_s + max(0.0, timeout))
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that leaps from event to event."""

    def __init__(self, world: World) -> None:
        self._world = world
        super().__init__(_Leap(world))

    def time(self) -> float:
        return self._world.now_s

    def hang(self, seconds: float) -> None:
        """The host computes for so long without looking up; the world goes on."""
        self._world.run(self._world.now_s + seconds, host_looks=False)


@dataclass(frozen=True, slots=True)
class VirtualClock(Clock):
    """The house's clock on a world's time."""

    world: World | None = None

    def now_ns(self) -> int:
        return 0 if self.world is None else round(self.world.now_s * 1e9)


class Machine(Protocol):
    """What a `Cable` can run: the firmware of a device."""

    def hear(self, data: bytes, at_s: float) -> None: ...
    def advance(self, at_s: float) -> None: ...
    def output(self) -> list[bytes]: ...


class Cable:
    """A device that runs in a world, and the cable to its host, which may lose, spoil, delay and be pulled out.

    Attributes:
        conditions: of the line, both ways; may be replaced at any time.
        noise: what the line does to frames, both ways; `noise.share` may be set at any time.
        chunk: frames are cut into pieces of this many bytes (BLE: 20); 0: they stay whole.
        plugged: it is in.
        sent: called with each frame of the host when its last byte is on the wire.
        tapped: called with (bytes, second) for all that reaches the device.
        overtaken: frames of the host that an overtaking one has thrown away.
    """

    def __init__(
        self,
        world: World,
        machine: Machine,
        seed: int,
        conditions: LinkConditions,
        *,
        chunk: int = 0,
        baud: int = 115200,
    ) -> None:
        self.world, self.machine = world, machine
        self.noise = Noise(seed)
        self.chunk, self.plugged = chunk, True
        self.sent: Callable[[bytes], None] | None = None
        self.tapped: Callable[[bytes, float], None] | None = None
        self.overtaken = 0
        self._baud = baud
        self._to_host: Line[bytes] = Line(seed + 1, len, conditions)
        self._to_device: Line[bytes] = Line(seed + 2, len, conditions)
        self._end: CableEnd | None = None
        self._queue: deque[bytes] = deque()
        self._sending = False
        self._looks: dict[str, float] = {}
        world.at(world.now_s + TICK_S, self._tick)

    @property
    def conditions(self) -> LinkConditions:
        return self._to_host.conditions

    @conditions.setter
    def conditions(self, conditions: LinkConditions) -> None:
        self._to_host.conditions = self._to_device.conditions = conditions

    def pull(self) -> None:
        """Out: what was under way is gone, and the host notices."""
        self.plugged = False
        self._to_host.cut()
        self._to_device.cut()
        self._queue.clear()
        self.let_go(PortLost)

    def plug(self) -> None:
        self.plugged = True

    def let_go(self, error: type[PortLost] | None = None) -> None:
        """The host's end is closed; with an error its reader is told."""
        end, self._end = self._end, None
        self._queue.clear()
        if end is not None:
            end.lost = error
            end.wake()

    def take(self, end: "CableEnd") -> None:
        """The host opens its end; a process that has died has let go of it before."""
        self.let_go()
        self._end = end

    # host to device

    def send(self, end: "CableEnd", data: bytes, *, overtaking: bool) -> None:
        if end is not self._end:
            return
        if overtaking:
            self.overtaken += len(self._queue)
            self._queue.clear()
        self._queue.append(data)
        if not self._sending:
            self._transmit()

    def _transmit(self) -> None:
        """One frame after the other, as fast as the line is."""
        self._sending = bool(self._queue)
        if self._queue:
            frame = self._queue.popleft()
            self.world.at(self.world.now_s + _BITS_PER_BYTE * len(frame) / self._baud, lambda: self._on_wire(frame))

    def _on_wire(self, frame: bytes) -> None:
        if self.plugged:
            if self.sent is not None:
                self.sent(frame)
            for piece in self._pieces(self.noise.spoil(frame)):
                self._to_device.put(piece, self.world.now_s)
            self._await(self._to_device, self._reach_device)
        self._transmit()

    def _reach_device(self) -> None:
        self._looks.pop("_reach_device", None)
        now_s = self.world.now_s
        for data in self._to_device.take(now_s):
            if self.tapped is not None:
                self.tapped(data, now_s)
            self.machine.hear(data, now_s)
        self._await(self._to_device, self._reach_device)
        self.flush()

    # device to host

    def _tick(self) -> None:
        self.machine.advance(self.world.now_s)
        self.flush()
        self.world.at(self.world.now_s + TICK_S, self._tick)

    def flush(self) -> None:
        """What the device has to say goes on its way."""
        for frame in self.machine.output():
            if self.plugged:
                for piece in self._pieces(self.noise.spoil(frame)):
                    self._to_host.put(piece, self.world.now_s)
        self._await(self._to_host, self._reach_host)

    def _reach_host(self) -> None:
        self._looks.pop("_reach_host", None)
        arrived = self._to_host.take(self.world.now_s)
        if arrived and self._end is not None:
            self._end.arrived += b"".join(arrived)
            self._end.wake()
        self._await(self._to_host, self._reach_host)

    def _pieces(self, frame: bytes) -> list[bytes]:
        if not self.chunk:
            return [frame] if frame else []
        return [frame[i : i + self.chunk] for i in range(0, len(frame), self.chunk)]

    def _await(self, line: Line[bytes], look: Callable[[], None]) -> None:
        if line.next_s < self._looks.get(look.__name__, math.inf):
            self._looks[look.__name__] = line.next_s
            self.world.at(line.next_s, look)


class CableEnd:
    """The host's end: a `ByteLink`. Dies with its process (`kill`): then it hears and says nothing more."""

    rssi_dbm = None

    def __init__(self, cable: Cable, device: str = "") -> None:
        self.port, self.device = "virtual", device
        self.arrived = b""
        self.lost: type[PortLost] | None = None
        self.dead = False
        self._cable = cable
        self._open = False
        self._readable = asyncio.Event()

    def wake(self) -> None:
        """Something has arrived, or the line is gone."""
        if not self.dead:
            self._cable.world.stirred = True
            self._readable.set()

    def kill(self) -> None:
        """The process is gone, without a goodbye."""
        if not self.dead:
            self.dead = True
            if self._open:
                self._cable.let_go()

    async def __aenter__(self) -> Self:
        if self.dead or not self._cable.plugged:
            raise PortMissing(self.port, self.device)
        self._cable.take(self)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open and not self.dead and self.lost is None:
            self._cable.let_go()
        self._open = False

    async def read(self, within_s: float) -> bytes:
        """As `ByteLink.read`."""
        if not self.arrived and self.lost is None:
            try:
                async with asyncio.timeout(max(0.0, within_s)):
                    await self._readable.wait()
            except TimeoutError:
                pass
        self._readable.clear()
        if not self._open:
            raise NotConnected(self.port, self.device)
        data, self.arrived = self.arrived, b""
        if not data and self.lost is not None:
            raise self.lost(self.port, self.device)
        return data

    def write(self, data: bytes, *, overtaking: bool = False) -> None:
        """As `ByteLink.write`."""
        if not self._open:
            raise NotConnected(self.port, self.device)
        if self.lost is not None:
            raise self.lost(self.port, self.device)
        if not self.dead:
            self._cable.send(self, data, overtaking=overtaking)
