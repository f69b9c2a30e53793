"""A duty roster as a person writes it: TOML, one table for each shift, times of the site's wall clock."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from gateway.errors import StoreError
from gateway.messages import DutyEntry, DutyRoster

PATTERN = """\
[[shift]]
person = "li"                       # staff id
name = "李老师"
role = "counsellor"
from = 2026-12-01T08:30:00
to = 2026-12-01T17:30:00
reach = ["mailto:li@example.org"]
"""


class RosterUnreadable(StoreError):
    """A file is no roster."""


class _Shift(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    person: Annotated[str, Meta(min_length=1)]
    name: Annotated[str, Meta(min_length=1)]
    from_: datetime
    to: datetime
    role: str = "counsellor"
    reach: list[str] = []


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    shift: list[_Shift]
    version: Annotated[int, Meta(ge=1)] | None = None


def read_roster(path: Path, zone: ZoneInfo, now_utc_ns: int) -> DutyRoster:
    """The roster of a file. Without a version of its own it gets the time, so that a later one counts.

    Raises:
        RosterUnreadable: naming the file and the field.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except OSError as error:
        raise RosterUnreadable(path, f"cannot be read ({error.strerror})", "name the right file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RosterUnreadable(path, str(error), "docs/duty.md shows one") from None
    entries = [
        DutyEntry(shift.person, shift.name, shift.role, _ns(shift.from_, zone), _ns(shift.to, zone), shift.reach)
        for shift in file.shift
    ]
    return DutyRoster(file.version or now_utc_ns // 10**9, entries)


def _ns(time: datetime, zone: ZoneInfo) -> int:
    """A time with an offset says so itself; without one it is the wall clock of the site."""
    return int((time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC).timestamp()) * 10**9
