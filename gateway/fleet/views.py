"""From what a process already holds (views of devices, a reading of the machine) to what its beacon says."""

from collections.abc import Sequence

import msgspec

from gateway.fleet.health import MOST_DEVICES, DeviceBirth, DeviceHealth, Heartbeat
from gateway.fleet.machine import Reading
from gateway.live import DeviceView

_LONGEST = 120


def device_births(views: Sequence[DeviceView]) -> list[DeviceBirth]:
    """Who the devices of a room are."""
    return [
        DeviceBirth(
            id=view.id,
            kind=view.kind[:_LONGEST],
            model=view.model[:_LONGEST],
            serial=view.serial[:_LONGEST],
            firmware=view.firmware[:_LONGEST],
            name=view.name[:_LONGEST],
        )
        for view in views[:MOST_DEVICES]
    ]


def device_healths(views: Sequence[DeviceView]) -> list[DeviceHealth]:
    """How the devices of a room are."""
    return [
        DeviceHealth(
            id=view.id,
            health=str(view.health),
            problem=view.problem[:_LONGEST],
            frames=view.frames,
            crc_errors=view.crc_errors,
            lost_frames=view.lost_frames,
            reconnects=view.reconnects,
            silent_s=None if view.silent_s is None else max(0.0, view.silent_s),
            battery_percent=None if view.battery_percent is None else float(min(100, max(0, view.battery_percent))),
            rssi_dbm=None if view.rssi_dbm is None else float(view.rssi_dbm),
        )
        for view in views[:MOST_DEVICES]
    ]


def with_machine(heartbeat: Heartbeat, reading: Reading) -> Heartbeat:
    """The same heartbeat with what the machine says."""
    return msgspec.structs.replace(
        heartbeat,
        clock_offset_ms=reading.clock_offset_ms,
        disk_free_mb=reading.disk_free_mb,
        disk_total_mb=reading.disk_total_mb,
        cpu_temperature_c=reading.cpu_temperature_c,
        load_1m=reading.load_1m,
        memory_mb=reading.memory_mb,
        machine_uptime_s=reading.uptime_s,
    )
