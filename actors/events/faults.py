"""What is wrong with a value that can't be sent: a walk, after the fast path has refused it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MOST = 2**64 - 1
_LEAST = -(2**63)


class Fault(NamedTuple):
    """Where in a value something is wrong, and what would be right."""

    path: str
    problem: str


class Faults:
    """Looks for what can't be sent, or would not arrive as what it is.

    Args:
        encode: writes one value, and raises if it can't.
        max_depth: levels of containers that a value may have.
    """

    def __init__(self, encode: Callable[[Any], bytes], max_depth: int) -> None:
        self._encode = encode
        self._max_depth = max_depth

    def first(self, values: Mapping[str, Any]) -> Fault | None:
        """Find the first fault in named values, such as the fields of an event.

        It goes into depth before breadth and stops at the depth that is allowed, so a value that
        holds itself ends it, too.
        """
        waiting = [(name, value, 0) for name, value in reversed(list(values.items()))]
        while waiting:
            path, value, depth = waiting.pop()
            inside = _inside(value)
            if inside is None:
                problem = self._leaf(value)
            elif depth >= self._max_depth:
                path = path.partition("[")[0]
                problem = f"it is nested deeper than {self._max_depth + 1} levels, or holds itself"
            else:
                problem = "" if inside.are_numbered else self._keys(inside.items)
                waiting += [
                    (f"{path}[{shown(key)}]", item, depth + 1)
                    for key, item in reversed(inside.items.items())
                ]
            if problem:
                return Fault(path, problem)
        return None

    def _keys(self, keys: Iterable[Any]) -> str:
        """Say what is wrong with the keys of a mapping; nothing if they are all right."""
        for key in keys:
            if not isinstance(key, str):
                return f"its keys must be text; one is {shown(key)}"
            if problem := self._leaf(key):
                return f"its key {shown(key)} {problem}"
        return ""

    def _leaf(self, value: Any) -> str:
        """Say what is wrong with a value that holds no others; nothing if it is all right."""
        if isinstance(value, float) and not math.isfinite(value):
            return f"is {value}; numbers must be finite, because JSON knows no others"
        if isinstance(value, int) and not _LEAST <= value <= _MOST:
            return f"is {shown(value)}; an integer has 64 bits at most"
        if isinstance(value, msgspec.msgpack.Ext):
            return f"is {shown(value)}, which only its sender understands; use plain types"
        try:
            self._encode(value)
        except UnicodeEncodeError:
            return f"holds half of a surrogate pair, which is no character: {shown(value)}"
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            return f"{error} (it is {shown(value)})"
        return ""


class _Inside(NamedTuple):
    """What a value holds, by key or by number."""

    items: dict[Any, Any]
    are_numbered: bool = False


def _inside(value: Any) -> _Inside | None:
    """Return what a value holds; None if it is no container."""
    whole: Any = value  # not narrowed: it may hold anything
    if isinstance(value, msgspec.Struct):
        return _Inside({name: getattr(value, name) for name in value.__struct_fields__})
    if isinstance(value, Mapping):
        return _Inside(dict(whole))
    if isinstance(value, list | tuple | AbstractSet):
        items: Iterable[Any] = whole
        return _Inside(dict(enumerate(items)), are_numbered=True)
    return None
