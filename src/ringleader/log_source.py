"""Events for who is not the node: asked of it while it runs, else read in its file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace

from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import ConsumerInfo, LogQuery, LogStatistics, Record
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events.catalogue import Catalogue
from ringleader.transport.dead_letters import LetterArchive
from ringleader.transport.event_archive import EventArchive

from .connection import Connection
from .dlq_source import FileLetters, NodeLetters
from .log_desk import page
from .log_questions import (
    LONGEST_WAIT,
    BeginReplay,
    FindEvents,
    FindPast,
    ForgetConsumer,
    GoOnReplaying,
    ListConsumers,
    PastEvent,
    PlanReplay,
    Replayed,
    ReplayPlan,
    RewindConsumer,
    SumLog,
)
from .node_errors import NoNode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .datadir import DataDir
    from .dlq_source import Letters, Source
    from .log_questions import PastQuery, ReplayOrder

TIMEOUT: Final = 30.0
"""Seconds that an answer may take, beside what it waits for: a long log takes a while to count."""


class Log(Protocol):
    """What can be read of an event log."""

    def read(self, query: LogQuery) -> list[Record]:
        """Return the events that match."""
        ...

    def consumers(self) -> list[ConsumerInfo]:
        """Return all consumers, by name."""
        ...

    def statistics(self) -> LogStatistics:
        """Return what is in the log."""
        ...


class Events(Protocol):
    """Looks at events.

    Attributes:
        letters: dead letters of the same data directory.
    """

    letters: Letters

    def find(self, query: LogQuery) -> list[Record]:
        """Return the events of the log that are meant, or as many as fit into one answer."""
        ...

    def past(self, query: PastQuery) -> list[PastEvent] | None:
        """Return the events that the node remembers; None: no node runs."""
        ...

    def consumers(self) -> list[ConsumerInfo]:
        """Return all durable consumers, by name."""
        ...

    def statistics(self) -> LogStatistics:
        """Return how the log fares."""
        ...


class FileEvents:
    """Events of a node that does not run."""

    def __init__(self, log: Log, letters: Letters) -> None:
        self.letters, self._log = letters, log
        self.consumers, self.statistics = log.consumers, log.statistics

    def find(self, query: LogQuery) -> list[Record]:
        """Return the events of the log that are meant, or as many as are looked at at once."""
        return page(self._log.read, query)

    def past(self, query: PastQuery) -> None:
        """Return that nobody remembers any."""


class NodeEvents:
    """Events of a node that runs; what is ordered is done there.

    Attributes:
        letters: its dead letters.
    """

    letters: Letters

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.letters = NodeLetters(connection)

    def find(self, query: LogQuery) -> list[Record]:
        """Return the events of the log that are meant, or as many as fit into one answer."""
        return self._connection.ask(FindEvents(query=query), list[Record])

    def past(self, query: PastQuery) -> list[PastEvent]:
        """Return the events that the node remembers."""
        return self._connection.ask(FindPast(query=query), list[PastEvent])

    def consumers(self) -> list[ConsumerInfo]:
        """Return all durable consumers, by name."""
        return self._connection.ask(ListConsumers(), list[ConsumerInfo])

    def statistics(self) -> LogStatistics:
        """Return how the log fares."""
        return self._connection.ask(SumLog(), LogStatistics)

    def forget(self, name: str) -> None:
        """Delete a durable consumer.

        Raises:
            NoSuchConsumer: there is none of this name.
            EventLogError: somebody holds it.
        """
        self._connection.ask(ForgetConsumer(consumer=name), type(None))

    def plan(self, order: ReplayOrder) -> ReplayPlan:
        """Return what a replay would do.

        Raises:
            EventLogError: it can't be meant; says why.
        """
        return self._connection.ask(PlanReplay(order=order), ReplayPlan)

    def rewind(self, name: str, after: int) -> ConsumerInfo:
        """Hand a durable consumer all behind `after` (again).

        Raises:
            NoSuchConsumer: there is none of this name.
        """
        return self._connection.ask(RewindConsumer(consumer=name, after=after), ConsumerInfo)

    def replay(self, order: ReplayOrder, wait: float = LONGEST_WAIT) -> Iterator[Replayed]:
        """Send events again to a subscriber; yield how far it is, until it is done.

        What is sent is handled also when nobody goes on; the rest is not sent then.

        Args:
            order: which events, and to whom.
            wait: seconds after which it is told how far it is.

        Raises:
            EventLogError: it can't be meant; says why.
        """
        progress = self._connection.ask(BeginReplay(order=order), Replayed)
        while not progress.is_done:
            question = GoOnReplaying(replay=progress.replay, wait=wait)
            progress = self._connection.ask(question, Replayed, wait + TIMEOUT)
            yield progress


@contextmanager
def node_events(data: DataDir) -> Generator[NodeEvents]:
    """Give the events of the node that runs on a data directory.

    Raises:
        NoNode: none does.
    """
    with Connection(data.socket, TIMEOUT) as connection:
        yield NodeEvents(connection)


@contextmanager
def open_events(data: DataDir) -> Generator[tuple[Events, Source]]:
    """Give the events of a data directory, whether a node runs on it or not, and their source.

    Raises:
        EventLogError: the file is damaged, or not ours.
    """
    try:
        connection = Connection(data.socket, TIMEOUT)
    except NoNode:
        connection = None
    if connection is not None:
        with connection:
            yield NodeEvents(connection), "node"
    elif not data.events.exists():
        nothing = MemoryEventLog(RealClock(spawn))  # without a timer no thread
        yield FileEvents(nothing, FileLetters(MemoryLetters(Catalogue().encode))), "file"
    else:
        with EventArchive(data.events) as archive:
            yield FileEvents(archive, FileLetters(LetterArchive(archive.file))), "file"


def pages(events: Events, query: LogQuery, last: int | None = None) -> Iterator[list[Record]]:
    """Yield all events that are meant, page by page, in order.

    Args:
        events: where they are.
        query: which; at most `limit`.
        last: the last sequence.
    """
    left, after = query.limit, query.after
    while left > 0:
        found = events.find(replace(query, after=after, limit=left, newest=False))
        wanted = [r for r in found if last is None or r.sequence <= last]
        if wanted:
            yield wanted
        if not found or len(wanted) < len(found):
            return
        left, after = left - len(found), found[-1].sequence
