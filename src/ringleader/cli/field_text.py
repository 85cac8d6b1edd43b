"""Fields of an event as a command line writes them: text, read by the field's declared type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.inspect import (
    AnyType,
    BoolType,
    CollectionType,
    CustomType,
    DictType,
    FloatType,
    IntType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.fields import FIELD_ALIASES, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.events.base import Event

_WORDS = (
    (BoolType, "true or false"),
    (IntType, "a whole number"),
    (FloatType, "a number"),
    (CollectionType, "a list: a,b,c or JSON"),
    (DictType | StructType | CustomType, "a mapping as JSON"),
    (StrType, "a text"),
    (NoneType, "null"),
)


class BadEvent(RingleaderError):  # noqa: N818  # as a command says it
    """An event that can't be meant; the message names the field.

    Attributes:
        exit_code: of the command.
    """

    exit_code = 1


def fields_from(pairs: Iterable[str], kind: type[Event] | None) -> dict[str, Any]:
    """Read `key=value` arguments; `kind` is the event's type, None if it is not known.

    A field that the type does not have keeps its text: whoever makes the event says what is wrong.

    Raises:
        BadEvent: an argument is no pair, is there twice, or is no value of its field.
    """
    types = {} if kind is None else {f.name: f.type for f in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise BadEvent(f"{pair!r} is no field; write KEY=VALUE")
        if key in found:
            raise BadEvent(f"{key} is given twice")
        meant = next((name for name in (key, *FIELD_ALIASES.get(key, ())) if name in types), None)
        if meant is None:
            found[key] = _guess(text) if kind is None else text
            continue
        try:
            found[key] = value_of(text, types[meant])
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            name = "" if kind is None else f"{kind.EVENT.name}."
            right = " or ".join(words(types[meant]))
            raise BadEvent(f"{name}{key}: {text!r} can't be read as {right} ({error})") from error
    return found


def value_of(text: str, annotation: Any) -> Any:
    """Read a text as a value of a type.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    kinds = _kinds(type_info(annotation))
    if any(isinstance(kind, StrType) for kind in kinds):
        return msgspec.convert(text, annotation, strict=False)
    if any(isinstance(kind, AnyType) for kind in kinds):
        return _guess(text)
    if text[:1] in {"[", "{"}:
        return msgspec.json.decode(text)
    if any(isinstance(kind, CollectionType) for kind in kinds):
        parts = [part.strip() for part in text.split(",")] if text else []
        return msgspec.convert(parts, annotation, strict=False)
    if any(isinstance(kind, FloatType) for kind in kinds) and seconds(text) is not text:
        return text  # an ISO time, which is read where all spellings are
    return msgspec.convert(text, annotation, strict=False)


def words(annotation: Any) -> list[str]:
    """Say what would be right for a type."""
    kinds = _kinds(type_info(annotation))
    said = [word for kind, word in _WORDS if any(isinstance(each, kind) for each in kinds)]
    return said or [str(annotation)]


def _kinds(info: Type) -> tuple[Type, ...]:
    return info.types if isinstance(info, UnionType) else (info,)


def _guess(text: str) -> Any:
    """Read JSON; what is none is a text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
