"""What the supervisor does with devices that fail in every way. The devices here are scripted; the rules are real."""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock import Clock
from devices.errors import DeviceError, NoAnswer, PortLost, PortMissing
from devices.events import Connected, Disconnected, Identity, LinkHealth
from devices.stall import Flow
from devices.supervisor import LASTING_S, Supervised
from signals.samples import Channel, Samples

PPG = Identity("Maker", "Model", "1", "1", channels=((Channel.PPG, 100.0), (Channel.RR, 0.0)))


class QuickClock(Clock):
    """Nobody waits: time passes when somebody sleeps (or, `still`, only when the device says so)."""

    __slots__ = ("_now_ns", "slept", "still")

    def __init__(self, *, still=False):
        super().__init__()
        object.__setattr__(self, "still", still)
        object.__setattr__(self, "slept", [])
        object.__setattr__(self, "_now_ns", 10**9)

    def now_ns(self):
        return self._now_ns

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.pass_s(0 if self.still else seconds)
        await asyncio.sleep(0)

    def pass_s(self, seconds):
        object.__setattr__(self, "_now_ns", self._now_ns + round(max(0.0, seconds) * 1e9))


@dataclass
class Device:
    """One device with a script: what goes wrong at each attempt. When it is at its end, all is well."""

    clock: Clock
    script: list = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    attempts: int = 0

    def driver(self):
        self.attempts += 1
        return Scripted(self, self.script.pop(0) if self.script else "well")


class Scripted:
    epoch = 0
    identity = PPG

    def __init__(self, device, fate):
        self.device, self.fate = device, fate
        self.heard_ns = 0

    async def __aenter__(self):
        match self.fate:
            case "missing":
                raise PortMissing("/dev/none", "d")
            case "hangs on opening":
                await asyncio.Event().wait()
            case "our mistake on opening":
                raise ZeroDivisionError
        self.device.opened += 1
        self.heard_ns = self.device.clock.now_ns()
        return self

    async def __aexit__(self, *_):
        await asyncio.sleep(0)
        self.device.closed += 1

    async def events(self):
        index = 0
        while True:
            await asyncio.sleep(0)
            now_ns = self.device.clock.now_ns()
            self.heard_ns = max(now_ns, self.heard_ns + 1)
            yield LinkHealth("d", now_ns, index, 0, 0, 0)
            match self.fate:
                case "breaks off" if index == 3:
                    raise PortLost("/dev/x", "d")
                case "ends" if index == 3:
                    return
                case "our mistake" if index == 3:
                    raise ZeroDivisionError
                case "dries up" if index >= 3:
                    pass
                case "lasts, then breaks off" if index == 3:
                    self.device.clock.pass_s(LASTING_S)
                    raise PortLost("/dev/x", "d")
                case _:
                    yield Samples("d", Channel.PPG, now_ns, 100.0, np.full(5, np.nan), 5 * index, self.epoch)
            index += 1


@contextlib.asynccontextmanager
async def supervised(*script, connect_s=40.0, still=False):
    device = Device(QuickClock(still=still), list(script))
    events = []
    async with Supervised("d", device.driver, device.clock, connect_s=connect_s) as keeper:

        async def pump():
            async for event in keeper.events():
                events.append(event)  # noqa: PERF401 - looked at while it grows

        task = asyncio.create_task(pump())
        yield device, events
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def kinds(events):
    return [
        "+" if isinstance(event, Connected) else type(event.error)
        for event in events
        if isinstance(event, Connected | Disconnected)
    ]


async def test_the_first_retry_follows_within_a_second_and_the_others_ever_more_slowly(until):
    async with supervised(*["missing"] * 8) as (device, events):
        await until(lambda: kinds(events)[-1:] == ["+"])
    tries = device.clock.slept[:8]
    assert device.attempts == 9
    assert tries[0] < 1.0
    assert tries == sorted(tries)
    assert tries[-1] <= 2.0


async def test_only_a_connection_that_lasted_makes_the_next_retry_quick(until):
    async with supervised(*["breaks off"] * 6, "lasts, then breaks off", still=True) as (device, events):
        await until(lambda: kinds(events).count("+") == 8)
        slept = [s for s in device.clock.slept if s in {0.1, 0.2, 0.4, 0.8, 1.6, 2.0}]
    assert slept[:7] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 0.1]


async def test_a_connect_that_hangs_is_given_up_and_tried_again(until):
    async with supervised("hangs on opening", connect_s=0.02) as (device, events):
        await until(lambda: kinds(events) == [NoAnswer, "+"])
        assert device.attempts == 2
    told = next(event for event in events if isinstance(event, Disconnected))
    assert "not ready after" in str(told.error)


