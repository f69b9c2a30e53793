"""How every sensor is left: stopped first, hung up always, whoever is in a hurry."""

import asyncio
import contextlib

import pytest

from devices.clock import Clock
from devices.errors import PortLost
from devices.events import Identity
from devices.sensor import ByteSensor, GattSensor


class Wire:
    """A link on which everything is written down."""

    port, rssi_dbm, name, dropped = "p", None, "", 0

    def __init__(self, story):
        self.story = story

    async def __aenter__(self):
        self.story.append("connected")
        return self

    async def __aexit__(self, *_):
        self.story.append("hung up")


class Decoder:
    frames = lost_frames = crc_errors = dropped_bytes = 0


class Scripted(ByteSensor):
    def __init__(self, story, opening=None, closing=None):
        super().__init__("d", "p", Clock(), Wire(story), Decoder())
        self.story, self.opening, self.closing = story, opening, closing

    async def identify(self):
        return Identity("", "", "", "")

    async def open(self):
        self.story.append("started")
        if self.opening is not None:
            await self.opening()

    async def close(self):
        if self.closing is not None:
            await self.closing()
        self.story.append("stopped")

    def take(self, data, arrival_ns):
        return True


WELL = ["connected", "started", "stopped", "hung up"]


async def forever():
    await asyncio.Event().wait()


async def fail():
    raise PortLost("p", "d")


async def err():
    raise ZeroDivisionError


async def test_it_is_stopped_and_then_hung_up():
    story = []
    async with Scripted(story):
        pass
    assert story == WELL


async def test_what_failed_while_opening_is_stopped_too():
    story = []
    with pytest.raises(PortLost):
        await Scripted(story, opening=fail).__aenter__()
    assert story == WELL


async def test_what_was_cancelled_while_opening_is_stopped_too(until):
    story = []
    task = asyncio.create_task(Scripted(story, opening=forever).__aenter__())
    await until(lambda: "started" in story)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert story == WELL


@pytest.mark.parametrize("closing", [fail, err])
async def test_a_stop_that_fails_hangs_up_all_the_same(closing):
    story = []
    async with Scripted(story, closing=closing):
        pass
    assert story[-1] == "hung up"


async def test_a_stop_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr("devices.sensor.CLOSE_WITHIN_S", 0.01)
    story = []
    async with Scripted(story, closing=forever):
        pass
    assert story == ["connected", "started", "hung up"]


async def test_a_second_cancel_does_not_interrupt_the_stop(until):
    story, release = [], asyncio.Event()
    leaving = asyncio.Event()

    async def slow():
        leaving.set()
        await release.wait()

    async def use():
        async with Scripted(story, closing=slow):
            await forever()

    task = asyncio.create_task(use())
    await until(lambda: "started" in story)
    task.cancel()
    await leaving.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert story == WELL


def test_by_air_more_silence_is_borne_than_by_cable():
    assert GattSensor.silence_s > ByteSensor.silence_s
