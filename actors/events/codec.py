"""Encoding, decoding and checking the events of one type."""

from __future__ import annotations

from collections.abc import Mapping
from re import compile as pattern
from reprlib import repr as short
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec.inspect import (
    AnyType,
    DictType,
    ListType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from .base import Event
from .errors import EventValidationError, did_you_mean, nearest
from .fields import Translation, plan_fields, translate
from .readonly import freeze

E = TypeVar("E", bound=Event)

_EXPLANATION = pattern(r"(?P<problem>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?")
_MISSING = pattern(r"Object missing required field `(?P<field>\w+)`")

#: What msgspec raises for a value that can't be written.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)


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
_ENCODER = msgspec.msgpack.Encoder(enc_hook=_as_dict, order="deterministic")


def _is_changeable(field_type: Type) -> bool:
    """Tell whether values of this type come out of the decoder changeable."""
    if isinstance(field_type, UnionType):
        return any(_is_changeable(option) for option in field_type.types)
    if isinstance(field_type, VarTupleType):
        return _is_changeable(field_type.item_type)
    return isinstance(field_type, AnyType | DictType | ListType | StructType)


def changeable_fields(event_class: type[Event]) -> tuple[str, ...]:
    """Name the fields that have to be made read-only after decoding; most types have none."""
    info = type_info(event_class)
    assert isinstance(info, StructType)  # noqa: S101  # for type checkers: an Event is a Struct
    return tuple(field.name for field in info.fields if _is_changeable(field.type))


class Codec(Generic[E]):
    """Writes, reads and checks events of one type. Safe to use from several threads."""

    def __init__(self, event_class: type[E], options: PayloadLimits) -> None:
        self.event_class = event_class
        self.name = event_class.EVENT.name
        self._options = options
        self._one_of = event_class.EVENT.one_of
        self._changeable = changeable_fields(event_class)
        self._plan = plan_fields(event_class)
        self._decode = msgspec.msgpack.Decoder(event_class).decode

    def encode(self, event: E) -> bytes:
        """Write an event's payload; equal payloads give equal bytes."""
        try:
            data = _ENCODER.encode(event)
        except _UNWRITABLE as error:
            raise self._unwritable(event, error) from error
        if len(data) > self._options.max_bytes:
            raise self._too_large(data)
        return data

    def decode(self, data: bytes) -> E:
        """Read and check a payload. Fields that the type does not have are left out."""
        if len(data) > self._options.max_bytes:
            raise self._too_large(data)
        try:
            event = self._decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error
        return self._finished(event)

    def validated(self, event: E) -> tuple[E, bytes]:
        """Check an event by writing and reading it; answer what subscribers get, and its bytes."""
        data = self.encode(event)
        try:
            return self._finished(self._decode(data)), data
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._unreadable(error, event) from error

    def translate(self, payload: Mapping[str, Any]) -> Translation:
        """Bring the fields of a plain payload into the catalogue's spelling."""
        return translate(self.name, self._plan, payload)

    def build(self, fields: Mapping[str, Any]) -> E:
        """Make a checked event out of plain fields in the catalogue's spelling."""
        for name in fields:
            if name not in self._plan.names:
                near = did_you_mean(nearest(name, self._plan.names))
                known = "" if near else f"; it has {', '.join(self.event_class.__struct_fields__)}"
                raise self._wrong(name, f"there is no such field{near}{known}")
        try:
            event = msgspec.convert(fields, self.event_class)
        except (msgspec.ValidationError, RecursionError) as error:
            raise self._unreadable(error, fields) from error
        return self._finished(event)

    def _finished(self, event: E) -> E:
        if self._changeable:
            try:
                freeze(event, self._changeable, self._options.max_depth - 1)
            except RecursionError as error:
                raise self._too_deep() from error
        if self._one_of and all(getattr(event, name) is None for name in self._one_of):
            raise self._wrong(None, f"at least one of {', '.join(self._one_of)} is needed")
        return event

    def _wrong(self, field: str | None, problem: str) -> EventValidationError:
        return EventValidationError(self.name, field, problem)

    def _too_large(self, data: bytes) -> EventValidationError:
        limit = self._options.max_bytes
        return self._wrong(
            None, f"its payload has {len(data)} bytes; at most {limit} are allowed: send a path"
        )

    def _too_deep(self) -> EventValidationError:
        return self._wrong(
            None, f"its payload is nested deeper than {self._options.max_depth} levels"
        )

    def _unwritable(self, event: E, error: Exception) -> EventValidationError:
        if isinstance(error, RecursionError):
            return self._too_deep()
        for name in event.__struct_fields__:
            value = getattr(event, name)
            try:
                _ENCODER.encode(value)
            except _UNWRITABLE as cause:
                return self._wrong(name, f"{cause} (it is {short(value)})")
        return self._wrong(None, str(error))

    def _unreadable(
        self, error: Exception, given: E | Mapping[str, Any] | None = None
    ) -> EventValidationError:
        if isinstance(error, RecursionError):
            return self._too_deep()
        if missing := _MISSING.match(str(error)):
            return self._wrong(missing["field"], "is required and missing")
        match = _EXPLANATION.fullmatch(str(error))
        if match is None or match["path"] is None:
            return self._wrong(None, str(error))
        path = match["path"]
        field = path.split(".")[0].split("[")[0]
        problem = match["problem"][:1].lower() + match["problem"][1:] + self._shown(given, field)
        if scale := self._plan.scales.get(field):
            problem += f"; it is one of {', '.join(scale)}"
        return self._wrong(path, problem)

    @staticmethod
    def _shown(given: Event | Mapping[str, Any] | None, field: str) -> str:
        if given is None:
            return ""
        value = given.get(field) if isinstance(given, Mapping) else getattr(given, field, None)
        return f" ({short(value)})"
