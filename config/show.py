"""What holds and why: one row for every key, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .layers import Leaf, Origin, known
from .settings import Settings
from .toml import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .load import Loaded
    from .schema import Key, KeyPath

HIDDEN: Final = "(not shown)"
"""In place of a secret; no secret of a settings file may have a space in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One key.

    Attributes:
        key: its dotted path.
        value: what holds; of a secret that is set, `HIDDEN`.
        source: the layer, and the place in it: `file (ringleader.toml:12)`.
        default: whether no layer above the defaults sets it.
        meaning: its description, empty for keys with free names.
    """

    key: str
    value: Any
    source: str
    default: bool
    meaning: str = ""


def rows(loaded: Loaded) -> tuple[Row, ...]:
    """Return a row for every key, in the order of the settings tree.

    A table with free names has a row for each value in it, or one for itself while it is empty.
    """
    return tuple(row for path, key in known(Settings) for row in _rows(loaded, path, key))


def _rows(loaded: Loaded, path: KeyPath, key: Key) -> Iterator[Row]:
    found = {other: leaf for other, leaf in loaded.leaves.items() if other[: len(path)] == path}
    for other, leaf in (found or {path: Leaf({}, Origin("default"))}).items():
        is_default = leaf.origin.layer == "default"
        meaning = key.description if other == path else ""
        value, source = leaf.value, str(leaf.origin)
        if key.secret and value:
            value, source = HIDDEN, leaf.origin.layer  # an argument's place is its text
        yield Row(dotted(other), value, source, is_default, meaning)
