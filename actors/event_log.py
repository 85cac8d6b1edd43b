"""The event log, as the registry and consumers see it: what is kept of events, in order.

An event whose type is durable or bridged is committed here before anyone sees it. A consumer is a
name with a cursor: it is handed every event of its types once, over restarts of its process and
of the node. What was handed out and has no outcome yet is *in hand*; when its holder is gone
(killed, lease run out), an event in hand becomes a dead letter `interrupted`, or is handed out
again if the consumer is idempotent.

Implemented in memory (`event_log_memory`) and on SQLite (`ringleader.transport.event_log`); one
suite of tests holds for both. Methods with `then` return at once; `then` is called once, with the
result or with the error, in a thread of the log's, and must return at once, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from .errors import RingleaderError
from .events.base import Envelope
from .letters import Outcome  # noqa: TC001  # in a NamedTuple that codecs read

if TYPE_CHECKING:
    from .publication import Publication

T = TypeVar("T")
Then: TypeAlias = Callable[[T | RingleaderError], object]
Listener: TypeAlias = Callable[["Sequence[Publication]"], Callable[[], object] | None]


class EventLogError(RingleaderError):
    """The event log can't be read or written; says why, and what would be right.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: int = 1


class ConsumerTaken(EventLogError):  # noqa: N818  # a state of the consumer
    """Another owner holds the consumer, or who asks does not hold it (any more)."""


class NoSuchConsumer(EventLogError):  # noqa: N818  # a state of the log
    """No consumer has this name."""


class Record(msgspec.Struct, frozen=True):
    """One event in the log.

    Attributes:
        sequence: its place; grows by one or more, and is never used again.
        envelope: with `sequence` and `epoch`.
        payload: MessagePack, as published.
    """

    sequence: int
    envelope: Envelope
    payload: bytes


class ConsumerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a consumer wants.

    Attributes:
        name: of the consumer; its cursor is kept under it.
        types: wire values of the event types that it gets; None: all that are logged.
        idempotent: what was in hand when its holder was gone is handed out again, once; otherwise
            it becomes a dead letter `interrupted` and is not handed out again.
        start: where a name begins that the log does not know yet: with what is appended from now
            on, with the first event that is kept, or after a sequence number.
        lease: seconds for which its holder need not be heard of; None: as long as the node runs.
    """

    name: str
    types: tuple[str, ...] | None = None
    idempotent: bool = False
    start: Literal["new", "first"] | int = "new"
    lease: float | None = None


class Settled(NamedTuple):
    """The outcome of one event for one consumer.

    Attributes:
        sequence: of the event.
        outcome: how it ended; anything but `HANDLED` makes a dead letter if `letter` is true.
        detail: what more is known, in words.
        letter: whether the log itself sets a dead letter aside; not if somebody else has done so.
    """

    sequence: int
    outcome: Outcome
    detail: str = ""
    letter: bool = False


class Fetched(NamedTuple):
    """What a consumer was handed.

    Attributes:
        records: in order; they are in hand from now on.
        more: whether there is more for it right now.
    """

    records: tuple[Record, ...]
    more: bool


class ConsumerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How far a consumer has come.

    Attributes:
        name: of the consumer.
        types: wire values of what it wants; None: all.
        idempotent: see `ConsumerSpec`.
        cursor: sequence of the last event that it was handed, or that was skipped for it.
        in_hand: events handed out without an outcome.
        lag: events that wait to be handed to it, for the first time or again.
        owner: who holds it; empty if nobody does.
        lease_until: seconds UTC at which the lease runs out; None: it has none.
        active: whether it is attached now.
    """

    name: str
    types: tuple[str, ...] | None
    idempotent: bool
    cursor: int
    in_hand: int
    lag: int
    owner: str = ""
    lease_until: float | None = None
    active: bool = False


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to read; all that is given must hold.

    Attributes:
        after: sequence numbers above this one.
        types: wire values.
        source: who published it: this path, or below it.
        since: seconds UTC, from when on it was published.
        until: seconds UTC, before which.
        event_id: the event's own id.
        correlation: all events of one undertaking: its correlation id, or the id of its first.
        limit: how many at most.
        newest: the last ones instead of the first; given in order of sequence all the same.
    """

    after: int = 0
    types: tuple[str, ...] | None = None
    source: str | None = None
    since: float | None = None
    until: float | None = None
    event_id: str | None = None
    correlation: str | None = None
    limit: int = 100
    newest: bool = False


class LogStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the log.

    Attributes:
        head: sequence of the newest event; 0 if there never was one.
        first: sequence of the oldest that is kept; 0 if there is none.
        events: how many are kept.
        bytes: size of the file, in bytes; 0 in memory.
        waiting: appended, but not committed yet.
        commits: transactions so far, in this process.
        pruned: events removed so far, in this process.
        lost_to_cap: events removed before every consumer had them, in this process.
        trouble: why nothing can be written at the moment; empty if it can.
    """

    head: int
    first: int
    events: int
    bytes: int = 0
    waiting: int = 0
    commits: int = 0
    pruned: int = 0
    lost_to_cap: int = 0
    trouble: str = ""


