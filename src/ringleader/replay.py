"""Events of the log that a subscriber gets again: that one only, under their own ids."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from threading import Condition
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace
from pykka import ActorDeadError

from ringleader.actors.errors import MailboxFull
from ringleader.actors.event_log import EventLogError
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.message import Delivery, Note, Settles

from .log_questions import Replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringleader.actors.event_log import LogQuery, Record
    from ringleader.actors.events.base import Event
    from ringleader.actors.hub import EventHub
    from ringleader.actors.letters import Outcome
    from ringleader.actors.routing import Subscription

    from .log_questions import ReplayOrder

AT_ONCE: Final = 64
"""Deliveries of one replay without an outcome, at most: what is new has to get through."""
PORTION: Final = 64
"""Events that are read at once; each may have a megabyte."""
RETRY: Final = 0.1
"""Seconds until a full mailbox is looked at again."""


class Verdict(Enum):
    """Whether a subscriber gets an event again."""

    WANTED = "wanted"
    TOO_OLD = "too old"
    UNWANTED = "unwanted"
    UNREADABLE = "unreadable"


class Judged(NamedTuple):
    """An event, and whether its subscriber gets it again.

    Attributes:
        verdict: what was found.
        event: the event; None if it can't be read.
        subscription: by which it would get it; None if it would not.
    """

    verdict: Verdict
    event: Event | None = None
    subscription: Subscription | None = None


def read_on(
    read: Callable[[LogQuery], list[Record]], query: LogQuery, last: int | None = None
) -> Iterator[Record]:
    """Yield what matches in order, read in portions; up to the sequence `last`."""
    after = query.after
    while True:
        records = read(replace(query, after=after, limit=PORTION, newest=False))
        for record in records:
            if last is not None and record.sequence > last:
                return
            yield record
        if len(records) < PORTION:
            return
        after = records[-1].sequence


class Judge:
    """Decides which events a subscriber gets again: those that it would get now.

    Args:
        hub: whose subscriber it is.
        path: of the subscriber.
        any_age: whether it gets what is older than its type allows.

    Raises:
        EventLogError: nobody there is subscribed; or a durable consumer brings it its events.
    """

    def __init__(self, hub: EventHub, path: str, *, any_age: bool = False) -> None:
        self._hub, self.path, self._any_age = hub, path, any_age
        self.check()

    def check(self) -> None:
        """Make sure that the subscriber is there.

        Raises:
            EventLogError: it is not, or a durable consumer brings it its events.
        """
        mine = [s for s in self._hub.table.subscriptions() if s.path == self.path]
        durable = next((s.consumer for s in mine if s.consumer), "")
        if durable:
            raise EventLogError(
                f"{self.path} has its events from the durable consumer {durable}; replay them to "
                "that"
            )
        if not mine:
            raise EventLogError(f"nobody at {self.path} is subscribed to anything any more")

    def judge(self, record: Record) -> Judged:
        """Look at an event."""
        hub, envelope = self._hub, record.envelope
        try:
            event = hub.catalogue.decode(envelope.type, record.payload)
        except (UnknownEventTypeError, EventValidationError):
            return Judged(Verdict.UNREADABLE)
        routes = hub.table.routes(type(event))
        subscription = next((s for s in routes if s.path == self.path), None)
        if subscription is None or not _accepts(subscription, event, envelope.source):
            return Judged(Verdict.UNWANTED, event)
        if not self._any_age and is_too_old(hub, event, envelope.time):
            return Judged(Verdict.TOO_OLD, event)
        return Judged(Verdict.WANTED, event, subscription)


def is_too_old(hub: EventHub, event: Event, time: float) -> bool:
    """Tell whether an event that was published at `time` means nothing any more."""
    max_age = hub.kind(type(event)).max_age
    return max_age is not None and hub.context.clock.time() - time > max_age


def _accepts(subscription: Subscription, event: Event, source: str) -> bool:
    if source == subscription.path and not subscription.echo:
        return False  # a component does not hear its own echo
    try:
        return subscription.condition is None or bool(subscription.condition(event))
    except Exception:  # noqa: BLE001  # a user's function; the first delivery has its dead letter
        return False


class Replay(Settles):
    """One replay to one subscriber. Its outcomes are counted here and nowhere else.

    What fails makes a dead letter, as at the first time; what the subscriber does not live to see
    makes none.

    Args:
        hub: whose events they are.
        name: of the replay.
        order: which events.

    Raises:
        EventLogError: the subscriber can't be meant; see `Judge`.
    """

    def __init__(self, hub: EventHub, name: str, order: ReplayOrder) -> None:
        super().__init__(order.to)
        if hub.log is None:
            raise EventLogError("this node keeps no event log")
        self.name = name
        self._judge = Judge(hub, order.to, any_age=order.any_age)
        self._records = read_on(hub.log.read, order.query, order.last or hub.log.statistics().head)
        self._next: Record | None = None
        self._now, self.notes = hub.context.clock.now, hub.history.notes
        self._news = Condition()
        self._outcomes: Counter[str] = Counter()
        self._left_out: Counter[Verdict] = Counter()
        self._sent = self._settled = self._last = 0
        self._is_read = self._is_full = False

    def go_on(self, wait: float) -> Replayed:
        """Send what there is room for, again and again; return how far that is after `wait` s.

        Raises:
            EventLogError: the subscriber is gone for good, or the log can't be read.
        """
        until = self._now() + wait
        while not self._is_done:
            before = self._settled
            self._send_some()
            left = until - self._now()
            if self._is_done or left <= 0:
                break
            self._wait_for_news(before, min(left, RETRY) if self._is_full else left)
        return self.progress()

    def progress(self) -> Replayed:
        """Return how far it is."""
        with self._news:
            return Replayed(
                replay=self.name,
                last=self._last,
                sent=self._sent,
                outcomes=dict(self._outcomes),
                too_old=self._left_out[Verdict.TOO_OLD],
                unwanted=self._left_out[Verdict.UNWANTED],
                unreadable=self._left_out[Verdict.UNREADABLE],
                is_full=self._is_full,
                is_done=self._is_done,
            )

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Take the outcome of one."""
        if self.notes is not None:
            self.notes.append(Note(self.path, (delivery,), delivery.seconds, outcome))
        with self._news:
            self._outcomes[str(outcome)] += 1
            self._settled += 1
            self._news.notify_all()

    def takes_back(self, delivery: Delivery) -> bool:
        """Take it back, as if it had not been sent again: it had its outcome long ago."""
        del delivery
        return True

    # ---------------------------------------------------------------- sending

    @property
    def _is_done(self) -> bool:
        return self._is_read and self._sent == self._settled

    def _wait_for_news(self, before: int, seconds: float) -> None:
        """Wait until there are more outcomes than before."""
        with self._news:
            self._news.wait_for(lambda: self._settled != before, seconds)

    def _send_some(self) -> None:
        self._is_full = False
        while self._sent - self._settled < AT_ONCE:
            record = self._next or next(self._records, None)
            self._next = None
            if record is None:
                self._judge.check()  # else the last ones were not wanted because it is gone
                self._is_read = True
                return
            found = self._judge.judge(record)
            if found.subscription is None or found.event is None:
                self._left_out[found.verdict] += 1
            elif not self._send(record, found.event, found.subscription):
                self._next, self._is_full = record, True
                return
            self._last = record.sequence

    def _send(self, record: Record, event: Event, subscription: Subscription) -> bool:
        """Send one; tell whether there was room: it must not wait, nor displace anybody's first."""
        mailbox = subscription.ref.cell.mailbox
        if len(mailbox) >= mailbox.capacity:
            return False
        self.timeout = subscription.timeout
        delivery = Delivery(event, record.envelope, self).opened()
        self._sent += 1
        try:
            subscription.ref.tell(delivery)
        except MailboxFull:
            self._unsend(delivery)
            return False
        except ActorDeadError as error:
            self._unsend(delivery)
            raise EventLogError(f"{self.path} is gone for good: {error}") from error
        return True

    def _unsend(self, delivery: Delivery) -> None:
        if self.claim(delivery):
            self._sent -= 1
