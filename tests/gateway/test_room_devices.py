"""A room of several devices: which of them is the heart, and which the session cannot do without. No wires."""

from pathlib import Path

import numpy as np
import pytest
from room_parts import HandClock, S, TestRoom

from devices.errors import PortLost
from devices.events import Connected, Disconnected, Identity
from gateway.config import DeviceConfig
from gateway.live import Health, StartSession
from gateway.room.view import DeviceState
from signals.samples import Channel, Intervals, Samples

STRAP = Identity("Polar", "H10", "8A1", "3.1", ((Channel.RR, 0.0),))
FINGER = Identity("Berry", "oximeter", "", "", ((Channel.PPG, 100.0), (Channel.SPO2, 1.0)))
BARE_CHAIR = Identity("Maker", "Recliner", "1", "1", (), hardware_watchdog=True)


@pytest.fixture
async def room(tmp_path: Path):
    room = TestRoom(tmp_path, HandClock())
    for device in (
        DeviceConfig("finger-1", "berry", "/dev/null"),
        DeviceConfig("strap-1", "heart-rate", "ble:00:22:D0:12:34:56"),
    ):
        room.room.devices[device.id] = DeviceState(device)
    async with room.chair:
        yield room
    room.die()


def came(room: TestRoom, device: str, identity: Identity) -> None:
    room.room.take(Connected(device, room.clock.t_ns, identity, 1))


def went(room: TestRoom, device: str) -> None:
    room.room.take(Disconnected(device, room.clock.t_ns, PortLost("", device)))


def beat(room: TestRoom, rr_ms: float = 800.0, *, joined: bool = True) -> None:
    """The strap tells a beat that happened now."""
    times = np.array([room.clock.t_ns], dtype=np.int64)
    room.room.take(Intervals("strap-1", times, np.array([rr_ms]), joined, contact=True))


async def beats(room: TestRoom, count: int) -> None:
    for number in range(count):
        room.clock.t_ns += 800_000_000
        beat(room, joined=number > 0)
        await room.room.tick()
    await room.conductor.sync()


async def test_session_of_a_bare_chair_runs_on_the_strap(room):
    came(room, "chair-1", BARE_CHAIR)
    room.say()
    assert (await room.ask(StartSession())).code == "no_chair"
    came(room, "strap-1", STRAP)
    assert (await room.ask(StartSession())).ok
    await beats(room, 30)
    opened = room.conductor.recording.opened.body
    assert (opened.device, opened.heart_channel) == ("strap-1", "rr")
    assert len(room.conductor.recording.ledger.beats) >= 25
    assert room.room.senses.good


async def test_better_sensor_is_the_heart_whatever_came_first(room):
    came(room, "finger-1", FINGER)
    assert room.room.heart_ready == "finger-1"
    came(room, "strap-1", STRAP)
    assert room.room.heart_ready == "strap-1"
    went(room, "strap-1")
    assert room.room.heart_ready == "finger-1"


async def test_of_equals_the_chairs_own_sensor_is_the_heart(room):
    came(room, "finger-1", FINGER)
    came(room, "chair-1", Identity("Xinyi", "Chair", "1", "2", ((Channel.PPG, 125.0),), hardware_watchdog=True))
    assert room.room.heart_ready == "chair-1"


async def test_session_keeps_its_heart_when_a_better_one_comes(room):
    came(room, "finger-1", FINGER)
    room.connect(occupied=True)
    went(room, "chair-1")
    assert (await room.ask(StartSession())).ok
    came(room, "strap-1", STRAP)
    before = len(room.conductor.recording.ledger.beats)
    await beats(room, 5)
    assert room.conductor.device == "finger-1"
    assert len(room.conductor.recording.ledger.beats) == before


async def test_pulse_of_another_device_is_left_alone(room):
    came(room, "strap-1", STRAP)
    came(room, "finger-1", FINGER)
    assert (await room.ask(StartSession())).ok
    room.room.take(Samples("finger-1", Channel.PPG, room.clock.t_ns, 100.0, np.zeros(100), 0))
    room.room.take(Samples("finger-1", Channel.SPO2, room.clock.t_ns, 1.0, np.array([97.0]), 0))
    await beats(room, 3)
    assert room.room.senses.heart_device == "strap-1"
    assert room.room.frame().metrics.spo2.value == 97


@pytest.mark.parametrize(("first", "second"), [("chair-1", "strap-1"), ("strap-1", "chair-1")])
async def test_session_goes_on_when_both_the_chair_and_the_strap_are_back(room, first, second):
    came(room, "chair-1", BARE_CHAIR)
    room.say()
    came(room, "strap-1", STRAP)
    await room.start()
    went(room, "chair-1")
    went(room, "strap-1")
    assert room.state == ("paused", "device_lost")
    for device in (first, second):
        assert room.state == ("paused", "device_lost")
        came(room, device, STRAP if device == "strap-1" else BARE_CHAIR)
        if device == "chair-1":
            room.say()
    assert room.state == ("running", "")


async def test_session_that_began_without_the_chair_does_not_wait_for_it(room):
    came(room, "strap-1", STRAP)
    await room.start()
    assert room.state == ("running", "")
    went(room, "chair-1")
    assert room.state == ("running", "")


async def test_lost_chair_leaves_no_gap_in_the_heart_of_the_strap(room):
    came(room, "chair-1", BARE_CHAIR)
    room.say()
    came(room, "strap-1", STRAP)
    await room.start()
    await beats(room, 5)
    went(room, "chair-1")
    room.clock.t_ns += 800_000_000
    beat(room)
    room.clock.t_ns += 2 * S
    came(room, "chair-1", BARE_CHAIR)
    room.say()
    await room.conductor.sync()
    assert not [gap for gap in room.conductor.recording.ledger.gaps if gap.cause == "device_lost"]


async def test_battery_and_signal_of_a_strap_are_shown(room):
    from devices.events import LinkHealth

    came(room, "strap-1", STRAP)
    now = room.clock.t_ns
    room.room.take(LinkHealth("strap-1", now, 10, 0, 0, 1, heard_ns=now - S, battery_percent=81, rssi_dbm=-60))
    view = next(view for view in room.room.frame().devices if view.id == "strap-1")
    assert (view.health, view.battery_percent, view.rssi_dbm, view.silent_s) == (Health.CONNECTED, 81, -60, 1.0)
