"""`@handles`: which method takes which messages and events; checked when the class is created."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import HandlerError

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__ringleader_handles__"
_PROMOTED: dict[type[Any], tuple[type[Any], ...]] = {int: (float, complex), float: (complex,)}
"""What annotations accept beside subclasses (PEP 484, the numeric tower)."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One method for one type of messages.

    Attributes:
        type: what it handles; instances of subclasses come to it too.
        name: the method's name.
        function: the method, as found on the class.
        idempotent: whether a message in hand at a death is handled again, once.
        is_async: whether it is an `async def`.
    """

    type: type[Any]
    name: str
    function: Callable[..., Any]
    idempotent: bool
    is_async: bool


@dataclass(frozen=True, slots=True)
class _Mark:
    types: tuple[type[Any] | str, ...]
    idempotent: bool


def handles(*types: type[Any] | str, idempotent: bool = False) -> Callable[[F], F]:
    """Let a method handle messages of these types.

    An event type is subscribed to while the actor is in the tree; any other type is for direct
    messages. The method takes the message and nothing else; what it returns answers an `ask`.

    Args:
        types: classes, or names of events in the catalogue (`"TRAINING_COMPLETED"`).
        idempotent: the message in hand at a death is handled again, once, by the next
            incarnation; otherwise it is set aside as a dead letter.

    Raises:
        HandlerError: when the class is created: unknown event, not a type, wrong signature, two
            handlers for one type.
    """
    if len(types) == 1 and inspect.isfunction(types[0]):
        raise HandlerError(
            f"@handles of {_name(types[0])} names no type; write @handles(SomeMessage)"
        )

    def mark(function: F) -> F:
        if not types:
            raise HandlerError(
                f"@handles() of {_name(function)} names no type; write @handles(SomeMessage)"
            )
        if _MARK in getattr(function, "__dict__", {}):
            raise HandlerError(
                f"{_name(function)} has two @handles; name all its types in one, @handles(A, B)"
            )
        setattr(function, _MARK, _Mark(types, idempotent))
        return function

    return mark


def collect(cls: type[Any]) -> dict[type[Any], Handler]:
    """Return the handlers of a class by type.

    Raises:
        HandlerError: see `handles`.
    """
    found: dict[type[Any], Handler] = {}
    for name in _method_names(cls):
        function = inspect.getattr_static(cls, name, None)
        mark = _mark_of(cls, name)
        if mark is None:
            continue
        where = f"{cls.__qualname__}.{name}"
        if isinstance(function, staticmethod | classmethod) or not callable(function):
            raise HandlerError(f"{where} handles messages, so it must be a plain method")
        _check_signature(where, function)
        for entry in mark.types:
            kind = _resolve(where, entry)
            _check_annotation(where, function, kind)
            other = found.get(kind)
            if other is not None:
                raise HandlerError(
                    f"{cls.__qualname__}.{other.name} and {where} both handle {kind.__qualname__}; "
                    "one type has one handler"
                )
            is_async = inspect.iscoroutinefunction(function)
            found[kind] = Handler(kind, name, function, mark.idempotent, is_async)
    return found


def _method_names(cls: type[Any]) -> list[str]:
    """Return the attribute names of a class and its bases, bases first, in order of definition."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        names.update(dict.fromkeys(vars(base)))
    return list(names)


def _mark_of(cls: type[Any], name: str) -> _Mark | None:
    """Return a method's mark; a method that overrides a handler without one stays a handler."""
    for base in cls.__mro__:
        function = vars(base).get(name)
        for marked in (function, getattr(function, "__func__", None)):  # of a static method
            mark = getattr(marked, _MARK, None)
            if isinstance(mark, _Mark):
                return mark
    return None


def _resolve(where: str, entry: type[Any] | str) -> type[Any]:
    if isinstance(entry, str):
        from .events.catalogue import Catalogue  # noqa: PLC0415  # most actors need no catalogue
        from .events.errors import UnknownEventTypeError  # noqa: PLC0415

        try:
            return Catalogue().find(entry)
        except UnknownEventTypeError as error:
            raise HandlerError(f"{where} handles {entry!r}: {error}") from error
    if not isinstance(entry, type):  # pyright: ignore[reportUnnecessaryIsInstance]  # users err
        raise HandlerError(
            f"{where} handles {entry!r}, which is neither a class nor the name of an event"
        )
    return entry


def _check_signature(where: str, function: Callable[..., Any]) -> None:
    parameters = list(inspect.signature(function).parameters.values())
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    needed = [p for p in positional if p.default is p.empty]
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    fits = len(needed) <= 2 and (len(positional) >= 2 or takes_any) and not keywords  # noqa: PLR2004  # self, message
    if not fits:
        raise HandlerError(
            f"{where}{inspect.signature(function)} can't be called with one message; "
            f"it should be {function.__name__}(self, message)"
        )


def _check_annotation(where: str, function: Callable[..., Any], kind: type[Any]) -> None:
    """Refuse a handler whose annotation says another type, where it can be resolved."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return  # names that exist for type checkers only
    parameters = list(inspect.signature(function).parameters)
    hint = hints.get(parameters[1]) if len(parameters) > 1 else None
    if hint is None or hint is Any or isinstance(hint, TypeVar):
        return
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    classes = [typing.get_origin(option) or option for option in options]
    if not all(isinstance(c, type) for c in classes):
        return
    try:
        kinds = (kind, *_PROMOTED.get(kind, ()))
        fits = any(issubclass(k, c) for k in kinds for c in classes)
    except TypeError:
        return  # a protocol that only type checkers know
    if not fits:
        raise HandlerError(
            f"{where} handles {kind.__qualname__}, but its parameter is annotated "
            f"{getattr(hint, '__qualname__', hint)}"
        )


def _is_union(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    return origin is typing.Union or getattr(origin, "__name__", "") == "UnionType"


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
