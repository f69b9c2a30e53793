"""Points are a picture of rows, for plots and Grafana: what a session looks like in a time-series store.

Deterministic, so that writing twice changes nothing: time = UTC of the session's begin + session time, ns; on a
collision in one series the later one moves by 1 ns. Tags are few (site, device, kind); ids and what people wrote never
leave the rows.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.messages import Body, SessionChunk, SessionClosed, SessionOpened

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement at one moment.

    Attributes:
        measurement: "beat", "feature" or "event".
        tags: name and value, sorted by name; no empty values.
        time_ns: UTC, ns since 1970.
        fields: at least one; no NaN, no infinity.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...]
    time_ns: int
    fields: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A point that the store will never take, and why."""

    line: str
    reason: str


class PointStore(Protocol):
    """Where points go. One process writes."""

    def write(self, points: Sequence[Point]) -> list[Refused]:
        """Write points durably; the same point again changes nothing. Returns what was refused for good.

        Raises:
            PointsAway: nothing can be said about any of them; try all again later.
        """
        ...

    def close(self) -> None: ...


def points_of(site: str, opened: SessionOpened, body: Body) -> list[Point]:
    """The points of one stored record.

    Args:
        site: where it was made.
        opened: the opening of its session.
        body: the record's body.
    """
    rows: list[_Row]
    match body:
        case SessionOpened():
            rows = [("event", "session_opened", 0, [("value", None), ("count", 1)])]
        case SessionClosed():
            rows = [("event", "session_closed", body.ended_ns, [("value", None), ("count", 1)])]
        case SessionChunk():
            rows = [*_beats(opened, body), *_features(body), *_events(body)]
    used: set[tuple[str, str, int]] = set()
    points: list[Point] = []
    for measurement, kind, t_ns, fields in rows:
        time_ns = opened.began_utc_ns + t_ns
        while (measurement, kind, time_ns) in used:
            time_ns += 1
        used.add((measurement, kind, time_ns))
        tags = tuple((name, text) for name, text in (("device", opened.device), ("kind", kind), ("site", site)) if text)
        kept = tuple((name, value) for name, value in fields if _is_plottable(value))
        if kept:
            points.append(Point(measurement, tags, time_ns, kept))  # type: ignore[arg-type] # None was filtered
    return points


_Row = tuple[str, str, int, list[tuple[str, Value | None]]]


def _beats(opened: SessionOpened, chunk: SessionChunk) -> Iterable[_Row]:
    for beat in chunk.beats:
        yield (
            "beat",
            opened.heart_channel,
            beat.t_ns,
            [
                ("rr_ms", _float(beat.rr_ms)),
                ("quality", _float(beat.quality)),
                ("label", beat.label),
            ],
        )


def _features(chunk: SessionChunk) -> Iterable[_Row]:
    for row in chunk.features:
        values = [("value", _float(row.value)), ("quality", _float(row.quality)), ("window_s", _float(row.window_s))]
        yield "feature", row.name, row.t_ns, [*values, ("unit", row.unit), ("reason", row.reason)]


def _events(chunk: SessionChunk) -> Iterable[_Row]:
    for event in chunk.events:
        yield "event", event.code, event.t_ns, [("value", _float(event.value)), ("count", 1)]


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _is_plottable(value: Value | None) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is not None and value != ""


def line_of(point: Point) -> str:
    r"""InfluxDB line protocol, ns precision.

    >>> line_of(Point("beat", (("device", "chair 1"), ("site", "a,b")), 7, (("rr_ms", 800.0), ("label", 'a"b'))))
    'beat,device=chair\\ 1,site=a\\,b rr_ms=800.0,label="a\\"b" 7'
    """
    tags = "".join(f",{_key(name)}={_key(value)}" for name, value in point.tags)
    fields = ",".join(f"{_key(name)}={_value(value)}" for name, value in point.fields)
    return f"{_key(point.measurement)}{tags} {fields} {point.time_ns}"


def _key(text: str) -> str:
    """A name or tag value. A line break or a backslash at the end cannot be written and becomes a space or a slash."""
    flat = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    if flat.endswith("\\"):
        flat = flat[:-1] + "/"
    return flat.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
