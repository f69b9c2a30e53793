"""What a BLE sensor says of itself: maker, model, serial number, firmware, battery. Each may be missing."""

import contextlib
from dataclasses import dataclass

from devices.errors import CommandRefused
from devices.links.link import GattLink
from devices.protocols import device_information as wire


@dataclass(frozen=True, slots=True)
class About:
    """What it does not say is an empty string, or None."""

    maker: str
    model: str
    serial: str
    firmware: str
    battery_percent: int | None


async def about(link: GattLink) -> About:
    """Ask it, by reading only.

    Raises:
        PortLost: the connection broke off.
    """
    maker, model, serial, firmware = [
        wire.text(await _read(link, uuid)) for uuid in (wire.MAKER, wire.MODEL, wire.SERIAL, wire.FIRMWARE)
    ]
    return About(maker, model or link.name, serial, firmware, wire.battery_percent(await _read(link, wire.BATTERY)))


async def _read(link: GattLink, uuid: str) -> bytes:
    if not link.has(uuid):
        return b""
    try:
        return await link.read(uuid)
    except CommandRefused:  # some keep their serial number to themselves until they are paired
        return b""


async def follow_battery(link: GattLink) -> None:
    """Have it tell its battery when that changes, where it can.

    Raises:
        PortLost: the connection broke off.
    """
    if link.has(wire.BATTERY):
        with contextlib.suppress(CommandRefused):  # many only let it be read
            await link.listen(wire.BATTERY)
