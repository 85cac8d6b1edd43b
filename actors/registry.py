"""The registry: the actor that routes events, and what it shares with publishers."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections import Counter
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec
from pykka import ActorDeadError

from .base import Actor
from .dedup import DedupWindow
from .errors import MailboxFull, PublishError, RingleaderError
from .event_statistics import EventStatistics
from .events.base import Envelope, Event
from .events.errors import UnknownEventTypeError
from .events.resilience import HandlerTimeout
from .handler_failures import failure_events
from .handlers import handles
from .hang import stack_of
from .letters import DeadLetter, Outcome
from .message import Delivery
from .overdue import HandlerTimedOut, Overdue, is_still
from .routing import RoutingTable, Subscription, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from .cell import Cell
    from .context import Context
    from .events.catalogue import Catalogue
    from .letters import DeathReport
    from .options import EventOptions
    from .ref import Ref

logger = logging.getLogger("ringleader.events")

REGISTRY_CAPACITY = 1_000_000
"""A publisher in an actor never blocks, so the registry's mailbox has room."""


class _Look(NamedTuple):
    """Look for handlers that take too long."""


class Publish(NamedTuple):
    """Route an event: validated, encoded, with its envelope."""

    event: Event
    payload: bytes
    envelope: Envelope


class EventHub:
    """What the registry and the publishers share. It outlives the registry's incarnations.

    Args:
        context: of the system.
        catalogue: the types that may be published.
        options: dedup window, causation depth, handler timeout.
        epoch: of this start of the node; part of event ids.
    """

    def __init__(
        self, context: Context, catalogue: Catalogue, options: EventOptions, epoch: int
    ) -> None:
        self.context, self.catalogue, self.options, self.epoch = context, catalogue, options, epoch
        self.table = RoutingTable()
        self.window: DedupWindow | None = None
        if options.dedup_window > 0:
            self.window = DedupWindow(options.dedup_window, options.dedup_capacity)
        self.ref: Ref[Registry] | None = None
        self.names: dict[str, str] = {}
        self._lock = Lock()
        self._ids = itertools.count(1)
        self._prefix = f"{epoch:016x}-"
        self.published: Counter[str] = Counter()
        self.deduplicated = self.unrouted = self.deliveries = self.looped = 0
        self.unknown: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()
        self.taps: list[Callable[[Event, Envelope], None]] = []
        """Called by the registry with each event that is no duplicate; must return at once."""

    # ---------------------------------------------------------------- for publishers

    def publish(
        self,
        event: Event,
        *,
        source: str,
        subject: str | None = None,
        cause: Envelope | None = None,
    ) -> str:
        """Validate an event and hand it to the registry; return its id.

        Raises:
            EventValidationError: a field is missing, or of another type than declared.
            UnknownEventTypeError: its type is not in the catalogue.
            PublishError: the registry is not running, or too many events caused one another.
        """
        value, payload = self.catalogue.validated(event)
        depth = 0 if cause is None else cause.depth + 1
        if depth > self.options.causation_depth:
            self.looped += 1
            raise PublishError(
                f"{source} published {event.EVENT.name} as the {depth}th event of a chain in which "
                f"each caused the next; more than {self.options.causation_depth} look like a loop"
            )
        envelope = Envelope(
            id=f"{self._prefix}{next(self._ids)}",
            source=source,
            type=event.EVENT.value,
            time=self.context.clock.time(),
            subject=subject,
            correlationid=None if cause is None else cause.correlationid or cause.id,
            causationid=None if cause is None else cause.id,
            depth=depth,
            epoch=self.epoch,
        )
        if self.ref is None:
            raise PublishError(
                f"{event.EVENT.name} can't be published: the registry is not running"
            )
        try:
            self.ref.tell(Publish(value, payload, envelope))
        except ActorDeadError as error:
            raise PublishError(
                f"{event.EVENT.name} can't be published: the registry has stopped"
            ) from error
        return envelope.id

    def publish_named(
        self, name: str, payload: Mapping[str, Any], *, source: str, subject: str | None = None
    ) -> str:
        """Publish by name, in any of its spellings; return the id, empty if it was dropped.

        Old spellings of names and fields are counted. A payload that names its source gives it to
        the envelope.

        Raises:
            UnknownEventTypeError: the catalogue has no such type, and validation is strict.
            EventValidationError: a field is missing, unknown, or of another type than declared.
        """
        try:
            parsed = self.catalogue.parse(name, payload)
        except UnknownEventTypeError as error:
            if self.options.validation_strict:
                raise
            self.unknown[name] += 1
            if self.unknown[name] == 1:
                logger.warning("dropped, and so will be all of its kind: %s", error)
            return ""
        self.renamed.update(parsed.renamed)
        return self.publish(parsed.event, source=parsed.source or source, subject=subject)

    def failed(self, delivery: Delivery, outcome: Outcome, report: DeathReport) -> None:
        """Tell that a handler raised or took too long, in the name of its actor."""
        subscription: Subscription | None = None
        if isinstance(delivery.subscription, Subscription):
            subscription = delivery.subscription
        name = self.catalogue.canonical(delivery.envelope.type)
        in_a_row = 0 if subscription is None else subscription.failures
        for event in failure_events(delivery.event, name, outcome, report, in_a_row):
            try:
                self.publish(
                    event, source=report.path, subject=report.path, cause=delivery.envelope
                )
            except (RingleaderError, ActorDeadError) as error:
                logger.warning("%s of %s not published: %s", event.EVENT.name, report.path, error)

    # ---------------------------------------------------------------- for subscribers

    def attach(self, cell: Cell) -> None:
        """Subscribe a cell to the event types that its class handles."""
        for kind in getattr(cell.ref.actor_class, "handlers", ()):
            if issubclass(kind, Event):
                self.table.subscribe(cell.ref, kind)

    def detach(self, cell: Cell) -> None:
        """Forget a cell that is gone for good: its subscriptions and its names."""
        self.table.unsubscribe(cell.ref)
        with self._lock:
            self.names = {n: path for n, path in self.names.items() if path != cell.path}

    def subscribe(self, ref: Ref[Any], topic: Topic, *, echo: bool = False) -> Subscription:
        """Deliver events of a topic to an actor, until it is gone for good or unsubscribed."""
        return self.table.subscribe(ref, topic, echo=echo)

    def unsubscribe(self, ref: Ref[Any], topic: Topic | None = None) -> bool:
        """Deliver no more; events routed already still come. Tell whether there was one."""
        return self.table.unsubscribe(ref, topic)

    def register(self, name: str, path: str) -> None:
        """Give a path another name.

        Raises:
            ValueError: the name is taken by another path.
        """
        with self._lock:
            taken = self.names.get(name)
            if taken not in (None, path):
                raise ValueError(f"the name {name!r} is taken by {taken}; unregister it first")
            self.names = {**self.names, name: path}

    def statistics(self) -> EventStatistics:
        """Return the counters."""
        return EventStatistics(
            published=self.published.total(),
            deduplicated=self.deduplicated,
            unrouted=self.unrouted,
            deliveries=self.deliveries,
            outcomes=self.table.outcomes(),
            by_type=dict(self.published),
            subscriptions=len(self.table.subscriptions()),
            looped=self.looped,
            unknown=dict(self.unknown),
            renamed=dict(self.renamed),
        )


