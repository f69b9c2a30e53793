"""The link by air: the real bleak against a virtual BlueZ."""

import asyncio
import contextlib

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError

from devices.address import parse
from devices.errors import BluetoothOff, NotConnected, OutOfReach, PortForbidden, PortLost, WrongDevice
from devices.links import ble
from devices.links.ble import Peripheral
from devices.links.link import gatt_link, uuid16
from devices.links.radio import cause
from devices.protocols import heart_rate as wire
from devices.protocols.device_information import BATTERY, MAKER
from devices.scan import scan


def peripheral(r, device=None):
    return gatt_link(r.paths[device] if device else r.address, device or "strap", r.clock)


async def drain(link):
    while True:
        await link.next(5.0)


async def held_by(twin):
    """Who is connected to the device, as its own adapter sees it."""
    return await twin._hosts()


async def test_a_scan_finds_who_advertises(air):
    async with air("heart-rate", "heart-rate") as r:
        found = await scan(0.4)
        assert sorted(seen.name for seen in found) == ["XY Strap heart-rate-1", "XY Strap heart-rate-2"]
        assert {seen.address for seen in found} == {parse(port).place for port in r.paths.values()}
        for seen in found:
            assert seen.adapter.startswith("hci")
            assert seen.rssi_dbm < 0
            assert wire.SERVICE in seen.services


async def test_values_are_read_and_told(air):
    async with air("heart-rate", speed=5) as r, peripheral(r) as link:
        assert link.name == "XY Strap heart-rate-1"
        assert link.has(BATTERY)
        assert await link.read(BATTERY) == b"\x5f"
        assert await link.read(MAKER) == b"Xinyi\0"
        await link.listen(wire.MEASUREMENT)
        before_ns = r.clock.now_ns()
        for _ in range(3):
            told = await link.next(5.0)
            assert wire.decode(told.data).contact is True
            assert before_ns <= told.arrival_ns <= r.clock.now_ns()
        assert -80 < link.rssi_dbm < -40
        await link.deafen(wire.MEASUREMENT)
        assert not r.firmware().listened


async def test_a_write_is_acknowledged(air):
    async with air("heart-rate", speed=10) as r, peripheral(r) as link:
        r.firmware()._energy_kj = 40.0
        await link.write(wire.CONTROL_POINT, b"\x01")
        assert r.firmware()._energy_kj < 40.0


async def test_a_value_that_it_has_not_is_the_wrong_device(air):
    async with air("heart-rate") as r, peripheral(r) as link:
        assert not link.has(uuid16(0x2A5F))
        with pytest.raises(WrongDevice, match="XY Strap"):
            await link.read(uuid16(0x2A5F))


async def test_leaving_ends_the_connection(air):
    async with air("heart-rate") as r:
        link = peripheral(r)
        async with link:
            assert len(await held_by(r.twin())) == 1
        assert await held_by(r.twin()) == []
        with pytest.raises(NotConnected):
            await link.read(BATTERY)


@pytest.mark.parametrize("way", ["device", "power", "reach"])
async def test_the_far_side_may_go_in_every_way_and_be_reached_again(air, way):
    async with air("heart-rate", speed=5) as r:
        async with peripheral(r) as link:
            await link.listen(wire.MEASUREMENT)
            match way:
                case "device":
                    await r.drop_link()
                case "power":
                    r.kill()
                case _:
                    r.do("unplug")
            with pytest.raises(PortLost):
                await drain(link)
            with pytest.raises(PortLost):
                await link.read(BATTERY)
        if way == "power":
            r.restart()
        elif way == "reach":
            r.do("plug")
        await r.site.there()
        async with peripheral(r) as link:
            await link.listen(wire.MEASUREMENT)
            assert await link.next(5.0) is not None


async def test_what_came_before_the_loss_is_taken_first(air, until):
    async with air("heart-rate", speed=20) as r, peripheral(r) as link:
        await link.listen(wire.MEASUREMENT)
        await until(lambda: len(link._waiting) >= 3)
        await r.drop_link()
        await until(lambda: link._gone)
        waiting = len(link._waiting)
        for _ in range(waiting):
            assert await link.next(5.0) is not None
        with pytest.raises(PortLost):
            await link.next(5.0)


async def test_what_nobody_takes_is_dropped_oldest_first_and_counted(air, until, monkeypatch):
    monkeypatch.setattr(ble, "_MOST_WAITING", 3)
    async with air("heart-rate", speed=20) as r, peripheral(r) as link:
        await link.listen(wire.MEASUREMENT)
        await until(lambda: link.dropped >= 2)
        assert len(link._waiting) == 3


async def test_a_failed_connection_says_so_and_the_next_one_works(air):
    async with air("heart-rate") as r:
        await r.bluez.fail_connects(1)
        with pytest.raises(OutOfReach, match=r"heart-rate-1|strap.*connection failed"):
            await peripheral(r).__aenter__()
        async with peripheral(r) as link:
            assert link.has(BATTERY)


