"""Layers of settings: checked against the tree's types, laid over each other, key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from .errors import Problem, nearest
from .schema import Key, KeyPath, items_of, keys, literals, struct_of, table_of, values_of
from .toml import dotted, inline, is_array, is_table

LayerName = Literal["default", "file", "profile", "environment", "command line"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: the layer, and the place in it."""

    layer: LayerName
    where: str = ""

    def __str__(self) -> str:
        """Return `file (ringleader.toml:12)`."""
        return f"{self.layer} ({self.where})" if self.where else self.layer


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of one layer."""

    value: Any
    origin: Origin


Leaves = Mapping[KeyPath, Leaf]
Table = Mapping[str, object]
Place = Callable[[KeyPath], Origin]
Read = Callable[[object, Key], object]


def as_is(value: object, _key: Key) -> object:
    """Take a value as TOML gave it; a text layer's reader turns words into values instead."""
    return value


def check(
    struct: type[msgspec.Struct],
    values: object,
    place: Place,
    read: Read = as_is,
    prefix: KeyPath = (),
) -> tuple[Leaves, list[Problem]]:
    """Return the leaves of one layer, and all that is wrong with it.

    A leaf is a value that isn't a table; in tables with free names and values (`options`) too. A
    table that counts as a whole is one leaf.

    Args:
        struct: the type of the whole tree, or of the table at `prefix`.
        values: nested tables, as parsed.
        place: says where a key is written.
        read: turns a leaf into the value to check; may raise `ValueError`.
        prefix: where the values belong, for the paths of the answer.
    """
    checker = _Checker(struct, place, prefix)
    checker.walk(Key("", struct), values, prefix, read)
    return checker.leaves, checker.problems


def overlay(*layers: Leaves) -> dict[KeyPath, Leaf]:
    """Lay layers over each other: the last one that has a key wins, tables grow.

    The order of keys is that of the layer that had them first. A value that replaces a table, or
    the other way round, can only occur where both are allowed, in tables with free values.
    """
    merged: dict[KeyPath, Leaf] = {}
    tables: set[KeyPath] = set()
    for layer in layers:
        for path, leaf in layer.items():
            prefixes = [path[:end] for end in range(1, len(path))]
            for prefix in prefixes:
                merged.pop(prefix, None)
            if path in tables:
                for inner in [other for other in merged if other[: len(path)] == path]:
                    del merged[inner]
            tables.update(prefixes)
            merged[path] = leaf
    return merged


def nested(leaves: Mapping[KeyPath, Leaf]) -> dict[str, Any]:
    """Return the leaves' values as nested tables."""
    root: dict[str, Any] = {}
    for path, leaf in leaves.items():
        table = root
        for name in path[:-1]:
            table = table.setdefault(name, {})
        table[path[-1]] = leaf.value
    return root


def known(struct: type[msgspec.Struct], prefix: KeyPath = ()) -> Iterator[tuple[KeyPath, Key]]:
    """Yield every key that has a fixed name, sections left out, in order."""
    for name, key in keys(struct).items():
        inner = struct_of(key.hint)
        if inner is None:
            yield (*prefix, name), key
        else:
            yield from known(inner, (*prefix, name))


