"""What is wrong with a value that can't be sent: a walk, after the fast path has refused it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec

from .shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        """Find the first fault in named values, such as the fields of an event."""
        for name, value in values.items():
            for fault in self._look(value, name, 0):
                return fault
        return None

    def _look(self, value: Any, path: str, depth: int) -> Iterator[Fault]:
        if isinstance(value, msgspec.Struct):
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            yield from self._look_inside(fields, path, depth)
        elif isinstance(value, Mapping):
            yield from self._look_inside(cast("Mapping[Any, Any]", value), path, depth)
        elif isinstance(value, list | tuple | AbstractSet):
            yield from self._look_inside(dict(enumerate(cast("Any", value))), path, depth, "items")
        else:
            problem = self._leaf(value)
            if problem:
                yield Fault(path, problem)

    def _look_inside(
        self, items: Mapping[Any, Any], path: str, depth: int, keys: str = "keys"
    ) -> Iterator[Fault]:
        if depth >= self._max_depth:
            top = path.partition("[")[0]
            yield Fault(
                top, f"it is nested deeper than {self._max_depth + 1} levels, or holds itself"
            )
            return
        for key, item in items.items():
            if keys == "keys":
                if not isinstance(key, str):
                    yield Fault(path, f"its keys must be text; one is {shown(key)}")
                elif problem := self._leaf(key):
                    yield Fault(path, f"its key {shown(key)} {problem}")
            yield from self._look(item, f"{path}[{shown(key)}]", depth + 1)

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
