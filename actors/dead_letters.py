"""Dead letters as they are kept: what a store of them holds, what can be asked, what it does.

Implemented in memory (`dead_letters_memory`) and on SQLite (`ringleader.transport.dead_letters`);
one suite of tests holds for both. All times are seconds UTC. What happens to a letter is decided by
the functions of `dead_letter_rules`, the same for both; a store only keeps what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol, TypeAlias, get_args

import msgspec

from .errors import RingleaderError
from .events.base import Envelope
from .events.errors import UnknownEventTypeError
from .letters import DeadLetterSink, Outcome

if TYPE_CHECKING:
    from .consumer_rules import SetAside
    from .event_log import Then
    from .events.catalogue import Catalogue

LetterStatus: TypeAlias = Literal["pending", "retrying", "recovered", "abandoned", "dropped"]
"""How far a letter is.

- `pending`: it waits to be tried again, by itself or by hand.
- `retrying`: a new try is under way; when the node ends meanwhile it is pending again.
- `recovered`: its subscriber has handled it in the end.
- `abandoned`: it was tried too often, or is too old: only a person tries it again.
- `dropped`: a person wants it no more, or it is a message, which nobody can try again.
"""
STATUSES: Final[tuple[LetterStatus, ...]] = get_args(LetterStatus)
OPEN: Final[tuple[LetterStatus, ...]] = ("pending", "retrying")
"""Letters of which something will come yet; they are never purged."""

MOST: Final = 100_000
"""Letters that one look can ask for."""


class LetterError(RingleaderError):
    """Dead letters can't be read or changed as was asked; the message says why.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: int = 1


class StoredLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One delivery, or message, that was not handled: there is one for each event and subscriber.

    Attributes:
        number: of the letter in its store; never used again.
        event_id: the event's id; None for a message that is no event.
        event_type: wire value of the event's type, or the class of a message.
        path: the subscriber for whom it was.
        status: see `LetterStatus`.
        reason: how the delivery ended, at its last try.
        error: what was wrong, in words; the last try's, too.
        created_at: when it failed first.
        updated_at: when anything about it changed last.
        retry_count: how often it was tried again without success.
        last_retry_at: when it was tried again last.
        next_retry_at: when it is due; None: never by itself.
        source: who published the event.
        fingerprint: what equal failures have in common; empty if no exception was the reason.
        consumer: the durable consumer whose delivery it was.
        note: what a message says, or why a letter is not tried again (at the moment).
        event_time: when the event was published.
        size: bytes of the payload; 0 if there is none.
        envelope: of the event.
        payload: the event as MessagePack; left out of a look that is not `full`.
        report: the death that it belongs to, as JSON; left out of a look that is not `full`.
    """

    number: int
    event_id: str | None
    event_type: str
    path: str
    status: LetterStatus
    reason: Outcome
    error: str
    created_at: float
    updated_at: float
    retry_count: int = 0
    last_retry_at: float | None = None
    next_retry_at: float | None = None
    source: str = ""
    fingerprint: str = ""
    consumer: str = ""
    note: str = ""
    event_time: float | None = None
    size: int = 0
    envelope: Envelope | None = None
    payload: bytes | None = None
    report: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something will come of it yet."""
        return self.status in OPEN

    @property
    def is_retryable(self) -> bool:
        """Whether it can be delivered again at all: a message can't."""
        return self.event_id is not None and self.envelope is not None and self.size > 0


