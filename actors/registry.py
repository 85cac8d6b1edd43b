"""The registry: the actor that routes events."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import msgspec

from .base import Actor
from .chores import CatchUp, Committed, Look, TakenIn
from .consumer import CaughtUp, Handed
from .errors import RingleaderError
from .event_log import EventLogError
from .events.errors import EventValidationError, UnknownEventTypeError
from .events.resilience import HandlerTimeout
from .handler_failures import ABOUT_FAILURES
from .handlers import handles
from .handout import MANY, Handout, is_echo
from .hang import stack_of
from .letters import Outcome
from .message import Delivery
from .overdue import HandlerTimedOut, Late, Overdue, is_still
from .publication import Publication, Receipt, Routing
from .publishing import NONE, Urgent
from .strain import Strain

if TYPE_CHECKING:
    from .consumer import Feed
    from .event_log import Record
    from .hub import EventHub

REGISTRY_CAPACITY: Final = 1_000_000
"""A publisher in an actor never blocks, so the registry's mailbox has room."""
WEIGH: Final = 64
"""Events after which the registry looks how far behind it is."""


PATIENCE: Final = 5.0
"""Seconds that the registry waits for the log when it stops."""


class _KeepHouse(NamedTuple):
    """Look after the event log: leases, retention, and what a wake-up may have missed."""


