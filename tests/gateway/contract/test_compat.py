"""What may change and what may not: each rule on small structs, then the contract itself against its last release."""

from enum import StrEnum
from typing import Annotated

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct
from struct_values import values

from docs import make_messages
from gateway.contract import compat
from gateway.contract.structs import reached, schemas


def thing(name="Thing", fields=(("a", int), ("b", str, "")), **how):
    return msgspec.defstruct(name, list(fields), frozen=True, **how)


def form(*structs, kinds=None, topics=None):
    return compat.Contract(kinds or {}, topics or {}, schemas(list(structs)))


def broken(old, new):
    return compat.breaks(form(old), form(new))


ROW = (("a", int), ("b", int), ("c", str, ""))


def row(*fields):
    return thing("Row", fields, array_like=True)


def test_nothing_changed():
    assert broken(thing(), thing()) == []
    assert broken(row(*ROW), row(*ROW)) == []


def test_other_words_are_fine():
    said = thing()
    said.__doc__ = "Something else."
    assert broken(thing(), said) == []


def test_a_new_field_with_a_default_is_fine():
    assert broken(thing(), thing(fields=[("a", int), ("z", int, 0), ("b", str, "")])) == []


def test_a_new_place_with_a_default_at_the_end_of_an_array_is_fine():
    assert broken(row(*ROW), row(*ROW, ("d", float, 0.0))) == []


def test_a_default_for_what_had_none_is_fine():
    assert broken(thing(), thing(fields=[("a", int, 0), ("b", str, "")])) == []


def test_a_new_struct_is_fine():
    assert compat.breaks(form(thing()), form(thing(), row(*ROW))) == []


def test_a_field_removed():
    assert broken(thing(), thing(fields=[("a", int)])) == ["Thing.b: removed or renamed"]


def test_a_field_renamed():
    assert broken(thing(), thing(fields=[("a", int), ("c", str, "")])) == ["Thing.b: removed or renamed"]


def test_a_field_of_another_type():
    (line,) = broken(thing(), thing(fields=[("a", float), ("b", str, "")]))
    assert line == 'Thing.a: its type was {"type": "integer"} and is {"type": "number"}'


def test_a_field_that_may_be_none_now():
    (line,) = broken(thing(), thing(fields=[("a", int | None), ("b", str, "")]))
    assert line.startswith("Thing.a: its type was")


def test_a_narrower_range():
    (line,) = broken(thing(), thing(fields=[("a", Annotated[int, Meta(ge=0)]), ("b", str, "")]))
    assert line.startswith("Thing.a: its type was")


def test_a_new_field_without_a_default():
    assert broken(thing(), thing(fields=[("a", int), ("z", int), ("b", str, "")])) == [
        "Thing.z: new and without a default"
    ]


def test_a_default_taken_away():
    assert broken(thing(), thing(fields=[("a", int), ("b", str)])) == ["Thing.b: had a default and has none any more"]


def test_another_default():
    assert broken(thing(), thing(fields=[("a", int), ("b", str, "x")])) == ['Thing.b: its default was "" and is "x"']


def test_places_of_an_array_changed():
    (line,) = broken(row(*ROW), row(("b", int), ("a", int), ROW[2]))
    assert line == "Row.a: has another place in the array (a, b, c became b, a, c)"


def test_a_new_place_in_the_middle_of_an_array():
    (line,) = broken(row(*ROW), row(*ROW[:2], ("d", str, ""), ROW[2]))
    assert line.startswith("Row.c: has another place")


def test_a_place_removed_or_renamed():
    assert broken(row(*ROW), row(*ROW[:2])) == ["Row.c: removed or renamed"]
    assert broken(row(*ROW), row(ROW[0], ("x", int), ROW[2])) == [
        "Row.b: removed or renamed",
        "Row.x: new and without a default",
    ]


def test_a_place_of_another_type():
    assert broken(row(*ROW), row(ROW[0], ("b", str), ROW[2])) == [
        'Row.b: its type was {"type": "integer"} and is {"type": "string"}'
    ]


