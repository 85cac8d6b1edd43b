"""The event log on SQLite: one thread commits, in groups; reading does not wait for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, cast

from ringleader.actors.event_log import LogStatistics
from ringleader.actors.publication import Routing
from ringleader.actors.retention import OVERHEAD, RetentionNews, is_too_much

from .event_asking import ConsumerSide
from .event_consumers import info, load_all
from .event_handout import Handed
from .event_items import Appended, is_bridged, stamp, store_all, store_own, types_of
from .event_letters import keep_letter
from .event_pruning import Pruned, measure, prune
from .event_queries import ROWS, Row, find, head_of
from .imports import Import

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.clock import Clock
    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.event_log import (
        ConsumerInfo,
        Listener,
        LogQuery,
        Record,
    )
    from ringleader.actors.events.base import Event
    from ringleader.actors.options import EventLogOptions
    from ringleader.actors.publication import Publication
    from ringleader.actors.retention import Loss

    from .event_consumers import Aside
    from .event_items import AnyItem
    from .group_writer import GroupWriter
    from .outboxes import Outboxes
    from .sqlite import Readable, Tables

logger = logging.getLogger("ringleader.events")


class _Tally(NamedTuple):
    """How much is kept, and how much went."""

    events: int
    size: int
    pruned: int = 0
    lost: int = 0


class SqliteEventLog(ConsumerSide):
    """The `EventLog` in a file that this process owns.

    Args:
        writer: commits.
        reader: reads beside the writer; whoever made it closes it.
        clock: tells the time of leases.
        options: what is kept, and how long.
        size_of_file: tells the bytes of the file.
        on_loss: told of events that went before every consumer had them: names of the consumers,
            first and last sequence. Called in the writer's thread; must return at once.
        aside: keeps a dead letter.
        outboxes: take what goes to other nodes; None: nothing does.
    """

    def __init__(
        self,
        writer: GroupWriter,
        reader: Readable,
        *,
        clock: Clock,
        options: EventLogOptions,
        size_of_file: Callable[[], int],
        on_loss: Callable[[tuple[str, ...], int, int], object] | None = None,
        aside: Aside = keep_letter,
        outboxes: Outboxes | None = None,
    ) -> None:
        self.listener: Listener | None = None
        self._behind: list[Callable[[], object]] = []
        super().__init__(writer, clock, aside)
        self._reader, self._options, self._outboxes = reader, options, outboxes
        self._size_of_file = size_of_file
        self._news = RetentionNews(on_loss)
        self._tally = _Tally(*measure(reader))
        self._pruning = self._has_imports = False
        # What only the writer's thread uses, from here on.
        self._head = head_of(reader)

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment; empty if it can."""
        return self._writer.trouble

    # ---------------------------------------------------------------- events

    def append(self, publication: Publication) -> None:
        """Commit an event, then tell the listener; return at once."""
        row = group = None
        if publication.is_logged:
            row = Row.of(publication.envelope, publication.payload)
            if self._outboxes is not None:
                event: Event = publication.event
                exports = self._outboxes.exports
                group = exports.group_of(event, publication.envelope.source)
        self._writer.submit_item(self, Appended(publication, row, group))

    def bring_in(self, what: Import) -> None:
        """Commit what was read of another node's stream, in the order of the calls.

        Raises:
            EventLogError: the log is closed.
        """
        self._has_imports = True
        self._writer.submit_item(self, what)

    def is_stored(self, item: AnyItem, /) -> bool:
        """Tell the writer whether an item goes to the disk."""
        return isinstance(item, Import) or item.row is not None

    def store(self, tables: Tables, items: Sequence[AnyItem], /) -> None:
        """Write events, and put those that go to other nodes into their outboxes."""
        if self._has_imports and any(isinstance(item, Import) for item in items):
            store_all(tables, items, self._aside)
        else:
            store_own(tables, cast("Sequence[Appended]", items), self._head)
        if self._outboxes is not None:
            stamp(tables, items, self._outboxes)

    def is_one_statement(self, items: Sequence[AnyItem], /) -> bool:
        """Tell the writer whether events are written by a single statement, and no more is due."""
        return (
            len(items) <= ROWS
            and not ((self._outboxes or self._has_imports) and any(map(is_bridged, items)))
            and not self._handout.open.wanting(types_of(items))
        )

    def conclude(self, tables: Tables, items: Sequence[AnyItem], /) -> Handed:
        """Hand out events that were written to those whose fetches wait."""
        if not self._handout.is_wanted(tables, types_of(items)):
            return Handed({}, [])  # as nearly always: then nobody needs records
        return self._handout.conclude(tables, [record for item in items for record in item.records])

    def concluded(self, result: Handed | None, /) -> None:
        """Tell what was handed out, and look after the rest."""
        self._served(result or Handed({}, self._handout.open.names()))

    def told(self, _: Sequence[AnyItem], /) -> None:
        """Do what the listener has left for now."""
        behind, self._behind = self._behind, []
        for call in behind:
            call()

    def passed(self, items: Sequence[AnyItem], /) -> None:
        """Tell the listener of events that are committed, and of those that are not logged."""
        events = size = 0
        own: list[Appended] = []
        imports: list[Import] = []
        for item in items:
            number, bytes_, head = item.committed()
            if number:
                self._head = head
                events, size = events + number, size + bytes_ + number * OVERHEAD
            if isinstance(item, Import):
                imports.append(item)
            else:
                own.append(item)
        tally = self._tally
        self._tally = tally._replace(events=tally.events + events, size=tally.size + size)
        if own:
            self._tell([item.publication for item in own])
        for more in imports:
            self._finish(more)
        if self._outboxes is not None:
            for item in own:
                self._outboxes.settle(item.batches)
        if events and is_too_much(self._tally.events, self._tally.size, self._options):
            self.prune(self._clock.time())

    def _finish(self, what: Import) -> None:
        """Tell of what was read of another node's stream."""
        if what.is_void:
            what.void(what)
        elif (behind := what.then(what)) is not None:
            self._behind.append(behind)

    def refused(self, item: AnyItem, error: RingleaderError, /) -> None:
        """Pass on an event that can't be written; one that comes too late for that is lost."""
        if isinstance(item, Import):
            logger.error("what was read of %s is not written: %s", item.stream, error)
            item.void(item)
            return
        event = item.publication
        if self._writer.trouble:
            logger.error("%s %s is lost: %s", event.envelope.type, event.id, error)
            event.decided(Routing.REJECTED)
            return
        logger.error("%s %s is not in the event log: %s", event.envelope.type, event.id, error)
        self._tell([event])
        self.told(())

    def _tell(self, publications: list[Publication]) -> None:
        if self.listener is not None and (behind := self.listener(publications)) is not None:
            self._behind.append(behind)

    def read(self, query: LogQuery) -> list[Record]:
        """Return the events that match; does not wait for commits."""
        return find(self._reader, query)

    # ---------------------------------------------------------------- consumers

    def consumers(self) -> list[ConsumerInfo]:
        """Return all consumers, by name; does not wait for commits."""
        return [info(self._reader, each) for each in load_all(self._reader)]

    # ---------------------------------------------------------------- all of it

    def statistics(self) -> LogStatistics:
        """Return what is in the log; does not wait for commits."""
        ((first,),) = self._reader.rows("SELECT coalesce(min(sequence), 0) FROM events")
        tally = self._tally
        return LogStatistics(
            head=head_of(self._reader),
            first=first,
            events=tally.events,
            bytes=self._size_of_file(),
            waiting=self._writer.waiting,
            commits=self._writer.commits,
            pruned=tally.pruned,
            lost_to_cap=tally.lost,
            trouble=self._writer.trouble,
        )

    def prune(self, now: float) -> None:
        """Remove what retention allows, as of `now`; a part at a time, commits come in between."""
        if not self._pruning:
            self._pruning = True
            self._prune(now, None)

    def _prune(self, now: float, loss: Loss | None) -> None:
        def remove(tables: Tables) -> Pruned:
            self._consumers(tables).move_on(self._handout.open.names())
            return prune(tables, self._tally.events, self._tally.size, now, self._options)

        def removed(result: Pruned | RingleaderError) -> None:
            if not isinstance(result, Pruned):
                self._pruning = False
                logger.error("old events are not removed: %s", result)
                return
            self._count(result)
            so_far = loss if result.loss is None else result.loss.plus(loss)
            if result.again:
                self._prune(now, so_far)
                return
            self._pruning = False
            self._news.tell(so_far, result.abandoned, self._options)

        self._writer.submit(remove, removed)

    def _count(self, gone: Pruned) -> None:
        tally = self._tally
        self._tally = _Tally(
            tally.events - gone.events,
            tally.size - gone.size,
            tally.pruned + gone.events,
            tally.lost + (0 if gone.loss is None else gone.loss.number),
        )

    def flush(self, timeout: float) -> bool:
        """Wait until all that was asked for so far is done; tell whether it was in time."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Finish what was asked for; the file is let go of by the `EventStore`."""
        return self._writer.close(timeout)
