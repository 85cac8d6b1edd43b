"""Durable consumers in this process: what is logged reaches their subscribers from the event log.

The log hands out a batch and notes that it is in hand; each outcome is noted there before the next
batch comes. So a subscriber gets each event once, over restarts of its actor and of the node; what
it had in hand when the node was killed is set aside, or comes again if its handlers are idempotent.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from .errors import RingleaderError
from .event_log import ConsumerSpec, ConsumerTaken, EventLogError, Fetched, Settled
from .topics import ALL, wants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .event_log import ConsumerInfo, Record
    from .events.base import Event
    from .hub import EventHub
    from .letters import Outcome
    from .ref import Ref
    from .topics import Topic

logger = logging.getLogger("ringleader.events")

BATCH: Final = 64
"""Events in hand at once where all handlers are idempotent; else 1, so that it is known which one
was in hand at a kill."""
RETRY: Final = 5.0
"""Seconds until it is tried again to attach to a consumer that somebody else holds."""


class Handed:
    """Tells the registry what the log has handed out to a consumer."""

    __slots__ = ("feed", "records")

    def __init__(self, feed: Feed, records: tuple[Record, ...]) -> None:
        self.feed, self.records = feed, list(records)


class Feed:
    """One consumer and its subscriber. Called from any thread.

    Attributes:
        name: of the consumer.
        ref: who gets the events.
    """

    def __init__(self, hub: EventHub, ref: Ref[Any], spec: ConsumerSpec) -> None:
        self._hub, self.ref, self.spec = hub, ref, spec
        self.name = spec.name
        self._asked: ConsumerSpec | None = None
        self._owner = f"{hub.context.node_id}-{hub.epoch:x}"
        self._batch = 1
        self._lock = Lock()
        self._attached = self._closed = self._busy = self._behind = False
        self._left = 0

    def begin(self) -> None:
        """Become the holder of the consumer as the spec says now; once subscribed, not before."""
        if self._asked != self.spec:
            self._asked = self.spec
            self._batch = BATCH if self.spec.idempotent else 1
            self._attach()

    def _attach(self) -> None:
        if self._hub.log is not None and not self._closed:
            self._hub.log.attach(self.spec, self._owner, self._attached_or_not)

    def wake(self) -> None:
        """Ask for more, unless that is under way: something may have been committed."""
        with self._lock:
            self._behind = True
            if not self._attached or self._busy or self._closed:
                return
            self._busy, self._behind = True, False
        self._fetch()

    def handed(self, number: int) -> None:
        """Take note that so many events are about to be delivered."""
        with self._lock:
            self._left = number

    def settle(self, sequence: int, outcome: Outcome) -> None:
        """Note the outcome of one event for good, and ask for more behind the last one."""
        log = self._hub.log
        if log is not None:
            log.settle(self.name, self._owner, [Settled(sequence, outcome)])
        self._one_less()

    def skip(self, record: Record, outcome: Outcome, detail: str) -> None:
        """Note the outcome of an event that is not delivered, which the log sets aside."""
        log = self._hub.log
        if log is not None:
            settled = Settled(record.sequence, outcome, detail, letter=True)
            log.settle(self.name, self._owner, [settled])
        self._one_less()

    def hand_back(self, sequence: int) -> None:
        """Give an event back that was not begun."""
        log = self._hub.log
        if log is not None:
            log.hand_back(self.name, self._owner, [sequence])
        self._one_less(goes_on=False)

    def close(self) -> None:
        """Let go; the place in the log is kept."""
        with self._lock:
            self._closed = True
        if self._hub.log is not None:
            self._hub.log.detach(self.name, self._owner)

    def _fetch(self) -> None:
        log = self._hub.log
        if log is not None:
            log.fetch(self.name, self._owner, self._batch, self._fetched, wait=True)

    def _one_less(self, *, goes_on: bool = True) -> None:
        with self._lock:
            self._left -= 1
            if self._left > 0 or self._closed:
                return
            if not goes_on:
                self._busy = False
                return
        self._fetch()

    def _attached_or_not(self, result: ConsumerInfo | RingleaderError) -> None:
        if isinstance(result, RingleaderError):
            logger.error("the durable consumer %s gets nothing: %s", self.name, result)
            if isinstance(result, ConsumerTaken):
                self._hub.context.clock.call_later(RETRY, self._attach)
            return
        with self._lock:
            self._attached = True
        self.wake()

    def _fetched(self, result: Fetched | RingleaderError) -> None:
        ref = self._hub.ref
        if isinstance(result, RingleaderError):
            logger.error("the durable consumer %s gets nothing: %s", self.name, result)
            with self._lock:
                self._busy = False
            return
        if result.records and ref is not None and not ref.cell.mailbox.closed:
            ref.cell.mailbox.put(Handed(self, result.records))
            return
        with self._lock:
            self._busy = False
            goes_on = self._behind
        if goes_on:
            self.wake()


class Consumers:
    """The durable consumers of one system, by name."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._feeds: dict[str, Feed] = {}

    def open(
        self, ref: Ref[Any], topics: list[Topic], *, is_idempotent: bool, name: str = ""
    ) -> Feed:
        """Return what feeds a subscriber; it is to `begin` once the subscriber is subscribed.

        Raises:
            EventLogError: there is no event log, or another subscriber has the name.
        """
        name = name or ref.path
        if self._hub.log is None:
            raise EventLogError(
                f"{ref.path} wants its events durably, and this system keeps none; give it an "
                "event log: System(event_log=...)"
            )
        spec = ConsumerSpec(name=name, types=self._types(topics), idempotent=is_idempotent)
        feed = self._feeds.get(name)
        if feed is not None and feed.ref == ref:
            feed.spec = spec
            return feed
        if feed is not None:
            raise EventLogError(
                f"the durable consumer {name!r} belongs to {feed.ref.path}; {ref.path} needs "
                "another name"
            )
        feed = self._feeds[name] = Feed(self._hub, ref, spec)
        return feed

    def check(self, name: str) -> None:
        """Make sure that a subscriber could have a durable consumer of this name.

        Raises:
            EventLogError: there is no event log, or another subscriber has the name.
        """
        if self._hub.log is None:
            raise EventLogError(
                f"the durable consumer {name!r} has no event log to read, and this system keeps "
                "none; give it one: System(event_log=...)"
            )
        feed = self._feeds.get(name)
        if feed is not None:
            raise EventLogError(
                f"the durable consumer {name!r} belongs to {feed.ref.path}; choose another name"
            )

    def close(self, ref: Ref[Any]) -> None:
        """Let go of the consumers of a subscriber that is gone."""
        for feed in [f for f in list(self._feeds.values()) if f.ref == ref]:
            del self._feeds[feed.name]
            feed.close()

    def wake(self) -> None:
        """Let each look whether there is more for it."""
        for feed in list(self._feeds.values()):
            feed.wake()

    def __contains__(self, cell: object) -> bool:
        """Tell whether a cell has one."""
        return any(feed.ref.cell is cell for feed in list(self._feeds.values()))

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._feeds)

    def _types(self, topics: list[Topic]) -> tuple[str, ...] | None:
        """Return the wire values of the logged types of some topics; None for all."""
        if ALL in topics:
            return None
        if all(isinstance(t, type) and hasattr(t, "EVENT") for t in topics):
            kinds: Iterable[type[Event]] = [t for t in topics if isinstance(t, type)]
        else:  # a category, or a base of several types
            kinds = [k for k in self._hub.catalogue if any(wants(t, k) for t in topics)]
        return tuple(sorted(k.EVENT.value for k in kinds if self._hub.kind(k).is_logged))
