"""What a consumer outside the node has in hand: events to handle, and outcomes to tell."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal

from ringleader.actors.event_log import EventLogError, Settled
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.letters import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.event_log import Record
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.events.catalogue import Catalogue

    from .consumer_choice import Choice
    from .event_questions import Batch

logger = logging.getLogger("ringleader.client")

LONGEST_DETAIL: Final = 20_000
"""Characters of an error and its traceback that are kept with a dead letter."""


class Delivery:
    """One event for this consumer, until it is said how it ended. Say it in any thread.

    As a context manager it gives the event; the end of the block is `done`, and an exception that
    leaves it is `failed` with that.

    Attributes:
        event: what happened.
        envelope: who says it, when and why.
        sequence: its place in the event log; 0 if it has none.
    """

    def __init__(
        self, event: Event, envelope: Envelope, sequence: int, settle: Callable[[Settled], None]
    ) -> None:
        self.event, self.envelope, self.sequence = event, envelope, sequence
        self._settle: Callable[[Settled], None] | None = settle

    def done(self) -> None:
        """Say that it is handled: it will not come again."""
        self._end(Settled(self.sequence, Outcome.HANDLED))

    def failed(self, error: BaseException | str) -> None:
        """Say that it could not be handled: it becomes a dead letter, and the next one comes."""
        self._end(Settled(self.sequence, Outcome.FAILED, _detail(error), letter=True))

    def _end(self, settled: Settled) -> None:
        settle, self._settle = self._settle, None
        if settle is None:
            raise EventLogError(
                f"{self.envelope.type} {self.envelope.id} has its outcome already; say it once"
            )
        settle(settled)

    def __enter__(self) -> Event:
        """Return the event."""
        return self.event

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Say how it ended, if that is not said yet."""
        if self._settle is not None and isinstance(error, Exception | None):
            if error is None:
                self.done()
            else:
                self.failed(error)
        return False

    def __repr__(self) -> str:
        return f"<Delivery {self.envelope.type} {self.envelope.id}>"


class Hand:
    """What a consumer was handed and has not begun, and outcomes that the node has not heard.

    Args:
        catalogue: the types that are known here.
        choice: what the consumer asked for.
        on_settled: called in the thread that says an outcome.
    """

    def __init__(
        self, catalogue: Catalogue, choice: Choice, on_settled: Callable[[], object]
    ) -> None:
        self._catalogue, self._choice, self._on_settled = catalogue, choice, on_settled
        self._records: deque[Record] = deque()
        self._outcomes: list[Settled] = []
        self._begun = 0
        self._one_by_one = 0
        self._lock = Lock()
        self.is_incomplete = False
        """Whether the node believes that something is in hand here that never came."""
        self.missed = 0
        """Events that the node had no room for."""
        self.unreadable = 0
        """Events of unknown types, or that can't be decoded here."""

    def attached(self, in_hand: int) -> None:
        """Take note that the consumer is attached, and what the node believes to be in hand."""
        if self._choice.is_durable:
            self._one_by_one = self._choice.batch - 1
            with self._lock:
                held = len(self._records) + self._begun + len(self._outcomes)
            self.is_incomplete = in_hand > held

    @property
    def limit(self) -> int:
        """Events to ask for: at first one at a time, any of them may have killed an earlier holder.

        Those that were in hand with it must not be taken for the culprit, too.
        """
        return 1 if self._one_by_one > 0 else self._choice.batch

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in hand, and the node has heard of all outcomes."""
        with self._lock:
            return not (self._records or self._begun or self._outcomes)

    def take(self, batch: Batch) -> None:
        """Take what was handed."""
        self._records.extend(batch.events)
        self._one_by_one -= len(batch.events)
        if batch.missed:
            self.missed += batch.missed
            logger.warning("%s events were missed: they came faster than read", batch.missed)

    def next(self) -> Delivery | None:
        """Begin the next event; None if there is none."""
        while self._records:
            record = self._records.popleft()
            try:
                event = self._catalogue.decode(record.envelope.type, record.payload)
            except UnknownEventTypeError as error:
                self._skip(record, Outcome.UNKNOWN_TYPE, error)
            except EventValidationError as error:
                self._skip(record, Outcome.POISON, error)
            else:
                with self._lock:
                    self._begun += 1
                return Delivery(event, record.envelope, record.sequence, self._settle)
        return None

    def outcomes(self) -> tuple[Settled, ...]:
        """Return what the node has not heard yet."""
        with self._lock:
            return tuple(self._outcomes)

    def told(self, outcomes: tuple[Settled, ...]) -> None:
        """Take note that the node has heard these."""
        with self._lock:
            del self._outcomes[: len(outcomes)]

    def unbegun(self) -> tuple[int, ...]:
        """Give up what was not begun; return it by its sequence numbers."""
        left = tuple(record.sequence for record in self._records)
        self._records.clear()
        return left

    def _settle(self, settled: Settled) -> None:
        with self._lock:
            self._begun -= 1
            if self._choice.is_durable:
                self._outcomes.append(settled)
        if self._choice.is_durable:
            self._on_settled()

    def _skip(self, record: Record, outcome: Outcome, error: Exception) -> None:
        self.unreadable += 1
        logger.warning("%s is not handed on: %s", record.envelope.id, error)
        if self._choice.is_durable:
            with self._lock:
                self._outcomes.append(Settled(record.sequence, outcome, str(error), letter=True))


def _detail(error: BaseException | str) -> str:
    """Say what went wrong: in its first line in short, and with a traceback if there is one."""
    if isinstance(error, str):
        return error[:LONGEST_DETAIL]
    short = f"{type(error).__name__}: {error}"[: LONGEST_DETAIL // 4]
    trace = "".join(traceback.format_exception(error))
    return f"{short}\n{trace[len(short) - LONGEST_DETAIL :]}".rstrip()
