"""A durable consumer in this process: what is logged reaches its subscriber from the event log.

The log hands out a batch and notes that it is in hand; each outcome is noted there before the next
batch comes. So a subscriber gets each event once, over restarts of its actor and of the node; what
it had in hand when the node was killed is set aside, or comes again if its handlers are idempotent.
"""

from __future__ import annotations

import logging
from collections import deque
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from .errors import RingleaderError
from .event_log import ConsumerSpec, ConsumerTaken, Settled
from .message import Chore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .event_log import ConsumerInfo, Fetched, Record
    from .hub import EventHub
    from .letters import Outcome
    from .message import Delivery
    from .ref import Ref

logger = logging.getLogger("ringleader.events")

BATCH: Final = 64
"""Events in hand at once where all handlers are idempotent; else 1, so that it is known which one
was in hand at a kill. The first ones after a start come one by one for the same reason: of those
that were in hand at a kill only the one that killed again is poison."""
RETRY: Final = 5.0
"""Seconds until it is tried again to attach to a consumer that somebody else holds."""


class Handed(Chore):
    """Tells the registry what the log has handed out to a consumer."""

    __slots__ = ("feed", "records")

    def __init__(self, feed: Feed, records: Iterable[Record]) -> None:
        self.feed, self.records = feed, deque(records)

    def refused(self) -> None:
        """Give back what the registry will not deliver."""
        self.feed.hand_back([record.sequence for record in self.records])


class CaughtUp(Chore):
    """Tells the registry to deliver what has waited for a consumer to catch up."""

    __slots__ = ("feed", "upto")

    def __init__(self, feed: Feed, upto: float) -> None:
        self.feed, self.upto = feed, upto

    def refused(self) -> None:
        """Set it aside."""
        self.feed.lose_aside()


