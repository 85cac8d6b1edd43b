"""Who wants which events."""

from __future__ import annotations

from _thread import allocate_lock
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from .events.base import Event, EventCategory
from .letters import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ref import Ref


class All(Enum):
    """What somebody subscribes to who wants every event."""

    ALL = "all"


ALL: Final = All.ALL
Topic: TypeAlias = type[Event] | EventCategory | Literal[All.ALL]
"""An event type, a category of the catalogue, or `ALL`."""


HANDLED: Final = Outcome.HANDLED
FAILURES: Final = (Outcome.FAILED, Outcome.TIMED_OUT)


class Subscription:
    """One subscriber and one topic, with the outcomes of its deliveries.

    Outcomes come from the subscriber's turns and from whoever refuses a delivery, so they are
    counted under a lock.
    """

    __slots__ = ("_lock", "echo", "failures", "outcomes", "ref", "sent", "topic")

    def __init__(self, ref: Ref[Any], topic: Topic, *, echo: bool = False) -> None:
        self.ref, self.topic, self.echo = ref, topic, echo
        self.outcomes: dict[Outcome, int] = {}
        self._lock = allocate_lock()
        self.sent = 0
        """Deliveries ever made; counted by the registry alone."""
        self.failures = 0
        """How often in a row its handler failed or took too long; success ends the row."""

    @property
    def pending(self) -> int:
        """Deliveries without an outcome yet."""
        return self.sent - sum(self.outcomes.values())

    @property
    def path(self) -> str:
        """The subscriber's path."""
        return self.ref.path

    def settle(self, outcome: Outcome) -> None:
        """Count the outcome of one delivery."""
        with self._lock:
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            if outcome is HANDLED:
                self.failures = 0
            elif outcome in FAILURES:
                self.failures += 1

    def wants(self, kind: type[Event]) -> bool:
        """Tell whether events of this type are of this topic."""
        topic = self.topic
        if topic is ALL:
            return True
        if isinstance(topic, EventCategory):
            return kind.EVENT.category is topic
        return issubclass(kind, topic)

    def __repr__(self) -> str:
        topic = self.topic.__name__ if isinstance(self.topic, type) else self.topic.name
        return f"<Subscription {self.path} {topic}>"


class RoutingTable:
    """All subscriptions; readers see a consistent state without a lock.

    A change replaces what readers read. What an event type is routed to is worked out once and
    kept until the next change.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_path: dict[str, tuple[Subscription, ...]] = {}
        self._routes: dict[type[Event], tuple[Subscription, ...]] = {}
        self._retired: list[Subscription] = []
        self._gone: dict[Outcome, int] = {}

    def subscribe(self, ref: Ref[Any], topic: Topic, *, echo: bool = False) -> Subscription:
        """Subscribe; doing it again changes nothing, but that `echo` is taken over."""
        with self._lock:
            mine = self._by_path.get(ref.path, ())
            for subscription in mine:
                if subscription.topic is topic and subscription.ref == ref:
                    subscription.echo = echo
                    return subscription
            kept = tuple(s for s in mine if s.ref == ref)
            self._retire(s for s in mine if s.ref != ref)
            subscription = Subscription(ref, topic, echo=echo)
            self._by_path[ref.path] = (*kept, subscription)
            self._routes = {}
            return subscription

    def unsubscribe(self, ref: Ref[Any], topic: Topic | None = None) -> bool:
        """Drop a subscription, or all of this subscriber; tell whether there was one."""
        with self._lock:
            mine = self._by_path.get(ref.path, ())
            dropped = [s for s in mine if s.ref == ref and topic in (None, s.topic)]
            if not dropped:
                return False
            kept = tuple(s for s in mine if s not in dropped)
            if kept:
                self._by_path[ref.path] = kept
            else:
                del self._by_path[ref.path]
            self._retire(dropped)
            self._routes = {}
            return True

    def routes(self, kind: type[Event]) -> tuple[Subscription, ...]:
        """Return who gets events of this type: each subscriber once, in order of subscription."""
        routes = self._routes
        found = routes.get(kind)
        if found is None:
            with self._lock:
                found = tuple(
                    wanting[0]
                    for mine in self._by_path.values()
                    if (wanting := [s for s in mine if s.wants(kind)])
                )
                if routes is self._routes:
                    routes[kind] = found
        return found

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions."""
        with self._lock:
            return [s for mine in self._by_path.values() for s in mine]

    def outcomes(self) -> dict[Outcome, int]:
        """Return the outcomes of all deliveries, those of former subscribers included."""
        with self._lock:
            total = dict(self._gone)
            current = [s for mine in self._by_path.values() for s in mine]
            for subscription in (*self._retired, *current):
                _add(total, subscription.outcomes)
            return total

    def _retire(self, dropped: Iterable[Subscription]) -> None:
        """Keep those with deliveries under way; of the others only the counts."""
        retired, self._retired = [*self._retired, *dropped], []
        for subscription in retired:
            if subscription.pending:
                self._retired.append(subscription)
            else:
                _add(self._gone, subscription.outcomes)


def _add(total: dict[Outcome, int], outcomes: dict[Outcome, int]) -> None:
    for outcome, number in list(outcomes.items()):
        total[outcome] = total.get(outcome, 0) + number
