"""All outboxes of a node: stamped by the one thread that writes, read by whoever asks."""

from __future__ import annotations

import logging
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ringleader.actors.errors import RingleaderError

from . import outbox_lines as lines
from .bodies import pack_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.clock import Clock

    from .event_queries import Row
    from .exports import Exports
    from .group_writer import GroupWriter
    from .outbox_lines import Batch, Line, Removed
    from .sqlite import Tables

logger = logging.getLogger("ringleader.bridge")

BATCHES: Final = 64
"""Of each outbox, what was put in at once whose hashes are in memory: its readers ask for those."""


class OutboxLimits(NamedTuple):
    """What is kept of an outbox for readers that have not had it.

    Attributes:
        age: seconds.
        size: bytes of all outboxes together; the largest one has to let go.
    """

    age: float = 604_800.0
    size: int = 1_073_741_824


class Outboxes:
    """The lines of all outboxes, as committed and within the transaction that is under way.

    A transaction that fails leaves no trace: the next one has other `Tables`, and begins with what
    is committed. Before anything is put into an outbox the file is compared with what is known of
    it: if it was put back to an older state meanwhile (a backup), the outbox goes on in a new
    epoch, so that its readers notice.

    Args:
        exports: who is told of what is committed.
        epoch: of this start of the node.
        clock: tells the time of retention.
        limits: what is kept.
        on_lost: told of a group, and first and last seq that went before all readers had them.
            Called in the writer's thread; must return at once.
    """

    def __init__(
        self,
        exports: Exports,
        *,
        epoch: int,
        clock: Clock,
        limits: OutboxLimits,
        on_lost: Callable[[str, int, int], object] | None = None,
    ) -> None:
        self.exports = exports
        self._epoch, self._clock, self._limits, self._on_lost = epoch, clock, limits, on_lost
        self._rng = Random(epoch)  # noqa: S311  # to be another one, not to be secret
        self._writer: GroupWriter | None = None
        self._committed: dict[str, Line] = {}
        self._recent: dict[str, tuple[Batch, ...]] = {}
        # What only the writer's thread uses, from here on.
        self._tables: Tables | None = None
        self._tentative: dict[str, Line] = {}
        self._pruning: set[str] = set()
        self._acked: dict[str, int | None] = {}
        self._given: set[tuple[str, int]] = set()

    def begin(self, tables: Tables) -> None:
        """Begin an epoch of each group's outbox, at the start of the node."""
        for group in dict.fromkeys((*lines.groups(tables), *self.exports.groups)):
            line = lines.load(tables, group)
            self._change(
                tables, group, lines.begin(tables, group, line, self._new_epoch(group, line))
            )
        self._take_over()

    def use(self, writer: GroupWriter) -> None:
        """Take the writer that commits from now on."""
        self._writer = writer

    # ---------------------------------------------------------------- for readers

    def line(self, group: str) -> Line | None:
        """Return what is committed; None: there is no such outbox yet."""
        return self._committed.get(group)

    def recent_hash(self, group: str, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry that was committed just now; None: ask the file."""
        for batch in reversed(self._recent.get(group, ())):
            first = batch.entries[0].seq
            if batch.line.epoch == epoch and first <= seq < first + len(batch.hashes):
                return batch.hashes[seq - first]
        return None

    # ---------------------------------------------------------------- within a transaction

    def stamp(self, tables: Tables, events: Iterable[tuple[str, Row]]) -> list[Batch]:
        """Put events into the outboxes of their groups."""
        bodies: dict[str, list[bytes]] = {}
        for group, row in events:
            bodies.setdefault(group, []).append(pack_body(row.envelope, row.payload))
        return [self._append(tables, group, each) for group, each in bodies.items()]

    def _append(self, tables: Tables, group: str, bodies: Sequence[bytes]) -> Batch:
        now = self._clock.time()
        batch = lines.append(tables, group, self._line_in(tables, group), bodies, now)
        if batch is None:
            batch = lines.append(tables, group, self._renewed(tables, group), bodies, now)
        if batch is None:  # what was written in this transaction is gone within it
            raise RingleaderError(f"the outbox {group} can't be written: its file is damaged")
        self._change(tables, group, batch.line)
        return batch

    def open(self, tables: Tables, group: str) -> Line:
        """Return an outbox as it is in the file, with an epoch that is open."""
        line = self._line_in(tables, group)
        return line if lines.is_as_known(tables, group, line) else self._renewed(tables, group)

    def mint(self, tables: Tables, group: str) -> Line:
        """Close the open epoch, and open a new one."""
        line = self.open(tables, group)
        return self._change(
            tables, group, lines.begin(tables, group, line, self._new_epoch(group, line))
        )

    def restamp(self, tables: Tables, group: str, dead: int) -> Line:
        """Put the entries of an epoch, and all behind them, into a new one."""
        line = self.open(tables, group)
        new = lines.restamp(tables, group, line, dead, self._new_epoch(group, line))
        return self._change(tables, group, new)

    def _line_in(self, tables: Tables, group: str) -> Line:
        known = self._tentative.get(group) if tables is self._tables else None
        known = known or self._committed.get(group)
        if known is not None:
            return known
        line = lines.load(tables, group)
        new = lines.begin(tables, group, line, self._new_epoch(group, line))
        return self._change(tables, group, new)

    def _renewed(self, tables: Tables, group: str) -> Line:
        """Go on in a new epoch behind what the file has now."""
        line = lines.load(tables, group)
        logger.warning(
            "the outbox %s was put back to an older state: its entries end at %s; it goes on in a "
            "new epoch",
            group,
            0 if line is None else line.head,
        )
        new = lines.begin(tables, group, line, self._new_epoch(group, line))
        return self._change(tables, group, new)

    def _change(self, tables: Tables, group: str, line: Line) -> Line:
        if self._tables is not tables:
            self._tables, self._tentative = tables, {}
        self._tentative[group] = line
        return line

    def _new_epoch(self, group: str, line: Line | None) -> int:
        """Return the epoch of this start if the outbox had none in it yet; else a new one.

        None twice, also if all its entries were put into another one: some are remembered by it.
        """
        known = {segment.epoch for segment in line.segments} if line else set[int]()
        epoch = self._epoch & ((1 << 63) - 1)
        while not epoch or epoch in known or (group, epoch) in self._given:
            epoch = self._rng.getrandbits(63)
        self._given.add((group, epoch))
        return epoch

    # ---------------------------------------------------------------- once it is committed

    def _take_over(self) -> None:
        """Know what the transaction has done that is committed now; no other one has begun."""
        self._committed.update(self._tentative)

    def settle(self, batches: Sequence[Batch]) -> None:
        """Take over what was stamped, and tell of it; it is committed."""
        if batches:
            self._take_over()
        for batch in batches:
            recent = self._recent.get(batch.group, ())
            self._recent[batch.group] = (*recent[1 - BATCHES :], batch)
            self.exports.committed(batch.group, batch.entries)
        if batches and self._surplus > 0:
            largest = max(self._committed, key=lambda group: self._committed[group].size)
            self.prune(largest, self._acked.get(largest))

    def change(
        self,
        group: str,
        operation: Callable[[Tables, str], Line],
        then: Callable[[], object],
    ) -> None:
        """Have one of the operations above done; `then` is called when it is committed."""

        def changed(line: Line | RingleaderError) -> None:
            if isinstance(line, RingleaderError):
                logger.error("the outbox %s is not changed: %s", group, line)
                return
            self._take_over()
            then()

        self._submit(lambda tables: operation(tables, group), changed)

    def prune(self, group: str, acked: int | None) -> None:
        """Remove what need not be kept, a part at a time; see `SqliteOutbox.prune`."""
        self._acked[group] = acked
        line = self._committed.get(group)
        is_empty = line is not None and line.low > line.head
        if is_empty or group in self._pruning:
            return
        self._pruning.add(group)

        def remove(tables: Tables) -> Removed:
            line = self.open(tables, group)
            removed = lines.prune(
                tables,
                group,
                line,
                acked=acked,
                before=self._clock.time() - self._limits.age,
                cap=max(0, line.size - self._surplus_of(group)),
            )
            self._change(tables, group, removed.line)
            return removed

        def done(removed: Removed | RingleaderError) -> None:
            self._pruning.discard(group)
            if isinstance(removed, RingleaderError):
                logger.error("old entries of the outbox %s are not removed: %s", group, removed)
                return
            self._take_over()
            if removed.lost is not None:
                self._tell_lost(group, *removed.lost)
            if removed.again:
                self.prune(group, acked)

        self._submit(remove, done)

    @property
    def _surplus(self) -> int:
        """Bytes that all outboxes have more than they should."""
        return sum(line.size for line in self._committed.values()) - self._limits.size

    def _surplus_of(self, group: str) -> int:
        """Bytes of it that one outbox has to let go of: the largest one, all of it."""
        largest = max(self._committed, key=lambda each: self._committed[each].size, default=group)
        return max(0, self._surplus) if group == largest else 0

    def _tell_lost(self, group: str, first: int, last: int) -> None:
        logger.error(
            "the outbox %s is at its cap (bridge.retention, bridge.retention_bytes): entries %s to "
            "%s are removed that not all peers have had",
            group,
            first,
            last,
        )
        if self._on_lost is not None:
            self._on_lost(group, first, last)

    def _submit(self, operation: Callable[[Tables], Any], then: Callable[[Any], object]) -> None:
        if self._writer is None:
            raise RingleaderError("the event log has no writer yet")
        self._writer.submit(operation, then)