class _Checker:
    """One walk through one layer."""

    def __init__(self, struct: type[msgspec.Struct], place: Place, prefix: KeyPath) -> None:
        self.place = place
        self.paths = [path for path, _ in known(struct, prefix)]
        self.leaves: dict[KeyPath, Leaf] = {}
        self.problems: list[Problem] = []

    def walk(self, key: Key, value: object, path: KeyPath, read: Read) -> None:
        struct, items = table_of(key.hint), values_of(key.hint)
        tables = table_of(items_of(key.hint))
        if (struct or items or tables or key.hint is Any) and not is_table(value):
            value, read = self._read_table(key, value, read), as_is
        if is_table(value) and struct is not None and key.whole:
            self._whole(struct, value, path, read)
        elif is_table(value) and struct is not None:
            self._section(struct, value, path, read)
        elif is_table(value) and (items is not None or key.hint is Any):
            self._entries(items or Any, value, path, read)
        elif struct_of(key.hint) is not None or items is not None:
            self.refuse(path, f"got {inline(value)}", "expected a table")
        elif is_array(value) and tables is not None:
            self._array(items_of(key.hint), value, path, read)
        else:
            self._leaf(key, value, path, read)

    def _whole(self, struct: type[msgspec.Struct], table: Table, path: KeyPath, read: Read) -> None:
        """Take a table as one leaf, if nothing in it is wrong."""
        inner = _Checker(struct, self.place, path)
        for field in msgspec.structs.fields(struct):
            if field.required and field.name not in table:
                expected = keys(struct)[field.name].expected
                inner.refuse((*path, field.name), "is missing", f"expected {expected}")
        inner.walk(Key("", struct), table, path, read)
        self.problems += inner.problems
        if not inner.problems:
            own = {key[len(path) :]: leaf for key, leaf in inner.leaves.items()}
            self.leaves[path] = Leaf(nested(own), self.place(path))

    def _array(self, hint: object, items: Sequence[object], path: KeyPath, read: Read) -> None:
        """Take an array of tables as one leaf, if nothing in it is wrong."""
        inner = _Checker(msgspec.Struct, self.place, path)
        for number, item in enumerate(items):
            inner.walk(Key("", hint, whole=True), item, (*path, str(number)), read)
        self.problems += inner.problems
        if not inner.problems:
            values = [leaf.value for leaf in inner.leaves.values()]
            self.leaves[path] = Leaf(values, self.place(path))

    def _read_table(self, key: Key, value: object, read: Read) -> object:
        try:
            return read(value, key)
        except ValueError:
            return value

    def _section(
        self, struct: type[msgspec.Struct], table: Table, path: KeyPath, read: Read
    ) -> None:
        for name, item in table.items():
            key = keys(struct).get(name)
            if key is None:
                self.refuse((*path, name), "unknown key", self._suggestion(struct, path, name))
            else:
                self.walk(key, item, (*path, name), read)

    def _entries(self, hint: object, table: Table, path: KeyPath, read: Read) -> None:
        for name, item in table.items():
            if item == {} and struct_of(hint) is not None:
                self.refuse((*path, name), "an empty table says nothing", "set one of its keys")
            else:
                self.walk(Key(name, hint), item, (*path, name), read)

    def _leaf(self, key: Key, value: object, path: KeyPath, read: Read) -> None:
        try:
            converted = msgspec.convert(read(value, key), key.hint)
        except ValueError:  # msgspec's ValidationError is one
            self.refuse(path, f"got {inline(value)}", f"expected {key.expected}{_near(value, key)}")
        else:
            self.leaves[path] = Leaf(converted, self.place(path))

    def _suggestion(self, struct: type[msgspec.Struct], path: KeyPath, name: str) -> str:
        """Name the key that was meant: here by likeness, elsewhere by name, or what there is."""
        near = nearest(name, keys(struct))
        if near is not None:
            return f"did you mean {dotted((*path, near))}?"
        elsewhere = [other for other in self.paths if other[-1] == name]
        if elsewhere:
            return f"did you mean {' or '.join(map(dotted, elsewhere))}?"
        return f"known here: {', '.join(keys(struct)) or 'nothing'}"

    def refuse(self, path: KeyPath, wrong: str, right: str) -> None:
        """Note what is wrong with a key."""
        self.problems.append(Problem(self.place(path).where, dotted(path), wrong, right))


def _near(value: object, key: Key) -> str:
    """Return which of many words was meant, if a word was."""
    near = nearest(value, literals(key.hint)) if isinstance(value, str) else None
    return f"; did you mean {inline(near)}?" if near else ""
