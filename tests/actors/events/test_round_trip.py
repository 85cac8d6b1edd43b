"""What is published is what arrives, for every type and any values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from hypothesis import given, settings

from ringleader.actors.events import Catalogue, DataEventType, ReadOnlyDict
from ringleader.actors.events.catalogue import load
from tests.actors.events.making import events_of

if TYPE_CHECKING:
    from ringleader.actors.events import Event

CATALOGUE = Catalogue()


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
    @given(events_of(load(member)))
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
