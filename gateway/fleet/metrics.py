"""What can be known about a site, a process or a device as numbers: for alert rules, and as points for plots.

`METRICS` is the table: a rule may look at nothing else, and what has a series is a field of that measurement in the
points store (VictoriaMetrics names it `<measurement>_<field>`). Tags are few, fields are floats only.
"""

import math
import re
from collections.abc import Iterable

from msgspec import Struct

from gateway.fleet.counters import FEWEST_FRAMES
from gateway.fleet.process import Device, Process, is_connected
from gateway.points import Point

SITE_HEALTH, DEVICE_MINUTE = "site_health", "device_minute"
_CRC, _LOST, _FRAMES = (f"{DEVICE_MINUTE}_{name}" for name in ("crc_errors", "lost_frames", "frames"))
_LINK_BAD = f"(100 * ({_CRC} + {_LOST}) / ({_FRAMES} + {_CRC} + {_LOST} >= {FEWEST_FRAMES}))"
"""`counters.bad_percent` in the words of a query: points hold what was counted, not what follows from it."""


class Metric(Struct, frozen=True):
    """A number that can be looked at. `series`: its name in VictoriaMetrics, or how it follows from those that are
    there; "" where only the watch can tell.
    """

    unit: str
    series: str = ""


METRICS: dict[str, dict[str, Metric]] = {
    "site": {"silent": Metric("")},
    "process": {
        "silent": Metric(""),
        **{
            name: Metric(unit, f"{SITE_HEALTH}_{name}")
            for name, unit in {
                "uptime_s": "s",
                "machine_uptime_s": "s",
                "outbox_depth": "",
                "outbox_oldest_s": "s",
                "outbox_bytes": "B",
                "outbox_full_percent": "%",
                "put": "",
                "receipted": "",
                "dropped": "",
                "uplink_down": "",
                "clock_off_s": "s",
                "disk_free_mb": "MB",
                "disk_free_percent": "%",
                "cpu_temperature_c": "°C",
                "load_1m": "",
                "memory_mb": "MB",
                "sequence_gaps": "",
                "dead_letters": "",
                "dead_letters_1h": "",
                "incidents": "",
                "incidents_1h": "",
                "restarts_1h": "",
                "version_behind": "",
                "hotlines_stale": "",
            }.items()
        },
    },
    "device": {
        "disconnected": Metric(""),
        "silent_s": Metric("s", f"{DEVICE_MINUTE}_silent_s"),
        "link_bad_percent": Metric("%", _LINK_BAD),
        "battery_percent": Metric("%", f"{DEVICE_MINUTE}_battery_percent"),
        "rssi_dbm": Metric("dBm", f"{DEVICE_MINUTE}_rssi_dbm"),
        "artefact_percent": Metric("%"),
    },
}
"""Scope → name → metric."""


class Sample(Struct, frozen=True):
    """What is known of a site, a process or a device at one moment. A value that nobody knows is not there.

    Attributes:
        process: "" for the site itself; `device` "" for the process itself.
        at_ns: when it was said.
        open: the site is in its opening hours.
        values: metric → number.
    """

    site: str
    process: str
    device: str
    at_ns: int
    open: bool
    values: dict[str, float]

    @property
    def scope(self) -> str:
        return "device" if self.device else "process" if self.process else "site"


def process_values(process: Process, release: str, now_ns: int) -> dict[str, float]:
    """The metrics of a process that speaks."""
    beat, birth = process.heartbeat, process.birth
    values: dict[str, float | None] = {"restarts_1h": process.restarts(now_ns)}
    if birth:
        values["version_behind"] = is_behind(birth.versions.xinyi, release)
    if beat:
        values |= {name: getattr(beat, name) for name in METRICS["process"] if name in beat.__struct_fields__}
        if beat.outbox_limit_bytes:
            values["outbox_full_percent"] = 100 * beat.outbox_bytes / beat.outbox_limit_bytes
        if beat.disk_free_mb is not None and beat.disk_total_mb:
            values["disk_free_percent"] = 100 * beat.disk_free_mb / beat.disk_total_mb
        values["uplink_down"] = {"up": 0, "down": 1}.get(beat.uplink)
        values["clock_off_s"] = process.clock_off_s
        values["dead_letters_1h"] = process.dead_letters(now_ns)
        values["incidents_1h"] = process.incidents(now_ns)
    return _known(values)


def device_values(device: Device) -> dict[str, float]:
    """The metrics of a device whose process speaks. Its link is judged only while it is connected."""
    health = device.health
    connected = is_connected(health)
    share = health.artefact_share
    return _known(
        {
            "disconnected": not connected,
            "silent_s": health.silent_s,
            "link_bad_percent": device.lately.bad_percent if connected else None,
            "battery_percent": health.battery_percent,
            "rssi_dbm": health.rssi_dbm,
            "artefact_percent": None if share is None else 100 * share,
        }
    )


def is_behind(version: str, release: str) -> float | None:
    """1 when a version is older than the release, 0 when not, None when that cannot be said.

    >>> is_behind("0.9.2", "0.10.0"), is_behind("1.0", "1.0.0"), is_behind("", "1.0")
    (1.0, 0.0, None)
    """
    ours, wanted = _numbers(version), _numbers(release)
    if not ours or not wanted:
        return None
    length = max(len(ours), len(wanted))
    return float(ours + [0] * (length - len(ours)) < wanted + [0] * (length - len(wanted)))


def _numbers(version: str) -> list[int]:
    match = re.match(r"\d+(\.\d+)*", version)
    return [int(part) for part in match[0].split(".")] if match else []


def health_points(samples: Iterable[Sample]) -> list[Point]:
    """`site_health`: one point for each process that spoke; the time is that of its last word, so twice is once."""
    points = []
    for sample in samples:
        fields = tuple((name, value) for name, value in sorted(sample.values.items()) if name != "silent")
        if sample.scope == "process" and fields:
            tags = (("process", sample.process), ("site", sample.site))
            points.append(Point(SITE_HEALTH, tags, sample.at_ns, fields))
    return points


def _known(values: dict[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
