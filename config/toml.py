"""Values and keys as TOML writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def is_table(value: object) -> TypeGuard[Mapping[str, object]]:
    """Say whether a parsed value is a table; the keys of TOML's tables are strings."""
    return isinstance(value, Mapping)


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Say whether a value is an array."""
    return isinstance(value, (list, tuple))


def dotted(path: Iterable[str]) -> str:
    """Return a key path: `events.dedup_window`."""
    return ".".join(name if _BARE.fullmatch(name) else _quoted(name) for name in path)


def inline(value: object) -> str:
    """Return a value in one line; whole numbers without a fraction, whatever their type."""
    if is_table(value):
        items = (f"{dotted([name])} = {inline(item)}" for name, item in value.items())
        return "{" + ", ".join(items) + "}"
    if is_array(value):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    # TOML's basic strings have JSON's escapes, and want one for DEL too
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
