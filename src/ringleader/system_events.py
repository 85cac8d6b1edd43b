"""A system's side of events: publishing, subscribing, and what was."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import PublishError
from ringleader.actors.events.base import Event, EventCategory
from ringleader.actors.events.stages import stage_events
from ringleader.actors.topics import check_timeout, check_topic, condition
from ringleader.supervisors.spec import ChildSpec

from .guardians import FunctionSubscriber, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ringleader.actors.events.catalogue import Catalogue
    from ringleader.actors.history import Past
    from ringleader.actors.hub import EventHub
    from ringleader.actors.publication import Publication
    from ringleader.actors.ref import Ref
    from ringleader.actors.topics import Topic, Where
    from ringleader.supervisors.ref import SupervisorRef


class SystemEvents:
    """What a `System` does with events.

    Attributes:
        hub: what the registry shares with publishers and subscribers.
        catalogue: the event types that it knows.
    """

    hub: EventHub
    catalogue: Catalogue

    def __init__(self) -> None:
        self._labels = itertools.count(1)

    def _subscribers(self) -> SupervisorRef[Any]:
        """Return who keeps the functions that subscribe.

        Raises:
            StoppedError: the system does not run.
        """
        raise NotImplementedError

    def publish(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None = None,
        *,
        source: str = "system",
        subject: str | None = None,
    ) -> Publication:
        """Publish an event, or one by name with its payload.

        What is returned has the event's `id`; await it, or call its `get`, to learn what became of
        the event. With `events.validation_strict` off, an unknown name is logged once, counted,
        and published as an `UnknownEvent`.

        Raises:
            UnknownEventTypeError: the catalogue has no such type.
            EventValidationError: a field is missing, unknown, or of another type than declared.
            PublishError: the registry is not running.
        """
        if isinstance(event, str):
            return self.hub.publish_named(event, payload or {}, source=source, subject=subject)
        if payload is not None:
            raise PublishError("a payload goes with the name of an event, not with an event")
        return self.hub.publish(event, source=source, subject=subject)

    def subscribe(
        self,
        topic: Topic | str,
        function: Callable[[Any], object],
        *,
        name: str | None = None,
        where: Where | None = None,
        timeout: float | None = None,
        durable: str = "",
        idempotent: bool = False,
    ) -> Ref[Any]:
        """Call a function with each event of a topic; return the subscriber's ref.

        The function runs in an actor of its own; when it raises, that actor is restarted, and
        the event becomes a dead letter. `ref.stop()` ends the subscription.

        Args:
            topic: an event type or its name, a category, or `ALL`.
            function: takes the event.
            name: of the subscriber, for people; default: the function's name and a number.
            where: take only events of which this is true, see `handles`.
            timeout: seconds that the function may take for one event.
            durable: the name of a durable consumer, which goes on where it stopped; empty: only
                what is published from now on.
            idempotent: what the function had in hand when its actor or the node was killed comes
                once more; otherwise it is a dead letter.

        Raises:
            UnknownEventTypeError: no event type is called so.
            HandlerError: the topic, the condition or the time-out can't be meant.
            EventLogError: it is to be durable, and there is no event log.
        """
        kind: Topic
        if isinstance(topic, str) and not isinstance(topic, EventCategory):
            kind = self.catalogue.find(topic)
        else:
            kind = topic
        label = name or f"{getattr(function, '__name__', 'function')}-{next(self._labels)}"
        subscribers = self._subscribers()
        check_topic(kind, f"the subscription of {label}")
        check_timeout(timeout, f"the subscription of {label}")
        condition(kind, where, f"the subscription of {label}")
        if durable:
            self.hub.consumers.check(durable)
        wish = Wish(kind, function, where, timeout, durable, idempotent)
        spec = ChildSpec(label, FunctionSubscriber, (self.hub, wish), restart="transient")
        return subscribers.start_child(spec)

    def subscribe_many(
        self, topics: Iterable[Topic | str], function: Callable[[Any], object]
    ) -> list[Ref[Any]]:
        """Call a function with each event of several topics."""
        return [self.subscribe(topic, function) for topic in topics]

    def subscribe_stage(self, stage: str, function: Callable[[Any], object]) -> list[Ref[Any]]:
        """Call a function with each event in which a stage of the pipeline is seen.

        Raises:
            UnknownStageError: there is no such stage; names what is near.
        """
        return [self.subscribe(kind, function) for kind in stage_events(stage)]

    def history(
        self,
        topic: type[Event] | str | None = None,
        *,
        source: str | None = None,
        since: float | None = None,
        limit: int = 100,
    ) -> list[Past]:
        """Return the newest events that match, oldest first, with who handled them.

        Args:
            topic: an event type or its name; None: all.
            source: who published it: this path, or below it.
            since: seconds UTC, from when on.
            limit: how many at most.

        Raises:
            UnknownEventTypeError: no event type is called so.
        """
        types = None if topic is None else frozenset({self.catalogue.find(topic).EVENT.value})
        return self.hub.history.find(types=types, source=source, since=since, limit=limit)
