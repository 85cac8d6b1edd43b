"""Dead letters in memory: for systems without a data directory, and for tests."""

from __future__ import annotations

import itertools
from collections import Counter
from threading import RLock
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .dead_letter_options import DeadLetterOptions
from .dead_letter_records import Encode, Report, brief_report, letter_of_log, stored_letter
from .dead_letter_rules import failed_again
from .dead_letters import MOST, OPEN, LetterGroup, LetterQuery, LetterStatistics, StoredLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .consumer_rules import SetAside
    from .dead_letters import Decide, LetterStatus
    from .event_log import Then
    from .letters import DeadLetter

CAPACITY: Final = 10_000
"""Letters that are kept; memory has an end, and a file has not."""


class MemoryLetters:
    """A `LetterStore` in memory. Of more than `capacity` letters the oldest go, closed ones first.

    Everything is done when a call returns, and `then` was called in it.

    Args:
        encode: writes events, as the catalogue does.
        options: the waits.
        capacity: letters that are kept.
        report: writes death reports.
    """

    def __init__(
        self,
        encode: Encode,
        options: DeadLetterOptions | None = None,
        *,
        capacity: int = CAPACITY,
        report: Report = brief_report,
    ) -> None:
        self.listener: Callable[[StoredLetter], object] | None = None
        self.lost = 0
        """Letters that had to make room while they were open."""
        self._encode, self._report, self._capacity = encode, report, capacity
        self._options = DeadLetterOptions() if options is None else options
        self._lock = RLock()
        self._numbers = itertools.count(1)
        self._letters: dict[int, StoredLetter] = {}  # in order of number
        self._by_delivery: dict[tuple[str, str], int] = {}

    def put(self, letter: DeadLetter) -> None:
        """Keep a letter; of a delivery that has one already, what is new about it."""
        self._keep(stored_letter(letter, self._options, self._encode, self._report))

    def put_aside(self, aside: SetAside) -> None:
        """Keep an event that is known as bytes only."""
        self._keep(letter_of_log(aside, self._options))

    def _keep(self, news: StoredLetter) -> None:
        with self._lock:
            number = self._by_delivery.get((news.event_id, news.path)) if news.event_id else None
            if number is not None:
                news = failed_again(self._letters[number], news)
            else:
                news = replace(news, number=next(self._numbers))
                if news.event_id is not None:
                    self._by_delivery[news.event_id, news.path] = news.number
            self._letters[news.number] = news
            if len(self._letters) > self._capacity:
                self._make_room()
        if self.listener is not None:
            self.listener(news)

    def change(
        self, query: LetterQuery, decide: Decide, then: Then[list[StoredLetter]] | None = None
    ) -> None:
        """Change letters, at once."""
        changed: list[StoredLetter] = []
        with self._lock:
            for letter in self.find(query):
                new = decide(letter)
                if new is not None:
                    known = self._letters[letter.number]
                    self._letters[letter.number] = replace(
                        new, payload=known.payload, report=known.report
                    )
                    changed.append(new)
        if then is not None:
            then(changed)

    def purge(self, before: float, *, limit: int = MOST, then: Then[int] | None = None) -> None:
        """Delete letters that are closed for long."""
        with self._lock:
            old = [
                letter.number
                for letter in self._letters.values()
                if not letter.is_open and letter.updated_at < before
            ][:limit]
            for number in old:
                self._forget(number)
        if then is not None:
            then(len(old))

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant."""
        with self._lock:
            found = list(self._matching(query))
        if query.due is not None:
            found.sort(key=lambda letter: letter.next_retry_at or 0.0)
        found = found[-query.limit :] if query.newest else found[: query.limit]
        return found if query.full else [replace(x, payload=None, report="") for x in found]

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant."""
        with self._lock:
            return sum(1 for _ in self._matching(query))

    def groups(self, limit: int = 20) -> list[LetterGroup]:
        """Return groups of open letters that are alike."""
        alike: dict[tuple[str, ...], list[StoredLetter]] = {}
        for letter in self.find(LetterQuery(statuses=OPEN, limit=MOST)):
            key = (letter.event_type, letter.path, letter.reason, letter.fingerprint)
            alike.setdefault(key, []).append(letter)
        groups = [_group(letters) for letters in alike.values()]
        return sorted(groups, key=_rank)[:limit]

    def statistics(self) -> LetterStatistics:
        """Return how many are kept."""
        with self._lock:
            letters = list(self._letters.values())
        by_status: Counter[LetterStatus] = Counter(letter.status for letter in letters)
        return LetterStatistics(
            total=len(letters),
            by_status=dict(by_status),
            by_type=dict(Counter(letter.event_type for letter in letters)),
            by_reason=dict(Counter(str(letter.reason) for letter in letters)),
            oldest=min((x.created_at for x in letters if x.status == "pending"), default=None),
        )

    def flush(self, timeout: float) -> bool:
        """Return at once: nothing waits."""
        del timeout
        return True

    def _matching(self, query: LetterQuery) -> Iterator[StoredLetter]:
        numbers = query.numbers
        letters = (
            list(self._letters.values())
            if numbers is None
            else [self._letters[n] for n in sorted(set(numbers)) if n in self._letters]
        )
        return (letter for letter in letters if matches(letter, query))

    def _make_room(self) -> None:
        # Several at once: who is open is looked for in all of them.
        by_worth = sorted(self._letters.values(), key=lambda x: (x.is_open, x.number))
        for letter in by_worth[: max(1, self._capacity // 100)]:
            self.lost += letter.is_open
            self._forget(letter.number)

    def _forget(self, number: int) -> None:
        letter = self._letters.pop(number)
        if letter.event_id is not None:
            del self._by_delivery[letter.event_id, letter.path]


def matches(letter: StoredLetter, query: LetterQuery) -> bool:
    """Tell whether a letter is meant, whatever the limit."""
    handler = None if query.handler is None else query.handler.rstrip("/")
    return (
        letter.number > query.after
        and query.event_id in (None, letter.event_id)
        and (query.types is None or letter.event_type in query.types)
        and (handler is None or letter.path == handler or letter.path.startswith(f"{handler}/"))
        and query.reason in (None, letter.reason)
        and (query.statuses is None or letter.status in query.statuses)
        and (query.since is None or letter.created_at >= query.since)
        and (query.until is None or letter.created_at < query.until)
        and (
            query.due is None
            or (letter.next_retry_at is not None and letter.next_retry_at <= query.due)
        )
    )


def _rank(group: LetterGroup) -> tuple[int, float, str, str, str, str]:
    kind, reason = group.event_type, str(group.reason)
    return (-group.count, group.first, group.path, kind, reason, group.fingerprint)


def _group(letters: list[StoredLetter]) -> LetterGroup:
    last = letters[-1]
    return LetterGroup(
        event_type=last.event_type,
        path=last.path,
        reason=last.reason,
        fingerprint=last.fingerprint,
        error=last.error,
        count=len(letters),
        first=min(letter.created_at for letter in letters),
        last=max(letter.created_at for letter in letters),
    )
