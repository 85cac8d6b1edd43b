"""What one can subscribe to, and on which condition."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from math import inf
from typing import Any, Final, Literal, TypeAlias, cast

from .errors import HandlerError
from .events.base import Event, EventCategory
from .events.errors import did_you_mean, nearest


class All(Enum):
    """What somebody subscribes to who wants every event."""

    ALL = "all"


ALL: Final = All.ALL
Topic: TypeAlias = type[Event] | EventCategory | Literal[All.ALL]
"""An event type, a category of the catalogue, or `ALL`."""

Where: TypeAlias = Mapping[str, Any] | Callable[[Any], bool]
"""A condition on an event: values of fields (one value, or a set of them), or a function."""

Condition: TypeAlias = Callable[[Event], bool]


def wants(topic: Topic, kind: type[Event]) -> bool:
    """Tell whether events of this type are of this topic."""
    if topic is ALL:
        return True
    if isinstance(topic, EventCategory):
        return kind.EVENT.category is topic
    return issubclass(kind, topic)


def breadth(topic: Topic, kind: type[Event]) -> int:
    """Tell how much more than the type a topic covers: the narrowest one says who handles it."""
    if topic is ALL:
        return 1_001
    if isinstance(topic, EventCategory):
        return 1_000
    return kind.__mro__.index(topic)


def check_topic(topic: object, of: str) -> None:
    """Make sure that something can be subscribed to.

    Raises:
        HandlerError: it is no event type, category or `ALL`.
    """
    if topic is ALL or isinstance(topic, EventCategory):
        return
    if not (isinstance(topic, type) and issubclass(topic, Event)):
        raise HandlerError(
            f"{of}: {topic!r} is no topic; it can be an event type, a category, or ALL"
        )


def check_timeout(timeout: object, of: str) -> None:
    """Make sure that a handler's time is one.

    Raises:
        HandlerError: it is not a number of seconds above 0.
    """
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (is_number and 0 < cast("float", timeout) < inf):
        raise HandlerError(f"{of}: timeout={timeout!r}; it is seconds above 0")


def condition(topic: Topic, where: Where | None, of: str) -> Condition | None:
    """Make a function of a condition.

    Args:
        topic: whose events it is about.
        where: the condition.
        of: whose it is, for messages.

    Raises:
        HandlerError: it names a field that the type does not have, or is neither.
    """
    if where is None:
        return None
    if not isinstance(where, Mapping):
        if callable(where) and not inspect.iscoroutinefunction(where):
            return where
        raise HandlerError(
            f"{of}: where={where!r} is no condition; it is a mapping of fields to values, "
            "or a function that takes the event (no coroutine)"
        )
    wanted: Mapping[str, Any] = where  # pyright: ignore[reportUnknownVariableType]  # of Any
    _check_values(wanted, of)
    if isinstance(topic, type):
        _check_fields(topic, wanted, of)
    pairs = tuple((name, _values(value)) for name, value in wanted.items())
    return lambda event: all(getattr(event, name, None) in values for name, values in pairs)


def _values(value: Any) -> frozenset[Any]:
    if isinstance(value, set | frozenset):
        return frozenset(cast("set[Any]", value))
    return frozenset((value,))


def _check_fields(kind: type[Event], where: Mapping[str, Any], of: str) -> None:
    for name in where:
        if name not in kind.__struct_fields__:
            near = did_you_mean(nearest(name, kind.__struct_fields__))
            raise HandlerError(f"{of}: {kind.__qualname__} has no field {name!r}{near}")


def _check_values(where: Mapping[str, Any], of: str) -> None:
    for name, value in where.items():
        try:
            hash(_values(value))
        except TypeError as error:
            raise HandlerError(
                f"{of}: where[{name!r}] is {value!r}, which can't be compared so: {error}; "
                "use a function"
            ) from error
