"""The file of the event log, opened by its owner, or by somebody who looks into it meanwhile."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from ringleader.actors.event_log import EventLogError
from ringleader.actors.options import EventLogOptions

from .event_consumers import Consumers
from .event_letters import keep_letter
from .event_log import SqliteEventLog
from .event_queries import head_of
from .event_schema import SCHEMA, WHAT
from .group_writer import GroupWriter
from .outboxes import Outboxes, OutboxLimits
from .owner_lock import OwnerLock
from .sqlite import Database, ReadOnly

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from ringleader.actors.clock import Clock

    from .event_consumers import Aside
    from .exports import Exports


class EventStore:
    """Owns `events.db`: the log, and whatever else is kept in that file.

    At the start a segment is noted, and consumers are let go of whose holders lived no longer than
    the node before; those with a lease are kept for their holders until it runs out.

    Args:
        path: the file; made if it is missing, its directory must exist.
        clock: for leases, and for the time between two tries when the disk is full.
        spawn: starts the one thread that writes.
        epoch: of this start of the node.
        options: what is kept, and how long.
        on_loss: told of events that went before every consumer had them: names of the consumers,
            first and last sequence. Called in the writer's thread; must return at once.
        aside: keeps a dead letter of an event whose holder was gone.
        exports: says which events go to other nodes; None: none do.
        limits: what is kept for other nodes.
        on_unread: told of entries that went before other nodes had them: their group, first and
            last seq. Called in the writer's thread; must return at once.

    Attributes:
        database: the file; only operations of the writer write.
        writer: the one thread that writes.
        reader: reads what is committed, without waiting for commits.
        log: the event log.
        outboxes: what goes to other nodes; None: nothing does.
        clock: as it was given.

    Raises:
        EventLogError: it is in use, damaged, of a newer Ringleader, can't be written to; says what
            would be right.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        epoch: int,
        options: EventLogOptions | None = None,
        on_loss: Callable[[tuple[str, ...], int, int], object] | None = None,
        aside: Aside = keep_letter,
        exports: Exports | None = None,
        limits: OutboxLimits | None = None,
        on_unread: Callable[[str, int, int], object] | None = None,
    ) -> None:
        self.path, self.clock = path, clock
        self.outboxes: Outboxes | None = None
        if exports is not None:
            self.outboxes = Outboxes(
                exports,
                epoch=epoch,
                clock=clock,
                limits=limits or OutboxLimits(),
                on_lost=on_unread,
            )
        if not path.parent.is_dir():
            raise EventLogError(f"{WHAT} {path} can't be opened: {path.parent} is not a directory")
        self._lock = OwnerLock(path, WHAT)
        try:
            self.database = Database(path, WHAT, SCHEMA, EventLogError)
        except BaseException:
            self._lock.release()
            raise
        try:
            self._start(epoch, clock.time(), aside)
            # After the first transaction: now there is a write-ahead log, which readers need.
            self.reader = Reader(path)
        except BaseException:
            self.database.close()
            self._lock.release()
            raise
        self.writer = GroupWriter(self.database, clock=clock, spawn=spawn)
        self.log = SqliteEventLog(
            self.writer,
            self.reader,
            clock=clock,
            options=options or EventLogOptions(),
            size_of_file=self.size,
            on_loss=on_loss,
            aside=aside,
            outboxes=self.outboxes,
        )
        if self.outboxes is not None:
            self.outboxes.use(self.writer)

    def _start(self, epoch: int, now: float, aside: Aside) -> None:
        with self.database.transaction() as tables:
            tables.write(
                "INSERT OR IGNORE INTO segments VALUES (?, ?, ?)",
                (epoch, head_of(tables) + 1, now),
            )
            Consumers(tables, now, aside).let_go_of_the_dead()
            if self.outboxes is not None:
                self.outboxes.begin(tables)

    def size(self) -> int:
        """Return the bytes of the file and of what is not yet in it."""
        total = 0
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            if path.exists():
                total += path.stat().st_size
        return total

    def close(self, timeout: float = 5.0) -> bool:
        """Write what was submitted, and let go of the file; tell whether all is written in time.

        May be repeated.
        """
        is_done = self.writer.close(timeout)
        self.reader.close()
        if not self.writer.is_alive:  # else it is in the middle of something that hangs
            self.database.close()
            self._lock.release()
        return is_done


class Reader:
    """Reads the file beside its owner, from any thread, one query at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._file: ReadOnly | None = read_events(path)

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            EventLogError: the file can't be read, or is closed.
        """
        with self._lock:
            if self._file is None:
                raise EventLogError(f"{WHAT} {self._path} is closed")
            return self._file.rows(query, bindings)

    def close(self) -> None:
        """Let go of the file; may be repeated."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()


def read_events(path: Path) -> ReadOnly:
    """Open the file to look, while a node runs or while none does.

    Raises:
        EventLogError: it is damaged, not ours, or not there.
    """
    return ReadOnly(path, WHAT, len(SCHEMA), EventLogError)
