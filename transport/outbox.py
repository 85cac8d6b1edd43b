"""The outbox of one group of event types: what this node exports, for its readers to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.actors.event_log import EventLogError

from . import outbox_lines as lines
from .streams import NO_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .event_store import EventStore
    from .outbox_lines import Line
    from .streams import Entry, Segment

PATIENCE: Final = 10.0
"""Seconds to wait for the disk when an outbox is new."""


class SqliteOutbox:
    """An `Outbox` in the file of the event log.

    Where it ends and which epochs there are is in memory, as of the last commit; entries, and
    hashes of older ones, are read from the file, beside commits.

    Args:
        store: of the file; it must have been opened with `exports`.
        group: of event types. If it is new, and `Exports.groups` does not have it, its first epoch
            is committed before this returns.

    Raises:
        EventLogError: the store exports nothing, or the disk refuses.
    """

    def __init__(self, store: EventStore, group: str) -> None:
        if store.outboxes is None:
            raise EventLogError(
                f"{store.path} has no outbox {group!r}: open its store with exports"
            )
        self.group = group
        self._outboxes, self._reader = store.outboxes, store.reader
        if self._outboxes.line(group) is None:
            self._outboxes.change(group, self._outboxes.open, _nothing)
            store.writer.flush(PATIENCE)
            if self._outboxes.line(group) is None:
                why = store.writer.trouble or "the disk is slow"
                raise EventLogError(f"the outbox {group!r} can't be made: {why}")

    @property
    def _line(self) -> Line:
        line = self._outboxes.line(self.group)
        if line is None:
            raise EventLogError(f"the outbox {self.group!r} is not in the file yet")
        return line

    @property
    def segments(self) -> Sequence[Segment]:
        """All epochs of which anything is known, in order; the last one is open."""
        return self._line.segments

    @property
    def head(self) -> int:
        """The newest `seq`; 0 if there never was an entry."""
        return self._line.head

    @property
    def low(self) -> int:
        """The oldest `seq` that can be read; `head + 1` if none can."""
        return self._line.low

    @property
    def size(self) -> int:
        """The bytes of all that can be read."""
        return self._line.size

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry; None if it is not known any more, or never was."""
        line = self._line
        segment = line.segment(epoch)
        if segment is None or segment.end is None or not segment.start - 1 <= seq <= segment.end:
            return None
        if seq == segment.start - 1:
            return NO_HASH
        if seq == segment.end:
            return line.end_hash(epoch)
        recent = self._outboxes.recent_hash(self.group, epoch, seq)
        return recent or lines.hash_of(self._reader, self.group, epoch, seq)

    def read(self, epoch: int, first: int, limit: int, most_bytes: int) -> list[Entry]:
        """Return entries of an epoch from `first` on; one, if there is one, whatever its size.

        If the file has none though it should, it was put back to an older state: that is looked
        after, and the outbox goes on in a new epoch.
        """
        line = self._line
        segment = line.segment(epoch)
        if segment is None or segment.end is None:
            return []
        last = min(segment.end, first + limit - 1)
        if not max(segment.start, line.low) <= first <= last:
            return []
        sizes = lines.sizes_of(self._reader, self.group, epoch, first, last)
        number = total = 0
        for size in sizes:
            total += size
            if number and total > most_bytes:
                break
            number += 1
        entries = lines.entries_of(self._reader, self.group, first, first + number - 1)
        if entries and entries[0].seq == first:
            return entries
        if self._line is line:  # it was not removed just now
            self._outboxes.change(self.group, self._outboxes.open, _nothing)
        return []

    def mint(self, then: Callable[[], object]) -> None:
        """Close the open epoch and open a new one."""
        self._outboxes.change(self.group, self._outboxes.mint, then)

    def restamp(self, epoch: int, then: Callable[[], object]) -> None:
        """Put the entries of an epoch, and all behind them, into a new one under their old ids.

        One transaction reads and hashes them all: that takes a second for some 100,000.
        """
        self._outboxes.change(
            self.group, lambda tables, group: self._outboxes.restamp(tables, group, epoch), then
        )

    def prune(self, acked: int | None) -> None:
        """Remove what all known readers have, and what is too old or too much for the others.

        Args:
            acked: all known readers have all entries up to this one; None: no reader is known,
                so that only age and size count.
        """
        self._outboxes.prune(self.group, acked)


def _nothing() -> None:
    """Do nothing more."""
