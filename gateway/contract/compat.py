"""May today's programs and those of the last release still talk? Compares two forms of the contract, rule by rule.

Rooms are years apart in versions, so both directions must hold: old bytes are read today, and today's bytes are read by
old programs. Hence a field may come (with a default, at the end where a struct is an array) and never go, change its
type or its default, or become needed. A new record kind is fine: an upper level that does not know it keeps it among
its dead letters. A new member of any other enum is not: an old reader would refuse the whole message.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_WORDS = {"title", "description", "$comment", "$schema", "default", "examples"}
"""What says something and refuses nothing."""
_OPEN_ENUMS = {"RecordKind"}
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of the contract.

    Attributes:
        kinds: record kind → {"struct", …}.
        topics: channel → {"address", …}.
        schemas: struct → its JSON Schema.
    """

    kinds: Mapping[str, Schema]
    topics: Mapping[str, Schema]
    schemas: Mapping[str, Schema]


def load(folder: Path) -> Contract:
    """A version as it lies in a folder: `contract.json` and `schemas/*.json`."""
    whole = json.loads((folder / "contract.json").read_text("utf-8"))
    schemas = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((folder / "schemas").glob("*.json"))}
    return Contract(whole["kinds"], whole["topics"], schemas)


def breaks(old: Contract, new: Contract) -> list[str]:
    """What makes the new version unreadable for the old one or the other way round; one line each, [] when nothing."""
    return [*_kinds(old, new), *_topics(old, new), *_schemas(old.schemas, new.schemas)]


def _kinds(old: Contract, new: Contract) -> Iterator[str]:
    for kind, facts in old.kinds.items():
        if kind not in new.kinds:
            yield f"record kind {kind}: removed or renamed"
        elif (was := facts["struct"]) != (now := new.kinds[kind]["struct"]):
            yield f"record kind {kind}: its struct was {was} and is {now}"


def _topics(old: Contract, new: Contract) -> Iterator[str]:
    for name, facts in old.topics.items():
        if name not in new.topics:
            yield f"topic {name}: removed or renamed"
        elif (was := facts["address"]) != (now := new.topics[name]["address"]):
            yield f"topic {name}: was {was} and is {now}"


def _schemas(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[str]:
    for name, schema in old.items():
        if name not in new:
            yield f"{name}: removed or renamed"
        else:
            yield from _struct(name, schema, new[name])


def _struct(name: str, old: Schema, new: Schema) -> Iterator[str]:
    if (was := _form(old)) != (now := _form(new)):
        yield f"{name}: was {was} and is {now}"
    elif was == "an array":
        yield from _places(name, old, new)
    elif was == "a map":
        yield from _fields(name, old, new)
    else:
        yield from _type(name, old, new, name in _OPEN_ENUMS)


def _form(schema: Schema) -> str:
    if "prefixItems" in schema:
        return "an array"
    return "a map" if "properties" in schema or schema.get("type") == "object" else "a value"


def _fields(name: str, old: Schema, new: Schema) -> Iterator[str]:
    was, now = old.get("properties", {}), new.get("properties", {})
    needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
    for field, part in was.items():
        where = f"{name}.{field}"
        if field not in now:
            yield f"{where}: removed or renamed"
            continue
        yield from _field(where, part, now[field])
        if field in needed - needed_before:
            yield f"{where}: had a default and has none any more"
    for field in now:
        if field not in was and field in needed:
            yield f"{name}.{field}: new and without a default"


def _places(name: str, old: Schema, new: Schema) -> Iterator[str]:
    was, now = old["prefixItems"], new["prefixItems"]
    names_before, names = [part["title"] for part in was], [part["title"] for part in now]
    for field in names_before:
        if field not in names:
            yield f"{name}.{field}: removed or renamed"
    if set(names_before) <= set(names) and names[: len(was)] != names_before:
        moved = next(one for one, other in zip(names_before, names, strict=False) if one != other)
        yield f"{name}.{moved}: has another place in the array ({', '.join(names_before)} became {', '.join(names)})"
    by_name = {part["title"]: part for part in now}
    for place, part in enumerate(was):
        if part["title"] in by_name:
            yield from _field(f"{name}.{part['title']}", part, by_name[part["title"]])
            if place >= old.get("minItems", 0) and names.index(part["title"]) < new.get("minItems", 0):
                yield f"{name}.{part['title']}: had a default and has none any more"
    for place, field in enumerate(names):
        if field not in names_before and place < new.get("minItems", 0):
            yield f"{name}.{field}: new and without a default"


def _field(where: str, old: Schema, new: Schema) -> Iterator[str]:
    yield from _type(where, old, new)
    was, now = old.get("default", _NOTHING), new.get("default", _NOTHING)
    if _NOTHING not in (was, now) and (was != now or type(was) is not type(now)):
        yield f"{where}: its default was {json.dumps(was)} and is {json.dumps(now)}"


def _type(where: str, old: Schema, new: Schema, may_grow: bool = False) -> Iterator[str]:
    was, now = _bare(old), _bare(new)
    if was == now:
        return
    if set(was) == set(now) == {"enum"}:
        for member in was["enum"]:
            if member not in now["enum"]:
                yield f"{where}: {json.dumps(member)} removed or renamed"
        for member in now["enum"]:
            if member not in was["enum"] and not may_grow:
                yield f"{where}: {json.dumps(member)} is new, and an old reader refuses it"
        return
    yield f"{where}: its type was {json.dumps(was, sort_keys=True)} and is {json.dumps(now, sort_keys=True)}"


def _bare(schema: Any) -> Any:
    """A type without what only people read."""
    if isinstance(schema, Mapping):
        return {word: _bare(part) for word, part in schema.items() if word not in _WORDS}
    return [_bare(part) for part in schema] if isinstance(schema, list) else schema
