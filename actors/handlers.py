"""`@handles`: which method takes which messages and events; checked when the class is created."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar, cast

from .errors import HandlerError
from .events.base import Event, EventCategory
from .topics import ALL, All, Condition, Topic, Where, check_timeout, condition

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__ringleader_handles__"
_PROMOTED: dict[type[Any], tuple[type[Any], ...]] = {int: (float, complex), float: (complex,)}
"""What annotations accept beside subclasses (PEP 484, the numeric tower)."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One method for one type of messages, or for one topic of events.

    Attributes:
        type: what it handles: a class, whose subclasses' instances come to it too; a category; or
            `ALL`. The narrowest handler gets a message.
        name: the method's name.
        function: the method, as found on the class.
        idempotent: whether a message in hand at a death is handled again, once.
        is_async: whether it is an `async def`.
        timeout: seconds that it may take for one event; None: as the system says.
        condition: of the events only those that this is true of are delivered.
        echo: whether the actor also gets what it has published itself.
    """

    type: type[Any] | Topic
    name: str
    function: Callable[..., Any]
    idempotent: bool
    is_async: bool
    timeout: float | None = None
    condition: Condition | None = None
    echo: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    types: tuple[type[Any] | str | All, ...]
    idempotent: bool
    timeout: float | None
    where: Where | None
    echo: bool


def handles(
    *types: type[Any] | str | All,
    idempotent: bool = False,
    timeout: float | None = None,
    where: Where | None = None,
    echo: bool = False,
) -> Callable[[F], F]:
    """Let a method handle messages of these types.

    An event type is subscribed to while the actor is in the tree; any other type is for direct
    messages. The method takes the message and nothing else; what it returns answers an `ask`.

    Args:
        types: classes; names of events in the catalogue (`"TRAINING_COMPLETED"`); categories of
            events (`EventCategory.HEALTH`); or `ALL` for every event. Of several that fit, the
            narrowest gets the event.
        idempotent: the message in hand at a death is handled again, once, by the next
            incarnation; otherwise it is set aside as a dead letter.
        timeout: seconds that it may take for one event; default: `events.handler_timeout`.
        where: take only events of which this is true: a mapping of fields to values, a set of
            values for one of several, or a function of the event. It runs in the registry, so it
            must be quick, and it never sees direct messages.
        echo: take also what this actor has published itself.

    Raises:
        HandlerError: when the class is created: unknown event, not a type, wrong signature, two
            handlers for one type, a condition on a field that the type does not have.
    """
    check_timeout(timeout, "@handles")
    if len(types) == 1 and inspect.isfunction(types[0]):
        raise HandlerError(
            f"@handles of {name_of(types[0])} names no type; write @handles(SomeMessage)"
        )

    def mark(function: F) -> F:
        if not types:
            raise HandlerError(
                f"@handles() of {name_of(function)} names no type; write @handles(SomeMessage)"
            )
        if _MARK in getattr(function, "__dict__", {}):
            raise HandlerError(
                f"{name_of(function)} has two @handles; name all its types in one, @handles(A, B)"
            )
        setattr(function, _MARK, _Mark(types, idempotent, timeout, where, echo))
        return function

    return mark


def collect(cls: type[Any]) -> dict[type[Any] | Topic, Handler]:
    """Return the handlers of a class by type, and by topic.

    Raises:
        HandlerError: see `handles`.
    """
    found: dict[type[Any] | Topic, Handler] = {}
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
            _check_annotation(where, function, kind if isinstance(kind, type) else Event)
            other = found.get(kind)
            if other is not None:
                raise HandlerError(
                    f"{cls.__qualname__}.{other.name} and {where} both handle {name_of(kind)}; "
                    "one type has one handler"
                )
            found[kind] = _handler(where, name, function, kind, mark)
    return found


def _handler(
    where: str, name: str, function: Callable[..., Any], kind: type[Any] | Topic, mark: _Mark
) -> Handler:
    is_event = is_topic(kind) or (isinstance(kind, type) and issubclass(kind, Event))
    if not is_event and (mark.timeout is not None or mark.where is not None or mark.echo):
        raise HandlerError(
            f"{where} handles {name_of(kind)}, which is no event; timeout, where and echo are "
            "for events"
        )
    return Handler(
        kind,
        name,
        function,
        mark.idempotent,
        inspect.iscoroutinefunction(function),
        mark.timeout,
        condition(cast("Topic", kind), mark.where, where),
        mark.echo,
    )


def is_topic(kind: object) -> TypeGuard[EventCategory | All]:
    """Tell whether it is a category or `ALL`, no class."""
    return kind is ALL or isinstance(kind, EventCategory)


def narrowest(handlers: Mapping[type[Any] | Topic, Handler], kind: type[Any]) -> Handler | None:
    """Return the handler for messages of a type: its own, a base's, its category's, or `ALL`'s."""
    for base in kind.__mro__:
        handler = handlers.get(base)
        if handler is not None:
            return handler
    if issubclass(kind, Event) and hasattr(kind, "EVENT"):
        return handlers.get(kind.EVENT.category) or handlers.get(ALL)
    return None


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


def _resolve(where: str, entry: type[Any] | str | All) -> type[Any] | Topic:
    if is_topic(entry):
        return entry
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


def name_of(function: object) -> str:
    """Return what a class, a function or a topic is called."""
    name = getattr(function, "__qualname__", None) or getattr(function, "name", None)
    return str(name or repr(function))
