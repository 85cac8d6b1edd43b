"""Dead letters: messages that could not be handled, kept with the reason."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from .reasons import describe, text_of
from .value_errors import frames_of

if TYPE_CHECKING:
    from .events.base import Envelope
    from .incarnation import Incarnation
    from .lifecycle import Reason


class Outcome(StrEnum):
    """How a message or a delivery can end. Each ends in exactly one of these."""

    HANDLED = "handled"
    FAILED = "failed"
    """Its handler raised."""
    INTERRUPTED = "interrupted"
    """Its incarnation was ended from outside with the message in hand; what was done is unknown."""
    TIMED_OUT = "timed_out"
    EXPIRED = "expired"
    """It came too late to mean anything: the timer of an incarnation that is no more."""
    DEDUPLICATED = "deduplicated"
    REJECTED = "rejected"
    """The mailbox was full, and the sender was told."""
    UNDELIVERABLE = "undeliverable"
    """Nobody will read the mailbox any more, or it had to make room."""
    UNKNOWN_TYPE = "unknown_type"
    """An event whose type nobody here knows: of a newer version, or not registered."""
    POISON = "poison"
    """It can't be decoded, or whoever handled it never came back, again and again."""
    HANDED_OVER = "handed_over"
    """It goes back to the event log, for a later life of its durable consumer: no dead letter."""
    RETRIED = "retried"
    """Its handler is idempotent, so that it was put back once after an interruption."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not handled.

    Attributes:
        path: for whom it was.
        message: the message itself; for an event's delivery the event.
        reason: the outcome.
        time: when, seconds UTC.
        detail: what more is known, in words.
        report: the death it belongs to, if an incarnation ended with it in hand.
        event_id: the event's id, if it is an event.
        envelope: of the event, if it is one.
        consumer: the durable consumer whose delivery it was; empty for transient subscribers.
    """

    path: str
    message: Any
    reason: Outcome
    time: float
    detail: str = ""
    report: DeathReport | None = None
    event_id: str | None = None
    envelope: Envelope | None = None
    consumer: str = ""


@dataclass(frozen=True, slots=True)
class DeathReport:
    """What is known of the end of an incarnation.

    Attributes:
        path: where it lived.
        number: which life at that path it was.
        reason: an exception, or one of OTP's reasons.
        time: when, seconds UTC.
        uptime: seconds from its launch to its end.
        depth: messages that waited in its mailbox.
        in_hand: the message it was at, if any.
        stack: where its turn was, as text, if it was ended in the middle of one.
    """

    path: str
    number: int
    reason: Reason
    time: float
    uptime: float
    depth: int
    in_hand: Any = None
    stack: str = ""

    @property
    def cause(self) -> str:
        """The reason in a few words: `ValueError: no such game`, or `killed`."""
        return describe(self.reason)

    @property
    def fingerprint(self) -> str:
        """What equal crashes have in common: the exception's type and its frames."""
        return fingerprint_of(self.reason)


def fingerprint_of(reason: Reason) -> str:
    """Return what equal crashes have in common: the exception's type and its frames."""
    if not isinstance(reason, BaseException):
        return text_of(reason)
    return " < ".join([type(reason).__name__, *frames_of(reason)])


@dataclass(frozen=True, slots=True)
class Decision:
    """What a supervisor did about an incarnation that ended.

    Attributes:
        words: what is done: `restarted with 2 siblings in 5 s`, `left down`, ...
        rule: by which rule.
        left: how many restarts the rule still allows within its window; None where none counted.
    """

    words: str
    rule: str = ""
    left: int | None = None


class DeadLetterSink(Protocol):
    """Where dead letters go."""

    def put(self, letter: DeadLetter) -> None:
        """Keep a letter; called from any thread, must not block."""
        ...


class DeadLetters:
    """The last `capacity` dead letters of a system in memory, and counts of all."""

    def __init__(self, capacity: int = 1_000) -> None:
        self._letters: deque[DeadLetter] = deque(maxlen=capacity)
        self._counts: Counter[Outcome] = Counter()

    def put(self, letter: DeadLetter) -> None:
        """Keep a letter; the oldest goes when there are too many."""
        self._letters.append(letter)
        self._counts[letter.reason] += 1

    def letters(self) -> list[DeadLetter]:
        """Return what is kept, oldest first."""
        return list(self._letters)

    def counts(self) -> dict[Outcome, int]:
        """Return how many there ever were, by reason."""
        return dict(self._counts)

    def __len__(self) -> int:
        """Return how many there ever were."""
        return sum(self._counts.values())


class EventSink(Protocol):
    """Hears of every start and end, in the turn in which it happens, before anyone is told."""

    def started(self, incarnation: Incarnation, outcome: Any) -> None:
        """Hear how a start went; `outcome` is `Up`, `Ignored` or `Failed`."""
        ...

    def exited(self, incarnation: Incarnation, report: DeathReport) -> None:
        """Hear of the end of an incarnation that was up."""
        ...

    def report(self, supervisor: Incarnation, context: str, child: Any, reason: Reason) -> None:
        """Hear what OTP would log: `context` is OTP's word, `child` the child's id."""
        ...

    def decided(
        self, supervisor: Incarnation, child: Incarnation, reason: Reason, decision: Decision
    ) -> None:
        """Hear what a supervisor did about a child that ended."""
        ...


class NoSink:
    """Hears nothing."""

    def started(self, incarnation: Incarnation, outcome: Any) -> None:
        """Ignore it."""

    def exited(self, incarnation: Incarnation, report: DeathReport) -> None:
        """Ignore it."""

    def report(self, supervisor: Incarnation, context: str, child: Any, reason: Reason) -> None:
        """Ignore it."""

    def decided(
        self, supervisor: Incarnation, child: Incarnation, reason: Reason, decision: Decision
    ) -> None:
        """Ignore it."""
