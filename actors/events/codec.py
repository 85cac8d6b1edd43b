"""Encoding, decoding and checking the events of one type."""

from __future__ import annotations

from collections.abc import Mapping
from re import compile as pattern
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec.inspect import (
    AnyType,
    DictType,
    FloatType,
    ListType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from .base import Event
from .fields import Translation, plan_fields, translate
from .readonly import freeze
from .refusals import Refusals

E = TypeVar("E", bound=Event)

#: What msgspec raises for a value that can't be written, or for bytes that can't be read.
_FAILURES = (TypeError, ValueError, OverflowError, RecursionError, msgspec.DecodeError)

#: How a number begins that is not finite: 64 or 32 bits, all of the exponent's set. Other data may
#: look so, too: this says when to look closely. Two patterns, because one of both, which does not
#: begin with one certain byte, takes six times as long; and we write 64 bits only.
_NOT_FINITE = pattern(rb"\xcb[\x7f\xff][\xf0-\xff]").search
_NOT_FINITE_32 = pattern(rb"\xca[\x7f\xff][\x80-\xff]").search

#: The second byte of such a number.
_PLUS, _MINUS = 0x7F, 0xFF


class PayloadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How large an event may be."""

    max_bytes: Annotated[
        int, msgspec.Meta(ge=1024, description="largest encoded payload of an event (bytes)")
    ] = 1_048_576
    max_depth: Annotated[
        int, msgspec.Meta(ge=2, description="deepest nesting of an event's payload (levels)")
    ] = 32


def _as_dict(value: object) -> dict[Any, Any]:
    """Make mappings of all kinds writable."""
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType]  # checked by decoding
    kind = type(value)
    raise TypeError(f"a {kind.__module__}.{kind.__qualname__} can't be sent; use plain types")


#: Keys in order, so that equal payloads have equal bytes.
_encode = msgspec.msgpack.Encoder(enc_hook=_as_dict, order="deterministic").encode


def _is_changeable(field_type: Type) -> bool:
    """Tell whether values of this type come out of the decoder changeable."""
    if isinstance(field_type, UnionType):
        return any(_is_changeable(option) for option in field_type.types)
    if isinstance(field_type, VarTupleType):
        return _is_changeable(field_type.item_type)
    return isinstance(field_type, AnyType | DictType | ListType | StructType)


def _may_hold_floats(field_type: Type) -> bool:
    """Tell whether values of this type can be or hold a floating-point number."""
    if isinstance(field_type, UnionType):
        return any(_may_hold_floats(option) for option in field_type.types)
    if isinstance(field_type, VarTupleType | ListType):
        return _may_hold_floats(field_type.item_type)
    if isinstance(field_type, DictType):
        return _may_hold_floats(field_type.value_type)
    return isinstance(field_type, AnyType | FloatType | StructType)


def changeable_fields(event_class: type[Event]) -> tuple[str, ...]:
    """Name the fields that have to be made read-only after decoding; most types have none."""
    return tuple(name for name, kind in _field_types(event_class).items() if _is_changeable(kind))


def _field_types(event_class: type[Event]) -> Mapping[str, Type]:
    info = type_info(event_class)
    assert isinstance(info, StructType)  # noqa: S101  # for type checkers: an Event is a Struct
    return {field.name: field.type for field in info.fields}


class Codec(Generic[E]):
    """Writes, reads and checks events of one type. Safe to use from several threads."""

    def __init__(self, event_class: type[E], options: PayloadLimits) -> None:
        self.event_class = event_class
        self.name = event_class.EVENT.name
        self._max_bytes = options.max_bytes
        self._levels = options.max_depth - 1
        self._one_of = event_class.EVENT.one_of
        self._changeable = changeable_fields(event_class)
        self._is_finished = not self._changeable and not self._one_of
        self._has_floats = any(map(_may_hold_floats, _field_types(event_class).values()))
        self._plan = plan_fields(event_class)
        self._refusals = Refusals(event_class, self._plan, options, _encode)
        self._decode = msgspec.msgpack.Decoder(event_class).decode

    def encode(self, event: E) -> bytes:
        """Write an event's payload; equal payloads give equal bytes."""
        try:
            data = _encode(event)
        except _FAILURES as error:
            raise self._refusals.explained(error, event) from error
        if len(data) > self._max_bytes:
            raise self._refusals.too_large(data, event)
        if self._has_floats and _NOT_FINITE(data):
            self._refusals.check_numbers(event)
        return data

    def decode(self, data: bytes) -> E:
        """Read and check a payload. Fields that the type does not have are left out."""
        if len(data) > self._max_bytes:
            raise self._refusals.too_large(data)
        try:
            event = self._decode(data)
        except _FAILURES as error:
            raise self._refusals.explained(error) from error
        is_suspect = self._has_floats and (_PLUS in data or _MINUS in data)  # see `validated`
        if is_suspect and (_NOT_FINITE(data) or _NOT_FINITE_32(data)):
            self._refusals.check_numbers(event)
        if not self._is_finished:
            self._finish(event)
        return event

    def validated(self, event: E) -> tuple[E, bytes]:
        """Check an event by writing and reading it; answer what subscribers get, and its bytes.

        Every event that is published goes through here, so what `encode` and `decode` do is written
        out: calling them takes a sixth of the time.
        """
        try:
            data = _encode(event)
        except _FAILURES as error:
            raise self._refusals.explained(error, event) from error
        if len(data) > self._max_bytes:
            raise self._refusals.too_large(data, event)
        try:
            received = self._decode(data)
        except _FAILURES as error:
            raise self._refusals.explained(error, event) from error
        # Most payloads have neither byte, and looking for a byte is much faster than for a pattern.
        if self._has_floats and (_PLUS in data or _MINUS in data) and _NOT_FINITE(data):
            self._refusals.check_numbers(received)
        if not self._is_finished:
            self._finish(received)
        return received, data

    def translate(self, payload: Mapping[str, Any]) -> Translation:
        """Bring the fields of a plain payload into the catalogue's spelling."""
        if not isinstance(payload, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # from outside
            raise self._refusals.no_mapping(payload)
        return translate(self.name, self._plan, payload)

    def build(self, fields: Mapping[str, Any]) -> E:
        """Make a checked event out of plain fields in the catalogue's spelling."""
        for name in fields:
            if name not in self._plan.names:
                raise self._refusals.unknown_field(name)
        try:
            event = msgspec.convert(fields, self.event_class)
        except _FAILURES as error:
            raise self._refusals.explained(error, fields) from error
        return self.validated(event)[0]

    def _finish(self, event: E) -> None:
        """Make an event that was just read unchangeable, and see whether it makes sense."""
        try:
            freeze(event, self._changeable, self._levels)
        except (RecursionError, TypeError) as error:
            raise self._refusals.explained(error, event) from error
        if self._one_of and all(getattr(event, name) is None for name in self._one_of):
            needed = ", ".join(self._one_of)
            raise self._refusals.wrong(None, f"at least one of {needed} is needed")
