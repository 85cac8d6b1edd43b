"""Who wants which events."""

from __future__ import annotations

from _thread import allocate_lock
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from .events.scales import PressureLevel
from .letters import Outcome
from .message import Note, Settles
from .pressure import mark
from .topics import breadth, wants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .consumer import Feed
    from .events.base import Event
    from .history import Notes
    from .message import Delivery
    from .ref import Ref
    from .topics import Condition, Topic
    from .turns import Turns


HANDLED: Final = Outcome.HANDLED
HANDED_OVER: Final = Outcome.HANDED_OVER
FAILURES: Final = (Outcome.FAILED, Outcome.TIMED_OUT)


class Subscription(Settles):
    """One subscriber and one topic, with the outcomes of its deliveries.

    What comes to many at once is counted as handled by the subscriber's cell, under its lock, a
    turn at a time; all other outcomes come from any thread, and are counted under a lock here.

    Args:
        ref: who gets the events.
        topic: of which type or category, or all.
        echo: whether it gets what it has published itself.
        condition: of a topic's events only those that this is true of.
        timeout: seconds that its handler may take for one event; None: as the system says.
        declared: whether the subscriber's class says so; it is gone when the class does not.
        feed: its durable consumer, which brings what is logged; None if it is transient.
    """

    __slots__ = (
        "_handled",
        "_lock",
        "_others",
        "condition",
        "crowded",
        "declared",
        "echo",
        "failures",
        "feed",
        "mailbox",
        "ref",
        "sent",
        "topic",
    )

    def __init__(
        self,
        ref: Ref[Any],
        topic: Topic,
        *,
        echo: bool = False,
        condition: Condition | None = None,
        timeout: float | None = None,
        declared: bool = False,
        feed: Feed | None = None,
    ) -> None:
        super().__init__(ref.path, timeout=timeout)
        self.ref, self.topic, self.echo = ref, topic, echo
        self.mailbox = ref.cell.mailbox
        self.condition, self.declared = condition, declared
        self.crowded = mark(PressureLevel.LOW, self.mailbox.capacity)
        """Messages in its mailbox from which on that is looked at."""
        self.sent = 0
        """Deliveries ever made; counted by the registry alone."""
        self.failures = 0
        """How often in a row its handler failed or took too long; success ends the row."""
        self._handled = 0
        self._others: dict[Outcome, int] = {}
        self._lock = allocate_lock()
        self.feed_from(feed)

    def feed_from(self, feed: Feed | None) -> None:
        """Get what is logged from a durable consumer, or from nobody."""
        self.feed = feed
        self.consumer = "" if feed is None else feed.name

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How its deliveries ended."""
        with self._lock:
            outcomes = dict(self._others)
        if self._handled:
            outcomes[HANDLED] = outcomes.get(HANDLED, 0) + self._handled
        return outcomes

    @property
    def pending(self) -> int:
        """Deliveries without an outcome yet."""
        return self.sent - sum(self.outcomes.values())

    def handled(self, number: int) -> None:
        """Count deliveries that were handled; by the subscriber's cell, under its lock."""
        self._handled += number
        if self.failures:
            self.failures = 0

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Take note of an outcome; of what came out of the log, note it there."""
        with self._lock:
            self._others[outcome] = self._others.get(outcome, 0) + 1
            if outcome is HANDLED:
                self.failures = 0
            elif outcome in FAILURES:
                self.failures += 1
        if self.notes is not None:
            self.notes.append(Note(self.path, (delivery,), delivery.seconds, outcome))
        if delivery.feed is not None and outcome is not HANDED_OVER:
            delivery.feed.settle(delivery.envelope.sequence, outcome)

    def takes_back(self, delivery: Delivery) -> bool:
        """Give back to the log what nobody has begun; tell whether it came from there."""
        if delivery.feed is None:
            return False
        delivery.feed.hand_back([delivery.envelope.sequence])
        return True

    def leaves(self, delivery: Delivery) -> bool:
        """Leave in hand at the log what was begun; tell whether it came from there."""
        if delivery.feed is None:
            return False
        delivery.feed.leave(delivery.envelope.sequence)
        return True

    def wants(self, kind: type[Event]) -> bool:
        """Tell whether events of this type are of this topic."""
        return wants(self.topic, kind)

    def __repr__(self) -> str:
        topic = self.topic.__name__ if isinstance(self.topic, type) else self.topic.name
        return f"<Subscription {self.path} {topic}>"


class Route:
    """Who gets events of one type; never changed, so that what was routed stays so.

    Attributes:
        kind: the type.
        subscriptions: each subscriber once, in order of subscription, by its narrowest topic.
        paths: of the subscribers, in this order.
        by_path: the same as a set.
        by_cell: the same subscriptions.
        is_plain: whether none has a condition or a durable consumer.
        is_current: whether no subscription has changed since.
    """

    __slots__ = ("by_cell", "by_path", "is_current", "is_plain", "kind", "paths", "subscriptions")

    def __init__(self, kind: type[Event], subscriptions: tuple[Subscription, ...]) -> None:
        self.kind, self.subscriptions = kind, subscriptions
        self.is_current = True
        self.by_path = frozenset(s.path for s in subscriptions)
        self.paths = tuple(s.path for s in subscriptions)
        self.by_cell: dict[Turns, Subscription] = {s.ref.cell: s for s in subscriptions}
        self.is_plain = all(s.condition is None and s.feed is None for s in subscriptions)


class RoutingTable:
    """All subscriptions; readers see a consistent state without a lock.

    A change replaces what readers read. What an event type is routed to is worked out once and
    kept until the next change.

    Args:
        notes: where it is noted how deliveries ended; None: nowhere.
    """

    def __init__(self, notes: Notes | None = None) -> None:
        self._notes = notes
        self._lock = Lock()
        self._by_path: dict[str, tuple[Subscription, ...]] = {}
        self._routes: dict[type[Event], Route] = {}
        self._retired: list[tuple[Subscription, int]] = []
        self.shortest = inf
        """The shortest time that a handler of any subscription has."""
        self.turn = 0
        """Turns of the registry so far, counted by itself: it may use a route to the end of one."""
        self._gone: dict[Outcome, int] = {}

    def subscribe(
        self,
        ref: Ref[Any],
        topic: Topic,
        *,
        echo: bool = False,
        condition: Condition | None = None,
        timeout: float | None = None,
        feed: Feed | None = None,
    ) -> Subscription:
        """Subscribe; doing it again changes nothing, but that what is said of it is taken over."""
        with self._lock:
            for subscription in self.of(ref):
                if subscription.topic is topic:
                    subscription.echo, subscription.timeout = echo, timeout
                    subscription.condition = condition
                    subscription.feed_from(feed)
                    self._outdate()
                    return subscription
            subscription = Subscription(
                ref, topic, echo=echo, condition=condition, timeout=timeout, feed=feed
            )
            self._set(ref, (*self.of(ref), subscription))
            return subscription

    def declare(self, ref: Ref[Any], declared: Iterable[Subscription]) -> None:
        """Replace what a subscriber's class says of it; what it has asked for itself stays.

        What was there before, with the same topic, goes on with its counters.
        """
        with self._lock:
            mine = self.of(ref)
            before = {s.topic: s for s in mine if s.declared}
            merged = [
                s if (old := before.get(s.topic)) is None else _renewed(old, s) for s in declared
            ]
            own = [s for s in mine if not s.declared]
            self._set(ref, (*merged, *own))

    def _outdate(self) -> None:
        """Let every route be worked out anew; the caller has the lock."""
        every = (s for mine in self._by_path.values() for s in mine)
        self.shortest = min((s.timeout for s in every if s.timeout), default=inf)
        routes, self._routes = self._routes, {}
        for route in routes.values():
            route.is_current = False

    def has(self, ref: Ref[Any]) -> bool:
        """Tell whether anybody at this path is subscribed to anything."""
        return ref.path in self._by_path

    def of(self, ref: Ref[Any]) -> tuple[Subscription, ...]:
        """Return the subscriptions of a subscriber, not of another one that lived at its path."""
        return tuple(s for s in self._by_path.get(ref.path, ()) if s.ref == ref)

    def _set(self, ref: Ref[Any], subscriptions: tuple[Subscription, ...]) -> None:
        """Replace all at a path; the caller has the lock."""
        for subscription in subscriptions:
            subscription.notes = self._notes
        self._retire(s for s in self._by_path.get(ref.path, ()) if s not in subscriptions)
        if subscriptions:
            self._by_path[ref.path] = subscriptions
        else:
            self._by_path.pop(ref.path, None)
        self._outdate()

    def unsubscribe(self, ref: Ref[Any], topic: Topic | None = None) -> bool:
        """Drop a subscription, or all of this subscriber; tell whether there was one."""
        with self._lock:
            mine = self.of(ref)
            kept = tuple(s for s in mine if topic not in (None, s.topic))
            if len(kept) == len(mine):
                return False
            self._set(ref, kept)
            return True

    def route(self, kind: type[Event]) -> Route:
        """Return who gets events of this type."""
        routes = self._routes
        found = routes.get(kind)
        if found is None:
            with self._lock:
                found = self._routes[kind] = self._work_out(kind)
        return found

    def routes(self, kind: type[Event]) -> tuple[Subscription, ...]:
        """Return the subscriptions by which events of this type are delivered."""
        return self.route(kind).subscriptions

    def _work_out(self, kind: type[Event]) -> Route:
        found = tuple(
            min(wanting, key=lambda s: breadth(s.topic, kind))
            for mine in self._by_path.values()
            if (wanting := [s for s in mine if s.wants(kind)])
        )
        return Route(kind, found)

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions."""
        with self._lock:
            return [s for mine in self._by_path.values() for s in mine]

    def outcomes(self) -> dict[Outcome, int]:
        """Return the outcomes of all deliveries, those of former subscribers included."""
        with self._lock:
            total = dict(self._gone)
            current = [s for mine in self._by_path.values() for s in mine]
            for subscription in (*(s for s, _ in self._retired), *current):
                _add(total, subscription.outcomes)
            return total

    def _retire(self, dropped: Iterable[Subscription]) -> None:
        """Keep those with deliveries under way; of the others only the counts."""
        self._retired += [(subscription, self.turn) for subscription in dropped]
        kept: list[tuple[Subscription, int]] = []
        for subscription, turn in self._retired:
            if self.turn < turn + 2 or subscription.pending:  # the registry may still give to it
                kept.append((subscription, turn))
            else:
                _add(self._gone, subscription.outcomes)
        self._retired = kept


def _renewed(old: Subscription, new: Subscription) -> Subscription:
    """Take over what is said of a subscription anew."""
    old.echo, old.condition, old.timeout = new.echo, new.condition, new.timeout
    old.feed_from(new.feed)
    return old


def _add(total: dict[Outcome, int], outcomes: dict[Outcome, int]) -> None:
    for outcome, number in list(outcomes.items()):
        total[outcome] = total.get(outcome, 0) + number
