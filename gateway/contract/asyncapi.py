"""The AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), as plain data.

One document for both ends of a hop: an operation is tagged with the end that performs it. Payloads are the schemas of
`docs/messages/schemas`, named by file; the body of a record is msgpack within msgpack, which JSON Schema says with
`contentSchema`.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gateway.contract.channels import CHANNELS, OTHERS, PARAMETERS, Channel, bare
from gateway.contract.structs import BYTES_COMMENT, described
from gateway.messages import BODIES, CONTRACT, LANES, RecordKind, lane_of

MSGPACK = "application/msgpack"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
_END = {True: "lower", False: "upper"}

Node = dict[str, Any]


def document(others: Mapping[str, Struct] = OTHERS) -> Node:
    """The whole document."""
    messages = {str(kind): _record(kind) for kind in RecordKind}
    messages |= {name: _struct(name, type(example)) for name, example in others.items()}
    messages |= {name: _bare(name, *facts) for name, facts in bare(others).items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Xinyi message contract",
            "version": f"{CONTRACT}.0.0",
            "description": (
                "What travels over MQTT 5 between the processes of a site and its centre, and between a centre and the "
                "one above. Made from the structs of `gateway.messages` by `make docs-messages`: change those, not "
                "this. The lower end of a hop writes `up`, `live` and `state` and reads `down`; the upper end the "
                "other way round. Operations are tagged with the end that performs them."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [
                {"name": "lower", "description": "a room, kiosk or console towards its centre; a centre's relay"},
                {"name": "upper", "description": "the centre that holds the next copy"},
            ],
        },
        "defaultContentType": MSGPACK,
        "channels": {name: _channel(channel) for name, channel in CHANNELS.items()},
        "operations": _operations(),
        "components": {"messages": messages},
    }


def _channel(channel: Channel) -> Node:
    parameters: Node = {}
    for name in re.findall(r"\{(\w+)\}", channel.address):
        parameters[name] = {"description": PARAMETERS[name]}
        if name == "lane":
            parameters[name]["enum"] = [str(lane) for lane in LANES]
    return {
        "address": channel.address,
        "description": channel.about,
        "parameters": parameters,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in channel.messages},
    }


def _operations() -> Node:
    found: Node = {}
    for name, channel in CHANNELS.items():
        for action in ("send", "receive"):
            end = _END[channel.upwards == (action == "send")]
            found[f"{end}-{action}s-{name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": channel.about,
                "tags": [{"name": end}],
                "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}},
            }
    return found


def _record(kind: RecordKind) -> Node:
    struct = BODIES[kind]
    body = {
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": MSGPACK,
        "contentSchema": {"$ref": f"./schemas/{struct.__name__}.json"},
        "$comment": BYTES_COMMENT,
    }
    held = {"properties": {"kind": {"const": str(kind)}, "body": body}}
    own = {"properties": {"record": held}}
    return _message(str(kind), struct, {"allOf": [{"$ref": "./schemas/Envelope.json"}, own]}) | {
        "x-lane": str(lane_of(kind))
    }


def _struct(name: str, struct: type[Struct]) -> Node:
    return _message(name, struct, {"$ref": f"./schemas/{struct.__name__}.json"})


def _message(name: str, struct: type[Struct], schema: Node) -> Node:
    return {
        "name": name,
        "title": struct.__name__,
        "description": described(struct)[0],
        "contentType": MSGPACK,
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": schema},
    }


def _bare(name: str, content_type: str, about: str) -> Node:
    return {"name": name, "title": name.capitalize(), "description": about, "contentType": content_type}
