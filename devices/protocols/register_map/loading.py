"""From a TOML file to a checked register map; errors name file, line and field."""

import re
import tomllib
from pathlib import Path

import msgspec

from devices.protocols.register_map.checks import mistakes
from devices.protocols.register_map.parts import RegisterMap

MAPS = Path(__file__).parents[2] / "maps"
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_AT_KEY = re.compile(r" - at `key` in `\$\.?(.*)`$")


class MapError(ValueError):
    """A register map is not as it must be; one line with file, line, field and what is wrong."""


def load(name: Path | str) -> RegisterMap:
    """A map by its path, or by its bare name one of those that come with us.

    Raises:
        MapError: there is none, or it is not as it must be.
    """
    path = Path(name)
    if path.parent == Path() and path.suffix != ".toml":
        path = MAPS / f"{name}.toml"
        if not path.is_file():
            shipped = ", ".join(sorted(file.stem for file in MAPS.glob("*.toml")))
            raise MapError(
                f"{name}: no register map of this name; there are {shipped}; or give the path of a .toml file"
            )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise MapError(f"{path}: cannot be read ({why}); correct the map of this device in xinyi.toml") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> RegisterMap:
    """A map out of TOML text.

    Raises:
        MapError: naming `name`, line and field.
    """
    try:
        chart = msgspec.convert(tomllib.loads(text), RegisterMap)
    except tomllib.TOMLDecodeError as error:
        raise MapError(f"{name}: {error}") from None
    except msgspec.ValidationError as error:
        field, what = _split(str(error))
        raise MapError(_at(text, name, field, what)) from None
    for field, what in mistakes(chart):
        raise MapError(_at(text, name, field, what))
    return chart


def _split(message: str) -> tuple[str, str]:
    """(field, what) of a sentence of msgspec's."""
    for pattern in (_AT_KEY, _PATH):
        if found := pattern.search(message):
            what = message[: found.start()]
            if missing := re.search(r"(?:missing required|contains unknown) field `(.*)`", what):
                return f"{found[1]}.{missing[1]}".lstrip("."), "missing" if "missing" in what else "no such field"
            return found[1], what
    if missing := re.search(r"(missing required|contains unknown) field `(.*)`", message):
        return missing[2], "missing" if "missing" in missing[1] else "no such field"
    return "", message


def _at(text: str, name: str, field: str, what: str) -> str:
    return " ".join(f"{name}, line {_line_of(text, field)}: {field or 'the map'}: {what}".split())


def _line_of(text: str, field: str) -> int:
    """The line of a field such as `measured[1].unit`, or of what it would stand in; the first is 1."""
    head, *rest = [part for part in field.split(".") if part] or [""]
    name, _, place = head.partition("[")
    wanted = int(place.rstrip("]")) + 1 if place.rstrip("]").isdigit() else 1
    key = rest[0].partition("[")[0] if rest else None
    found, section, seen = 1, "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if table := re.match(r"\s*\[\[?\s*([\w.\-]+)\s*\]", line):
            section = table[1]
            seen += section == name
            if section == name and seen == wanted:
                found = number
        elif entry := re.match(r"\s*([\w\-]+)\s*=", line):
            here = entry[1] == key and section == name and seen == wanted
            if here or (not section and entry[1] == name):
                return number
    return found
