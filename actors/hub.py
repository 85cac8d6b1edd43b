"""What the registry shares with publishers, subscribers and those who look: it outlives it."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import pykka
from pykka import ActorDeadError

from .chores import CatchUp, Committed, Look
from .consumers import Consumers
from .dedup import DedupWindow
from .errors import RingleaderError
from .event_log import LogQuery
from .event_statistics import EventStatistics
from .events.errors import EventValidationError, UnknownEventTypeError
from .events.health import HealthAlert
from .handler_failures import failure_events
from .history import History
from .intake import Intake
from .letters import DeadLetter, Outcome
from .routing import RoutingTable, Subscription
from .topics import check_timeout, check_topic, condition
from .wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .cell import Cell
    from .consumer import Feed
    from .context import Context
    from .event_log import EventLog
    from .events.base import Envelope, Event
    from .events.catalogue import Catalogue
    from .letters import DeathReport
    from .message import Delivery
    from .options import EventOptions
    from .publication import Publication
    from .ref import Ref
    from .routing import Route
    from .topics import Topic, Where

logger = logging.getLogger("ringleader.events")


class EventHub(Intake):
    """Subscriptions, counters, history; and, as `Publishing` and `Intake`, ways to the registry.

    Args:
        context: of the system.
        catalogue: the types that may be published.
        options: dedup window, causation depth, handler timeout, backlog.
        epoch: of this start of the node; part of event ids.
        log: keeps events whose types are durable or bridged; None: nothing is kept.
    """

    def __init__(
        self,
        context: Context,
        catalogue: Catalogue,
        options: EventOptions,
        epoch: int,
        log: EventLog | None = None,
    ) -> None:
        super().__init__(context, catalogue, options, epoch, log)
        self.history = History(options.history)
        self.table = RoutingTable(self.history.notes if options.history else None)
        self.window: DedupWindow | None = None
        if options.dedup_window > 0:
            self.window = DedupWindow(options.dedup_window, options.dedup_capacity)
        self.names: dict[str, str] = {}
        self.waiting: list[Publication] = []
        """Events of one type that the registry is about to give to their subscribers."""
        self.waiting_route: Route | None = None
        self.uncommitted: dict[str, Publication] = {}
        """By id, what the log has still to commit."""
        self.passing: dict[str, int] = {}
        """By source, how many of its events the log has still to commit, or to pass on."""
        self.consumers = Consumers(self)
        self.deduplicated = self.unrouted = self.deliveries = 0
        self.taps: list[Callable[[Event, Envelope], object]] = []
        """Called by the registry with each event that is no duplicate; must return at once."""
        self.traces: list[Callable[[Publication, Sequence[str]], object]] = []
        """Called by the registry with each event and the paths of who gets it; the same."""
        self.commit_listeners: list[Callable[[], object]] = []
        self.tries_under_way: Callable[[], int] = int
        """How many dead letters are being tried again: their handlers are watched, too."""
        self._lock = Lock()
        if log is not None:
            self.keep_in(log)

    def keep_in(self, log: EventLog) -> None:
        """Keep events in a log from now on; before the registry starts.

        What the log has of the last window is remembered, so that a duplicate is recognised over a
        restart of the node.
        """
        self.log, log.listener = log, self._committed
        window, now, time = self.window, self.context.clock.now(), self.context.clock.time()
        if window is None:
            return
        recent = LogQuery(since=time - window.window, limit=window.capacity, newest=True)
        for record in log.read(recent):
            then = now - max(0.0, time - record.envelope.time)
            window.original(record.envelope.id, record.envelope.id, then)
            with suppress(UnknownEventTypeError, EventValidationError):  # of another version
                event = self.catalogue.decode(record.envelope.type, record.payload)
                key = self.kind(type(event)).key
                if key is not None and record.envelope.origin is None:
                    window.original(key(event, record.payload), record.envelope.id, then)

    def lost(self, consumers: tuple[str, ...], first: int, last: int) -> None:
        """Raise the alarm: events were removed from the log before all consumers had them."""
        for feed in self.consumers.feeds():
            if feed.name in consumers:
                feed.passed(last)
        names = ", ".join(consumers)
        alarm = HealthAlert(
            alert=f"events {first} to {last} of the event log were removed before {names} had them",
            alert_type="event_log_cap",
            reason="the log reached its cap; it holds what the slowest consumer has not had",
        )
        try:
            self.publish(alarm, source="/system/registry")
        except RingleaderError as error:
            logger.warning("%s not published: %s", alarm.alert, error)

    def refuse(
        self, delivery: Delivery, detail: str, outcome: Outcome = Outcome.UNDELIVERABLE
    ) -> None:
        """Set a delivery aside that its subscriber does not get, or give it back to the log."""
        subscription = delivery.subscription
        if not subscription.claim(delivery):
            return
        if subscription.takes_back(delivery):
            subscription.settle(delivery, Outcome.HANDED_OVER)
            return
        self.letter(subscription, delivery.event, delivery.envelope, outcome, detail)
        subscription.settle(delivery, outcome)

    def letter(
        self,
        subscription: Subscription,
        event: Event,
        envelope: Envelope,
        outcome: Outcome,
        detail: str,
    ) -> None:
        """Keep an event that a subscriber does not get among the dead letters."""
        self.context.dead_letters.put(
            DeadLetter(
                path=subscription.path,
                message=event,
                reason=outcome,
                time=self.context.clock.time(),
                detail=detail,
                event_id=envelope.id,
                envelope=envelope,
                consumer=subscription.consumer,
            )
        )

    # ---------------------------------------------------------------- for subscribers

    def attach(self, cell: Cell) -> None:
        """Subscribe a cell to the events that its class and its instance name.

        Raises:
            HandlerError: what the instance says can't be meant.
        """
        handlers = wire(cell.ref.actor_class, cell.instance, self.catalogue)
        if not handlers and cell not in self.consumers and not self.table.has(cell.ref):
            return
        topics: dict[Any, Any] = {handler.type: handler for handler in handlers}
        feed: Feed | None = None
        if handlers and getattr(cell.ref.actor_class, "durable", False):
            is_idempotent = all(handler.idempotent for handler in handlers)
            feed = self.consumers.open(cell.ref, is_idempotent=is_idempotent)
        self.table.declare(
            cell.ref,
            [
                Subscription(
                    cell.ref,
                    topic,
                    echo=handler.echo,
                    condition=handler.condition,
                    timeout=handler.timeout,
                    declared=True,
                    feed=feed,
                )
                for topic, handler in topics.items()
            ],
        )
        self.consumers.begin(cell.ref)

    def detach(self, cell: Cell) -> None:
        """Forget a cell that is gone for good; a durable consumer's place is kept in the log."""
        self.consumers.close(cell.ref)
        self.table.unsubscribe(cell.ref)
        with self._lock:
            if cell.path in self.names.values():
                self.names = {n: path for n, path in self.names.items() if path != cell.path}

    def subscribe(
        self,
        ref: Ref[Any],
        topic: Topic,
        *,
        echo: bool = False,
        where: Where | None = None,
        timeout: float | None = None,
        durable: str = "",
        idempotent: bool = False,
    ) -> Subscription:
        """Deliver events of a topic to an actor from now on; doing it twice changes nothing.

        Args:
            ref: who gets them, as plain messages.
            topic: an event type, a category, or `ALL`.
            echo: whether it also gets what it has published itself.
            where: take only events of which this is true, see `handles`.
            timeout: seconds that its handler may take for one event.
            durable: the name of a durable consumer, whose place in the event log is kept; empty:
                only what is published from now on.
            idempotent: what a durable consumer had in hand when it was killed comes again.

        Raises:
            HandlerError: the topic or the time-out is none, or the condition names a field that
                the type does not have.
            EventLogError: it is to be durable, and there is no event log.
        """
        check_topic(topic, f"the subscription of {ref.path}")
        check_timeout(timeout, f"the subscription of {ref.path}")
        accepts = condition(topic, where, f"the subscription of {ref.path}")
        feed: Feed | None = None
        if durable:
            feed = self.consumers.open(ref, is_idempotent=idempotent, name=durable)
        subscription = self.table.subscribe(
            ref, topic, echo=echo, condition=accepts, timeout=timeout, feed=feed
        )
        self.consumers.begin(ref)
        return subscription

    def unsubscribe(self, ref: Ref[Any], topic: Topic | None = None) -> bool:
        """Deliver no more; events routed already still come. Tell whether there was one."""
        was_there = self.table.unsubscribe(ref, topic)
        self.consumers.begin(ref)
        return was_there

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

    # ---------------------------------------------------------------- for the log, and who looks

    def on_commit(self, call: Callable[[], object]) -> Callable[[], None]:
        """Have `call` called when the log has something new, or may have; return what ends that.

        By the registry, in its turn: it must not block.
        """
        with self._lock:
            self.commit_listeners = [*self.commit_listeners, call]

        def forget() -> None:
            with self._lock:
                self.commit_listeners = [c for c in self.commit_listeners if c is not call]

        return forget

    def failed(self, delivery: Delivery, outcome: Outcome, report: DeathReport) -> None:
        """Tell that a handler raised or took too long, in the name of its actor."""
        subscription = delivery.subscription
        in_a_row = subscription.failures if isinstance(subscription, Subscription) else 0
        name = self.catalogue.canonical(delivery.envelope.type)
        for event in failure_events(delivery, name, outcome, report, in_a_row):
            try:
                self.publish(
                    event, source=report.path, subject=report.path, cause=delivery.envelope
                )
            except (RingleaderError, ActorDeadError) as error:
                logger.warning("%s of %s not published: %s", event.EVENT.name, report.path, error)

    def _committed(self, publications: Sequence[Publication]) -> Callable[[], object] | None:
        """Give the registry what is committed; return what has it begin."""
        return self.give(Committed(self, publications))

    def catch_up(self, timeout: float) -> bool:
        """Wait until all that was published so far is routed; tell whether that was in time.

        What goes through the log comes back only after a commit, so there are two rounds.
        """
        ref, deadline = self.ref, self.context.clock.now() + timeout
        for is_last in (self.log is None, True):
            if ref is None or ref.cell.mailbox.closed:
                return True
            chore = CatchUp()
            ref.cell.mailbox.put(chore)
            ref.cell.dispatcher.drive()
            try:
                chore.reply.get(timeout=max(0.0, deadline - self.context.clock.now()))
            except pykka.Timeout:
                return False
            if is_last:
                return True
            if self.log is not None and not self.log.trouble:
                self.log.flush(max(0.0, deadline - self.context.clock.now()))
        return True

    def let_go(self, timeout: float) -> None:
        """Wait until the log has taken back what durable consumers had; at the end of all."""
        for _ in range(2):  # what was under way comes back in the first round
            if self.log is not None and not self.log.trouble:
                self.log.flush(timeout)

    def look(self) -> None:
        """Let the registry watch handlers from now on, though it has delivered nothing itself."""
        ref = self.ref
        if ref is not None and not ref.cell.mailbox.closed:
            ref.cell.mailbox.put(Look())

    def statistics(self) -> EventStatistics:
        """Return the counters."""
        by_type = {k.name: k.published for k in list(self.kinds.values()) if k.published}
        return EventStatistics(
            published=sum(by_type.values()),
            deduplicated=self.deduplicated,
            unrouted=self.unrouted,
            deliveries=self.deliveries,
            outcomes=self.table.outcomes(),
            by_type=by_type,
            subscriptions=len(self.table.subscriptions()),
            looped=self.looped,
            unknown=dict(self.unknown),
            renamed=dict(self.renamed),
            shed=self.shed,
            refused=self.refused,
            expired=self.expired,
            taken_in=self.taken_in,
            level=str(self.level),
        )
