"""What is part of the contract, and its JSON Schemas (2020-12), one per struct, that refer to each other by file name.

`msgspec.json.schema_components` makes them; what it leaves out is added: descriptions of fields from the docstrings,
names of the places of array-like structs, and how msgpack writes what JSON has no type for (msgspec's
"Supported types").
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from gateway.messages import BODIES, Envelope, Receipt, Record, RecordKind

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BYTES_COMMENT = "msgpack: bin"
UUID_COMMENT = "msgpack: str of 36 characters"
ARRAY_COMMENT = "msgpack: array, one place per field in this order; places may be added at the end"


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What the structs do not say about a record kind.

    Attributes:
        maker: who makes it.
        down: it is made for a site below (`Record.target`).
    """

    maker: str
    down: bool = False


KINDS: dict[RecordKind, KindFacts] = {
    RecordKind.SESSION_OPENED: KindFacts("room"),
    RecordKind.SESSION_CHUNK: KindFacts("room"),
    RecordKind.SESSION_CLOSED: KindFacts("room"),
    RecordKind.SESSION_WAVE: KindFacts("room"),
    RecordKind.ASSESSMENT: KindFacts("kiosk"),
    RecordKind.ALERT_EVENT: KindFacts("room's centre, then each level that acts", down=True),
    RecordKind.SITE_COUNTS: KindFacts("centre"),
    RecordKind.DEVICE_MINUTES: KindFacts("room"),
    RecordKind.DUTY_ROSTER: KindFacts("upper centre", down=True),
    RecordKind.APPOINTMENT: KindFacts("room or upper centre", down=True),
    RecordKind.CONSENT_WITHDRAWN: KindFacts("the level that is told", down=True),
    RecordKind.DELETION: KindFacts("the level that is asked", down=True),
    RecordKind.DELETION_DONE: KindFacts("centre of each level"),
    RecordKind.KEY_ESCROW: KindFacts("centre"),
    RecordKind.REVOCATION: KindFacts("upper centre", down=True),
    RecordKind.SITE_SETTINGS: KindFacts("upper centre", down=True),
    RecordKind.RELEASE_MANIFEST: KindFacts("upper centre", down=True),
    RecordKind.RELEASE_REPORT: KindFacts("centre"),
    RecordKind.PERSON_FILE: KindFacts("kiosk or the site's command line"),
    RecordKind.CONTENT_VIEWED: KindFacts("kiosk"),
    RecordKind.LIBRARY_PIECE: KindFacts("upper centre", down=True),
    RecordKind.TOMBSTONE: KindFacts("whoever sends on this hop", down=True),
}

HOP: tuple[type[Struct], ...] = (Envelope, Record, Receipt)
"""What stands around bodies and beside them."""


def all_structs(others: Sequence[type[Struct]] = ()) -> list[type[Struct]]:
    """Everything that is sent: what a hop has, what records hold, and `others` that are no records."""
    return list(dict.fromkeys([*HOP, *BODIES.values(), *others]))


def reached(structs: Sequence[type[Struct]]) -> dict[str, type]:
    """All structs and enums by name, also those within others.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, type] = {}
    for node in _nodes(tuple(types.type_info(struct) for struct in structs)):
        if not isinstance(node, types.StructType | types.EnumType):
            continue
        if found.setdefault(node.cls.__name__, node.cls) is not node.cls:
            raise ValueError(f"two things of the contract are named {node.cls.__name__}")
    return found


def schemas(structs: Sequence[type[Struct]]) -> dict[str, Schema]:
    """One schema per struct and enum, by name."""
    classes = reached(structs)
    _, components = msgspec.json.schema_components(structs, ref_template="{name}.json")
    return {name: _polished(classes[name], components[name]) for name in sorted(components)}


def described(struct: type) -> tuple[str, dict[str, str]]:
    """What a docstring says: of the whole, and of each field."""
    text, _, attributes = inspect.cleandoc(struct.__doc__ or "").partition("\nAttributes:\n")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(attributes).splitlines():
        if begins := re.match(r"([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)", line):
            names = begins[1].split(", ")
            fields |= dict.fromkeys(names, begins[2])
        elif line.strip():
            fields |= {name: f"{fields[name]} {line.strip()}" for name in names}
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text).strip(), fields


def _polished(cls: type, schema: Schema) -> Schema:
    about, fields = described(cls) if not issubclass(cls, Enum) or cls.__doc__ else ("", {})
    whole: Schema = {"$schema": DIALECT, "title": cls.__name__, "description": about, **schema}
    whole["description"] = about
    if not about:
        del whole["description"]
    for name, part in whole.get("properties", {}).items():
        _comment(part)
        if name in fields:
            part["description"] = fields[name]
    if "prefixItems" in whole:
        whole["$comment"] = ARRAY_COMMENT
        names: tuple[str, ...] = cls.__struct_fields__  # type: ignore[attr-defined]  # only structs have places
        places = [{"title": name, **part} for name, part in zip(names, whole["prefixItems"], strict=True)]
        for part in places:
            _comment(part)
            if part["title"] in fields:
                part["description"] = fields[part["title"]]
        whole["prefixItems"] = places
    return whole


def _comment(part: Schema) -> None:
    """Say how msgpack writes bytes and UUIDs, wherever in the type of a field they stand."""
    if part.get("contentEncoding") == "base64":
        part["$comment"] = BYTES_COMMENT
    if part.get("format") == "uuid":
        part["$comment"] = UUID_COMMENT
    for below in (part.get("items"), part.get("additionalProperties"), *part.get("anyOf", ())):
        if isinstance(below, dict):
            _comment(below)


def _nodes(root: object) -> Iterator[object]:
    """Everything within a type, itself first; each struct once."""
    seen: set[type] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo += node
        elif isinstance(node, types.Type | types.Field):
            if isinstance(node, types.StructType | types.EnumType):
                if node.cls in seen:
                    continue
                seen.add(node.cls)
            yield node
            todo += [getattr(node, name) for name in node.__struct_fields__ if name != "cls"]
