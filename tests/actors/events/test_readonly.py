from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader.actors.events import ReadOnlyDict
from ringleader.actors.events.readonly import read_only

if TYPE_CHECKING:
    from collections.abc import Callable


def assign(mapping: dict[str, int]) -> None:
    mapping["a"] = 2


def delete(mapping: dict[str, int]) -> None:
    del mapping["a"]


def merge(mapping: dict[str, int]) -> None:
    mapping |= {"a": 2}


def clear(mapping: dict[str, int]) -> None:
    mapping.clear()


def pop(mapping: dict[str, int]) -> None:
    mapping.pop("a")


def pop_any(mapping: dict[str, int]) -> None:
    mapping.popitem()


def set_default(mapping: dict[str, int]) -> None:
    mapping.setdefault("b", 1)


def update(mapping: dict[str, int]) -> None:
    mapping.update(a=2)


@pytest.mark.parametrize(
    "change", [assign, delete, merge, clear, pop, pop_any, set_default, update]
)
def test_it_refuses_every_change(change: Callable[[dict[str, int]], None]) -> None:
    mapping = ReadOnlyDict({"a": 1})
    with pytest.raises(TypeError, match="read-only"):
        change(mapping)
    assert mapping == {"a": 1}


def test_it_is_equal_to_a_dict_and_hashes_like_its_equals() -> None:
    assert ReadOnlyDict({"a": 1, "b": 2}) == {"b": 2, "a": 1}
    assert hash(ReadOnlyDict({"a": 1, "b": 2})) == hash(ReadOnlyDict({"b": 2, "a": 1}))


def test_it_can_be_copied_and_its_dict_copy_can_be_changed() -> None:
    mapping = ReadOnlyDict({"a": 1})
    assert copy.copy(mapping) is copy.deepcopy(mapping) is mapping
    changed = dict(mapping)
    changed["a"] = 2
    assert mapping == {"a": 1}


def test_every_encoder_takes_it_as_it_is() -> None:
    mapping = ReadOnlyDict({"a": 1})
    assert msgspec.json.encode(mapping) == b'{"a":1}'
    assert msgspec.msgpack.encode(mapping) == msgspec.msgpack.encode({"a": 1})
    assert msgspec.to_builtins(mapping) == {"a": 1}


def test_data_is_made_read_only_at_every_level() -> None:
    value = read_only({"a": [{"b": [1]}]}, 4)
    assert value == {"a": ({"b": (1,)},)}
    assert type(value["a"][0]) is ReadOnlyDict


@pytest.mark.parametrize("value", [{"a": {}}, {"a": []}, [[]]])
def test_it_stops_at_the_depth_that_is_allowed(value: Any) -> None:
    assert read_only(value, 2) is not None
    with pytest.raises(RecursionError):
        read_only(value, 1)
