"""Which lines an InfluxDB means when it refuses some of a batch: read out of what it says.

"400 partial write" means that the rest was stored (facts 0.5). InfluxDB 1.6 names a line that it cannot parse, the
field and measurement of a type conflict, and how many points lie behind the retention; where nothing can be read out,
the caller halves the batch.
"""

import re
from typing import NamedTuple

_UNPARSED = re.compile(r"unable to parse '(.*?)': ([^\n]*?)(?= unable to parse '| dropped=|\n|$)", re.DOTALL)
_CONFLICT = re.compile(r'input field "(.+?)" on measurement "(.+?)" is type (\w+), already exists as type (\w+)')
_BEHIND = re.compile(r"points beyond retention policy dropped=(\d+)")
_DROPPED = re.compile(r"dropped=(\d+)")

_TYPES = {
    "string": re.compile(r'"'),
    "boolean": re.compile(r"(?:t|T|true|True|TRUE|f|F|false|False|FALSE)(?:,| |$)"),
    "integer": re.compile(r"-?\d+i"),
    "float": re.compile(r"-?[\d.]+(?:[eE][+-]?\d+)?(?:,| |$)"),
}


class Blame(NamedTuple):
    """Which lines of a batch are meant, by their places.

    Attributes:
        certain: each of them is refused; else they are the ones to look at first.
        reasons: what is said of them, place by place.
    """

    certain: bool
    reasons: dict[int, str]


def blame(said: str, lines: list[str]) -> Blame:
    """Read the lines that are meant out of a refusal. None when it does not say.

    >>> blame("unable to parse 'b': missing fields", ["a v=1 1", "b"])
    Blame(certain=True, reasons={1: "unable to parse 'b': missing fields"})
    >>> blame("partial write: points beyond retention policy dropped=1", ["a v=1 7", "a v=1 3"]).reasons.keys()
    dict_keys([1])
    """
    if unparsed := {match[1]: match[0] for match in _UNPARSED.finditer(said)}:
        found = {place: unparsed[line] for place, line in enumerate(lines) if line in unparsed}
        if found:
            return Blame(certain=True, reasons=found)
    if match := _BEHIND.search(said):
        by_age = sorted(range(len(lines)), key=lambda place: _time_of(lines[place]))
        return Blame(certain=True, reasons=dict.fromkeys(by_age[: int(match[1])], said))
    if match := _CONFLICT.search(said):
        suspects = _typed(lines, match[1], match[2], match[3])
        dropped = _DROPPED.search(said)
        return Blame(bool(dropped) and int(dropped[1]) == len(suspects), dict.fromkeys(suspects, said))  # type: ignore[index] # bool was asked
    return Blame(certain=False, reasons={})


def _typed(lines: list[str], field: str, measurement: str, kind: str) -> list[int]:
    """Lines of a measurement in which a field has a type."""
    starts = (f"{measurement},", f"{measurement} ")
    needle = re.compile(rf"[, ]{re.escape(field)}=")
    value = _TYPES.get(kind)
    return [
        place
        for place, line in enumerate(lines)
        if line.startswith(starts) and (at := needle.search(line)) and (value is None or value.match(line, at.end()))
    ]


def _time_of(line: str) -> int:
    try:
        return int(line.rsplit(" ", 1)[1])
    except (IndexError, ValueError):
        return 0
