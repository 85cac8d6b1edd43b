"""The kinds of values that cross to another process beside MessagePack's own, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .errors import BadValue, CannotCross
from .message import Call
from .ref import Ref
from .value_errors import ErrorState, rebuilt, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .values import Codec


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one kind are taken apart and made again.

    Attributes:
        code: of the extension; part of the wire format.
        take: makes data of a value.
        make: makes a value of data; raises what it likes if the data is bad.
    """

    code: int
    take: Callable[[Any, Codec], Any]
    make: Callable[[Any, Codec], Any]


# ------------------------------------------------------------------- time


def _zone(zone: tzinfo | None) -> Any:
    if zone is None:
        return None
    key = getattr(zone, "key", None)
    if isinstance(key, str):
        return key
    offset = zone.utcoffset(None)
    if type(zone) is not timezone or offset is None:
        raise CannotCross(f"the time zone {zone!r} can't cross; use zoneinfo or datetime.timezone")
    return [offset.days, offset.seconds, offset.microseconds, zone.tzname(None)]


def _made_zone(data: Any) -> tzinfo | None:
    if data is None:
        return None
    if isinstance(data, str):
        from zoneinfo import ZoneInfo  # noqa: PLC0415  # few need it

        return ZoneInfo(data)
    days, seconds, micros, name = data
    offset = timedelta(days, seconds, micros)
    plain = timezone(offset)
    return plain if plain.tzname(None) == name else timezone(offset, name)


def _taken_datetime(value: datetime, _: Codec) -> Any:
    return [value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo)]


def _made_datetime(data: Any, _: Codec) -> datetime:
    text, fold, zone = data
    return datetime.fromisoformat(text).replace(fold=fold, tzinfo=_made_zone(zone))


def _taken_time(value: time, _: Codec) -> Any:
    return [value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo)]


def _made_time(data: Any, _: Codec) -> time:
    text, fold, zone = data
    return time.fromisoformat(text).replace(fold=fold, tzinfo=_made_zone(zone))


# ------------------------------------------------------------------- by class


def _taken_enum(value: Any, codec: Codec) -> Any:
    kind: Any = value.__class__
    by_name = value.name in kind.__members__ if isinstance(value.name, str) else False
    return [codec.name(kind), by_name, value.name if by_name else value.value]


def _made_enum(data: Any, codec: Codec) -> Any:
    name, by_name, member = data
    kind = codec.find(name)
    if not issubclass(kind, Enum):
        raise BadValue(f"{name} is no enum")
    return kind[member] if by_name else kind(member)


def _taken_dataclass(value: Any, codec: Codec) -> Any:
    fields: dict[str, Any] = value.__dataclass_fields__
    for name, field in fields.items():
        if field._field_type.name == "_FIELD_INITVAR":  # noqa: SLF001  # no other way to see it
            raise CannotCross(f"{short_class(value)} can't cross: its {name!r} is an InitVar")
    data = {
        name: getattr(value, name)
        for name, field in fields.items()
        if field._field_type.name == "_FIELD"  # noqa: SLF001  # not a ClassVar
    }
    return [codec.name(type(value)), data]


def _made_dataclass(data: Any, codec: Codec) -> Any:
    name, fields = data
    kind: Any = codec.find(name)
    if "__dataclass_fields__" not in vars(kind):
        raise BadValue(f"{name} is no dataclass")
    known = kind.__dataclass_fields__
    if not kind.__dataclass_params__.init:  # its constructor is its own affair
        made = kind.__new__(kind)
        for field, value in fields.items():
            object.__setattr__(made, field, value)
        return made
    made = kind(**{field: value for field, value in fields.items() if known[field].init})
    for field, value in fields.items():
        if not known[field].init:
            object.__setattr__(made, field, value)
    return made


def _taken_struct(value: Any, codec: Codec) -> Any:
    kind: Any = value.__class__
    return [codec.name(kind), {name: getattr(value, name) for name in kind.__struct_fields__}]


def _made_struct(data: Any, codec: Codec) -> Any:
    name, fields = data
    kind = codec.find(name)
    if not hasattr(kind, "__struct_fields__"):
        raise BadValue(f"{name} is no struct")
    return kind(**fields)


def _taken_named(value: Any, codec: Codec) -> Any:
    return [codec.name(type(value)), list(value)]


def _made_named(data: Any, codec: Codec) -> Any:
    name, values = data
    kind: Any = codec.find(name)
    if not (tuple in kind.__mro__ and hasattr(kind, "_fields")):
        raise BadValue(f"{name} is no named tuple")
    return kind._make(values)


def _taken_event(value: Any, codec: Codec) -> Any:
    from .value_events import take_event  # noqa: PLC0415  # who sends no events needs no catalogue

    return take_event(value, codec)


