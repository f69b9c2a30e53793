"""Points are a picture of rows, for plots and Grafana: what a session and a fleet look like in a time-series store.

Deterministic, so that writing twice changes nothing: time = UTC of the session's begin + session time, ns; on a
collision in one series the later one moves by 1 ns. Tags are few (site, device, kind); ids and what people wrote never
leave the rows. `gateway/point_lines.py` writes the same points as lines, without the objects.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from gateway.messages import Body, DeviceMinute, DeviceMinutes, SessionChunk, SessionClosed, SessionOpened
from gateway.settling import Settling

_encode = msgspec.json.Encoder().encode

Value = float | int | str | bool


class Tier(StrEnum):
    """How fine a measurement is, and so how long it is kept."""

    RAW = "raw"
    SECONDS = "1s"
    MINUTES = "1min"


SESSION_MEASUREMENTS = ("beat", "feature", "event", "session_1s", "session_1min")
FLEET_MEASUREMENTS = ("device_minute", "site_health")
"""Of devices and sites, never of a person."""
_TIERS = {"session_1s": Tier.SECONDS, "session_1min": Tier.MINUTES, "device_minute": Tier.MINUTES}


def tier_of(measurement: str) -> Tier:
    """What a measurement counts as; raw unless it is a roll-up."""
    return _TIERS.get(measurement, Tier.RAW)


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement at one moment.

    Attributes:
        measurement: one of SESSION_MEASUREMENTS or FLEET_MEASUREMENTS.
        tags: name and value, sorted by name; no empty values.
        time_ns: UTC, ns since 1970.
        fields: at least one; no NaN, no infinity.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...]
    time_ns: int
    fields: tuple[tuple[str, Value], ...]


class Drawing(NamedTuple):
    """A stored record that is to be drawn. `opened`: the opening of its session; None for what belongs to none."""

    site: str
    opened: SessionOpened | None
    body: Body


class Span(NamedTuple):
    """A stretch of the picture of one device: from_ns <= time < to_ns, UTC ns."""

    site: str
    device: str
    from_ns: int
    to_ns: int
    measurements: tuple[str, ...] = SESSION_MEASUREMENTS


@dataclass(frozen=True, slots=True)
class Refused:
    """A point that the store will never take, and why."""

    line: str
    reason: str


class PointStore(Protocol):
    """Where points go. One process writes."""

    @property
    def settling(self) -> Settling | None:
        """What it has taken of fleet metrics and may forget; None where a write is durable when it returns."""
        ...

    def write(self, points: Sequence[Point], drawings: Sequence[Drawing] = ()) -> list[Refused]:
        """Write points, and those of records; the same again changes nothing. Returns what was refused for good.

        Raises:
            PointsAway: nothing can be said about any of them; try all again later.
        """
        ...

    def erase(self, span: Span) -> None:
        """Take a stretch out of the picture.

        Raises:
            PointsAway: not now.
        """
        ...

    def prune(self, tier: Tier, before_ns: int) -> int:
        """Forget what is older (UTC, ns). How many points went; 0 where the store has a retention of its own.

        Raises:
            PointsAway: not now.
        """
        ...

    def close(self) -> None: ...


def points_of(site: str, opened: SessionOpened | None, body: Body) -> list[Point]:
    """The points of one stored record; none for what is not drawn.

    Args:
        site: where it was made.
        opened: the opening of its session; without it nothing of a session can be placed in time.
        body: the record's body.
    """
    used: set[tuple[str, str, str, int]] = set()
    points: list[Point] = []
    for measurement, device, kind, asked_ns, fields in _rows(opened, body):
        time_ns = asked_ns
        while (measurement, device, kind, time_ns) in used:
            time_ns += 1
        used.add((measurement, device, kind, time_ns))
        if point := point_at(measurement, site, device, kind, time_ns, fields):
            points.append(point)
    return points


def point_at(
    measurement: str, site: str, device: str, kind: str, time_ns: int, fields: Iterable[tuple[str, Value | None]]
) -> Point | None:
    """A point with the fields that can be plotted; None where none can."""
    kept = tuple((name, value) for name, value in fields if value is not None and _is_plottable(value))
    if not kept:
        return None
    tags = tuple((name, text) for name, text in (("device", device), ("kind", kind), ("site", site)) if text)
    return Point(measurement, tags, time_ns, kept)


_Row = tuple[str, str, str, int, list[tuple[str, Value | None]]]


def _rows(opened: SessionOpened | None, body: Body) -> Iterable[_Row]:
    """Measurement, device, kind, UTC ns and fields of what a record draws."""
    if isinstance(body, DeviceMinutes):
        for minute in body.minutes:
            yield "device_minute", minute.device, "", minute.t_utc_ns, _minute(minute)
    if opened is None:
        return
    device, began_ns = opened.device, opened.began_utc_ns
    match body:
        case SessionOpened():
            yield "event", device, "session_opened", began_ns, [("count", 1)]
        case SessionClosed():
            yield "event", device, "session_closed", began_ns + body.ended_ns, [("count", 1)]
        case SessionChunk():
            for beat in body.beats:
                values = [("rr_ms", _float(beat.rr_ms)), ("quality", _float(beat.quality)), ("label", beat.label)]
                yield "beat", device, opened.heart_channel, began_ns + beat.t_ns, values
            for row in body.features:
                values = [
                    ("value", _float(row.value)),
                    ("quality", _float(row.quality)),
                    ("window_s", _float(row.window_s)),
                    ("unit", row.unit),
                    ("reason", row.reason),
                ]
                yield "feature", device, row.name, began_ns + row.t_ns, values
            for event in body.events:
                yield (
                    "event",
                    device,
                    event.code,
                    began_ns + event.t_ns,
                    [("value", _float(event.value)), ("count", 1)],
                )


def _minute(row: DeviceMinute) -> list[tuple[str, Value | None]]:
    return [
        ("connected_share", _float(row.connected_share)),
        ("frames", row.frames),
        ("crc_errors", row.crc_errors),
        ("lost_frames", row.lost_frames),
        ("reconnects", row.reconnects),
        ("silent_s", _float(row.silent_s)),
        ("battery_percent", _float(row.battery_percent)),
        ("rssi_dbm", _float(row.rssi_dbm)),
    ]


def minute_at(site: str, row: DeviceMinute, time_ns: int) -> Point | None:
    """The point of a device's minute."""
    return point_at("device_minute", site, row.device, "", time_ns, _minute(row))


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _is_plottable(value: Value) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value != ""


def line_of(point: Point) -> str:
    r"""InfluxDB line protocol, ns precision.

    >>> line_of(Point("beat", (("device", "chair 1"), ("site", "a,b")), 7, (("rr_ms", 800.0), ("label", 'a"b'))))
    'beat,device=chair\\ 1,site=a\\,b rr_ms=800.0,label="a\\"b" 7'
    """
    tags = "".join(f",{escaped(name)}={escaped(value)}" for name, value in point.tags)
    fields = ",".join(f"{escaped(name)}={_value(value)}" for name, value in point.fields)
    return f"{escaped(point.measurement)}{tags} {fields} {point.time_ns}"


def escaped(text: str) -> str:
    """A name or tag value. A line break or a backslash at the end cannot be written and becomes a space or a slash."""
    flat = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    if flat.endswith("\\"):
        flat = flat[:-1] + "/"
    return flat.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def quoted(text: str) -> str:
    """A text as the value of a field; a line break would end the line for some readers and becomes a space."""
    flat = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """The shortest text that reads back as the same number; msgspec finds it five times as fast as `repr`."""
    return _encode(value).decode()


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}i"
        case float():
            return number(value)
        case str():
            return quoted(value)