async def test_who_is_not_there_is_out_of_reach(air, until, monkeypatch):
    monkeypatch.setattr(ble, "LOOK_S", 0.3)
    async with air("heart-rate") as r:
        r.do("unplug")
        await until(lambda: not r.twin().on_air.is_set())
        with pytest.raises(OutOfReach, match="switch it on"):
            await peripheral(r).__aenter__()


async def test_one_that_is_missing_does_not_keep_the_others_waiting(air):
    async with air("heart-rate", "heart-rate") as r:
        missing = Peripheral("ble:02:00:00:00:00:FF", parse("ble:02:00:00:00:00:FF"), "gone", r.clock)
        looking = asyncio.create_task(missing.__aenter__())
        await asyncio.sleep(0)
        async with peripheral(r, "heart-rate-1") as one, peripheral(r, "heart-rate-2") as other:
            assert one.has(BATTERY)
            assert other.has(BATTERY)
            assert not looking.done()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking


async def test_eight_sensors_at_once(air):
    """BlueZ refuses to begin two connections at a time; they take turns."""
    async with air(*["heart-rate"] * 8, speed=10) as r, contextlib.AsyncExitStack() as stack:
        links = await asyncio.gather(*(stack.enter_async_context(peripheral(r, name)) for name in r.paths))
        for link in links:
            await link.listen(wire.MEASUREMENT)
        told = await asyncio.gather(*(link.next(10.0) for link in links))
        assert all(wire.decode(each.data) is not None for each in told)
        assert [await link.read(uuid16(0x2A25)) for link in links] == [name.encode() for name in r.paths]


@pytest.mark.parametrize("steps", range(0, 60, 4))
async def test_a_cancelled_connection_holds_nothing(air, steps):
    async with air("heart-rate") as r:
        task = asyncio.create_task(peripheral(r).__aenter__())
        for _ in range(steps):
            await asyncio.sleep(0.001)
        done = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            link = await task
            assert done
            await link.__aexit__(None, None, None)
        assert await held_by(r.twin()) == []
        async with peripheral(r) as link:
            assert link.has(BATTERY)


async def test_a_cancelled_leave_still_ends_the_connection(air):
    async with air("heart-rate") as r:
        link = await peripheral(r).__aenter__()
        leaving = asyncio.create_task(link.__aexit__(None, None, None))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await held_by(r.twin()) == []


async def test_a_connection_that_a_crash_left_behind_is_taken_over(air):
    async with air("heart-rate") as r:
        await scan(0.2)
        lost = await peripheral(r).__aenter__()
        lost._client._backend._disconnected_callback = None  # nobody minds it any more, as after a crash
        async with peripheral(r) as link:
            assert await link.read(BATTERY) == b"\x5f"
        assert await held_by(r.twin()) == []


async def test_an_adapter_that_is_off_is_named_with_the_remedy(air):
    async with air("heart-rate") as r:
        await r.bluez.power(0, on=False)
        with pytest.raises(BluetoothOff, match=r"hci0 is switched off.*bluetoothctl power on"):
            await peripheral(r).__aenter__()
        await r.bluez.power(0, on=True)
        async with peripheral(r) as link:
            assert link.has(BATTERY)


async def test_an_adapter_that_is_switched_off_breaks_the_link(air):
    async with air("heart-rate") as r, peripheral(r) as link:
        await r.bluez.power(0, on=False)
        with pytest.raises(PortLost):
            await link.next(5.0)


async def test_an_adapter_that_does_not_exist_is_named(air):
    async with air("heart-rate") as r:
        with pytest.raises(BluetoothOff, match="there is no hci9; there is hci0, hci1"):
            await gatt_link("ble:02:00:00:00:00:01@hci9", "strap", r.clock).__aenter__()


async def test_without_any_adapter_bluetooth_is_missing(bluez):
    with pytest.raises(BluetoothOff, match="no adapter"):
        await scan(0.1)


async def test_without_d_bus_bluetooth_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'nothing'}")
    with pytest.raises(BluetoothOff, match="systemctl enable --now bluetooth"):
        await scan(0.1)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["Rejected send message"]), PortForbidden),
        (PermissionError(13, "Permission denied"), PortForbidden),
        (
            BleakBluetoothNotAvailableError("auth", BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM),
            PortForbidden,
        ),
        (BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF), BluetoothOff),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["org.bluez"]), BluetoothOff),
        (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), BluetoothOff),
        (BleakDBusError("org.bluez.Error.Failed", ["le-connection-abort-by-local"]), OutOfReach),
        (BleakError("failed to discover services, device disconnected"), OutOfReach),
        (TimeoutError(), OutOfReach),
        (FileNotFoundError(2, "No such file or directory"), BluetoothOff),
        (EOFError(), BluetoothOff),
    ],
)
def test_every_fault_of_bluetooth_has_one_line_with_port_and_remedy(error, meaning):
    told = cause(error, "ble:02:00:00:00:00:01", "strap-1")
    assert type(told) is meaning
    assert str(told).startswith("strap-1 at ble:02:00:00:00:00:01: ")
    assert told.remedy in str(told)
    assert "\n" not in str(told)
