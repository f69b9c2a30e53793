"""A session as one CSV table that a researcher can read anywhere, and the list of sessions as another.

Columns: kind, time_s, name, value, unit, label, quality, detail. First the facts of the session (kind "session", no
time), then beats, features, events and gaps by time. Times are seconds since the session began, 6 decimals. Text that a
spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection).
"""

import csv
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from gateway.rows import SessionRow
from gateway.services.read import StoredSession, session_figures

COLUMNS = ("kind", "time_s", "name", "value", "unit", "label", "quality", "detail")
SESSION_COLUMNS = (
    "session",
    "began_utc",
    "site",
    "device",
    "programme",
    "duration_s",
    "outcome",
    "beats",
    "mean_hr_bpm",
    "rmssd_ms",
    "artefact_share",
    "relaxation",
    "chunks_stored",
    "chunks",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_Line = tuple[int, int, tuple[str, ...]]


class TextOut(Protocol):
    """What csv writes to: a text file opened with newline=""."""

    def write(self, text: str, /) -> object: ...


def write_csv(stored: StoredSession, out: TextOut) -> int:
    """Write a session. Returns the number of lines below the heading.

    Args:
        stored: the session.
        out: text file opened with newline="" (encoding "utf-8-sig" where it is meant for a spreadsheet).
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    lines = [*_facts(stored), *(line for _, _, line in sorted(_rows(stored), key=lambda row: row[:2]))]
    writer.writerows(lines)
    return len(lines)


def write_sessions(sessions: Sequence[SessionRow], out: TextOut) -> int:
    """Write a list of sessions. Returns how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(SESSION_COLUMNS)
    for row in sessions:
        writer.writerow(
            (
                row.session,
                _utc(row.began_utc_ns),
                _text(row.site),
                _text(row.device or ""),
                _text(row.programme or ""),
                "" if row.ended_ns is None else _seconds(row.ended_ns),
                _text(row.outcome or ""),
                *(_number(getattr(row, name)) for name in SESSION_COLUMNS[7:]),
            )
        )
    return len(sessions)


def _facts(stored: StoredSession) -> Iterator[tuple[str, ...]]:
    opened, closed, figures = stored.opened, stored.closed, session_figures(stored)
    facts: list[tuple[str, object, str]] = [("session", stored.session, ""), ("site", stored.site, "")]
    if opened:
        facts += [
            ("began_utc", _utc(opened.began_utc_ns), ""),
            ("programme", f"{opened.programme} {opened.programme_version}", ""),
            ("device", opened.device, ""),
            ("device_model", opened.device_model, ""),
            ("device_serial", opened.device_serial, ""),
            ("device_firmware", opened.device_firmware, ""),
            ("heart_channel", opened.heart_channel, ""),
            ("heart_rate", opened.heart_rate_hz, "Hz"),
            ("speed", opened.speed, ""),
        ]
    if closed:
        facts += [
            ("outcome", closed.outcome, ""),
            ("duration", _seconds(closed.ended_ns), "s"),
            ("relaxation", closed.relaxation, ""),
            ("relaxation_low", closed.relaxation_low, ""),
            ("relaxation_high", closed.relaxation_high, ""),
            ("relaxation_reason", closed.relaxation_reason, ""),
        ]
    facts += [
        ("beats_stored", figures.beats_stored, ""),
        ("mean_hr", figures.mean_hr_bpm, "1/min"),
        ("rmssd", figures.rmssd_ms, "ms"),
        ("artefact_share", figures.artefact_share, ""),
        ("replay_record", figures.replay_record, ""),
        ("replay_offset", figures.replay_offset_s, "s"),
        ("complete", "yes" if stored.complete else "no", ""),
        ("missing_chunks", " ".join(map(str, stored.missing_chunks)), ""),
    ]
    for name, value, unit in facts:
        text = _text(value) if isinstance(value, str) else _number(value)
        if text:
            yield "session", "", name, text, unit, "", "", ""


def _rows(stored: StoredSession) -> Iterator[_Line]:
    for beat in stored.beats:
        cells = ("beat", _seconds(beat.t_ns), "rr", _number(beat.rr_ms), "ms", beat.label, _number(beat.quality), "")
        yield beat.t_ns, 0, cells
    for row in stored.features:
        name, unit, quality = _text(row.name), _text(row.unit), _number(row.quality)
        detail = f"window {row.window_s:g} s" + (f"; {row.reason}" if row.reason else "")
        yield row.t_ns, 1, ("feature", _seconds(row.t_ns), name, _number(row.value), unit, "", quality, detail)
    for event in stored.events:
        code, detail = _text(event.code), _text(event.detail)
        yield event.t_ns, 2, ("event", _seconds(event.t_ns), code, _number(event.value), "", "", "", detail)
    for gap in stored.gaps:
        length, detail = _seconds(gap.to_ns - gap.from_ns), f"until {_seconds(gap.to_ns)} s"
        yield gap.from_ns, 3, ("gap", _seconds(gap.from_ns), _text(gap.cause), length, "s", "", "", detail)


def _seconds(t_ns: int) -> str:
    """Exact seconds with 6 decimals; integers, so that no float rounds them."""
    micros = (abs(t_ns) + 500) // 1000
    return f"{'-' if t_ns < 0 and micros else ''}{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _number(value: object) -> str:
    """A number so that reading it back gives the same; "" for None and what is not a number."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _utc(t_ns: int | None) -> str:
    if t_ns is None:
        return ""
    seconds, rest = divmod(t_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest // 1_000_000:03d}Z"
