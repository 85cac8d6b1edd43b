"""What the structs of the settings tree say about a key: type, range, meaning, unit, old names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str, ...]

_NAMES: dict[object, str] = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
    Any: "anything",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One field of an option struct.

    Attributes:
        hint: its annotation, which `msgspec.convert` takes.
        aliases: old variables, each with a factor or with a table of words.
        whole: whether a table is one value, which a later layer replaces and doesn't add to.
        secret: whether its value is shown to nobody.
    """

    name: str
    hint: object
    description: str = ""
    aliases: Mapping[str, object] = field(default_factory=dict[str, object])
    whole: bool = False
    secret: bool = False

    @property
    def unit(self) -> str:
        """The unit, which descriptions give in parentheses at their end; may be empty."""
        found = re.search(r"\(([^()]+)\)$", self.description)
        return found[1] if found else ""

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        return describe(self.hint) + (f" ({self.unit})" if self.unit else "")


@cache  # of a class: nothing that changes
def keys(struct: type[msgspec.Struct]) -> Mapping[str, Key]:
    """Return the fields of an option struct by name, in order."""
    return {name: _key(name, hint) for name, hint in _hints(struct).items()}


def struct_of(hint: object) -> type[msgspec.Struct] | None:
    """Return the struct that a section has, None for anything else."""
    bare, _ = _peel(hint)
    return bare if isinstance(bare, type) and issubclass(bare, msgspec.Struct) else None


def table_of(hint: object) -> type[msgspec.Struct] | None:
    """Return the struct of the tables that a key takes, if need be beside other values."""
    bare, _ = _peel(hint)
    found = (table_of(part) for part in _alternatives(bare))
    return struct_of(hint) or next((struct for struct in found if struct is not None), None)


def items_of(hint: object) -> object | None:
    """Return the annotation of the items of an array, None for anything else."""
    bare, _ = _peel(hint)
    return get_args(bare)[0] if get_origin(bare) in (tuple, list) else None


def values_of(hint: object) -> object | None:
    """Return the annotation of the values of a table with free names, None for anything else."""
    bare, _ = _peel(hint)
    return get_args(bare)[1] if get_origin(bare) is dict else None


def literals(hint: object) -> tuple[str, ...]:
    """Return the words that a key takes, in the order of its annotation."""
    bare, _ = _peel(hint)
    if get_origin(bare) is Literal:
        return tuple(word for word in get_args(bare) if isinstance(word, str))
    return tuple(word for part in _alternatives(bare) for word in literals(part))


def accepts(hint: object, kind: type) -> bool:
    """Say whether `kind` is the annotation's type, or one of its alternatives."""
    bare, _ = _peel(hint)
    return bare is kind or any(accepts(part, kind) for part in _alternatives(bare))


def is_array(hint: object) -> bool:
    """Say whether a key takes an array."""
    bare, _ = _peel(hint)
    return get_origin(bare) in (tuple, list) or any(map(is_array, _alternatives(bare)))


def describe(hint: object) -> str:
    """Say in words what a value has to be."""
    bare, metas = _peel(hint)
    limits = ", ".join(text for meta in metas for text in _limits(meta))
    return _kind(bare) + (f" {limits}" if limits else "")


def _kind(bare: object) -> str:
    words = literals(bare)
    others = [part for part in _alternatives(bare) if not literals(part) and part is not NoneType]
    if words or others:
        return " or ".join([describe(part) for part in others] + _one_of(words))
    if get_origin(bare) in (tuple, list):
        items = get_args(bare)[0]
        return "an array of strings" if items is str else f"an array, each {describe(items)}"
    if struct_of(bare) is not None or get_origin(bare) is dict:
        return "a table"
    return _NAMES.get(bare, str(bare))


def _one_of(words: tuple[str, ...]) -> list[str]:
    quoted = [f'"{word}"' for word in words]
    if not quoted:
        return []
    return [" or ".join(quoted)] if len(quoted) < 3 else ["one of " + ", ".join(quoted)]  # noqa: PLR2004  # two words need no list


def _limits(meta: msgspec.Meta) -> list[str]:
    texts = {
        "of at least": meta.ge,
        "above": meta.gt,
        "at most": meta.le,
        "below": meta.lt,
        "matching": meta.pattern,
    }
    found = [f"{text} {limit}" for text, limit in texts.items() if limit is not None]
    return found + (["that is not empty"] if meta.min_length else [])


def _peel(hint: object) -> tuple[object, tuple[msgspec.Meta, ...]]:
    """Split an annotation into the type and what `Annotated` says of it."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    bare, *metas = get_args(hint)
    return bare, tuple(meta for meta in metas if isinstance(meta, msgspec.Meta))


def _alternatives(bare: object) -> tuple[object, ...]:
    return get_args(bare) if get_origin(bare) in (Union, UnionType) else ()


def _hints(struct: type[msgspec.Struct]) -> Mapping[str, object]:
    hints = get_type_hints(struct, include_extras=True)
    return {name: hints[name] for name in struct.__struct_fields__}


def _key(name: str, hint: object) -> Key:
    _, metas = _peel(hint)
    description = next((meta.description for meta in metas if meta.description), "")
    extras = [meta.extra["env"] for meta in metas if meta.extra and "env" in meta.extra]
    aliases: dict[str, object] = {}
    for env in extras:
        aliases |= {env: 1} if isinstance(env, str) else env
    whole, secret = (
        any(meta.extra.get(word, False) for meta in metas if meta.extra)
        for word in ("whole", "secret")
    )
    return Key(name, hint, description, aliases, whole, secret)
