"""Which events the log lets go of, as functions: by age, number and size, and by who waits.

What a consumer has still to be handed is kept, unless the log is at its cap.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .consumer_rules import Consumer
    from .options import EventLogOptions

logger = logging.getLogger("ringleader.events")

CHUNK: Final = 2_000
"""Events that are removed at once, at most: a commit may wait behind them."""
OVERHEAD: Final = 220
"""Bytes that an event takes in the file beside its envelope and payload: its row and four indexes,
as measured."""


class Kept(NamedTuple):
    """What is known of an event that may have to go.

    Attributes:
        sequence: its place.
        event_type: wire value.
        size: bytes, with `OVERHEAD`.
    """

    sequence: int
    event_type: str
    size: int


class Waiting(NamedTuple):
    """A consumer for which retention may have to wait.

    Attributes:
        consumer: as it is kept.
        first_in_hand: lowest sequence that it was handed and that has no outcome; 0: none.
        put_back: those of them that wait to be handed out again.
    """

    consumer: Consumer
    first_in_hand: int
    put_back: frozenset[int]

    @property
    def position(self) -> int:
        """All events up to this one are done with."""
        if self.first_in_hand:
            return min(self.consumer.cursor, self.first_in_hand - 1)
        return self.consumer.cursor

    def is_owed(self, event: Kept) -> bool:
        """Tell whether it has to be handed this event (again)."""
        if event.sequence > self.consumer.cursor:
            return self.consumer.wants(event.event_type)
        return event.sequence in self.put_back


class Loss(NamedTuple):
    """Events that went before every consumer had them.

    Attributes:
        names: of the consumers that miss them, in order.
        first: lowest sequence.
        last: highest sequence.
        number: of events.
    """

    names: tuple[str, ...]
    first: int
    last: int
    number: int

    def plus(self, other: Loss | None) -> Loss:
        """Return both as one."""
        if other is None:
            return self
        return Loss(
            tuple(sorted({*self.names, *other.names})),
            min(self.first, other.first),
            max(self.last, other.last),
            self.number + other.number,
        )


def waited_for(
    all_of_them: Iterable[Waiting], now: float, options: EventLogOptions
) -> tuple[list[Waiting], list[Waiting]]:
    """Return those for which events are kept, and those that are not seen for too long."""
    yes: list[Waiting] = []
    no: list[Waiting] = []
    for waiting in all_of_them:
        consumer = waiting.consumer
        is_here = bool(consumer.owner) or now - consumer.seen_at <= options.abandoned_after
        (yes if is_here else no).append(waiting)
    return yes, no


def bound(waiting: Iterable[Waiting], head: int) -> int:
    """Return the sequence up to which everybody is done with all events."""
    return min((each.position for each in waiting), default=head)


def is_too_much(events: int, size: int, options: EventLogOptions) -> bool:
    """Tell whether the log is above its cap, so that events go whoever waits for them."""
    return events > options.cap_events or size > options.cap_bytes


def surplus(
    oldest: Sequence[Kept], events: int, size: int, done: int, options: EventLogOptions
) -> int:
    """Return how many of the oldest events, in order, are more than the log keeps.

    Args:
        oldest: in order of sequence.
        events: how many there are in all.
        size: bytes of all.
        done: see `bound`; events above it go only if the log is above its cap.
        options: what the log keeps.
    """
    number = 0
    for event in oldest:
        is_over = events > options.retention_events or size > options.retention_bytes
        if not (is_over and event.sequence <= done) and not is_too_much(events, size, options):
            break
        number, events, size = number + 1, events - 1, size - event.size
    return number


def lost(waiting: Iterable[Waiting], gone: Iterable[Kept]) -> Loss | None:
    """Return what consumers miss of events that went; None if nothing."""
    owed: dict[int, set[str]] = {}
    waiting = list(waiting)
    for event in gone:
        for each in waiting:
            if each.is_owed(event):
                owed.setdefault(event.sequence, set()).add(each.consumer.name)
    if not owed:
        return None
    names = {name for names in owed.values() for name in names}
    return Loss(tuple(sorted(names)), min(owed), max(owed), len(owed))


class RetentionNews:
    """Says what a person must hear of retention: once for each run of losses, once for a consumer.

    Args:
        on_loss: told of each loss: names of consumers, first and last sequence.
    """

    def __init__(self, on_loss: Callable[[tuple[str, ...], int, int], object] | None) -> None:
        self._on_loss = on_loss
        self._losing = False
        self._abandoned: frozenset[str] = frozenset()

    def tell(self, loss: Loss | None, abandoned: Iterable[str], options: EventLogOptions) -> None:
        """Tell what one look of retention has found."""
        names = frozenset(abandoned)
        for name in sorted(names - self._abandoned):
            logger.warning(
                "the consumer %s was not attached for more than %g s: the event log does not keep "
                "events for it any more (event_log.abandoned_after); attach it, or forget it",
                name,
                options.abandoned_after,
            )
        self._abandoned = names
        if loss is None:
            self._losing = False
            return
        if not self._losing:
            logger.error(
                "the event log is at its cap (event_log.cap_bytes, event_log.cap_events): events "
                "%s to %s are removed that %s has not had",
                loss.first,
                loss.last,
                ", ".join(loss.names),
            )
        self._losing = True
        if self._on_loss is not None:
            try:
                self._on_loss(loss.names, loss.first, loss.last)
            except Exception:
                logger.exception("the news of lost events was not taken")