class Feed:
    """One consumer and its subscriber. Called from any thread, but where the registry is named.

    Args:
        hub: of the registry.
        ref: who gets the events.
        name: of the consumer.
        number: of this feed among all of the system.
    """

    def __init__(self, hub: EventHub, ref: Ref[Any], name: str, number: int) -> None:
        self._hub, self.ref, self.name = hub, ref, name
        self.is_idempotent = True
        self._spec: ConsumerSpec | None = None
        self._owner = f"{hub.context.node_id}-{hub.epoch:x}-{number}"
        self._lock = Lock()
        self._attached = self._fetching = self._behind = self._gone = False
        self.is_closed = False
        self._mine: set[int] = set()
        """Handed out, without an outcome."""
        self._careful = BATCH
        self._when_gone: list[Callable[[], object]] = []
        # What only the registry touches.
        self._owed = 0
        self._upto: float = 0
        self._aside: deque[tuple[int, Delivery, bool]] = deque()

    def begin(self, types: tuple[str, ...] | None) -> None:
        """Become the holder of the consumer, or say what it wants from now on.

        Only once the subscriber is subscribed: what comes for nobody is noted as handled.
        """
        spec = ConsumerSpec(name=self.name, types=types, idempotent=self.is_idempotent)
        if spec == self._spec:
            return
        if self._spec is not None:
            self.passed(self._owed)  # maybe of a type that it does not want any more
        self._spec = spec
        if types != ():  # else nothing that it wants is kept
            self._attach()

    def when_gone(self, call: Callable[[], object]) -> None:
        """Call `call` once the consumer is let go of; at once, if it is."""
        with self._lock:
            if not self._gone:
                self._when_gone.append(call)
                return
        call()

    def wake(self) -> None:
        """Ask for more, unless that is under way: something may have been committed."""
        with self._lock:
            self._behind = True
            if not self._attached or self._fetching or self._mine or self.is_closed:
                return
            self._fetching, self._behind = True, False
        self._fetch()

    def settle(self, sequence: int, outcome: Outcome) -> None:
        """Note the outcome of one event for good, and ask for more behind the last one."""
        self._settle(Settled(sequence, outcome))

    def skip(self, record: Record, outcome: Outcome, detail: str) -> None:
        """Note the outcome of an event that is not delivered, which the log sets aside."""
        self._settle(Settled(record.sequence, outcome, detail, letter=True))

    def hand_back(self, sequences: list[int]) -> None:
        """Give events back that were not begun."""
        with self._lock:
            mine = [sequence for sequence in sequences if sequence in self._mine]
            self._mine.difference_update(mine)
        log = self._hub.log
        if log is not None and mine:
            log.hand_back(self.name, self._owner, mine)

    def leave(self, sequence: int) -> None:
        """Leave an event in hand that was begun: the log decides when the consumer is let go of."""
        with self._lock:
            self._mine.discard(sequence)

    def close(self) -> None:
        """Let go; the place in the log is kept, and what was not begun is handed back."""
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
            mine, self._mine = list(self._mine), set()
            is_fetching = self._fetching
        log = self._hub.log
        if log is not None and self._spec is not None:
            log.hand_back(self.name, self._owner, mine)  # ends a fetch that waits, too
        if not is_fetching:
            self._detach()
        self.passed(inf)

    def passed(self, upto: float) -> None:
        """Say that nothing up to this sequence will come out of the log any more."""
        self._tell_registry(CaughtUp(self, upto))

    # ---------------------------------------------------------------- for the registry

    def owe(self, sequence: int) -> None:
        """Take note that this event will come out of the log, and all before it."""
        if not self.is_closed:
            self._owed = max(self._owed, sequence)

    @property
    def is_owing(self) -> bool:
        """Whether something is still to come out of the log that was published already."""
        return self._owed > self._upto

    def put_aside(self, delivery: Delivery, *, is_urgent: bool) -> bool:
        """Keep what is not logged behind what is: one source's events come in order.

        Tell whether there was room: for as many as the subscriber's mailbox holds.
        """
        if len(self._aside) >= self.ref.cell.mailbox.capacity:
            return False
        self._aside.append((self._owed, delivery, is_urgent))
        return True

    def delivered(self, sequence: float) -> list[tuple[Delivery, bool]]:
        """Take note of what came out of the log; return what may follow it, and if it is urgent."""
        self._upto = max(self._upto, sequence)
        ready: list[tuple[Delivery, bool]] = []
        while self._aside and self._aside[0][0] <= self._upto:
            _, delivery, is_urgent = self._aside.popleft()
            ready.append((delivery, is_urgent))
        return ready

    def lose_aside(self) -> None:
        """Set aside for good what can't be delivered any more: the registry has stopped."""
        for delivery, _ in self.delivered(inf):
            delivery.subscription.sent += 1
            self._hub.refuse(delivery.opened(), "the registry stopped before it was delivered")

    # ---------------------------------------------------------------- with the log

    def _attach(self) -> None:
        log, spec = self._hub.log, self._spec
        if log is not None and spec is not None and not self.is_closed:
            log.attach(spec, self._owner, self._attached_or_not)

    def _attached_or_not(self, result: ConsumerInfo | RingleaderError) -> None:
        if isinstance(result, RingleaderError):
            logger.error("the durable consumer %s gets nothing: %s", self.name, result)
            if isinstance(result, ConsumerTaken):
                self._hub.context.clock.call_later(RETRY, self._attach)
            return
        with self._lock:
            self._attached, self._careful = True, BATCH
        self.wake()

    def _fetch(self) -> None:
        log, spec = self._hub.log, self._spec
        if log is not None and spec is not None:
            limit = BATCH if spec.idempotent and self._careful <= 0 else 1
            log.fetch(self.name, self._owner, limit, self._fetched, wait=True)
            if self.is_closed:  # meanwhile: nobody knew that there is a fetch to be ended
                log.hand_back(self.name, self._owner, ())

    def _fetched(self, result: Fetched | RingleaderError) -> None:
        records = () if isinstance(result, RingleaderError) else result.records
        with self._lock:
            self._fetching = False
            self._careful -= len(records)
            self._mine.update(record.sequence for record in records)
            is_closed, goes_on = self.is_closed, self._behind
        if is_closed:
            self.hand_back([record.sequence for record in records])
            self._detach()
        elif isinstance(result, RingleaderError):
            logger.error("the durable consumer %s gets nothing: %s", self.name, result)
        elif records:
            self._tell_registry(Handed(self, records))
        elif goes_on:
            self.wake()

    def _settle(self, settled: Settled) -> None:
        with self._lock:
            if settled.sequence not in self._mine:
                return  # it was handed back meanwhile
            self._mine.discard(settled.sequence)
            goes_on = not self._mine and not self._fetching and not self.is_closed
            self._fetching = self._fetching or goes_on
        log = self._hub.log
        if log is not None:
            log.settle(self.name, self._owner, [settled])
        if goes_on:
            self._fetch()

    def _detach(self) -> None:
        log = self._hub.log
        if log is None or not self._spec:
            self._is_gone(False)  # noqa: FBT003  # as the log says it
        else:
            log.detach(self.name, self._owner, self._is_gone)

    def _is_gone(self, _: bool | RingleaderError) -> None:  # noqa: FBT001  # as the log says it
        with self._lock:
            self._gone = True
            calls, self._when_gone = self._when_gone, []
        for call in calls:
            call()

    def _tell_registry(self, chore: Chore) -> None:
        ref = self._hub.ref
        if ref is None or ref.cell.mailbox.closed:
            chore.refused()
            return
        ref.cell.mailbox.put(chore)
        if ref.cell.mailbox.closed:  # since it was looked
            ref.cell.refuse_late()
