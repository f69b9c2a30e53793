"""The real bleak against a virtual BlueZ."""


import pytest

from devices.address import parse
from devices.errors import PortLost
from devices.links.ble import Peripheral
from devices.protocols import heart_rate as wire
from devices.protocols.device_information import BATTERY, MAKER
from devices.scan import scan


def peripheral(r, device=None):
    port = r.paths[device] if device else r.address
    return Peripheral(port, parse(port), device or "strap", r.clock)


async def test_a_scan_finds_who_advertises(air):
    async with air("heart-rate", "heart-rate") as r:
        found = await scan(0.4)
        assert sorted(seen.name for seen in found) == ["XY Strap heart-rate-1", "XY Strap heart-rate-2"]
        assert {seen.address for seen in found} == {parse(port).place for port in r.paths.values()}
        assert all(wire.SERVICE in seen.services and seen.adapter == "hci0" and seen.rssi_dbm < 0 for seen in found)


async def test_values_are_read_and_told(air):
    async with air("heart-rate", speed=5) as r, peripheral(r) as link:
        assert link.name == "XY Strap heart-rate-1"
        assert link.has(BATTERY)
        assert await link.read(BATTERY) == b"\x5f"
        assert await link.read(MAKER) == b"Xinyi\0"
        await link.listen(wire.MEASUREMENT)
        for _ in range(3):
            told = await link.next(5.0)
            assert wire.decode(told.data).contact is True
        assert -80 < link.rssi_dbm < -40
        await link.deafen(wire.MEASUREMENT)
        assert not r.firmware().listened


async def test_the_device_may_hang_up_and_be_reached_again(air):
    async with air("heart-rate", speed=5) as r:
        for _ in range(2):
            async with peripheral(r) as link:
                await r.drop_link()
                with pytest.raises(PortLost):
                    await link.next(5.0)
