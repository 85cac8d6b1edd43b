"""Read-only mappings, so that subscribers can't change each other's events."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")


class ReadOnlyDict(dict[K, V]):
    """A dict that refuses to be changed.

    It is a `dict` underneath, unlike `types.MappingProxyType`, so every encoder takes it as it is.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("an event is read-only; copy the mapping with dict(...) and change that")

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse  # pyright: ignore[reportAssignmentType]  # overloads that bind self
    update = _refuse  # pyright: ignore[reportAssignmentType]  # overloads that bind self

    def __hash__(self) -> int:  # type: ignore[override]  # dict has None here; frozen events hash
        """Hash like a frozen set of the items: equal mappings have equal hashes."""
        return hash(frozenset(self.items()))

    def __copy__(self) -> ReadOnlyDict[K, V]:
        """Nothing can change it, so it is its own copy."""
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> ReadOnlyDict[K, V]:
        """What it holds is read-only too."""
        return self


#: Types of decoded values that hold nothing that could be changed; most values are of these.
_LEAVES = frozenset({str, int, float, bool, bytes, type(None)})
_CONTAINERS = (dict, list, tuple, msgspec.Struct)


def read_only(value: Any, depth: int) -> Any:
    """Make decoded data read-only: dicts become `ReadOnlyDict`, lists tuples, at every level.

    It takes one frame of the stack for each level, so that the limits of Python come after ours.

    Raises:
        RecursionError: it is nested deeper than `depth` levels.
        TypeError: a key is not text, or something in it is of a type that only its sender knows.
    """
    if type(value) in _LEAVES:
        return value
    if depth <= 0 and isinstance(value, _CONTAINERS):
        raise RecursionError
    data: Any = value  # not narrowed: what came off the wire may hold anything
    if isinstance(value, dict):
        mapping: dict[str, Any] = {}
        for key, item in data.items():
            if not isinstance(key, str):
                raise TypeError("a key that is not text")
            mapping[key] = item if type(item) in _LEAVES else read_only(item, depth - 1)
        return ReadOnlyDict(mapping)
    if isinstance(value, list | tuple):
        items: list[Any] = []
        for item in data:
            items.append(item if type(item) in _LEAVES else read_only(item, depth - 1))  # noqa: PERF401  # a frame
        return tuple(items)
    if isinstance(value, msgspec.Struct):
        freeze(value, value.__struct_fields__, depth - 1)
    elif isinstance(value, msgspec.msgpack.Ext):
        raise TypeError("an extension of MessagePack")
    return value


def freeze(struct: msgspec.Struct, fields: tuple[str, ...], depth: int) -> None:
    """Make the named fields of a freshly decoded struct read-only, in place."""
    for name in fields:
        value = getattr(struct, name)
        if value is not None:
            msgspec.structs.force_setattr(struct, name, read_only(value, depth))
