"""`docs/messages/README.md`: what each record is, where it travels, how it looks in msgpack, and what may change."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.contract.channels import CHANNELS, OTHERS
from gateway.contract.structs import HOP, KINDS, described
from gateway.messages import BODIES, CONTRACT, RecordKind, lane_of
from gateway.routing import DEFAULT_POLICY

_HEAD = f"""# The message contract, version {CONTRACT}

Made from the structs of `gateway/messages.py` by `make docs-messages`; change those, not this folder. `make test` fails
when it is stale.

- `asyncapi.yaml`: topics, operations and messages (AsyncAPI 3.0).
- `schemas/`: a JSON Schema (2020-12) per struct; they refer to each other by file name.
- `examples/`: every message once, as JSON for people (bodies decoded, bytes as base64) and as the exact bytes.
- `contract.json`: record kinds and topics, for the comparison of versions.
- `released/{CONTRACT}/`: the same as of the last release, frozen.

A *record* is made once and is the same at every level; an *envelope* carries it over one hop and is numbered there
([decision 13](../decisions/0013-record-and-envelope.md)). [Receipts](../decisions/0003-receipts-not-pubacks.md) say
what is held at the next level.

## Record kinds

*Up by default* is `[up.policy]` of a site that says nothing else; with `Record.target` a record is routed like a
letter, down or up. Lane: `alert` overtakes everything, `bulk` yields to everything.
"""

_WIRE = """## How it looks in msgpack

The schemas describe JSON, which has fewer types. On the wire:

| in the schema | msgpack |
| --- | --- |
| `object` | map with string keys; of a struct, unknown keys are ignored, missing ones with a default are filled in |
| `array` with `prefixItems` | array, one place per field in this order; more places than known are ignored |
| `string`, `enum` | str, UTF-8 |
| `string`, `format: uuid` | str of 36 characters, as in JSON |
| `string`, `contentEncoding: base64` | bin, the bytes themselves |
| `integer` | int; -2⁶³ … 2⁶³-1 |
| `number` | float 64; an int is taken as well |
| `null` | nil |

`Record.body` is bin that holds the msgpack of the struct of its kind. A message has at most 1 MiB. Times are ns: of
sessions since the session began, all others UTC since 1970. What cannot be read becomes a dead letter with the reason,
is receipted like the rest and blocks nobody (`gateway/arrivals.py`).
"""

_RULES = """## What may change

Rooms are years apart in versions, so old bytes are read today and today's bytes are read by old programs. Against
`released/` a test allows

- a new field with a default, at the end where the struct is an array;
- a new record kind: a level that does not know it keeps it among its dead letters, so upper levels are updated first;
- a new struct, a new topic, other words.

It refuses, one line each with struct and field: a field removed or renamed, moved in an array, of another type, tag or
default, or needed where it was not; a new field without a default; a member of an enum removed or renamed, or new in
another enum than `RecordKind`; a record kind or topic removed, renamed, or with another struct or address.

After a release, `make docs-messages FREEZE=<its version>` freezes what is there. What cannot be compatible is version
2: `CONTRACT` in `gateway/messages.py`, the second segment of every topic, with a folder of its own, while centres read
both.
"""


def page(others: Mapping[str, Struct] = OTHERS) -> str:
    """The whole page."""
    kinds = [
        [
            f"[`{kind}`](examples/{kind}.json)",
            _first_sentence(BODIES[kind]),
            KINDS[kind].maker,
            _way(kind),
            str(lane_of(kind)),
            _link(BODIES[kind].__name__),
        ]
        for kind in RecordKind
    ]
    around = [[_link(struct.__name__), _first_sentence(struct)] for struct in HOP]
    around += [
        [_link(type(example).__name__), _first_sentence(type(example))]
        for example in others.values()
        if type(example) not in HOP
    ]
    topics = [
        [
            f"`{channel.address}`",
            channel.about,
            "lower → upper" if channel.upwards else "upper → lower",
            "records" if len(channel.messages) > 1 else f"`{channel.messages[0]}`",
            str(channel.qos),
            "yes" if channel.retained else "no",
        ]
        for channel in CHANNELS.values()
    ]
    return "\n".join(
        [
            _HEAD,
            _table(["kind", "what", "who makes it", "by default", "lane", "struct"], kinds),
            "Around them:\n",
            _table(["struct", "what"], around),
            "## Topics\n",
            _table(["topic", "what", "way", "message", "QoS", "retained"], topics),
            _WIRE,
            _RULES.rstrip() + "\n",
        ]
    )


def _way(kind: RecordKind) -> str:
    if kind is RecordKind.TOMBSTONE:
        return "this hop only"
    up = "up" if DEFAULT_POLICY[kind] else "stays"
    return f"{up}; down to its target" if KINDS[kind].down else up


def _first_sentence(struct: type[Struct]) -> str:
    about = described(struct)[0].split("\n\n")[0]
    head, dot, _ = about.partition(". ")
    return (head + dot.strip()).replace("|", "\\|")


def _link(struct: str) -> str:
    return f"[`{struct}`](schemas/{struct}.json)"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
