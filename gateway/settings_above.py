"""Settings that a site above may set, and the file in which they wait for the next start: a layer over `xinyi.toml`.

An explicit list, and everything else is refused: nobody above can change whom a site believes, where its data lies or
goes, or what is plugged in. The list is asked twice, before the file is written and whenever it is read, because the
updater reads it as root and the services may write it. What is not as it must be is left out and never keeps a process
from starting.
"""

import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gateway.disk import make_folder, write_durably
from gateway.messages import SiteSettings

FILE = "settings-from-above.toml"
HOLD = "release.hold"
ALLOWED = (
    HOLD,
    "release.night_from",
    "release.night_to",
    "site.name",
    "console.language",
    "kiosk.language",
    "kiosk.motion",
    "outbox.waves",
)
"""Everything that may be set from above (docs/levels.md says what for)."""
MAX_TEXT = 200
_MAX_BYTES = 1 << 16
_HEAD = (
    "# What the site above has set. Written by the centre; change it there, or override it by XINYI_<SECTION>_<KEY>.\n"
)

Value = str | int | float | bool

log = logging.getLogger(__name__)


class Sorted(NamedTuple):
    """Settings that count, and the others with the reason."""

    good: dict[str, Value]
    refused: dict[str, str]


def sort(values: Mapping[str, Any], sections: Mapping[str, Any]) -> Sorted:
    """Which of these may be set from above and are as they must be.

    Args:
        values: key → value, "console.language" → "en".
        sections: section → its struct (`gateway.config.SECTIONS`).
    """
    good: dict[str, Value] = {}
    refused: dict[str, str] = {}
    for key, value in sorted(values.items()):
        section, _, name = key.partition(".")
        if key not in ALLOWED:
            refused[key] = "may not be set from above"
        elif isinstance(value, str) and (len(value) > MAX_TEXT or not value.isprintable()):
            refused[key] = f"is not one line of at most {MAX_TEXT} characters"
        else:
            try:
                msgspec.convert({name: value}, sections[section])
                good[key] = value
            except msgspec.ValidationError as error:
                refused[key] = str(error)
    return Sorted(good, refused)


def write(data: Path, good: Mapping[str, Value]) -> None:
    """Lay them down for the next start of each process. None of them: the file says so.

    Raises:
        StoreUnwritable: the disk refused.
    """
    make_folder(data)
    lines = [f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in sorted(good.items())]
    write_durably(data / FILE, (_HEAD + "".join(lines)).encode())


def read(data: Path, sections: Mapping[str, Any]) -> dict[str, Value]:
    """What counts of the file of a data folder: {} where there is none, or none that this user may read."""
    path = data / FILE
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            text = file.read(_MAX_BYTES).decode()
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        log.warning("%s is left out: %s", path, error)
        return {}
    flat = {
        f"{section}.{name}": value
        for section, values in table.items()
        for name, value in (values.items() if isinstance(values, dict) else [("", values)])
    }
    found = sort(flat, sections)
    for key, why in found.refused.items():
        log.warning("%s: %s is left out: it %s", path, key, why)
    return found.good


def lay_over(table: dict[str, Any], good: Mapping[str, Value]) -> None:
    """Put them over what the site's own file says. That the site takes no release at all ("*") stands."""
    for key, value in good.items():
        section, _, name = key.partition(".")
        own = table.setdefault(section, {})
        if isinstance(own, dict) and not (key == HOLD and own.get(name) == "*"):
            own[name] = value


def changed(before: SiteSettings | None, changes: Mapping[str, Value | None], now_utc_ns: int) -> SiteSettings | None:
    """The settings of a site after a change, to be sent whole; None when there is nothing to send.

    Args:
        before: what was sent last; the newest counts alone, so what it says and nobody changes is said again.
        changes: key → value, or None where the site's own file shall count again.
        now_utc_ns: the version follows the wall clock, so that one that comes back from a backup is not behind.
    """
    values = dict(before.values) if before else {}
    for key, value in changes.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
    if values == (before.values if before else {}):
        return None
    return SiteSettings(max(now_utc_ns, before.version + 1 if before else 0), values)
