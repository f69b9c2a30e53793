import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from devices.drivers.chair_link import ChairLinkChair
from devices.errors import DeviceError, NotConnected, PortLost, PortMissing
from devices.events import Arm, ChairStatus, Connected, Disconnected, Recline, StopMotion
from devices.supervisor import Supervised
from signals.samples import Samples


def supervised(rig):
    path = rig.paths["chair-1"]
    return Supervised("chair-1", lambda: ChairLinkChair("chair-1", path, rig.clock), rig.clock)


def kinds(events):
    """Connections and losses in order: "+" or the class of the error."""
    return [
        "+" if isinstance(event, Connected) else type(event.error)
        for event in events
        if isinstance(event, Connected | Disconnected)
    ]


async def test_a_chair_that_is_pulled_out_and_put_in_again_comes_back_with_a_new_epoch(rig, until, listening):
    async with rig(speed=5, chair={}) as r, supervised(r) as chair, listening(chair) as events:
        await until(lambda: any(isinstance(event, Samples) for event in events))
        before = r.site.twins["chair-1"].port
        r.do("unplug")
        await until(lambda: kinds(events) == ["+", PortLost, PortMissing])
        assert not chair.connected
        r.do("plug")
        assert before.link.is_symlink()
        await until(lambda: kinds(events)[-1] == "+")
        await until(lambda: isinstance(events[-1], Samples))
        assert [event.epoch for event in events if isinstance(event, Connected)] == [1, 2]
        assert {event.epoch for event in events if isinstance(event, Samples)} == {1, 2}
        assert kinds(events) == ["+", PortLost, PortMissing, "+"]


async def test_it_starts_before_the_chair_is_there(rig, until, listening):
    async with rig(speed=5, chair={}) as r:
        r.do("unplug")
        async with supervised(r) as chair, listening(chair) as events:
            await until(lambda: kinds(events) == [PortMissing])
            with pytest.raises(NotConnected):
                await chair.command(Recline(120))
            r.do("plug")
            await until(lambda: kinds(events) == [PortMissing, "+"])


async def test_a_chair_that_falls_silent_is_lost_and_comes_back(rig, until, listening):
    async with rig(speed=2, chair={}) as r, supervised(r) as chair, listening(chair) as events:
        await until(lambda: any(isinstance(event, Samples) for event in events))
        r.do("mute")
        await until(lambda: kinds(events)[-1] is PortLost)
        lost = next(event for event in events if isinstance(event, Disconnected))
        assert "silent" in str(lost.error)
        r.do("mute", on=False)
        await until(lambda: kinds(events)[-1] == "+")


async def test_a_stop_that_could_not_be_given_is_given_first_when_the_chair_is_back(rig, until, listening):
    async with rig(speed=5, chair={}) as r, supervised(r) as chair, listening(chair) as events:
        await until(lambda: any(isinstance(event, ChairStatus) for event in events))
        r.do("unplug")
        await until(lambda: not chair.connected)
        with pytest.raises(NotConnected):
            await chair.command(StopMotion())
        r.do("plug")
        await until(lambda: isinstance(events[-1], ChairStatus) and events[-1].stopped)


async def test_a_stop_reaches_a_chair_that_is_still_being_identified(rig, until):
    async with rig(chair={}) as r:
        r.do("mute")
        async with supervised(r) as chair:
            firmware = r.firmware("chair-1")
            await until(lambda: firmware._heard_s > 0)
            stopping = asyncio.create_task(chair.command(StopMotion()))
            await until(lambda: firmware.guard.stopped)
            assert not chair.connected
            r.do("mute", on=False)
            await stopping


async def test_a_stop_that_a_chair_did_not_confirm_while_it_was_opened_is_owed(rig, until):
    async with rig(speed=10, chair={}) as r:
        r.do("mute")
        async with supervised(r) as chair:
            await until(lambda: r.firmware("chair-1")._heard_s > 0)
            with pytest.raises(NotConnected):
                await chair.command(StopMotion())
            r.do("mute", on=False)
            await until(lambda: chair.connected)
            assert not chair._stop_owed


async def test_commands_reach_the_chair(rig, until, listening):
    async with rig(speed=5, chair={}) as r, supervised(r) as chair, listening(chair) as events:
        await until(lambda: any(isinstance(event, ChairStatus) for event in events))
        await chair.command(Arm(1))
        await chair.command(Recline(120))
        await until(lambda: r.firmware("chair-1").actuators.recline.target_deg == 120)


async def test_a_mistake_in_the_driver_is_told_and_does_not_lose_the_device(rig, until, listening, caplog):
    async with rig(speed=5, chair={}) as r, supervised(r) as chair, listening(chair) as events:
        await until(lambda: any(isinstance(event, Samples) for event in events))
        with monkeypatched(ChairLinkChair, "_take"):
            await until(lambda: DeviceError in kinds(events))
        await until(lambda: kinds(events)[-1] == "+")
    assert "the driver failed" in caplog.text


def monkeypatched(cls, method):
    patch = pytest.MonkeyPatch()
    patch.setattr(cls, method, lambda *_: 1 / 0)
    return contextlib.closing(SimpleNamespace(close=patch.undo))


async def test_leaving_ends_everything(rig, until, listening):
    async with rig(speed=5, chair={}) as r:
        async with supervised(r) as chair:
            await until(lambda: chair.connected)
        assert not chair.connected
        async with ChairLinkChair("chair-1", r.paths["chair-1"], r.clock):
            pass  # the port is free again
