"""Which classes can be event types."""

from __future__ import annotations

import msgspec
from msgspec.inspect import (
    AnyType,
    ByteArrayType,
    DictType,
    EnumType,
    ListType,
    LiteralType,
    SetType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from .base import ON_PRESSURE, Event, EventType
from .errors import EventTypeError
from .scales import Priority

_BETTER = {ListType: "tuple[X, ...]", SetType: "frozenset[X]", ByteArrayType: "bytes"}


def check_event_class(event_class: type[object]) -> None:
    """Make sure that a class can be an event type.

    Raises:
        EventTypeError: it says what has to change.
    """
    name = event_class.__qualname__
    kind = event_class.__dict__.get("EVENT")
    if not (issubclass(event_class, Event) and isinstance(kind, EventType)):
        raise EventTypeError(
            f'{name} is no event type: subclass Event and set EVENT = EventType.custom("NAME")'
        )
    if not event_class.__struct_config__.frozen:
        raise EventTypeError(f"{name} can be changed: declare it with frozen=True")
    if not (kind.name.isupper() and kind.name.isidentifier()):
        raise EventTypeError(f"{name}.EVENT is named {kind.name!r}; use capitals: ORDER_PAID")
    if kind.max_age is not None and kind.max_age <= 0:
        raise EventTypeError(f"{name}.EVENT has max_age {kind.max_age}; it is seconds above 0")
    _check_pressure(name, kind)
    _check_named_fields(event_class, kind)
    _check_field_types(event_class)


def _check_pressure(name: str, kind: EventType) -> None:
    if not isinstance(kind.priority, Priority):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked
        raise EventTypeError(
            f"{name}.EVENT has priority {kind.priority!r}; it is one of "
            f"{', '.join(f'Priority.{priority.name}' for priority in Priority)}"
        )
    if kind.on_pressure not in ON_PRESSURE:
        raise EventTypeError(
            f"{name}.EVENT has on_pressure {kind.on_pressure!r}; it is one of "
            f"{', '.join(ON_PRESSURE)}"
        )
    if kind.on_pressure == "shed" and kind.durable:
        raise EventTypeError(
            f"{name}.EVENT is durable, and may be shed: what must not be lost can't be left out; "
            'use on_pressure="slow"'
        )


def _check_named_fields(event_class: type[Event], kind: EventType) -> None:
    if kind.dedup.kind == "key" and not kind.dedup.fields:
        raise EventTypeError(f"{event_class.__qualname__}.EVENT: Dedup.key needs field names")
    for field in (*kind.dedup.fields, *kind.one_of):
        if field not in event_class.__struct_fields__:
            raise EventTypeError(
                f"{event_class.__qualname__}.EVENT names the field {field!r}, which it has not"
            )
    for info in msgspec.structs.fields(event_class):
        if info.name in kind.dedup.fields and info.default is None:
            raise EventTypeError(
                f"{event_class.__qualname__}.EVENT: Dedup.key names {info.name!r}, which may be "
                "None: two events without it would be one; make it required"
            )


def _check_field_types(event_class: type[Event]) -> None:
    try:
        info = type_info(event_class)
        msgspec.msgpack.Decoder(event_class)
    except (TypeError, NameError) as error:
        raise EventTypeError(f"{event_class.__qualname__} can't be decoded: {error}") from error
    assert isinstance(info, StructType)  # noqa: S101  # for type checkers: an Event is a Struct
    for field in info.fields:
        if advice := _advice(field.type):
            raise EventTypeError(f"{event_class.__qualname__}.{field.name}: {advice}")


def _advice(field_type: Type) -> str:
    """Say what to use instead of a type whose values could be changed, or not be sent."""
    for changeable, better in _BETTER.items():
        if isinstance(field_type, changeable):
            return f"subscribers could change it; use {better}"
    if isinstance(field_type, StructType) and not field_type.cls.__struct_config__.frozen:
        return (
            f"subscribers could change it; declare {field_type.cls.__qualname__} with frozen=True"
        )
    inner: tuple[Type, ...] = ()
    if isinstance(field_type, UnionType):
        inner = field_type.types
    elif isinstance(field_type, VarTupleType):
        inner = (field_type.item_type,)
    elif isinstance(field_type, DictType):
        if not isinstance(field_type.key_type, StrType | EnumType | LiteralType | AnyType):
            return "keys are text: use Mapping[str, X]"
        inner = (field_type.value_type,)
    elif isinstance(field_type, StructType):
        inner = tuple(field.type for field in field_type.fields)
    return next((advice for option in inner if (advice := _advice(option))), "")
