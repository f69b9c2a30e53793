"""Data files of the service: TOML that becomes a struct, and mistakes that are named with file and LINE.

`read` is the one door: a text that is not TOML, a field that is missing, misspelt or of the wrong kind, and what a
loader itself finds wrong (`Located.at`) are all said in one way: "file, line 12: item[3].answers: …".
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
_TABLE = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(r"\s*([\w\-]+)\s*=\s*(.*)$")
_PATH = re.compile(r" - at `(?:key` in `)?\$\.?(.*)`$")
_FIELD = re.compile(r"^Object (missing required|contains unknown) field `(.*)`$")


class DataError(ValueError):
    """A data file of the service is not as it must be; one line with file, line, field and what is wrong."""


@dataclass(frozen=True)
class Located(Generic[T]):
    """What stood in a file, and where in it."""

    value: T
    name: str
    text: str

    def at(self, field: str, problem: str) -> DataError:
        """An error about a field such as `item[3].answers` (counted from 0, as in the file)."""
        path = field
        while path and path not in self._lines:
            path = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", path)
        where = f"{self.name}, line {self._lines.get(path, 1)}"
        return DataError(" ".join(f"{where}: {field or 'the file'}: {problem}".split()))

    @cached_property
    def _lines(self) -> dict[str, int]:
        return _lines(self.text)


def read(text: str, name: str, kind: type[T]) -> Located[T]:
    """A struct out of TOML text; `name` is where the text is from.

    Raises:
        DataError: not TOML, or not as `kind` wants it.
    """
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.sub(r" \(at (?:line (\d+), column \d+|end of document)\)$", "", str(error))
        line = re.search(r"at line (\d+)", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        raise DataError(f"{name}, line {number}: not TOML: {said}") from None
    try:
        return Located(msgspec.convert(table, kind), name, text)
    except msgspec.ValidationError as error:
        field, problem = _said(str(error))
        raise Located(None, name, text).at(field, problem) from None


def _said(message: str) -> tuple[str, str]:
    """(field, problem) of a sentence of msgspec's."""
    found = _PATH.search(message)
    field, problem = (found[1], message[: found.start()]) if found else ("", message)
    if named := _FIELD.match(problem):
        field = f"{field}.{named[2]}".lstrip(".")
        return field, "missing" if "missing" in named[1] else "there is no such field"
    return field, problem


def _lines(text: str) -> dict[str, int]:
    """Field → line, counted from 1, of tables, entries and the elements of arrays that are written one a line."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix, array = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if array:
            if line.strip().startswith("]"):
                array = ""
            elif line.strip() and not line.strip().startswith("#"):
                lines[f"{array}[{counts[array]}]"] = number
                counts[array] += 1
        elif table := _TABLE.match(line):
            *above, last = table[2].split(".")
            path = ""
            for part in above:
                path = f"{path}.{part}".lstrip(".")
                path += f"[{counts[path] - 1}]" if path in counts else ""
            prefix = f"{path}.{last}".lstrip(".")
            if table[1] == "[[":
                counts[prefix] = counts.get(prefix, 0) + 1
                prefix = f"{prefix}[{counts[prefix] - 1}]"
            lines[prefix] = number
        elif entry := _ENTRY.match(line):
            path = f"{prefix}.{entry[1]}".lstrip(".")
            lines[path] = number
            if entry[2].split("#")[0].strip() == "[":
                array = path
                counts[array] = 0
    return lines