def test_a_new_place_without_a_default():
    assert "Row.d: new and without a default" in broken(row(*ROW[:2]), row(*ROW[:2], ("d", int)))


def test_a_default_of_a_place_taken_away():
    assert broken(row(*ROW), row(*ROW[:2], ("c", str))) == ["Row.c: had a default and has none any more"]


def test_a_map_became_an_array():
    assert broken(thing(), thing(array_like=True)) == ["Thing: was a map and is an array"]


def test_another_tag():
    assert broken(thing(tag="one"), thing(tag="two"))[0] == 'Thing.type: "one" removed or renamed'
    assert broken(thing(), thing(tag="one")) == ["Thing.type: new and without a default"]


def enum(*members, name="Colour"):
    return thing(fields=[("colour", StrEnum(name, {each.upper(): each for each in members}))])


def test_a_member_of_an_enum_removed():
    assert broken(enum("red", "blue"), enum("red")) == ['Colour: "blue" removed or renamed']


def test_a_new_member_of_an_enum():
    assert broken(enum("red"), enum("red", "blue")) == ['Colour: "blue" is new, and an old reader refuses it']


def test_a_new_record_kind_is_fine_and_a_removed_one_is_not():
    one, two = enum("a", name="RecordKind"), enum("a", "b", name="RecordKind")
    assert broken(one, two) == []
    assert broken(two, one) == ['RecordKind: "b" removed or renamed']


def test_kinds_and_topics_by_name():
    old = form(kinds={"a": {"struct": "A"}, "b": {"struct": "B"}}, topics={"up": {"address": "x/up"}})
    new = form(kinds={"a": {"struct": "C"}, "c": {"struct": "B"}}, topics={"up": {"address": "y/up"}})
    assert compat.breaks(old, new) == [
        "record kind a: its struct was A and is C",
        "record kind b: removed or renamed",
        "topic up: was x/up and is y/up",
    ]
    assert compat.breaks(old, compat.Contract(old.kinds, {}, {})) == ["topic up: removed or renamed"]


def test_a_struct_removed():
    assert compat.breaks(form(thing(), row(*ROW)), form(thing())) == ["Row: removed or renamed"]


def test_the_contract_of_today_talks_with_the_last_release():
    facts = make_messages.contract()
    today = compat.Contract(facts["kinds"], facts["topics"], schemas(make_messages.structs()))
    broke = compat.breaks(compat.load(make_messages.RELEASED), today)
    assert not broke, "not compatible with the last release:\n" + "\n".join(broke)


# the same on bytes

WIRE = [struct for struct in reached(make_messages.structs()).values() if issubclass(struct, Struct)]


def tomorrow(struct):
    """The struct as a later release may have it: one more field."""
    more = [("z_new", list[dict[str, int]], msgspec.field(default_factory=lambda: [{"new": 1}]))]
    config = struct.__struct_config__
    return msgspec.defstruct(struct.__name__, more, bases=(struct,), frozen=True, array_like=config.array_like)


@pytest.mark.parametrize("struct", WIRE, ids=lambda struct: struct.__name__)
def test_programs_of_today_read_what_tomorrows_send(struct):
    later = tomorrow(struct)
    assert not struct.__struct_config__.forbid_unknown_fields
    assert compat.breaks(form(struct), form(later)) == []

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data):
        value = data.draw(values(struct))
        sent = later(**{name: getattr(value, name) for name in struct.__struct_fields__})
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=struct) == value

    holds()


@pytest.mark.parametrize("struct", WIRE, ids=lambda struct: struct.__name__)
def test_programs_of_tomorrow_read_what_todays_send(struct):
    later = tomorrow(struct)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data):
        value = data.draw(values(struct))
        read = msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=later)
        assert read.z_new == [{"new": 1}]
        assert all(getattr(read, name) == getattr(value, name) for name in struct.__struct_fields__)

    holds()
