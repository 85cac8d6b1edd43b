"""Trying dead letters again: each goes to the one subscriber that failed, and to nobody else."""

from __future__ import annotations

import logging
from collections import Counter
from threading import Condition
from typing import TYPE_CHECKING, Any, Protocol

from pykka import ActorDeadError

from .dead_letter_rules import after_try, put_off
from .dead_letters import LetterError, LetterQuery
from .errors import MailboxFull, RingleaderError
from .events.errors import EventValidationError, UnknownEventTypeError
from .letters import Outcome
from .message import Delivery, Note, Settles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .clock import Clock
    from .dead_letter_options import DeadLetterOptions
    from .dead_letters import LetterStore, StoredLetter
    from .events.base import Envelope, Event
    from .events.catalogue import Catalogue
    from .routing import Subscription

    Republish = Callable[[Event, Envelope], object]

logger = logging.getLogger("ringleader.dead_letters")


class Subscribers(Protocol):
    """Knows who wants which events: the registry's `RoutingTable`."""

    def routes(self, kind: type[Event]) -> Iterable[Subscription]:
        """Return the subscriptions to a type, one for each subscriber."""
        ...


class Try(Settles):
    """Hears how the subscriber fared with one new delivery.

    Args:
        letter: what is tried again.
        subscription: of the subscriber, whose time-out holds.
        tell: called once, with the letter and the outcome; must return at once.
    """

    __slots__ = ("_tell", "letter")

    def __init__(
        self,
        letter: StoredLetter,
        subscription: Subscription,
        tell: Callable[[StoredLetter, Outcome], object],
    ) -> None:
        super().__init__(letter.path, consumer=letter.consumer, timeout=subscription.timeout)
        self.letter, self._tell, self.notes = letter, tell, subscription.notes

    def delivery(self, event: Event, envelope: Envelope) -> Delivery:
        """Return the one delivery."""
        return Delivery(event, envelope, self).opened()

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Take the outcome."""
        if self.notes is not None:
            self.notes.append(Note(self.path, (delivery,), delivery.seconds, outcome))
        self._tell(self.letter, outcome)

    def takes_back(self, delivery: Delivery) -> bool:
        """Take it back, as if it had not been tried: the letter is still there."""
        del delivery
        return True


class Tries:
    """Sends letters again, and keeps account of what came of it.

    Args:
        store: of the letters.
        catalogue: reads the events.
        subscribers: who may get one.
        clock: for the time.
        options: the waits.
        republish: publishes an event that reached nobody; None: such letters can't be tried.
    """

    def __init__(
        self,
        store: LetterStore,
        *,
        catalogue: Catalogue,
        subscribers: Subscribers,
        clock: Clock,
        options: DeadLetterOptions,
        republish: Republish | None = None,
    ) -> None:
        self._store, self._catalogue, self._subscribers = store, catalogue, subscribers
        self._clock, self._options, self._republish = clock, options, republish
        self._news = Condition()
        self._under_way: set[int] = set()
        self._recovered: Counter[str] = Counter()
        self.on_begin: Callable[[], object] = lambda: None
        """Called when a letter was sent: its handler is to be watched; must return at once."""
        self.on_quiet: Callable[[], object] = lambda: None
        """Called when no try is under way any more, in whatever thread; must return at once."""

    @property
    def under_way(self) -> int:
        """Tries that have no outcome yet."""
        return len(self._under_way)

    def begin(self, letter: StoredLetter) -> str:
        """Send a letter that is `retrying`; return why it can't be, nothing if it was.

        What can't be sent is pending again, and says so.
        """
        reason: Outcome | None = None
        try:
            event = self._event(letter)
            if not letter.path:
                return self._publish(letter, event)
            subscription = self._subscription(letter, event)
            self._send(letter, event, subscription)
        except UnknownEventTypeError as error:
            reason, why = Outcome.UNKNOWN_TYPE, str(error)
        except EventValidationError as error:
            reason, why = Outcome.POISON, f"the event can't be read any more: {error}"
        except (RingleaderError, ActorDeadError) as error:
            why = str(error)
        else:
            return ""
        self._put_off(letter, why, reason)
        return why

    def wait(self, numbers: Collection[int], timeout: float) -> bool:
        """Wait until each of these tries has an outcome; tell whether it was in time."""
        wanted = set(numbers)
        with self._news:
            return self._news.wait_for(lambda: not wanted & self._under_way, timeout)

    def take_recovered(self) -> Counter[str]:
        """Return how many were recovered since this was asked last, by event type."""
        with self._news:
            recovered, self._recovered = self._recovered, Counter()
            return recovered

    # ---------------------------------------------------------------- one letter

    def _event(self, letter: StoredLetter) -> Event:
        if letter.payload is None or letter.envelope is None:
            raise LetterError("the event is not kept")
        return self._catalogue.decode(letter.event_type, letter.payload)

    def _subscription(self, letter: StoredLetter, event: Event) -> Subscription:
        routes = tuple(self._subscribers.routes(type(event)))
        for subscription in routes:
            if subscription.path == letter.path:
                return subscription
        for subscription in routes:
            if letter.consumer and subscription.consumer == letter.consumer:
                return subscription  # who has its name now
        name = event.EVENT.name
        if not letter.path.startswith("/"):
            raise LetterError(
                f"it was for the consumer {letter.path} of another process; hand it the event "
                f"again with: ringleader events replay --to {letter.path}"
            )
        raise LetterError(f"nobody at {letter.path} subscribes to {name} any more")

    def _send(self, letter: StoredLetter, event: Event, subscription: Subscription) -> None:
        mailbox, envelope = subscription.ref.cell.mailbox, letter.envelope
        if envelope is None:
            raise LetterError("the envelope is not kept")
        if len(mailbox) >= mailbox.capacity:
            # Whatever its policy: a second try must not wait, nor displace anybody's first.
            raise MailboxFull(letter.path, event, mailbox.capacity)
        with self._news:
            self._under_way.add(letter.number)
        try:
            again = Try(letter, subscription, self._ended)
            subscription.ref.tell(again.delivery(event, envelope))
            self.on_begin()
        except BaseException:
            self._forget(letter.number)
            raise

    def _publish(self, letter: StoredLetter, event: Event) -> str:
        if self._republish is None or letter.envelope is None:
            raise LetterError("it was for nobody in particular; publish it again")
        self._republish(event, letter.envelope)
        self._ended(letter, Outcome.HANDLED)
        return ""

    # ---------------------------------------------------------------- what came of it

    def _ended(self, letter: StoredLetter, outcome: Outcome) -> None:
        def decide(known: StoredLetter) -> StoredLetter | None:
            return after_try(known, outcome, self._clock.time(), self._options)

        def then(changed: Any) -> None:
            if isinstance(changed, RingleaderError):
                logger.error("dead letter %s: %s is not noted: %s", letter.number, outcome, changed)
            self._forget(letter.number, letter.event_type if outcome is Outcome.HANDLED else "")

        self._store.change(LetterQuery(numbers=(letter.number,)), decide, then)

    def _put_off(self, letter: StoredLetter, why: str, reason: Outcome | None) -> None:
        def decide(known: StoredLetter) -> StoredLetter | None:
            if known.status != "retrying":
                return None
            return put_off(known, why, self._clock.time(), self._options, reason)

        self._store.change(LetterQuery(numbers=(letter.number,)), decide)

    def _forget(self, number: int, recovered: str = "") -> None:
        with self._news:
            self._under_way.discard(number)
            if recovered:
                self._recovered[recovered] += 1
            is_quiet = not self._under_way and bool(self._recovered)
            self._news.notify_all()
        if is_quiet:
            self.on_quiet()
