"""The points of a record as lines, straight from its rows, with no objects between.

One template for each measurement, filled in when everything in it can be written as it stands; a row with something
missing, or not finite, takes the long way through `Point`. A property test says that both ways give the same lines.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from gateway.messages import Body, DeviceMinutes, EventRow, SessionChunk, SessionOpened
from gateway.points import Drawing, escaped, line_of, minute_at, number, point_at, points_of, quoted

_ONE_OF_MANY = 4096

_encode = msgspec.json.Encoder().encode
_quoted = lru_cache(_ONE_OF_MANY)(quoted)


@lru_cache(4 * _ONE_OF_MANY)
def _head(measurement: str, site: str, device: str, kind: str) -> str:
    """Measurement and tags, up to the first field."""
    tags = "".join(
        f",{name}={escaped(text)}" for name, text in (("device", device), ("kind", kind), ("site", site)) if text
    )
    return f"{escaped(measurement)}{tags}"


def lines_of(site: str, opened: SessionOpened | None, body: Body) -> list[str]:
    """The lines of one stored record: those of `points_of`, in its order."""
    if isinstance(body, DeviceMinutes):
        return _minutes(site, body)
    if isinstance(body, SessionChunk) and opened is not None:
        began_ns, device = opened.began_utc_ns, opened.device
        return [
            *_beats(site, opened, body),
            *_features(site, device, began_ns, body),
            *_events(site, device, began_ns, body.events),
        ]
    return [line_of(point) for point in points_of(site, opened, body)]


def lines_of_all(drawings: Sequence[Drawing]) -> list[str]:
    """The lines of records, one after the other."""
    lines: list[str] = []
    for site, opened, body in drawings:
        lines += lines_of(site, opened, body)
    return lines


def _minutes(site: str, body: DeviceMinutes) -> list[str]:
    """As JSON a row is an array of numbers as they have to be written, made in one go; "null" is what cannot."""
    lines: list[str] = []
    used: set[tuple[str, int]] = set()
    heads: dict[str, str] = {}
    put, take = lines.append, used.add
    for row in body.minutes:
        device, time_ns = row.device, row.t_utc_ns
        while (device, time_ns) in used:
            time_ns += 1
        take((device, time_ns))
        text = _encode(row).decode()
        if "null" in text:
            if point := minute_at(site, row, time_ns):
                put(line_of(point))
            continue
        head = heads.get(device)
        if head is None:
            head = heads[device] = _head("device_minute", site, device, "")
        _, share, frames, crc, lost, reconnects, silent_s, battery, rssi = text[:-1].rsplit(",", 8)
        put(
            f"{head} connected_share={share},frames={frames}i,crc_errors={crc}i,lost_frames={lost}i,"
            f"reconnects={reconnects}i,silent_s={silent_s},battery_percent={battery},rssi_dbm={rssi} {time_ns}"
        )
    return lines


def _beats(site: str, opened: SessionOpened, chunk: SessionChunk) -> list[str]:
    lines: list[str] = []
    used: set[int] = set()
    device, kind, began_ns = opened.device, opened.heart_channel, opened.began_utc_ns
    head = _head("beat", site, device, kind)
    for beat in chunk.beats:
        time_ns = began_ns + beat.t_ns
        while time_ns in used:
            time_ns += 1
        used.add(time_ns)
        rr_ms, quality, label = beat.rr_ms, beat.quality, beat.label
        if rr_ms is None or not label or (whole := rr_ms + quality) - whole != 0:
            values = [
                ("rr_ms", None if rr_ms is None else float(rr_ms)),
                ("quality", float(quality)),
                ("label", label),
            ]
            if point := point_at("beat", site, device, kind, time_ns, values):
                lines.append(line_of(point))
            continue
        lines.append(f"{head} rr_ms={number(rr_ms)},quality={number(quality)},label={_quoted(label)} {time_ns}")
    return lines


def _features(site: str, device: str, began_ns: int, chunk: SessionChunk) -> list[str]:
    lines: list[str] = []
    used: set[tuple[str, int]] = set()
    for row in chunk.features:
        name, time_ns = row.name, began_ns + row.t_ns
        while (name, time_ns) in used:
            time_ns += 1
        used.add((name, time_ns))
        value, quality, window_s, unit, reason = row.value, row.quality, row.window_s, row.unit, row.reason
        if value is None or not unit or (whole := value + quality + window_s) - whole != 0:
            values = [
                ("value", None if value is None else float(value)),
                ("quality", float(quality)),
                ("window_s", float(window_s)),
                ("unit", unit),
                ("reason", reason),
            ]
            if point := point_at("feature", site, device, name, time_ns, values):
                lines.append(line_of(point))
            continue
        said = f",reason={_quoted(reason)}" if reason else ""
        lines.append(
            f"{_head('feature', site, device, name)} value={number(value)},quality={number(quality)},"
            f"window_s={number(window_s)},unit={_quoted(unit)}{said} {time_ns}"
        )
    return lines


def _events(site: str, device: str, began_ns: int, events: Sequence[EventRow]) -> list[str]:
    """Events are few: the long way is short enough."""
    lines: list[str] = []
    used: set[tuple[str, int]] = set()
    for event in events:
        code, time_ns = event.code, began_ns + event.t_ns
        while (code, time_ns) in used:
            time_ns += 1
        used.add((code, time_ns))
        value = None if event.value is None else float(event.value)
        if point := point_at("event", site, device, code, time_ns, [("value", value), ("count", 1)]):
            lines.append(line_of(point))
    return lines
