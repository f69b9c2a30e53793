"""`docs/messages` is of today, whole, and what it says of itself: AsyncAPI 3.0, every kind, every topic."""

import inspect
import warnings

import pytest
import yaml

from docs import make_messages
from gateway import topics
from gateway.contract import asyncapi
from gateway.contract.channels import BARE, CHANNELS, OTHERS
from gateway.contract.structs import KINDS, described, reached
from gateway.messages import LANES, Envelope, RecordKind, Tombstone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # two fields of its own shadow pydantic's
    from asyncapi3.models import AsyncAPI3

FOLDER = make_messages.FOLDER


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def test_the_folder_is_what_the_structs_say():
    old = make_messages.stale()
    assert not old, f"docs/messages is stale ({', '.join(old)}): {make_messages.REMEDY}"


def test_it_is_the_same_every_time():
    assert make_messages.files() == make_messages.files()


def test_stale_missing_and_forgotten_files_are_found_and_put_right(tmp_path):
    make_messages.write(tmp_path)
    assert make_messages.stale(tmp_path) == []
    (tmp_path / "schemas" / "Record.json").write_text("{}")
    (tmp_path / "schemas" / "Gone.json").write_text("{}")
    (tmp_path / "examples" / "receipt.msgpack").unlink()
    assert make_messages.stale(tmp_path) == ["examples/receipt.msgpack", "schemas/Gone.json", "schemas/Record.json"]
    make_messages.write(tmp_path)
    assert make_messages.stale(tmp_path) == []


def test_the_document_is_asyncapi_3(document):
    AsyncAPI3.model_validate(document)


def test_every_reference_leads_somewhere(document):
    for reference in set(references(document)):
        if reference.startswith("#/"):
            node = document
            for step in reference[2:].split("/"):
                node = node[step]
        else:
            assert (FOLDER / reference).is_file(), reference


def test_references_of_schemas_lead_somewhere():
    for path, data in make_messages.files().items():
        if path.startswith("schemas/"):
            for reference in references(yaml.safe_load(data)):
                assert (FOLDER / "schemas" / reference).is_file(), f"{path}: {reference}"


def test_every_kind_is_a_message_that_travels(document):
    for kind in RecordKind:
        assert str(kind) in document["components"]["messages"]
        assert str(kind) in document["channels"]["up"]["messages"]
    assert KINDS.keys() == set(RecordKind)


def test_every_message_travels_and_every_one_that_travels_is_known(document):
    known = document["components"]["messages"].keys()
    travelling = {name for channel in CHANNELS.values() for name in channel.messages}
    assert travelling == known == {*map(str, RecordKind), *OTHERS, *BARE}


def test_every_topic_function_has_a_channel():
    addresses = [channel.address for channel in CHANNELS.values()]
    stands_for = {
        "site": "{site}",
        "lane": "{lane}",
        "producer": "{producer}",
        "process": "{process}",
        "what": "{what}",
    }
    for name, function in inspect.getmembers(topics, inspect.isfunction):
        wanted = inspect.signature(function).parameters
        if name.startswith("_") or function.__module__ != topics.__name__ or not wanted.keys() <= stands_for.keys():
            continue  # parsers and wrappers of filters
        made = function(*[stands_for[parameter] for parameter in wanted])
        assert any(covers(made, address) for address in addresses), f"no channel for topics.{name}: {made}"
    for other in topics.OTHERS:
        assert topics.up("{site}", other, "{producer}") in addresses


def covers(made, address):
    ours, theirs = made.split("/"), address.split("/")
    return len(ours) == len(theirs) and all(a in {b, "+"} for a, b in zip(ours, theirs, strict=True))


def test_each_channel_is_written_by_one_end_and_read_by_the_other(document):
    ends = {}
    for operation in document["operations"].values():
        name = operation["channel"]["$ref"].rpartition("/")[2]
        ends.setdefault(name, set()).add((operation["action"], operation["tags"][0]["name"]))
    assert ends["up"] == {("send", "lower"), ("receive", "upper")}
    assert ends["down"] == {("send", "upper"), ("receive", "lower")}
    assert ends.keys() == document["channels"].keys()
    assert document["channels"]["up"]["parameters"]["lane"]["enum"] == [str(lane) for lane in LANES]


def test_a_struct_of_another_module_becomes_a_message_with_one_line():
    other = Tombstone("b", LANES[0], [], {}, "bounds")
    messages = asyncapi.document({**OTHERS, "health": other})["components"]["messages"]
    assert messages["health"]["payload"]["schema"] == {"$ref": "./schemas/Tombstone.json"}


def test_docstrings_speak_for_struct_and_fields():
    about, fields = described(Envelope)
    assert about == "A record on one hop."
    assert fields["seq"].endswith("what was dropped on purpose leaves a `Tombstone`.")


def test_what_is_documented_exists():
    for struct in reached(make_messages.structs()).values():
        if hasattr(struct, "__struct_fields__"):
            assert described(struct)[1].keys() <= set(struct.__struct_fields__), struct
            assert described(struct)[0], f"{struct.__name__} has no docstring"
