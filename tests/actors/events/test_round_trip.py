"""What is published is what arrives, for every type and any values."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from msgspec import inspect

from ringleader.actors.events import Catalogue, DataEventType, Event, ReadOnlyDict
from ringleader.actors.events.catalogue import load

CATALOGUE = Catalogue()

SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.FloatType: st.floats(allow_nan=False),
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


def events(event_class: type[Event]) -> st.SearchStrategy[Event]:
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


def read_only(value: Any) -> bool:
    """Tell whether nothing in a value can be changed."""
    items: Any = ()
    if isinstance(value, ReadOnlyDict):
        items = cast("Any", value).values()
    elif isinstance(value, tuple):
        items = cast("Any", value)
    elif isinstance(value, dict | list | set | bytearray):
        return False
    return all(map(read_only, items))


def plain(value: Any) -> Any:
    """Forget the difference between lists and tuples."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("Any", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Any", value)]
    return value


@pytest.mark.parametrize("member", DataEventType, ids=lambda member: member.name)
def test_an_event_of_any_type_survives_the_wire(member: DataEventType) -> None:
    @settings(max_examples=6, deadline=None, database=None)
    @given(events(load(member)))
    def survives(event: Event) -> None:
        received, data = CATALOGUE.validated(event)
        assert plain(msgspec.structs.asdict(received)) == plain(msgspec.structs.asdict(event))
        assert CATALOGUE.decode(member.value, data) == received
        assert CATALOGUE.encode(received) == data
        assert all(read_only(getattr(received, name)) for name in received.__struct_fields__)
        assert isinstance(hash(received), int)
        with pytest.raises(AttributeError):
            setattr(received, (*received.__struct_fields__, "other")[0], None)

    survives()
