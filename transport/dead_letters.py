"""Dead letters in the file of the event log: nobody's turn waits for the disk, none is dropped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letter_records import letter_of_log, stored_letter
from ringleader.actors.dead_letter_rules import after_restart, failed_again
from ringleader.actors.dead_letters import MOST, LetterQuery, StoredLetter
from ringleader.actors.errors import RingleaderError

from . import letter_rows
from .death_records import record_of
from .letter_rows import BY_DELIVERY, CHANGE, INSERT, REPLACE, change_of, letter_of, row_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.consumer_rules import SetAside
    from ringleader.actors.dead_letter_records import Encode
    from ringleader.actors.dead_letters import Decide, LetterGroup, LetterStatistics
    from ringleader.actors.event_log import Then
    from ringleader.actors.letters import DeadLetter, DeathReport

    from .sqlite import Readable, Tables

R = TypeVar("R")

logger = logging.getLogger("ringleader.dead_letters")


class Writer(Protocol):
    """Runs operations on the file, in order, in a thread of its own; see `GroupWriter`."""

    def submit(self, operation: Callable[[Tables], R], then: Then[R] | None = None) -> None:
        """Run an operation when its turn comes; returns at once."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until all that was submitted so far is done; tell whether it was in time."""
        ...


class LetterArchive:
    """Looks up dead letters in a file.

    Args:
        source: the file, which whoever opened it closes.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant."""
        return letter_rows.find(self._source, query)

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant, whatever the limit."""
        return letter_rows.count(self._source, query)

    def groups(self, limit: int = 20) -> list[LetterGroup]:
        """Return groups of open letters that are alike, the largest first."""
        return letter_rows.groups(self._source, limit)

    def statistics(self) -> LetterStatistics:
        """Return how many are kept."""
        return letter_rows.statistics(self._source)


class SqliteLetters(LetterArchive):
    """A `LetterStore` in a SQLite file. What is put is formatted and written by the writer.

    As long as the disk refuses, letters wait in memory, in order, until it takes them.

    Args:
        source: the file, for looks into it.
        writer: changes it.
        encode: writes events, as the catalogue does.
        now: tells seconds UTC.
        options: the waits.
    """

    def __init__(
        self,
        source: Readable,
        writer: Writer,
        encode: Encode,
        now: Callable[[], float],
        options: DeadLetterOptions | None = None,
    ) -> None:
        super().__init__(source)
        self.listener: Callable[[StoredLetter], object] | None = None
        self._writer, self._encode = writer, encode
        self._options = DeadLetterOptions() if options is None else options
        interrupted = LetterQuery(statuses=("retrying",), limit=MOST)
        self.change(interrupted, lambda letter: after_restart(letter, now(), self._options))

    def put(self, letter: DeadLetter) -> None:
        """Keep a letter; of a delivery that has one already, what is new about it."""
        self._writer.submit(_Put(lambda: self._stored(letter)), self._kept)

    def put_aside(self, aside: SetAside) -> None:
        """Keep an event that is known as bytes only."""
        self._writer.submit(_Put(lambda: letter_of_log(aside, self._options)), self._kept)

    def change(
        self, query: LetterQuery, decide: Decide, then: Then[list[StoredLetter]] | None = None
    ) -> None:
        """Change letters, in one transaction."""

        def run(tables: Tables) -> list[StoredLetter]:
            found = letter_rows.find(tables, query)
            changed = [new for letter in found if (new := decide(letter)) is not None]
            for letter in changed:
                tables.write(CHANGE, change_of(letter))
            return changed

        self._writer.submit(run, then)

    def purge(self, before: float, *, limit: int = MOST, then: Then[int] | None = None) -> None:
        """Delete letters that are closed for long."""
        self._writer.submit(lambda tables: _purge(tables, before, limit), then)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put so far is kept; tell whether it was in time."""
        return self._writer.flush(timeout)

    def _stored(self, letter: DeadLetter) -> StoredLetter:
        return stored_letter(letter, self._options, self._encode, full_report)

    def _kept(self, letter: StoredLetter | RingleaderError) -> None:
        if isinstance(letter, RingleaderError):
            logger.error("a dead letter is not stored: %s", letter)
        elif self.listener is not None:
            self.listener(letter)


class _Put:
    """Writes a letter. It is formatted once, however often the disk refuses to take it."""

    __slots__ = ("_news", "_stored")

    def __init__(self, stored: Callable[[], StoredLetter]) -> None:
        self._stored = stored
        self._news: StoredLetter | None = None

    def __call__(self, tables: Tables) -> StoredLetter:
        news = self._news
        if news is None:
            news = self._news = self._stored()
        return keep(tables, news)


def keep(tables: Tables, news: StoredLetter) -> StoredLetter:
    """Write a letter as it came, or what it says anew of a delivery that has one already."""
    for (number,) in tables.rows(INSERT, (*row_of(news), news.event_id, news.path)):
        return replace(news, number=number)
    (known,) = tables.rows(BY_DELIVERY, (news.event_id, news.path))
    merged = failed_again(letter_of(known), news)
    tables.write(REPLACE, (*row_of(merged), merged.number))
    return merged


def keeper_of_asides(options: DeadLetterOptions) -> Callable[[Tables, SetAside], None]:
    """Return what keeps the events that the event log sets aside, within its transaction."""

    def keep_aside(tables: Tables, aside: SetAside) -> None:
        keep(tables, letter_of_log(aside, options))

    return keep_aside


def full_report(report: DeathReport) -> str:
    """Write a death report as JSON, as the record of deaths has it."""
    return msgspec.json.encode(record_of(_Reported(report))).decode()


class _Reported:
    """A death of which only the report is known: what was done about it was not decided yet."""

    decision = rule = ""
    left: int | None = None

    def __init__(self, report: DeathReport) -> None:
        self.report = report

    @property
    def cause(self) -> str:
        return self.report.cause


def _purge(tables: Tables, before: float, limit: int) -> int:
    return tables.write(
        "DELETE FROM dead_letters WHERE number IN (SELECT number FROM dead_letters "
        "WHERE status NOT IN ('pending', 'retrying') AND updated_at < ? ORDER BY number LIMIT ?)",
        (before, limit),
    )