def dedup_key(event: Event, payload: bytes, event_id: str) -> Hashable:
    """Return what two events have in common that are the same fact.

    `content`: SHA-256 over type and canonical payload, as the reference system has it.
    """
    dedup = event.EVENT.dedup
    if dedup.kind == "id":
        return event_id
    if dedup.kind == "key":
        return (event.EVENT.value, *(_hashable(getattr(event, field)) for field in dedup.fields))
    return hashlib.sha256(event.EVENT.value.encode() + b"\0" + payload).digest()


def _hashable(value: Any) -> Hashable:
    return value if isinstance(value, str | int | float | None) else msgspec.msgpack.encode(value)


class Registry(Actor):
    """Takes events from publishers, drops duplicates, and gives each subscriber its delivery.

    It never waits: a subscriber that has no room gets a dead letter, and delays nobody else. All
    that it knows is in the hub, so a restart of the registry loses nothing but the event in hand.
    """

    mailbox_capacity: ClassVar[int | None] = REGISTRY_CAPACITY

    def __init__(self, hub: EventHub) -> None:
        super().__init__()
        self._hub = hub
        self._overdue = Overdue(hub.options.handler_timeout)
        self._looking = False

    def on_start(self) -> None:
        """Begin to take events."""
        self._hub.ref = self._cell.ref
        self._keep_looking()

    @handles(Publish)
    def route(self, message: Publish) -> None:
        """Count, deduplicate, and deliver."""
        hub, (event, payload, envelope) = self._hub, message
        kind = type(event)
        hub.published[kind.EVENT.name] += 1
        if hub.window is not None:
            key = dedup_key(event, payload, envelope.id)
            if hub.window.is_duplicate(key, self.context.clock.now()):
                hub.deduplicated += 1
                return
        for tap in hub.taps:
            tap(event, envelope)
        routed = False
        for subscription in hub.table.routes(kind):
            if subscription.path == envelope.source and not subscription.echo:
                continue  # a component does not hear its own echo
            routed = True
            self._deliver(subscription, event, envelope)
        if not routed:
            hub.unrouted += 1
        elif not self._looking:
            self._keep_looking()

    @handles(_Look)
    def end_late_handlers(self, _: _Look) -> None:
        """End incarnations that are at one event for too long, and say so."""
        self._looking = False
        self._keep_looking()
        cells = {s.ref.cell: None for s in self._hub.table.subscriptions()}
        for late in self._overdue.look(cells, self.context.clock.now()):
            cell, timeout = late.cell, self._overdue.timeout
            current = cell.current
            if current is None:
                continue
            reason = HandlerTimedOut(late.envelope.type, timeout, stack_of(current))
            if cell.kill(
                current, reason, outcome=Outcome.TIMED_OUT, only_if=partial(is_still, late)
            ):
                self.publish(
                    HandlerTimeout(
                        handler_name=cell.path,
                        event_type=self._hub.catalogue.canonical(late.envelope.type),
                        timeout_seconds=timeout,
                        coordinator=cell.path.rpartition("/")[2],
                    )
                )

    def _keep_looking(self) -> None:
        """Look again in a while, if any delivery is under way: an idle system has no timers."""
        if any(s.pending for s in self._hub.table.subscriptions()):
            self._looking = True
            self.timers.once(self._overdue.interval, _Look())

    def _deliver(self, subscription: Subscription, event: Event, envelope: Envelope) -> None:
        self._hub.deliveries += 1
        subscription.sent += 1
        try:
            subscription.ref.tell(Delivery(event, envelope, subscription))
        except MailboxFull as error:
            self._refuse(subscription, event, envelope, Outcome.REJECTED, str(error))
        except ActorDeadError as error:
            self._refuse(subscription, event, envelope, Outcome.UNDELIVERABLE, str(error))

    def _refuse(
        self,
        subscription: Subscription,
        event: Event,
        envelope: Envelope,
        outcome: Outcome,
        detail: str,
    ) -> None:
        subscription.settle(outcome)
        self.context.dead_letters.put(
            DeadLetter(
                path=subscription.path,
                message=event,
                reason=outcome,
                time=self.context.clock.time(),
                detail=detail,
                event_id=envelope.id,
            )
        )
