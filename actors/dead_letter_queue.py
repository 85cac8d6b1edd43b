"""The dead letter queue: what one asks and orders about deliveries that failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import msgspec
import pykka

from .dead_letter_log import LetterLog
from .dead_letter_options import DeadLetterOptions
from .dead_letter_records import as_plain
from .dead_letter_retry import Tries
from .dead_letter_rules import by_hand, dropped, health_of, why_not
from .dead_letters import (
    MOST,
    LetterError,
    LetterQuery,
    LetterStatus,
    Retried,
    StoredLetter,
    name_of,
    spellings,
)
from .errors import RingleaderError
from .events.errors import UnknownEventTypeError
from .events.resilience import DlqEventsPurged
from .future import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from .clock import Clock
    from .dead_letter_retry import Republish, Subscribers
    from .dead_letters import Decide, LetterGroup, LetterStatistics, LetterStore
    from .event_log import Then
    from .events.base import Event
    from .events.catalogue import Catalogue
    from .health import Health
    from .letters import Outcome

T = TypeVar("T")

logger = logging.getLogger("ringleader.dead_letters")

PATIENCE: Final = 10.0
"""Seconds that a call waits for the disk."""
FRESH: Final = 1.0
"""Seconds that a look waits for letters on their way to the disk."""
PAGE: Final = 50
"""Letters that an export reads at a time, with all that is in them."""
HOUR: Final = 3600.0


class DeadLetterQueue:
    """Looks at dead letters, tries them again, drops and forgets them. Safe from any thread.

    Looks and orders wait for the disk, not for handlers: a letter that is tried again is sent to
    the mailbox of the one subscriber that failed, with its own event id, and what came of it is
    seen in its status, or told by `retry` if that has a time-out.

    Every call raises `RingleaderError` if the disk refuses, or takes longer than 10 s.

    Args:
        store: of the letters.
        catalogue: of the event types.
        subscribers: who gets events; the registry's table.
        clock: for the time.
        options: when letters are tried again and given up.
        announce: publishes the queue's own events; None: they are not.
        republish: publishes an event that was shed and reached nobody; None: it can't be retried.
    """

    def __init__(
        self,
        store: LetterStore,
        *,
        catalogue: Catalogue,
        subscribers: Subscribers,
        clock: Clock,
        options: DeadLetterOptions | None = None,
        announce: Callable[[Event], object] | None = None,
        republish: Republish | None = None,
    ) -> None:
        self.options = DeadLetterOptions() if options is None else options
        self.log = LetterLog(clock.now, self.options.log_window)
        self.tries = Tries(
            store,
            catalogue=catalogue,
            subscribers=subscribers,
            clock=clock,
            options=self.options,
            republish=republish,
        )
        self._store, self._catalogue, self._clock = store, catalogue, clock
        self._announce = announce
        self.is_replayed = False
        """Whether letters of earlier runs were tried again; a restart of the keeper does not."""
        store.listener = self.log.note

    # ---------------------------------------------------------------- looking

    def pending(self, limit: int = 100, *, type: str | None = None) -> list[StoredLetter]:  # noqa: A002  # CloudEvents' word
        """Return letters that wait or are tried right now, the oldest first."""
        return self.find(self.query(type=type, statuses=("pending", "retrying"), limit=limit))

    def find(self, query: LetterQuery | None = None) -> list[StoredLetter]:
        """Return the letters that are meant, in order of number; all kinds, if nothing is said."""
        self._store.flush(FRESH)
        return self._store.find(LetterQuery() if query is None else query)

    @overload
    def get(self, which: int) -> StoredLetter | None: ...
    @overload
    def get(self, which: str) -> list[StoredLetter]: ...
    def get(self, which: int | str) -> StoredLetter | list[StoredLetter] | None:
        """Return a letter by its number, with all that is known; None if there is none.

        By the id of an event return the letters of all its subscribers that failed.
        """
        found = self.find(self._named(which, full=True))
        if isinstance(which, str):
            return found
        return found[0] if found else None

    def pending_count(self, *, type: str | None = None) -> int:  # noqa: A002  # as above
        """Return how many letters wait or are tried right now."""
        return self.count(self.query(type=type, statuses=("pending", "retrying")))

    def count(self, query: LetterQuery) -> int:
        """Return how many letters are meant, whatever the limit."""
        self._store.flush(FRESH)
        return self._store.count(query)

    def error_summary(self, limit: int = 20) -> list[LetterGroup]:
        """Return open letters in groups that are alike, the largest first."""
        self._store.flush(FRESH)
        return self._store.groups(limit)

    def statistics(self) -> LetterStatistics:
        """Return how many letters are kept, by status, type and reason."""
        self._store.flush(FRESH)
        return self._store.statistics()

    def health(self) -> Health:
        """Return how the queue fares: degraded above 1,000 pending, or half of all abandoned."""
        return health_of(self.statistics())

    def export(self, query: LetterQuery | None = None) -> Iterator[dict[str, Any]]:
        """Yield letters as JSON can hold them, payloads and death reports included.

        Goes on behind what it has read; `limit` is of all.
        """
        asked = LetterQuery(limit=MOST) if query is None else query
        self._store.flush(FRESH)
        left, after = asked.limit, asked.after
        while left > 0:
            page = msgspec.structs.replace(
                asked, after=after, limit=min(PAGE, left), full=True, newest=False
            )
            found = self._store.find(page)
            yield from map(as_plain, found)
            left -= len(found)
            if len(found) < page.limit:
                return
            after = found[-1].number

    def query(
        self,
        *,
        type: str | None = None,  # noqa: A002  # as above
        handler: str | None = None,
        reason: Outcome | None = None,
        statuses: tuple[LetterStatus, ...] | None = None,
        since: float | None = None,
        limit: int = 100,
    ) -> LetterQuery:
        """Return a query; `type` is an event type in any spelling, or the class of a message."""
        return LetterQuery(
            types=None if type is None else spellings(type, self._catalogue),
            handler=handler,
            reason=reason,
            statuses=statuses,
            since=since,
            limit=limit,
        )

    # ---------------------------------------------------------------- ordering

    def retry(self, which: int | str, *, timeout: float = 0.0) -> Retried:
        """Try a letter again now, due or not; by an event's id, those of all its subscribers.

        Args:
            which: number of the letter, or id of the event. If there is none, the answer is false.
            timeout: seconds to wait for what comes of it; not in the turn of an actor.
        """
        return self._retry(self._named(which), timeout)

    def retry_all(
        self,
        limit: int = 100,
        *,
        type: str | None = None,  # noqa: A002  # as above
        handler: str | None = None,
        reason: Outcome | None = None,
        status: LetterStatus = "pending",
        timeout: float = 0.0,
    ) -> Retried:
        """Try letters again now, due or not, the oldest first.

        Args:
            limit: how many at most.
            type: of the event, in any spelling.
            handler: path of the subscriber, or above it.
            reason: how the delivery ended.
            status: `abandoned` tries those again that were given up.
            timeout: as for `retry`.
        """
        query = self.query(
            type=type, handler=handler, reason=reason, statuses=(status,), limit=limit
        )
        return self._retry(query, timeout)

    def retry_each(self, numbers: Iterable[int], *, timeout: float = 0.0) -> Retried:
        """Try these letters again now, due or not."""
        wanted = tuple(numbers)
        return self._retry(LetterQuery(numbers=wanted, limit=max(1, len(wanted))), timeout)

    def drop(self, which: int | str | LetterQuery) -> int:
        """Give letters up for good: a number, an event's id, or a query; return how many."""
        query = which if isinstance(which, LetterQuery) else self._named(which)
        self._store.flush(FRESH)
        return len(self.change(query, lambda letter: dropped(letter, self._clock.time())))

    def cleanup(self, older_than_hours: float = 168.0, *, seconds: float | None = None) -> int:
        """Delete letters that are recovered, abandoned or dropped for so long; return how many.

        What is pending or under way is never deleted.
        """
        age = older_than_hours * HOUR if seconds is None else seconds
        count = number = self._purge(age)
        while number == MOST:
            number = self._purge(age)
            count += number
        if count:
            words = f"nothing happened to them for {age / HOUR:g} h"
            self.announce(DlqEventsPurged(count=count, reason=words))
        return count

    def _purge(self, age: float) -> int:
        before = self._clock.time() - age

        def start(then: Then[int]) -> None:
            self._store.purge(before, then=then)

        return self._ask(start)

    # ---------------------------------------------------------------- what the keeper uses, too

    def change(self, query: LetterQuery, decide: Decide) -> list[StoredLetter]:
        """Change letters as `decide` says; return those that were changed."""
        return self._ask(lambda then: self._store.change(query, decide, then))

    def send(self, query: LetterQuery, decide: Decide) -> tuple[list[int], dict[int, str]]:
        """Send the letters of which `decide` begins a try; return them, and why others were not."""
        begun: list[int] = []
        refused: dict[int, str] = {}
        changed = self.change(query, decide)
        numbers = [letter.number for letter in changed if letter.status == "retrying"]
        for start in range(0, len(numbers), PAGE):  # with their payloads: not all at once
            page = LetterQuery(numbers=tuple(numbers[start : start + PAGE]), limit=PAGE, full=True)
            for letter in self._store.find(page):
                why = self.tries.begin(letter)
                if why:
                    refused[letter.number] = why
                else:
                    begun.append(letter.number)
        return begun, refused

    def announce(self, event: Event) -> None:
        """Publish an event of the queue's own, if anybody takes it."""
        if self._announce is None:
            return
        try:
            self._announce(event)
        except RingleaderError as error:
            logger.warning("%s is not published: %s", event.EVENT.name, error)

    def max_age(self, letter: StoredLetter) -> float | None:
        """Return how old an event of this type may be, in seconds; None: its type does not say."""
        try:
            return self._catalogue.find(letter.event_type).EVENT.max_age
        except UnknownEventTypeError:
            return None

    def names(self, types: Collection[str]) -> tuple[str, ...]:
        """Return the names of event types, in order; those that are known no more as they are."""
        return tuple(sorted(name_of(kind, self._catalogue) for kind in types))

    def _named(self, which: int | str, *, full: bool = False) -> LetterQuery:
        if isinstance(which, str):
            return LetterQuery(event_id=which, limit=MOST, full=full)
        return LetterQuery(numbers=(which,), full=full)

    def _retry(self, query: LetterQuery, timeout: float) -> Retried:
        found = self.find(query)
        refused = {letter.number: why for letter in found if (why := why_not(letter))}
        numbers = tuple(letter.number for letter in found if letter.number not in refused)
        if not numbers:
            return Retried(refused=refused)
        wanted = LetterQuery(numbers=numbers, limit=len(numbers))
        begun, unsent = self.send(wanted, lambda letter: by_hand(letter, self._clock.time()))
        if timeout > 0:
            self.tries.wait(begun, timeout)
        return self._known(begun, refused | unsent)

    def _known(self, begun: list[int], refused: dict[int, str]) -> Retried:
        """Return what is known by now of tries that were begun."""
        if not begun:
            return Retried(refused=refused)
        letters = self.find(LetterQuery(numbers=tuple(begun), limit=len(begun)))
        return Retried(
            begun=tuple(begun),
            recovered=tuple(x.number for x in letters if x.status == "recovered"),
            failed=tuple(x.number for x in letters if x.status in ("pending", "abandoned")),
            refused=refused,
        )

    def _ask(self, start: Callable[[Then[T]], object]) -> T:
        reply: Reply[T] = Reply()

        def then(value: T | RingleaderError) -> None:
            if isinstance(value, RingleaderError):
                reply.fail(value)
            else:
                reply.set(value)

        start(then)
        try:
            return reply.get(timeout=PATIENCE)
        except pykka.Timeout:
            raise LetterError(
                f"the dead letters were not changed within {PATIENCE:g} s, because the disk does "
                "not answer; it is done as soon as it does"
            ) from None
