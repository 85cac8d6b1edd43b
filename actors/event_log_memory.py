"""An event log that keeps nothing beyond its process: for tests, and for nodes without a disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from . import consumer_rules as rules, retention
from .consumers_memory import MemoryConsumers, MemoryEvents
from .errors import RingleaderError
from .event_log import EventLogError, Fetched, LogStatistics, packed
from .open_fetches import OpenFetch, OpenFetches
from .options import EventLogOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .clock import Clock
    from .consumer_rules import SetAside
    from .event_log import ConsumerInfo, ConsumerSpec, Listener, LogQuery, Record, Settled, Then
    from .publication import Publication
    from .retention import Kept, Loss

logger = logging.getLogger("ringleader.events")


class MemoryEventLog:
    """The `EventLog` in dictionaries.

    It has no thread: who asks for something does it, and what others ask for meanwhile, before the
    call returns. So `then` and the listener are called in a thread that uses the log; never within
    each other.

    Args:
        clock: tells the time of leases.
        options: what is kept, and how long.
        on_loss: told of events that went before every consumer had them: names of the consumers,
            first and last sequence; must return at once.
        aside: takes dead letters of events whose holder was gone; must return at once.
    """

    trouble = ""

    def __init__(
        self,
        clock: Clock,
        *,
        options: EventLogOptions | None = None,
        on_loss: Callable[[tuple[str, ...], int, int], object] | None = None,
        aside: Callable[[SetAside], object] | None = None,
    ) -> None:
        self.listener: Listener | None = None
        self._clock = clock
        self._options = options or EventLogOptions()
        self._news = retention.RetentionNews(on_loss)
        self._events = MemoryEvents()
        self._consumers = MemoryConsumers(self._events, aside or _ignore)
        self._open = OpenFetches()
        self._lock = threading.RLock()
        self._queue: deque[tuple[Callable[[], Any], Then[Any]]] = deque()
        self._busy = self._closed = False
        self._commits = self._pruned = self._lost = 0

    # ---------------------------------------------------------------- events

    def append(self, publication: Publication) -> None:
        """Keep an event, then tell the listener."""
        if self._closed:
            raise EventLogError("the event log is closed; nothing more is written")
        if publication.is_logged:
            packed(publication.envelope)  # raises what a file would
        self._do(lambda: self._append(publication), lambda handed: self._tell(publication, handed))

    def _append(self, publication: Publication) -> dict[str, Fetched]:
        """Keep an event; return what those get of it whose fetches wait."""
        if not publication.is_logged:
            return {}
        publication.sequence = self._events.add(publication.envelope, publication.payload)
        self._commits += 1
        names = self._open.wanting((publication.envelope.type,))
        return self._consumers.hand_out(self._open, names, self._clock.time())

    def _tell(self, publication: Publication, handed: dict[str, Fetched] | RingleaderError) -> None:
        behind: Callable[[], object] | None = None
        try:
            if self.listener is not None:
                behind = self.listener([publication])
        finally:
            if not isinstance(handed, RingleaderError):
                for name, found in handed.items():
                    self._open.answer(name, found)
        if behind is not None:
            behind()
        if retention.is_too_much(len(self._events), self._events.size, self._options):
            self.prune(self._clock.time())

    def read(self, query: LogQuery) -> list[Record]:
        """Return the events that match."""
        with self._lock:
            return self._events.find(query)

    # ---------------------------------------------------------------- consumers

    def attach(self, spec: ConsumerSpec, owner: str, then: Then[ConsumerInfo]) -> None:
        """Become the holder of a consumer, which is made if it is new."""
        self._do(
            lambda: self._consumers.attach(spec, owner, self._clock.time()),
            then,
            lambda _: self._open.attached(spec.name, owner),
        )

    def fetch(
        self, name: str, owner: str, limit: int, then: Then[Fetched], *, wait: bool = False
    ) -> None:
        """Hand out the next events; with `wait`, when there are some."""

        def fetched(result: Fetched | RingleaderError) -> None:
            if wait and isinstance(result, Fetched) and not result.records:
                types = self._consumers.types_of(name)
                self._open.add(name, OpenFetch(owner, limit, types, then))
            else:
                then(result)

        self._do(
            lambda: self._consumers.fetch(name, owner, limit, self._clock.time()),
            fetched,
            lambda _: self._open.end(name, owner),
        )

    def settle(
        self, name: str, owner: str, outcomes: Sequence[Settled], then: Then[int] | None = None
    ) -> None:
        """Note outcomes of events in hand."""
        noted = tuple(outcomes)
        puts_back = any(map(rules.puts_back, noted))
        self._do(
            lambda: self._consumers.settle(name, owner, noted, self._clock.time()),
            then or _ignore,
            lambda _: self._open.end(name, owner) if puts_back else None,
        )

    def hand_back(self, name: str, owner: str, sequences: Sequence[int]) -> None:
        """Put events in hand back that were not begun."""
        back = tuple(sequences)
        self._do(
            lambda: self._consumers.hand_back(name, owner, back, self._clock.time()),
            _ignore,
            lambda _: self._open.end(name, owner),
        )

    def detach(self, name: str, owner: str, then: Then[bool] | None = None) -> None:
        """Let go of a consumer."""
        self._do(
            lambda: self._consumers.detach(name, owner, self._clock.time()),
            then or _ignore,
            lambda _: self._open.end(name, owner),
        )

    def forget(self, name: str, then: Then[bool]) -> None:
        """Delete a consumer with its cursor."""
        self._do(lambda: self._consumers.forget(name), then, lambda _: self._open.forgotten(name))

    def rewind(self, name: str, after: int, then: Then[ConsumerInfo]) -> None:
        """Set a consumer's cursor."""
        self._do(
            lambda: self._consumers.rewind(name, after), then, lambda _: self._open.answer(name)
        )

    def reclaim(self, now: float) -> None:
        """Detach the consumers whose leases have run out."""
        self._do(lambda: self._consumers.reclaim(now), _ignore, self._open.taken)

    def consumers(self) -> list[ConsumerInfo]:
        """Return all consumers, by name."""
        with self._lock:
            return self._consumers.infos()

    # ---------------------------------------------------------------- all of it

    def statistics(self) -> LogStatistics:
        """Return what is in the log."""
        with self._lock:
            first = next(self._events.after(0), None)
            return LogStatistics(
                head=self._events.head,
                first=0 if first is None else first.sequence,
                events=len(self._events),
                waiting=len(self._queue),
                commits=self._commits,
                pruned=self._pruned,
                lost_to_cap=self._lost,
            )

    def prune(self, now: float) -> None:
        """Remove what retention allows, as of `now`."""
        self._do(lambda: self._prune(now), self._tell_of_retention)

    def _prune(self, now: float) -> tuple[Loss | None, list[str]]:
        options, events = self._options, self._events
        self._consumers.move_on(self._open.names())
        waited_for, abandoned = retention.waited_for(self._consumers.waiting(), now, options)
        done = retention.bound(waited_for, events.head)
        before = now - options.retention
        self._remove([kept for kept, time in events.kept() if time < before and kept[0] <= done])
        oldest = [kept for kept, _ in events.kept()]
        gone = oldest[: retention.surplus(oldest, len(events), events.size, done, options)]
        loss = retention.lost(waited_for, [event for event in gone if event.sequence > done])
        self._remove(gone)
        self._lost += 0 if loss is None else loss.number
        return loss, [each.consumer.name for each in abandoned]

    def _remove(self, gone: list[Kept]) -> None:
        sequences = [event.sequence for event in gone]
        self._events.remove(sequences)
        self._consumers.removed(sequences)
        self._pruned += len(gone)

    def _tell_of_retention(self, found: tuple[Loss | None, list[str]] | RingleaderError) -> None:
        if not isinstance(found, RingleaderError):
            loss, abandoned = found
            self._news.tell(loss, abandoned, self._options)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was asked for so far is done; tell whether it was in time."""
        done = threading.Event()
        self._do(_nothing, lambda _: done.set())
        return done.wait(timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Finish what was asked for; later calls get an error, and so do fetches that wait."""
        is_done = self.flush(timeout)
        self._closed = True
        self._do(_nothing, lambda _: self._open.close(EventLogError("the event log is closed")))
        return is_done

    # ---------------------------------------------------------------- one after the other

    def _do(
        self,
        operation: Callable[[], Any],
        then: Then[Any],
        ends: Callable[[Any], object] | None = None,
    ) -> None:
        """Do it, unless somebody is at it, who will do this one too.

        Args:
            operation: to be done.
            then: hears of its result.
            ends: answers fetches that can't wait any more when it is done; hears of it first.
        """

        def told(result: Any) -> None:
            if ends is not None and not isinstance(result, RingleaderError):
                ends(result)
            then(result)

        with self._lock:
            self._queue.append((operation, told))
            if self._busy:
                return
            self._busy = True
        while True:
            with self._lock:
                if not self._queue:
                    self._busy = False
                    return
                operation, tell = self._queue.popleft()
                result = self._result_of(operation)
            try:
                tell(result)
            except Exception:
                logger.exception("who was told of the event log's work failed; the log goes on")

    def _result_of(self, operation: Callable[[], Any]) -> Any:
        if self._closed and operation is not _nothing:
            return EventLogError("the event log is closed")
        try:
            return operation()
        except RingleaderError as error:
            return error


def _ignore(_: object) -> None:
    """Take no notice."""


def _nothing() -> None:
    """Change nothing."""