def _made_event(data: Any, codec: Codec) -> Any:
    from .value_events import make_event  # noqa: PLC0415  # as above

    return make_event(data, codec)


def _made_frozen(data: Any, _: Codec) -> Any:
    from .events.readonly import ReadOnlyDict  # noqa: PLC0415  # as above

    return ReadOnlyDict(data)


def _made_path(data: Any, codec: Codec) -> PurePath:
    name, text = data
    kind = codec.find(name)
    if not issubclass(kind, PurePath):
        raise BadValue(f"{name} is no path")
    return kind(text)


# ------------------------------------------------------------------- ours


def _taken_error(value: BaseException, codec: Codec) -> Any:
    return list(state_of(value, codec.crosses))


def _made_error(data: Any, codec: Codec) -> BaseException:
    return rebuilt(ErrorState(*data), codec.find, codec.where)


def _taken_call(value: Call, _: Codec) -> Any:
    return [value.name, value.args, dict(value.kwargs)]


def short_class(value: Any) -> str:
    """Name the class of a value."""
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]  # of Any
    return f"{kind.__module__}.{kind.__qualname__}"


TUPLE = Kind(1, lambda v, _: list(v), lambda d, _: tuple(d))
SET = Kind(2, lambda v, _: list(v), lambda d, _: set(d))
FROZENSET = Kind(3, lambda v, _: list(v), lambda d, _: frozenset(d))
BIG_INT = Kind(
    4,
    lambda v, _: v.to_bytes(v.bit_length() // 8 + 1, "big", signed=True),
    lambda d, _: int.from_bytes(d, "big", signed=True),
)
DATETIME = Kind(5, _taken_datetime, _made_datetime)
DATE = Kind(6, lambda v, _: v.isoformat(), lambda d, _: date.fromisoformat(d))
TIME = Kind(7, _taken_time, _made_time)
TIMEDELTA = Kind(8, lambda v, _: [v.days, v.seconds, v.microseconds], lambda d, _: timedelta(*d))
DECIMAL = Kind(9, lambda v, _: str(v), lambda d, _: Decimal(d))
UUID_ = Kind(10, lambda v, _: v.bytes, lambda d, _: UUID(bytes=d))
PATH = Kind(11, lambda v, c: [c.name(type(v)), str(v)], _made_path)
ENUM = Kind(12, _taken_enum, _made_enum)
DATACLASS = Kind(13, _taken_dataclass, _made_dataclass)
STRUCT = Kind(14, _taken_struct, _made_struct)
NAMED_TUPLE = Kind(15, _taken_named, _made_named)
EVENT = Kind(16, _taken_event, _made_event)
REF = Kind(17, lambda v, c: c.refs.describe(v), lambda d, c: c.refs.find(d))
ERROR = Kind(18, _taken_error, _made_error)
CALL = Kind(19, _taken_call, lambda d, _: Call(d[0], tuple(d[1]), d[2]))
FROZEN_DICT = Kind(20, lambda v, _: dict(v), _made_frozen)
COMPLEX = Kind(21, lambda v, _: [v.real, v.imag], lambda d, _: complex(*d))


_EXACT: dict[type[Any], Kind] = {
    tuple: TUPLE,
    set: SET,
    frozenset: FROZENSET,
    int: BIG_INT,
    datetime: DATETIME,
    date: DATE,
    time: TIME,
    timedelta: TIMEDELTA,
    Decimal: DECIMAL,
    UUID: UUID_,
    complex: COMPLEX,
    Call: CALL,
}
BY_CODE = {
    kind.code: kind
    for kind in (
        *_EXACT.values(),
        PATH,
        ENUM,
        DATACLASS,
        STRUCT,
        NAMED_TUPLE,
        EVENT,
        REF,
        ERROR,
        FROZEN_DICT,
    )
}


def kind_of(value: Any) -> Kind | None:  # noqa: PLR0911  # one line for each kind
    """Tell which kind a value is of; None: it can't cross."""
    cls: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]  # of Any
    exact = _EXACT.get(cls)
    if exact is not None:
        return exact
    if isinstance(value, BaseException):
        return ERROR
    if isinstance(value, Ref):
        return REF
    if isinstance(value, Enum):
        return ENUM
    if hasattr(cls, "__struct_fields__"):
        return EVENT if hasattr(cls, "EVENT") else STRUCT
    if "__dataclass_fields__" in vars(cls):
        return DATACLASS
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        return NAMED_TUPLE
    if isinstance(value, PurePath):
        return PATH
    if isinstance(value, dict) and cls.__module__ == "ringleader.actors.events.readonly":
        return FROZEN_DICT
    return None
