"""What the fleet's tests have in common: sites, births, heartbeats, samples, and a real mosquitto."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from gateway.broker import broker_command, free_port, private_address, wait_until_listening
from gateway.fleet.health import Birth, DeviceBirth, DeviceHealth, Heartbeat, Versions
from gateway.fleet.metrics import Sample
from gateway.link import BrokerAddress

SITE = "huadu.xinhua.0007"
S = 1_000_000_000
NOON = 1_750_000_020 * S
"""A whole minute."""


def at(seconds: float) -> int:
    return NOON + round(seconds * S)


def birth(site: str = SITE, process: str = "room", boot: str = "boot-1", version: str = "0.1.0") -> Birth:
    devices = [DeviceBirth("hrm-1", "ble-hrm", "H10", "0042", "3.1", "胸带")]
    return Birth(site, process, boot, NOON, "power", Versions(version, "3.11", "6.1"), devices=devices)


def beat(number: int, site: str = SITE, process: str = "room", boot: str = "boot-1", **values) -> Heartbeat:
    """Heartbeat `number`, sent `number` minutes after noon."""
    return Heartbeat(site, process, boot, number, at(60 * number), uptime_s=60.0 * number, **values)


def device(frames: int, crc: int = 0, lost: int = 0, reconnects: int = 0, health: str = "connected", **values):
    return DeviceHealth(
        "hrm-1", health, frames=frames, crc_errors=crc, lost_frames=lost, reconnects=reconnects, **values
    )


def site_sample(site: str, now_ns: int, silent: bool) -> Sample:
    return Sample(site, "", "", now_ns, True, {"silent": float(silent)})


def sites(count: int, district: str = "huadu", towns: int = 10) -> list[str]:
    return [f"{district}.town{index % towns:02d}.{index:04d}" for index in range(count)]


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout_s:g} s still not true: {what}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[BrokerAddress]:
    port = free_port()
    child = subprocess.Popen(broker_command(folder, port))
    try:
        address = private_address(folder, port)
        await wait_until_listening(address)
        yield address
    finally:
        child.terminate()
        child.wait(10)
