"""Dead letters for who is not the node: asked of it while it runs, else read in its file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec.structs import replace

from ringleader.actors.dead_letters import LetterQuery, Retried, StoredLetter
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.events.catalogue import Catalogue
from ringleader.transport.dead_letters import LetterArchive
from ringleader.transport.event_store import read_events

from .connection import Connection
from .dlq_desk import fitting, sums_of
from .dlq_questions import (
    BATCH,
    PAGE,
    CountLetters,
    DropLetters,
    FindLetters,
    LetterSums,
    PurgeLetters,
    RetryLetters,
    SumLetters,
)
from .node_errors import NoNode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .datadir import DataDir

Source: TypeAlias = Literal["node", "file"]

TIMEOUT = 15.0
"""Seconds that an answer may take, beside what it waits for: a disk may be slow."""


class Letters(Protocol):
    """Looks at dead letters."""

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant, or as many as fit into one answer."""
        ...

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant, whatever the limit."""
        ...

    def sums(self) -> LetterSums:
        """Return how they fare."""
        ...


class FileLetters:
    """Letters of a node that does not run."""

    def __init__(self, store: LetterArchive | MemoryLetters) -> None:
        self._store = store

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant, or as many as are looked at at once."""
        return self._store.find(fitting(query))

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant, whatever the limit."""
        return self._store.count(query)

    def sums(self) -> LetterSums:
        """Return how they fare."""
        return sums_of(self._store.statistics(), self._store.groups())


class NodeLetters:
    """Letters of a node that runs; what is ordered is done there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, query: LetterQuery) -> list[StoredLetter]:
        """Return the letters that are meant, or as many as fit into one answer."""
        return self._connection.ask(FindLetters(query=query), list[StoredLetter])

    def count(self, query: LetterQuery) -> int:
        """Return how many are meant, whatever the limit."""
        return self._connection.ask(CountLetters(query=query), int)

    def sums(self) -> LetterSums:
        """Return how they fare."""
        return self._connection.ask(SumLetters(), LetterSums)

    def retry(self, numbers: list[int], wait: float) -> Iterator[Retried]:
        """Try letters again, some at a time; yield what came of each batch.

        Args:
            numbers: of the letters.
            wait: seconds to wait for what comes of one batch.
        """
        for start in range(0, len(numbers), BATCH):
            order = RetryLetters(numbers=tuple(numbers[start : start + BATCH]), wait=wait)
            yield self._connection.ask(order, Retried, wait + TIMEOUT)

    def drop(self, numbers: list[int]) -> int:
        """Try letters no more; return how many were dropped."""
        return sum(
            self._connection.ask(DropLetters(numbers=tuple(numbers[start : start + PAGE])), int)
            for start in range(0, len(numbers), PAGE)
        )

    def purge(self, age: float) -> int:
        """Delete letters that are closed, and to which nothing happened for `age` seconds."""
        return self._connection.ask(PurgeLetters(age=age), int)


@contextmanager
def node_letters(data: DataDir) -> Generator[NodeLetters]:
    """Give the letters of the node that runs on a data directory.

    Raises:
        NoNode: none does.
    """
    with Connection(data.socket, TIMEOUT) as connection:
        yield NodeLetters(connection)


@contextmanager
def open_letters(data: DataDir) -> Generator[tuple[Letters, Source]]:
    """Give the letters of a data directory, whether a node runs on it or not, and their source.

    Raises:
        EventLogError: the file is damaged, or not ours.
    """
    try:
        connection = Connection(data.socket, TIMEOUT)
    except NoNode:
        connection = None
    if connection is not None:
        with connection:
            yield NodeLetters(connection), "node"
    elif not data.events.exists():
        yield FileLetters(MemoryLetters(Catalogue().encode)), "file"
    else:
        with read_events(data.events) as file:
            yield FileLetters(LetterArchive(file)), "file"


def pages(letters: Letters, query: LetterQuery) -> Iterator[list[StoredLetter]]:
    """Yield all letters that are meant, up to the limit, page by page, the oldest first."""
    left, after = query.limit, query.after
    while left > 0:
        found = letters.find(replace(query, after=after, limit=left, newest=False))
        if not found:
            return
        yield found
        left, after = left - len(found), found[-1].number