def packed(envelope: Envelope) -> bytes:
    """Return an envelope as it is kept: MessagePack, without the sequence.

    Raises:
        EventLogError: it can't be written.
    """
    if envelope.sequence is not None:
        envelope = replace(envelope, sequence=None)
    try:
        return msgspec.msgpack.encode(envelope)
    except UnicodeEncodeError as error:
        raise EventLogError(
            f"the event {envelope.id!r} can't be kept, its envelope has a lone surrogate: {error}"
        ) from error


class EventLog(Protocol):
    """Keeps events in order, and how far each consumer has come. Safe to use from any thread."""

    listener: Listener | None
    """Told, in the order of `append`, what is committed. Set by the registry before it appends.

    What it returns is called behind the answers to fetches that this commit ends: the way to
    another process is longer than to the registry, and begins first.
    """

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment (disk full, read-only); empty if it can.

        What was appended is kept and tried again until it is written.
        """
        ...

    def append(self, publication: Publication) -> None:
        """Commit an event, then tell the listener; return at once.

        One that is not `is_logged` is only passed on, behind what was appended before it; but it
        does not wait for a disk that takes nothing (`trouble`). When an event is committed its
        `sequence` is set. An id that is in the log already is not written again: its `sequence`
        is then negative, minus the one that it has there.

        Raises:
            EventLogError: its envelope can't be written (a lone surrogate), or the log is closed.
        """
        ...

    def attach(self, spec: ConsumerSpec, owner: str, then: Then[ConsumerInfo]) -> None:
        """Become the holder of a consumer, which is made if it is new.

        Another spec for a known name replaces the old one; its cursor stays. What an owner had in
        hand whose lease has run out is treated as the old spec says (handed out again, or a dead
        letter). Who holds it already keeps what it has in hand.

        Errors: `ConsumerTaken`: another owner holds it, and its lease has not run out;
        `EventLogError`: no name, no owner, no type, or a lease that is not positive.
        """
        ...

    def fetch(
        self, name: str, owner: str, limit: int, then: Then[Fetched], *, wait: bool = False
    ) -> None:
        """Hand out the next events, at most `limit`; renews the lease. None come if there are none.

        What was put back comes first, then what is behind the cursor; all in order.

        With `wait` it is answered when there are some, which the commit hands out that brings
        them. It comes back with none if its owner fetches again, attaches, detaches or hands
        something back, and if the consumer is rewound. To wait renews no lease: `settle` does.

        Errors: `NoSuchConsumer`, `ConsumerTaken`, also while it waits; `EventLogError`: `limit` is
        less than 1; the log is closed, also while it waits.
        """
        ...

    def settle(
        self, name: str, owner: str, outcomes: Sequence[Settled], then: Then[int] | None = None
    ) -> None:
        """Note outcomes of events in hand, for good; `then` hears how many were in hand still.

        An event that is not in hand any more (the lease ran out) is left as it is. The outcome
        `HANDED_OVER` puts an event back, as `hand_back`. Renews the lease.
        """
        ...

    def hand_back(self, name: str, owner: str, sequences: Sequence[int]) -> None:
        """Put events in hand back that were not begun: they are handed out again.

        Renews the lease. With no sequences, too, it ends a fetch that waits.
        """
        ...

    def detach(self, name: str, owner: str, then: Then[bool] | None = None) -> None:
        """Let go of a consumer. What is in hand is treated as after a kill; the cursor stays.

        `then` hears whether `owner` held it.
        """
        ...

    def forget(self, name: str, then: Then[bool]) -> None:
        """Delete a consumer, held or not, with its cursor; `then` hears whether there was one."""
        ...

    def rewind(self, name: str, after: int, then: Then[ConsumerInfo]) -> None:
        """Set a consumer's cursor, so that it is handed what follows `after` (again).

        What is in hand above `after` is so no more: it is handed out as if for the first time.

        Errors: `NoSuchConsumer`.
        """
        ...

    def reclaim(self, now: float) -> None:
        """Detach the consumers whose leases have run out at `now` (seconds UTC)."""
        ...

    def consumers(self) -> list[ConsumerInfo]:
        """Return all consumers, by name; may wait for the disk."""
        ...

    def read(self, query: LogQuery) -> list[Record]:
        """Return the events that match; may wait for the disk."""
        ...

    def statistics(self) -> LogStatistics:
        """Return what is in the log; may wait for the disk."""
        ...

    def prune(self, now: float) -> None:
        """Remove what retention allows, as of `now` (seconds UTC).

        The cursor of a consumer whose fetch waits moves to the head first: what it was not handed
        it does not want, and is not kept for it.
        """
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until all that was asked for so far is done; tell whether it was in time."""
        ...

    def close(self, timeout: float = 5.0) -> bool:
        """Finish what was asked for, and let go of everything; tell whether that was in time."""
        ...
