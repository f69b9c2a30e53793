"""Every message has an example; its bytes are read by today's programs, its JSON is what the schemas say."""

import base64
import json

import msgspec
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from docs import make_messages
from gateway import topics
from gateway.arrivals import Good, judge_down, judge_up
from gateway.contract.channels import OTHERS
from gateway.contract.examples import TOWN, readable
from gateway.messages import BODIES, RecordKind

FOLDER, RELEASED = make_messages.FOLDER, make_messages.RELEASED
KINDS = [str(kind) for kind in RecordKind]


def validator(folder, name):
    def look_up(uri):
        return Resource.from_contents(json.loads((folder / "schemas" / uri).read_text("utf-8")))

    schema = look_up(f"{name}.json").contents
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(
        schema, registry=Registry(retrieve=look_up), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def told(folder, name):
    whole = json.loads((folder / "examples" / f"{name}.json").read_text("utf-8"))
    return whole["topic"], whole["message"], (folder / "examples" / f"{name}.msgpack").read_bytes()


def judged(topic, payload):
    return judge_up(topic, payload) if "/up/" in topic else judge_down(topic, payload, TOWN)


@pytest.mark.parametrize("name", [*KINDS, *OTHERS])
def test_there_is_an_example(name):
    told(FOLDER, name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_door_takes_the_example_of(kind):
    topic, message, payload = told(FOLDER, kind)
    arrival = judged(topic, payload)
    assert isinstance(arrival, Good), arrival.reason
    assert arrival.record.kind == kind
    assert type(arrival.body) is BODIES[RecordKind(kind)]
    assert readable(arrival.envelope) == message


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_record_is_read_as(name):
    _, message, payload = told(FOLDER, name)
    assert readable(msgspec.msgpack.decode(payload, type=type(OTHERS[name]))) == message


PAIRS = [
    pytest.param(kind, against, id=f"{kind}-{name}")
    for name, against in (("today", FOLDER), ("released", RELEASED))
    for kind in KINDS
    if (against / "examples" / f"{kind}.json").exists()
]
"""What is newer than the release is held against today's schemas only."""


@pytest.mark.parametrize(("kind", "against"), PAIRS)
def test_the_json_is_what_the_schemas_say_of(kind, against):
    """Against the released ones as well: a strict reader of yesterday takes what is sent today."""
    _, message, _ = told(FOLDER, kind)
    body = message["record"]["body"]
    struct = json.loads((against / "contract.json").read_text("utf-8"))["kinds"][kind]["struct"]
    validator(against, struct).validate(body)
    packed = base64.b64encode(msgspec.msgpack.encode(body)).decode()
    validator(against, "Envelope").validate({**message, "record": {**message["record"], "body": packed}})


def test_the_schemas_refuse_what_is_wrong():
    _, message, _ = told(FOLDER, "session_chunk")
    body = message["record"]["body"]
    check = validator(FOLDER, "SessionChunk")
    assert not check.is_valid({**body, "session": "nobody"})
    assert not check.is_valid({**body, "beats": [[1, 2.0, "normal"]]})
    assert not check.is_valid({name: value for name, value in body.items() if name != "number"})


@pytest.mark.parametrize("name", OTHERS)
def test_the_json_is_what_its_schema_says_of_the_other_message(name):
    validator(FOLDER, type(OTHERS[name]).__name__).validate(told(FOLDER, name)[1])


@pytest.mark.parametrize("path", sorted((RELEASED / "examples").glob("*.msgpack")), ids=lambda path: path.stem)
def test_bytes_of_the_release_are_read_today(path):
    """And mean the same: every field that was written then has the value that it had then."""
    topic, message, payload = told(RELEASED, path.stem)
    if path.stem in OTHERS:
        now = readable(msgspec.msgpack.decode(payload, type=type(OTHERS[path.stem])))
    else:
        assert topics.parse_up(topic) if "/up/" in topic else topics.parse_down(topic)
        arrival = judged(topic, payload)
        assert isinstance(arrival, Good), arrival.reason
        now = readable(arrival.envelope)
    assert kept(message, now) == message


def kept(then, now):
    """What is there today of what was there then."""
    match then, now:
        case dict(), dict():
            return {name: kept(part, now[name]) for name, part in then.items() if name in now}
        case list(), list():
            return [kept(*pair) for pair in zip(then, now, strict=False)]
    return now