class Registry(Actor):
    """Takes events from publishers, drops duplicates, and gives each subscriber its delivery.

    It never waits: a subscriber that has no room gets a dead letter, and delays nobody else. All
    that it knows is in the hub, so a restart of the registry loses nothing: what was in hand is a
    dead letter.
    """

    mailbox_capacity: ClassVar[int | None] = REGISTRY_CAPACITY

    def __init__(self, hub: EventHub) -> None:
        super().__init__()
        self._hub = hub
        self._now = self.context.clock.now
        self._overdue = Overdue(hub.options.handler_timeout)
        self._strain = Strain(hub)
        self._handout = Handout(hub, self._strain, self.publish)
        self._looking = False
        self._shortest = inf
        self._unweighed = 0

    def on_start(self) -> None:
        """Begin to take events."""
        self._hub.ref = self._cell.ref
        self._incarnation().flush = self._flush
        self.defer(self._hub.slowing.release)
        self._handout.flush()  # what an incarnation has left that was ended in its turn
        self._keep_looking()
        if self._hub.log is not None:
            self.timers.periodic(self._hub.options.poll_interval, _KeepHouse())

    def on_stop(self) -> None:
        """Route what was published before the end, and see into the log what is kept there."""
        self._route_rest()
        log = self._hub.log
        if log is not None and not log.trouble:
            log.flush(PATIENCE)
            self._route_rest()

    def _route_rest(self) -> None:
        for item in self._cell.take_rest(
            Publication, Urgent, Committed, TakenIn, CatchUp, Handed, CaughtUp
        ):
            self.on_receive(item)
        self._handout.flush()

    # ---------------------------------------------------------------- routing

    def on_receive(self, message: Any) -> Any:
        """Take a message; events without a look at any table."""
        if type(message) is Publication:
            if self._hub.urgent:
                self.route_urgent(None)
            self.route(message)
            return None
        return super().on_receive(message)

    @handles(Urgent)
    def route_urgent(self, _: Urgent | None) -> None:
        """Route what must not wait behind the rest."""
        urgent = self._hub.urgent
        while urgent:
            publication = urgent.popleft()
            try:
                self.route(publication)
            except BaseException:
                self._hub.lose(publication)
                raise

    @handles(Publication)
    def route(self, publication: Publication) -> None:
        """Count, deduplicate, and commit or deliver."""
        hub, event, envelope = self._hub, publication.event, publication.envelope
        kind = hub.kinds[type(event)]
        kind.published += 1
        key, window = kind.key, hub.window
        if window is not None and (key is not None or not publication.is_own):
            original, now = None, self._now()
            if not publication.is_own:  # others may give an id twice
                original = window.original(envelope.id, envelope.id, now)
            if original is None and key is not None:
                original = window.original(key(event, publication.payload), envelope.id, now)
            if original is not None:
                self._drop(publication, original)
                return
        if hub.log is not None and (publication.is_logged or envelope.source in hub.passing):
            self._commit(publication)
            return
        route = hub.waiting_route
        if (
            route is not None
            and route.kind is type(event)
            and route.is_current
            and not kind.is_urgent
            and envelope.source not in route.by_path
            and len(hub.waiting) < MANY
        ):
            hub.waiting.append(publication)  # with others of its type; the way of most events
        else:
            self._handout.give(publication, is_urgent=kind.is_urgent)

    @handles(CatchUp)
    def say_so(self, message: CatchUp) -> None:
        """Say that all before it is routed."""
        self._handout.flush()
        message.reply.set()

    def _drop(self, publication: Publication, original: str) -> None:
        """Drop a duplicate; its publisher is told when the original is safe, not before."""
        hub = self._hub
        hub.deduplicated += 1
        first = hub.uncommitted.get(original)
        if first is None:
            publication.decided(Routing.DUPLICATE, 0, original)
            return

        def decided(receipt: Receipt) -> None:
            is_lost = receipt.routing is Routing.REJECTED
            publication.decided(Routing.REJECTED if is_lost else Routing.DUPLICATE, 0, original)

        first.when_decided(decided)

    def _commit(self, publication: Publication) -> None:
        """Give it to the log; what one source publishes stays in order, logged or not."""
        hub, source = self._hub, publication.envelope.source
        try:
            if hub.log is not None:
                hub.log.append(publication)
        except EventLogError as error:  # its envelope can't be written, or the log is closed
            hub.set_aside(publication, Outcome.REJECTED, str(error))
            publication.decided(Routing.REJECTED)
            if hub.window is not None:
                hub.window.forget(publication.id)
        else:
            hub.passing[source] = hub.passing.get(source, 0) + 1
            hub.in_log += 1
            if publication.decision is None:
                hub.uncommitted[publication.envelope.id] = publication

    @handles(Committed, idempotent=True)
    def deliver_committed(self, message: Committed) -> None:
        """Deliver what the log has; each is taken out first, so that none comes twice."""
        hub, publications = self._hub, message.publications
        while publications:
            publication = publications.popleft()
            source = publication.envelope.source
            left = hub.passing.get(source, 1) - 1
            if left:
                hub.passing[source] = left
            else:
                hub.passing.pop(source, None)
            hub.in_log -= 1
            hub.uncommitted.pop(publication.envelope.id, None)
            if publication.is_logged and publication.sequence is not None:
                if publication.sequence < 0:  # the log has its id
                    publication.sequence = -publication.sequence
                    self._drop(publication, publication.id)
                    continue
                msgspec.structs.force_setattr(
                    publication.envelope, "sequence", publication.sequence
                )
            kind = hub.kinds[type(publication.event)]
            try:
                self._handout.give(publication, is_urgent=kind.is_urgent)
            except BaseException:
                self._hub.lose(publication)
                raise
        self._tell_of_commit()

    @handles(TakenIn, idempotent=True)
    def deliver_taken_in(self, message: TakenIn) -> None:
        """Deliver events of other nodes; each is taken out first, so that none comes twice."""
        hub, publications = self._hub, message.publications
        while publications:
            publication = publications.popleft()
            hub.taken_in += 1
            kind = hub.kinds[type(publication.event)]
            age = self.context.clock.time() - publication.envelope.time
            try:
                if kind.max_age is not None and age > kind.max_age and not message.is_again:
                    hub.expire(publication, age, kind.max_age)
                else:
                    self._handout.give(publication, is_urgent=kind.is_urgent)
            except BaseException:
                hub.lose(publication)
                raise
        self._tell_of_commit()

    def _tell_of_commit(self) -> None:
        """Wake who waits for something new in the log."""
        self._handout.flush()
        self._hub.consumers.wake()
        for told in self._hub.commit_listeners:
            told()

    def _flush(self) -> None:
        """Give away what was kept, at the end of a turn; and look how much is left to do."""
        handout, hub = self._handout, self._hub
        handout.flush()
        hub.table.turn += 1
        if not handout.given:
            return
        self._unweighed += handout.given
        handout.given = 0
        if not self._looking or hub.table.shortest < self._shortest:
            self._keep_looking()
        if self._unweighed >= WEIGH or hub.slowing.waiting or hub.level is not NONE:
            self._weigh()

    def _weigh(self) -> None:
        """Look how much waits for the registry itself."""
        self._unweighed = 0
        self._strain.weigh(len(self._cell.mailbox), self.publish)
        if self._strain and not self._looking:
            self._keep_looking()

    # ---------------------------------------------------------------- out of the log

    @handles(Handed, idempotent=True)
    def deliver_handed(self, message: Handed) -> None:
        """Deliver to a durable consumer what the log has handed out to it, as far as it has room.

        What it has no room for goes back, with all behind it: they come again, in this order.
        """
        feed, records = message.feed, message.records
        while records and not feed.is_closed:
            record = records.popleft()
            if not self._deliver_record(feed, record):
                feed.hand_back([record.sequence for record in records])
                return
            self._deliver_aside(feed, record.sequence)

    @handles(CaughtUp, idempotent=True)
    def deliver_aside(self, message: CaughtUp) -> None:
        """Deliver what need not wait for the log any more."""
        self._deliver_aside(message.feed, message.upto)

    def _deliver_aside(self, feed: Feed, upto: float) -> None:
        for delivery, is_urgent in feed.delivered(upto):
            self._handout.give_to(delivery.subscription, delivery, is_urgent=is_urgent)

    def _deliver_record(self, feed: Feed, record: Record) -> bool:
        """Deliver one event, unless it is none for this subscriber; tell whether that is done."""
        hub, envelope = self._hub, record.envelope
        try:
            event = hub.catalogue.decode(envelope.type, record.payload)
        except UnknownEventTypeError as error:
            feed.skip(record, Outcome.UNKNOWN_TYPE, str(error))
            return True
        except EventValidationError as error:
            feed.skip(record, Outcome.POISON, str(error))
            return True
        kind = hub.kind(type(event))
        age = self.context.clock.time() - envelope.time
        if kind.max_age is not None and age > kind.max_age:
            hub.expired += 1
            feed.skip(record, Outcome.EXPIRED, f"{age:.0f} s old; {kind.max_age:g} s at most")
            return True
        mine = [s for s in hub.table.routes(type(event)) if s.feed is feed]
        if (
            not mine
            or is_echo(mine[0], envelope)
            or not self._handout.accepts(mine[0], event, envelope)
        ):
            feed.settle(record.sequence, Outcome.HANDLED)  # it does not want this one
            return True
        hub.deliveries += 1
        delivery = Delivery(event, envelope, mine[0], feed=feed)
        is_given = self._handout.give_to(mine[0], delivery, is_urgent=kind.is_urgent)
        if not self._looking:
            self._keep_looking()
        return is_given

    @handles(_KeepHouse)
    def keep_house(self, _: _KeepHouse) -> None:
        """Look after the log: what a wake-up has missed comes now, at the latest."""
        log, now = self._hub.log, self.context.clock.time()
        if log is not None:
            log.reclaim(now)
            log.prune(now)
            self._tell_of_commit()

    # ---------------------------------------------------------------- handlers that take too long

    @handles(Look)
    def end_late_handlers(self, _: Look) -> None:
        """End incarnations that are at one event for too long, and say so."""
        self._looking, self._shortest = False, inf
        self._keep_looking()
        subscriptions = self._hub.table.subscriptions()
        cells = {s.ref.cell: None for s in subscriptions}
        for late in self._overdue.look(cells, self._now()):
            self._end_late(late)
        self._strain.look(self.publish)
        self._weigh()

    def _end_late(self, late: Late) -> None:
        cell, envelope = late.cell, late.delivery.envelope
        current = cell.current
        if current is None:
            return
        reason = HandlerTimedOut(envelope.type, late.timeout, stack_of(current))
        is_here = partial(is_still, late)
        if not cell.kill(current, reason, outcome=Outcome.TIMED_OUT, only_if=is_here):
            return
        if isinstance(late.delivery.event, ABOUT_FAILURES):
            return  # it would time out at that, too
        event = HandlerTimeout(
            handler_name=cell.path,
            event_type=self._hub.catalogue.canonical(envelope.type),
            timeout_seconds=late.timeout,
            coordinator=cell.path.rpartition("/")[2],
            event_id=envelope.id,
        )
        try:
            self._hub.publish(event, source=self.path, subject=cell.path, cause=envelope)
        except RingleaderError as error:
            self._strain.unpublished(event, error)

    def _keep_looking(self) -> None:
        """Look again in a while, if any delivery is under way: an idle system has no timers."""
        subscriptions = self._hub.table.subscriptions()
        is_needed = self._strain or self._hub.tries_under_way()
        shortest, before = self._hub.table.shortest, self._shortest
        is_sooner = not self._looking or shortest < before
        if is_sooner and (is_needed or any(s.pending for s in subscriptions)):
            self._looking, self._shortest = True, shortest
            self.timers.once(self._overdue.interval(shortest), Look(), key="look")
