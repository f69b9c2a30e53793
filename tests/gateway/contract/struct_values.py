"""Values of any struct of the contract, made from its fields as msgspec sees them: what a program may send."""

import string

from hypothesis import strategies as st
from msgspec import inspect as types

INT64 = 2**63


def values(struct):
    """A strategy for a struct; fields with a default are sometimes left out."""
    return _of(types.type_info(struct))


def _of(node):
    match node:
        case types.StructType():
            must = {field.name: _of(field.type) for field in node.fields if field.required}
            may = {field.name: _of(field.type) for field in node.fields if not field.required}
            return st.fixed_dictionaries(must, optional=may).map(lambda fields: node.cls(**fields))
        case types.Metadata():
            return _of(node.type)
        case types.EnumType():
            return st.sampled_from(list(node.cls))
        case types.LiteralType():
            return st.sampled_from(node.values)
        case types.UnionType():
            return st.one_of([_of(each) for each in node.types])
        case types.ListType():
            return st.lists(_of(node.item_type), min_size=node.min_length or 0, max_size=min(node.max_length or 4, 4))
        case types.TupleType():
            return st.tuples(*[_of(each) for each in node.item_types])
        case types.DictType():
            return st.dictionaries(_of(node.key_type), _of(node.value_type), max_size=4)
        case types.IntType():
            low = node.ge if node.ge is not None else -INT64 if node.gt is None else node.gt + 1
            high = node.le if node.le is not None else INT64 - 1 if node.lt is None else node.lt - 1
            return st.integers(low, high)
        case types.FloatType():
            return st.floats(
                node.ge if node.ge is not None else node.gt,
                node.le if node.le is not None else node.lt,
                exclude_min=node.gt is not None,
                exclude_max=node.lt is not None,
                allow_nan=False,
                allow_infinity=False,
            )
        case types.StrType():
            return st.text(
                st.one_of(st.sampled_from(string.printable), st.characters(codec="utf-8")),
                min_size=node.min_length or 0,
                max_size=min(node.max_length or 20, 20),
            )
        case types.BytesType():
            return st.binary(max_size=40)
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
        case types.UUIDType():
            return st.uuids()
    raise TypeError(f"say here how a value of {node} is made")
