"""Giving events to their subscribers: many events of one type at a time, where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pykka import ActorDeadError

from .errors import MailboxFull
from .history import Given
from .letters import Outcome
from .message import Delivery, Routed
from .publication import Publication, Routing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .events.base import Envelope, Event
    from .hub import EventHub
    from .routing import Route, Subscription
    from .strain import Strain

ROUTED: Final = Routing.ROUTED
MANY: Final = 64
"""Events of one type that are given to their subscribers in one go, at most."""


class Handout:
    """Gives events to their subscribers, each in the order in which it got them.

    Events of one type that come one behind the other are kept until another type comes, or the
    registry's turn ends: to append ten to a mailbox costs hardly more than to append one.

    Args:
        hub: whose subscriptions they are.
        strain: is told of mailboxes that fill.
        publish: takes events about that.
    """

    def __init__(self, hub: EventHub, strain: Strain, publish: Callable[[Event], object]) -> None:
        self._hub, self._strain, self._publish = hub, strain, publish
        self.given = 0
        """Events that were given to anybody; for who looks now and then."""

    def give(self, publication: Publication, *, is_urgent: bool) -> None:
        """Give an event to everyone who wants it; to all at once, or when `flush` is called."""
        hub = self._hub
        kind: type[Event] = type(publication.event)  # pyright: ignore[reportUnknownVariableType]  # of Any
        route = hub.table.route(kind)
        if route.is_plain and not is_urgent and publication.envelope.source not in route.by_path:
            if route is not hub.waiting_route or len(hub.waiting) >= MANY:
                self.flush()
            hub.waiting_route = route
            hub.waiting.append(publication)
            return
        self.flush()
        given, durable = self._give_one_by_one(route, publication, is_urgent=is_urgent)
        item = Given(publication.event, publication.envelope, given)
        self._given([publication], (item,), given, durable)

    def flush(self) -> None:
        """Give what was kept to whom it is for."""
        hub = self._hub
        publications, route = hub.waiting, hub.waiting_route
        hub.waiting_route = None
        if not publications or route is None:
            return
        hub.waiting = []  # first: nothing is given twice, whatever happens
        number = len(publications)
        routed = [Routed(p.event, p.envelope, route) for p in publications]
        for subscription in route.subscriptions:
            mailbox = subscription.mailbox
            if mailbox.closed or len(mailbox.q) + number > subscription.crowded:
                for item in routed:
                    self.give_to(subscription, Delivery(item.event, item.envelope, subscription))
                continue
            subscription.sent += number
            mailbox.q.extend(routed)
            if not mailbox.busy:
                mailbox.wake()
            if mailbox.closed:  # since it was looked: maybe nobody will have a turn there
                subscription.ref.cell.refuse_late()
        self._given(publications, routed, route.paths)

    def _given(
        self,
        publications: list[Publication],
        items: Sequence[Routed | Given],
        paths: tuple[str, ...],
        durable: int = 0,
    ) -> None:
        """Note who got what, and tell those who want to know."""
        hub, number = self._hub, len(publications)
        self.given += number
        count = len(paths) + durable
        hub.deliveries += len(paths) * number
        hub.history.entries.extend(items)
        if not count:
            hub.unrouted += number
        decision = (ROUTED if count else Routing.UNROUTED, count, None)
        for publication in publications:
            publication.decision = decision  # first: whoever comes second sees the other
            if publication.callbacks is not None:
                publication.tell()
        if hub.taps or hub.traces:
            for publication in publications:
                for tap in hub.taps:
                    tap(publication.event, publication.envelope)
                for trace in hub.traces:
                    trace(publication, paths)

    def _give_one_by_one(
        self, route: Route, publication: Publication, *, is_urgent: bool
    ) -> tuple[tuple[str, ...], int]:
        """Return who has got it, and how many durable consumers get it from the log."""
        hub, event, envelope = self._hub, publication.event, publication.envelope
        paths: list[str] = []
        durable = 0
        for subscription in route.subscriptions:
            if is_echo(subscription, envelope):
                continue
            feed = subscription.feed
            if feed is not None and publication.sequence is not None:
                feed.owe(publication.sequence)  # its condition is asked when it comes
                durable += 1
                continue
            if not self.accepts(subscription, event, envelope):
                continue
            paths.append(subscription.path)
            delivery = Delivery(event, envelope, subscription)
            if feed is None or not feed.is_owing:
                self.give_to(subscription, delivery, is_urgent=is_urgent)
            elif not feed.put_aside(delivery, is_urgent=is_urgent):
                subscription.sent += 1
                detail = f"as much waits behind the event log as {subscription.path} has room for"
                hub.refuse(delivery.opened(), detail, Outcome.REJECTED)
        return tuple(paths), durable

    def give_to(
        self, subscription: Subscription, delivery: Delivery, *, is_urgent: bool = False
    ) -> bool:
        """Give one delivery to its subscriber, or set it aside; it never waits for room.

        Tell whether the subscriber has it.
        """
        delivery.opened()
        subscription.sent += 1
        mailbox = subscription.mailbox
        try:
            if is_urgent and not mailbox.closed:
                mailbox.put(delivery)  # control gets in where bulk does not
            else:
                subscription.ref.tell(delivery)
        except MailboxFull as error:
            self._hub.refuse(delivery, str(error), Outcome.REJECTED)
            return False
        except ActorDeadError as error:
            self._hub.refuse(delivery, str(error))
            return False
        if len(mailbox.q) >= subscription.crowded:
            self._strain.crowded(subscription, len(mailbox.q), self._publish)
        return True

    def accepts(self, subscription: Subscription, event: Event, envelope: Envelope) -> bool:
        """Ask a subscriber's condition; one that raises makes a dead letter, and no delivery."""
        if subscription.condition is None:
            return True
        try:
            return bool(subscription.condition(event))
        except BaseException as error:  # noqa: BLE001  # a user's function; nobody else is to suffer
            detail = f"its condition raised {type(error).__name__}: {error}"
            self._hub.letter(subscription, event, envelope, Outcome.FAILED, detail)
            return False


def is_echo(subscription: Subscription, envelope: Envelope) -> bool:
    """Tell whether a component would hear what it has said itself, and does not want to.

    Its namesake on another node is another one.
    """
    return (
        envelope.source == subscription.path and not subscription.echo and envelope.origin is None
    )
