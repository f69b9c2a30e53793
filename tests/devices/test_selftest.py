"""The self-test, against twins that are well and twins that are not."""

import pytest

from devices.families import BY_KIND
from devices.selftest import selftest


async def verdict(r, kind, device, **options):
    driver = BY_KIND[kind].make(device, r.paths[device], r.clock)
    return {check.name: check async for check in selftest(BY_KIND[kind], driver, r.clock, **options)}


async def test_chair_that_is_well_is_fit(rig):
    async with rig(speed=5, chair={}) as r:
        checks = await verdict(r, "chair-link", "chair-1", seconds=8)
    assert all(check.ok for check in checks.values()), checks
    assert {"identify", "ecg", "link", "contact", "watchdog", "free"} <= set(checks)


async def test_finger_that_is_out_is_told_from_a_broken_device(rig):
    async with rig(speed=5, finger={}, wait_for_sit=True) as r:
        checks = await verdict(r, "berry", "finger-1", seconds=5)
    assert not checks["contact"].ok
    assert "finger" in checks["contact"].remedy
    assert checks["link"].ok


async def test_bad_cable_is_found(rig):
    async with rig(speed=5, finger={"noise": 0.05}) as r:
        checks = await verdict(r, "berry", "finger-1", seconds=8)
    assert "cable" in checks["link"].remedy


async def test_chair_without_a_watchdog_and_with_its_stop_in_is_not_fit(rig):
    async with rig(speed=5, chair={"watchdog_ms": 0}) as r:
        r.do("press_stop", "chair-1")
        checks = await verdict(r, "chair-link", "chair-1", seconds=4)
    assert not checks["watchdog"].ok
    assert "reset" in checks["free"].remedy


async def test_nothing_there_is_one_failed_check(rig):
    async with rig(speed=5, chair={}) as r:
        r.do("mute", "chair-1", on=True)
        checks = await verdict(r, "chair-link", "chair-1", seconds=4)
    assert list(checks) == ["identify"]
    assert not checks["identify"].ok


@pytest.mark.parametrize("with_stop", [False, True])
async def test_stop_is_tried_only_when_asked_for(rig, with_stop):
    async with rig(speed=1, chair={}) as r:
        checks = await verdict(r, "chair-link", "chair-1", seconds=2, with_stop=with_stop)
        assert ("stop" in checks) is with_stop
    if with_stop:
        assert "acknowledged" in checks["stop"].said
