"""Runs one script of what can happen to a chair: the real supervisor and driver, a cable, the firmware, its physics.

All in virtual time. Steps of people, cable and chair happen in the world, also while the host hangs; steps of the host
happen when it looks up. `firmware_sim/hazards.py` watches. A script and its seed give the same run every time.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from devices.clock import Clock
from devices.drivers.chair_link import ChairLinkChair
from devices.drivers.chair_words import message_of
from devices.errors import DeviceError
from devices.events import ChairCommand, ChairStatus, StopMotion
from devices.protocols import chair_link as wire
from devices.supervisor import Supervised
from firmware_sim.actuators import Ageing
from firmware_sim.hazards import REST_S, Hazards, Unsafe
from firmware_sim.line import LinkConditions
from firmware_sim.motor import Joint, Obstacle
from firmware_sim.person import Person
from firmware_sim.sampler import Sampler
from firmware_sim.seat import Seat
from firmware_sim.twins.chair_link import ChairFirmware, ChairModel
from firmware_sim.virtual import TICK_S, Cable, CableEnd, VirtualClock, VirtualLoop, World

TAIL_S = 3.5
_WIRE_S = 0.05


@dataclass(frozen=True)
class Step:
    """`wait_s` after the step before, `do` with `args` happens."""

    wait_s: float
    do: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Script:
    """What happens to one chair.

    Attributes:
        seed: of the luck of its line.
        streams: its sensors talk as well.
    """

    seed: int
    steps: tuple[Step, ...]
    seat_sensor: bool = True
    ble: bool = False
    streams: bool = False
    conditions: LinkConditions = field(default_factory=LinkConditions)
    noise: float = 0.0
    ageing: Ageing = field(default_factory=Ageing)


@dataclass
class Outcome:
    """What came of it."""

    unsafe: list[Unsafe]
    obeyed: int = 0
    moved_s: float = 0.0
    seconds: float = 0.0
    accepted: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    stop_on_wire_s: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


Break = Callable[[ChairFirmware], None]
Drive = Callable[[str, Clock, CableEnd], ChairLinkChair]


def driver(device: str, clock: Clock, end: CableEnd) -> ChairLinkChair:
    """The real one."""
    return ChairLinkChair(device, end.port, clock, link=end)


class Careless(ChairLinkChair):
    """A host without interlocks, that sends whatever it is asked to and watches nothing: now all is up to the chair."""

    async def command(self, command: ChairCommand) -> None:
        if isinstance(command, StopMotion):
            await super().command(command)
        elif self._begun:
            await self._ask(lambda: message_of(command, self.profile), lambda: None)

    def _judge(self, status: ChairStatus, at_ms: int) -> None:  # noqa: ARG002 - it does not judge
        self._stand(status)


def careless(device: str, clock: Clock, end: CableEnd) -> ChairLinkChair:
    return Careless(device, end.port, clock, link=end)


def run(script: Script, *, breaks: Break | None = None, drives: Drive = driver) -> Outcome:
    """Run it.

    Args:
        script: what happens.
        breaks: does something bad to the firmware first (for tests of the monitor).
        drives: makes the driver.
    """
    world = World()
    loop = VirtualLoop(world)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_Rig(script, world, loop, breaks, drives).play())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@cache
def _anybody() -> Person:
    """Who sits there when nobody measures them."""
    return Person(1)


class _Rig:
    def __init__(self, script: Script, world: World, loop: VirtualLoop, breaks: Break | None, drives: Drive) -> None:
        self.script, self.world, self.loop, self.drives = script, world, loop, drives
        seat = Seat(Person(script.seed) if script.streams else _anybody())
        self.firmware = ChairFirmware(ChairModel(seat_sensor=script.seat_sensor, sits_down_at_start=False), seat)
        if not script.streams:
            self.firmware._streams = ()  # noqa: SLF001 - a chair without sensors, a hundred times faster
            self.firmware._sampler = Sampler((), seat)  # noqa: SLF001
        self.firmware.actuators.age(script.ageing)
        self.hazards = Hazards(self.firmware.actuators, seat_sensor=script.seat_sensor)
        if breaks is not None:
            breaks(self.firmware)
        self.cable = Cable(world, self.firmware, script.seed, script.conditions, chunk=20 if script.ble else 0)
        self.cable.noise.share = script.noise
        self.cable.tapped, self.cable.sent = self.hazards.tap, self._sent
        self.clock = VirtualClock(world=world)
        self.outcome = Outcome(self.hazards.unsafe)
        self.ends: list[CableEnd] = []
        self.host: Supervised | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self._booting = False
        self._leaving: set[asyncio.Task[None]] = set()
        self._asked_stop_s: float | None = None
        self._asked_epoch = 0
        self._slowest_ms = 0.0

    async def play(self) -> Outcome:
        self.loop.set_exception_handler(self._mistake)
        await self._boot()
        at_s = 0.0
        for step in self.script.steps:
            at_s += step.wait_s
            self.world.at(at_s, lambda step=step: self._happens(step))  # type: ignore[misc]
        await asyncio.sleep(at_s + TAIL_S)
        outcome, hazards = self.outcome, self.hazards
        outcome.obeyed, outcome.moved_s, outcome.ends = hazards.obeyed, hazards.moved_s, hazards.ends
        outcome.seconds = self.world.now_s
        self._die()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        while rest:
            await asyncio.wait(rest)
            rest = asyncio.all_tasks() - {asyncio.current_task()}
        return outcome

    def _mistake(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.outcome.mistakes.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _happens(self, step: Step) -> None:
        self.outcome.seen[step.do] += 1
        act = getattr(self, f"do_{step.do}")
        if step.do in {"command", "stop", "hang", "restart"}:
            self.loop.call_soon(act, *step.args)
            self.world.stirred = True
        else:
            act(*step.args)
            self.cable.flush()

    # the host

    async def _boot(self) -> None:
        def make() -> ChairLinkChair:
            self.ends.append(CableEnd(self.cable, "chair"))
            return self.drives("chair", self.clock, self.ends[-1])

        self.host = await Supervised("chair", make, self.clock).__aenter__()
        self._booting = False
        self._task(self._listen(self.host))

    async def _listen(self, host: Supervised) -> None:
        async for _ in host.events():
            pass

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _die(self) -> None:
        """The process of the host is gone: no goodbye reaches the chair."""
        self.hazards.stop_hindered()
        self._asked_stop_s = None
        self.hazards.host_gone(self.world.now_s, self._slow_s)
        for end in self.ends:
            end.kill()
        host, self.host = self.host, None
        self._booting = False
        for task in self.tasks:
            task.cancel()
        if host is not None:
            leaving = self.loop.create_task(host.__aexit__(None, None, None))
            self._leaving.add(leaving)  # a second crash does not keep the first process alive
            leaving.add_done_callback(self._leaving.discard)

    def do_crash(self) -> None:
        self._die()

    def do_restart(self) -> None:
        if self.host is None and not self._booting:
            self._booting = True
            self.hazards.host_back()
            self._task(self._boot())

    def do_hang(self, seconds: float) -> None:
        self.hazards.stop_hindered()
        self._asked_stop_s = None
        if self.host is None or not self.cable.plugged:
            self.loop.hang(seconds)
            return
        self.hazards.host_gone(self.world.now_s, self._slow_s)
        self.loop.hang(seconds)
        if self.host is not None and self.cable.plugged:
            self.hazards.host_back()

    def do_command(self, command: ChairCommand) -> None:
        if self.host is not None:
            self._task(self._command(self.host, command))

    def do_stop(self) -> None:
        cable = self.cable
        clean = cable.plugged and not cable.conditions.loss_share and not cable.noise.share
        if self.host is not None and self.host.connected and clean:
            self.hazards.stop_due(self.world.now_s + _WIRE_S + self._slow_s + TICK_S + REST_S)
            self._asked_stop_s, self._asked_epoch = self.world.now_s, self.host.epoch
        self.do_command(StopMotion())

    async def _command(self, host: Supervised, command: ChairCommand) -> None:
        with contextlib.suppress(DeviceError):
            await host.command(command)
            self.outcome.accepted[type(command).__name__] += 1

    def _sent(self, frame: bytes) -> None:
        if self._asked_stop_s is not None:
            said = wire.Decoder().feed(frame)
            if said and isinstance(said[0].message, wire.Stop):
                host = self.host
                if host is not None and host.connected and host.epoch == self._asked_epoch:  # no new connection
                    self.outcome.stop_on_wire_s.append(self.world.now_s - self._asked_stop_s)
                self._asked_stop_s = None

    # the cable

    @property
    def _slow_s(self) -> float:
        """How long what the host has said may be under way."""
        return (self._slowest_ms + self.cable.conditions.delay_ms + self.cable.conditions.jitter_ms) / 1000

    def do_pull(self) -> None:
        self.hazards.stop_hindered()
        self.hazards.host_gone(self.world.now_s)
        self._asked_stop_s = None
        self.cable.pull()

    def do_plug(self) -> None:
        self.cable.plug()
        if self.host is not None:
            self.hazards.host_back()

    def do_line(self, loss_share: float, delay_ms: float, jitter_ms: float, noise: float) -> None:
        self.hazards.stop_hindered()
        self._slowest_ms = self.cable.conditions.delay_ms + self.cable.conditions.jitter_ms
        self.cable.conditions = replace_conditions(self.cable.conditions, loss_share, delay_ms, jitter_ms)
        self.cable.noise.share = noise

    # people and the chair

    def do_sit(self) -> None:
        self.hazards.sit()
        self.firmware.sit(self.world.now_s)

    def do_stand(self) -> None:
        self.hazards.stand(self.world.now_s)
        self.firmware.stand(self.world.now_s)

    def do_here(self) -> None:
        if not self.script.seat_sensor:
            self.hazards.press_here(self.world.now_s)
            self.firmware.here(self.world.now_s)

    def do_button(self) -> None:
        self.hazards.press_stop(self.world.now_s)
        self.firmware.press_stop(self.world.now_s)

    def do_button_out(self) -> None:
        self.hazards.pull_stop()
        self.firmware.release_stop(self.world.now_s)

    def do_reset(self) -> None:
        self.hazards.press_reset()
        self.firmware.reset(self.world.now_s)

    def do_fault(self, name: str, on: bool) -> None:
        self.hazards.cause(name, self.world.now_s, on=on)
        self.firmware.fault(name, self.world.now_s, on=on)

    def do_power(self) -> None:
        self.hazards.power_cycle(self.world.now_s)
        self.firmware.power_cycle(self.world.now_s)

    def do_obstruct(self, joint: str, ahead_deg: float) -> None:
        it: Joint = getattr(self.firmware.actuators, joint)
        direction = -1 if it.target_deg < it.angle_deg else 1
        it.obstacle = Obstacle(it.true_deg + direction * ahead_deg, direction)

    def do_free(self) -> None:
        self.firmware.actuators.recline.obstacle = self.firmware.actuators.leg_rest.obstacle = None


def replace_conditions(
    conditions: LinkConditions, loss_share: float, delay_ms: float, jitter_ms: float
) -> LinkConditions:
    return LinkConditions(
        loss_share=loss_share,
        burst_frames=conditions.burst_frames,
        duplicate_share=conditions.duplicate_share,
        delay_ms=delay_ms,
        jitter_ms=jitter_ms,
    )


def without(script: Script, gone: range) -> Script:
    """The script without some of its steps; what follows comes no earlier."""
    waited_s = sum(script.steps[i].wait_s for i in gone)
    rest = list(script.steps[: gone.start] + script.steps[gone.stop :])
    if gone.start < len(rest):
        rest[gone.start] = replace(rest[gone.start], wait_s=rest[gone.start].wait_s + waited_s)
    return replace(script, steps=tuple(rest))