@pytest.mark.parametrize("fate", ["our mistake", "our mistake on opening"])
async def test_a_mistake_of_ours_is_logged_and_tried_again(fate, until, caplog):
    async with supervised(fate) as (_, events):
        await until(lambda: DeviceError in kinds(events) and kinds(events)[-1] == "+")
    assert "ZeroDivisionError" in caplog.text


async def test_a_stream_that_simply_ends_is_a_lost_connection(until):
    async with supervised("ends") as (_, events):
        await until(lambda: kinds(events) == ["+", PortLost, "+"])


async def test_a_device_that_talks_while_a_channel_has_dried_up_is_opened_afresh(until):
    async with supervised("dries up") as (_, events):
        await until(lambda: kinds(events) == ["+", PortLost, "+"])
    lost = next(event for event in events if isinstance(event, Disconnected))
    assert "ppg has stopped" in str(lost.error)


def test_a_channel_without_contact_flows_and_one_without_a_rate_is_not_judged():
    flow = Flow(8 * 10**9)
    for second in range(60):
        flow.note(Samples("d", Channel.PPG, 0, 100.0, np.full(100, np.nan), 100 * second), second * 10**9)
        assert flow.stalled(PPG, second * 10**9) is None
    assert flow.stalled(PPG, 68 * 10**9) is Channel.PPG


def test_a_slow_channel_may_take_its_time():
    slow = Identity("", "", "", "", channels=((Channel.SPO2, 0.25),))
    flow = Flow(8 * 10**9)
    assert flow.stalled(slow, 0) is None
    assert flow.stalled(slow, 15 * 10**9) is None
    assert flow.stalled(slow, 17 * 10**9) is Channel.SPO2


FATES = (
    "missing",
    "hangs on opening",
    "our mistake on opening",
    "breaks off",
    "ends",
    "our mistake",
    "dries up",
    "lasts, then breaks off",
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(FATES), max_size=8))
def test_whatever_happens_every_opened_device_is_closed_and_the_story_makes_sense(script):
    async def body():
        async with supervised(*script, connect_s=0.01) as (device, events), asyncio.timeout(20):
            while not (device.attempts > len(script) and isinstance(events[-1], Samples)):
                await asyncio.sleep(0)
        assert device.opened == device.closed
        assert device.attempts == len(script) + 1
        told = kinds(events)
        assert all((one, other) != ("+", "+") for one, other in itertools.pairwise(told))
        epochs = [event.epoch for event in events if isinstance(event, Connected)]
        assert epochs == list(range(1, len(epochs) + 1))
        epoch = None
        for event in events:
            match event:
                case Connected():
                    epoch = event.epoch
                case Disconnected():
                    epoch = None
                case Samples():
                    assert event.epoch == epoch

    asyncio.run(body())


async def test_an_impatient_exit_waits_until_the_device_is_off():
    device, off, leaving = Device(Clock()), asyncio.Event(), asyncio.Event()

    class Slow(Scripted):
        async def __aexit__(self, *_):
            leaving.set()
            await off.wait()
            self.device.closed += 1

    keeper = await Supervised("d", lambda: Slow(device, "well"), device.clock).__aenter__()
    while not keeper.connected:
        await asyncio.sleep(0)
    exit_task = asyncio.create_task(keeper.__aexit__(None, None, None))
    await leaving.wait()
    exit_task.cancel()
    await asyncio.sleep(0)
    assert not exit_task.done()
    off.set()
    with pytest.raises(asyncio.CancelledError):
        await exit_task
    assert device.closed == 1


PROGRAM = """
import asyncio, signal, sys
from devices.clock import Clock
from devices.families import BY_KIND
from devices.supervisor import Supervised
from signals.samples import Samples

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = Clock()
    make = lambda: BY_KIND[sys.argv[1]].make("d", sys.argv[2], clock)
    async with Supervised("d", make, clock) as device:
        async def watch():
            async for event in device.events():
                if isinstance(event, Samples):
                    print("flows", flush=True)
        task = asyncio.create_task(watch())
        await stop.wait()
        task.cancel()

asyncio.run(main())
"""


async def test_a_process_that_is_told_to_end_stops_the_streams_first(rig, until):
    async with rig(chair={}) as r:
        chair = r.firmware("chair-1")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            "chair-link",
            r.paths["chair-1"],
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"flows\n"
        assert chair._sampler.running
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        await until(lambda: not chair._sampler.running)
