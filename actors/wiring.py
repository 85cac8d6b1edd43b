"""Which events an actor gets: what its class declares, and its instance says at its start."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from .errors import HandlerError
from .events.base import Event, EventCategory
from .events.errors import UnknownEventTypeError, did_you_mean, nearest
from .handlers import Handler, is_topic, narrowest
from .topics import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events.catalogue import Catalogue
    from .topics import Topic


def event_handlers(actor_class: type[Any]) -> list[Handler]:
    """Return what a class declares about events."""
    handlers: Mapping[Any, Handler] = getattr(actor_class, "handlers", {})
    return [handler for kind, handler in handlers.items() if is_about_events(kind)]


def is_about_events(kind: object) -> bool:
    """Tell whether it is an event type or a topic, not another class."""
    return is_topic(kind) or (isinstance(kind, type) and issubclass(kind, Event))


def wire(actor_class: type[Any], actor: Any, catalogue: Catalogue) -> list[Handler]:
    """Return what an actor that starts is to be subscribed to.

    If it has `subscriptions()`, the methods named there become its handlers.

    Raises:
        HandlerError: the mapping names something that is no event, or no method of the actor.
    """
    declare = getattr(actor_class, "subscriptions", None)
    is_ours = hasattr(actor_class, "_direct")  # else a Pykka class, whose name it may be by chance
    if not is_ours or getattr(declare, "__module__", "") == "ringleader.actors.base":
        return event_handlers(actor_class)
    if not isinstance(actor, actor_class):
        raise HandlerError(
            f"{actor_class.__qualname__}.subscriptions() can't be asked here: the actor lives in a "
            "process of its own; use @handles"
        )
    known: Any = actor
    wanted = known.subscriptions()
    if not isinstance(wanted, Mapping):
        raise HandlerError(
            f"{actor_class.__qualname__}.subscriptions() has returned {wanted!r}; it returns a "
            "mapping of topics to methods"
        )
    mapping: Mapping[Any, Any] = wanted  # pyright: ignore[reportUnknownVariableType]  # of Any
    own = {
        handler.type: handler
        for topic, method in mapping.items()
        for handler in (_handler(known, topic, method, catalogue),)
    }
    handlers: dict[Any, Handler] = {**actor_class.handlers, **own}
    table = {kind: handler.function for kind, handler in handlers.items() if isinstance(kind, type)}
    direct = table if actor_class._direct else {}  # noqa: SLF001  # our own class
    attributes: dict[str, Any] = known.__dict__
    attributes.update(handlers=handlers, _table=table, _direct=direct)
    attributes["is_idempotent"] = partial(_is_idempotent, handlers)
    return [handler for kind, handler in handlers.items() if is_about_events(kind)]


def _is_idempotent(handlers: Mapping[Any, Handler], message: Any) -> bool:
    kind: type[Any] = type(message)  # pyright: ignore[reportUnknownVariableType]  # of Any
    handler = narrowest(handlers, kind)
    return handler is not None and handler.idempotent


def _handler(
    actor: Any, topic: object, method: str | Callable[[Any], Any], catalogue: Catalogue
) -> Handler:
    cls: type[Any] = type(actor)  # pyright: ignore[reportUnknownVariableType]  # of Any
    of = f"{cls.__qualname__}.subscriptions()"
    name = method if isinstance(method, str) else getattr(method, "__name__", repr(method))
    function = inspect.getattr_static(cls, name, None)
    if not inspect.isfunction(function):
        methods = [n for n, _ in inspect.getmembers(cls, inspect.isfunction)]
        near = did_you_mean(nearest(name, methods))
        raise HandlerError(f"{of} names {name!r}, which is no method of the actor{near}")
    handlers: Mapping[Any, Handler] = cls.handlers
    declared = next((h for h in handlers.values() if h.name == name), None)
    return Handler(
        type=_topic(of, topic, catalogue),
        name=name,
        function=function,
        idempotent=declared is not None and declared.idempotent,
        is_async=inspect.iscoroutinefunction(function),
        timeout=None if declared is None else declared.timeout,
        echo=declared is not None and declared.echo,
    )


def _topic(of: str, topic: object, catalogue: Catalogue) -> type[Event] | Topic:
    if isinstance(topic, EventCategory) or topic is ALL:
        return cast("Topic", topic)
    if isinstance(topic, str) or (isinstance(topic, type) and issubclass(topic, Event)):
        try:
            return catalogue.find(topic)
        except UnknownEventTypeError as error:
            raise HandlerError(f"{of}: {error}") from error
    raise HandlerError(
        f"{of} has the key {topic!r}; it can be an event type, its name, a category, or ALL"
    )
