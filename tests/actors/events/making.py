"""Any events of any type, for properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from msgspec import inspect

if TYPE_CHECKING:
    from ringleader.actors.events import Event

SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.StrType: st.text(max_size=20),
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.AnyType: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=4,
    ),
}


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Make any values of a field's type."""
    match kind:
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
        case inspect.VarTupleType(item_type=item):
            return st.lists(values(item), max_size=3).map(tuple)
        case inspect.DictType(value_type=value):
            return st.dictionaries(st.text(max_size=5), values(value), max_size=3)
        case inspect.EnumType(cls=scale):
            return st.sampled_from(list(scale))
        case _:
            return SIMPLE[type(kind)]


def events_of(event_class: type[Event]) -> st.SearchStrategy[Event]:
    """Make any events of a type; one of the fields of `one_of` is always there."""
    info = inspect.type_info(event_class)
    assert isinstance(info, inspect.StructType)
    needed = event_class.EVENT.one_of[:1]
    fields = {
        field.name: values(field.type).filter(lambda value: value is not None)
        if field.name in needed
        else values(field.type)
        for field in info.fields
    }
    return st.fixed_dictionaries(fields).map(lambda chosen: event_class(**chosen))