class LetterQuery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which letters are meant; all that is given must hold. Answers are in order of number.

    Attributes:
        numbers: of the letters.
        event_id: the event's.
        types: wire values of event types, or classes of messages.
        handler: the subscriber's path, or one above it.
        reason: how the delivery ended.
        statuses: how far they are.
        since: from when on they failed first.
        until: before which they failed first.
        due: when they are due at the latest; those that are due first come first.
        after: numbers above this one.
        limit: how many at most.
        newest: the last ones instead of the first.
        full: with payloads and death reports.
    """

    numbers: tuple[int, ...] | None = None
    event_id: str | None = None
    types: tuple[str, ...] | None = None
    handler: str | None = None
    reason: Outcome | None = None
    statuses: tuple[LetterStatus, ...] | None = None
    since: float | None = None
    until: float | None = None
    due: float | None = None
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 100
    newest: bool = False
    full: bool = False


class LetterStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How many letters are kept.

    Attributes:
        total: of all.
        by_status: how far they are.
        by_type: wire values of event types, and classes of messages.
        by_reason: how the deliveries ended.
        oldest: when the oldest that is pending failed first; None if none is.
    """

    total: int = 0
    by_status: Mapping[LetterStatus, int] = {}  # msgspec copies an empty default
    by_type: Mapping[str, int] = {}
    by_reason: Mapping[str, int] = {}
    oldest: float | None = None

    @property
    def pending(self) -> int:
        """How many wait, or are tried right now."""
        return sum(self.by_status.get(status, 0) for status in OPEN)


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying letters again. It is true if any try was begun.

    Attributes:
        begun: numbers of the letters that were sent to their subscribers.
        recovered: of those that are handled by now.
        failed: of those that have failed again by now.
        refused: why others were not sent, by number.
    """

    begun: tuple[int, ...] = ()
    recovered: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    refused: dict[int, str] = {}  # msgspec copies an empty default

    @property
    def under_way(self) -> tuple[int, ...]:
        """Those of which nothing is known yet."""
        ended = {*self.recovered, *self.failed}
        return tuple(number for number in self.begun if number not in ended)

    def __bool__(self) -> bool:
        """Tell whether any try was begun."""
        return bool(self.begun)


class LetterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Open letters that are alike: one type, one subscriber, one reason and fingerprint.

    Attributes:
        event_type: wire value.
        path: the subscriber.
        reason: how the deliveries ended.
        fingerprint: what the failures have in common.
        error: of the latest.
        count: how many.
        first: when the oldest failed.
        last: when the latest did.
    """

    event_type: str
    path: str
    reason: Outcome
    fingerprint: str
    error: str
    count: int
    first: float
    last: float


Decide: TypeAlias = Callable[[StoredLetter], StoredLetter | None]
"""Returns a letter as it shall be, or None to leave it as it is. Must return at once, and may be
asked twice."""


class LetterStore(DeadLetterSink, Protocol):
    """Keeps dead letters. Safe to use from any thread.

    What changes something returns at once and is done in order; `then` is called once, with the
    result or the error, in a thread of the store's, and must return at once, too.
    """

    listener: Callable[[StoredLetter], object] | None
    """Told of each letter that `put` has kept; must return at once."""

    def put_aside(self, aside: SetAside) -> None:
        """Keep an event that is known as bytes only, as `put` keeps others."""
        ...

    def change(
        self, query: LetterQuery, decide: Decide, then: Then[list[StoredLetter]] | None = None
    ) -> None:
        """Change letters as `decide` says, all at once; `then` hears of those that were changed.

        Kept is what the rules may change: status, reason, note, error, and what is known of tries.
        """
        ...

    def purge(self, before: float, *, limit: int = MOST, then: Then[int] | None = None) -> None:
        """Delete letters that are not open, and about which nothing has changed since `before`.

        `then` hears how many, the oldest first, `limit` at most.
        """
        ...

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant; may wait for the disk."""
        ...

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant, whatever the limit; may wait for the disk."""
        ...

    def groups(self, limit: int = 20) -> list[LetterGroup]:
        """Return groups of open letters that are alike, the largest first; may wait."""
        ...

    def statistics(self) -> LetterStatistics:
        """Return how many are kept; may wait for the disk."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put so far is kept; tell whether it was in time."""
        ...


def spellings(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return what a type may be called in a store, given any spelling of its name."""
    try:
        known = catalogue.find(name).EVENT.value
    except UnknownEventTypeError:
        known = name.lower()
    return tuple(dict.fromkeys((known, name, name.lower())))


def name_of(kind: str, catalogue: Catalogue) -> str:
    """Return the name of an event type; a value that is not known (any more) as it is."""
    try:
        return catalogue.canonical(kind)
    except UnknownEventTypeError:
        return kind
