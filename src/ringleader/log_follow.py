"""The last events, and what comes: followed over restarts of the node."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from ringleader.actors.event_log import LogQuery, Record

from .connection import Connection
from .event_questions import LONGEST_WAIT, Attached, Batch, Fetch, Listen
from .log_questions import PAGE, PastQuery
from .log_source import TIMEOUT, NodeEvents, open_events, pages
from .node_errors import NodeAway, NoNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .datadir import DataDir
    from .log_source import Events

PAUSE: Final = 0.5
"""Seconds between two tries to reach a node."""
REMEMBERED: Final = 20_000
"""Events that are known to have been told: more can't come twice after a reconnection."""


def last_of(events: Events, query: LogQuery) -> list[Record]:
    """Return the last events that are meant: of the log, and of the node's memory."""
    if not query.limit:
        return []
    logged = events.find(replace(query, newest=True))
    past = events.past(
        PastQuery(
            types=query.types,
            source=query.source,
            since=query.since,
            limit=min(query.limit, PAGE),
            full=True,
        )
    )
    remembered = [Record(p.envelope.sequence or 0, p.envelope, p.payload) for p in past or ()]
    if query.after:  # what has no place in the log is not behind one
        remembered = [record for record in remembered if record.sequence > query.after]
    return merged(logged, remembered)[-query.limit :]


def merged(logged: list[Record], remembered: list[Record]) -> list[Record]:
    """Put both together in the order in which they came; what is in both comes once."""
    ids = {record.envelope.id for record in remembered}
    newest = max((record.sequence for record in remembered), default=0)
    rest = [record for record in logged if record.envelope.id not in ids]
    before = [record for record in rest if record.sequence < newest or not newest]
    return [*before, *remembered, *(record for record in rest if record.sequence > newest > 0)]


def matches(record: Record, query: LogQuery) -> bool:
    """Tell whether an event that has just come is meant; its type is."""
    envelope = record.envelope
    path = None if query.source is None else query.source.rstrip("/")
    return (query.until is None or envelope.time < query.until) and (
        path is None or envelope.source == path or envelope.source.startswith(f"{path}/")
    )


class Follower:
    """Iterates over the last events, then over those that come; without an end.

    While no node runs it waits for one. What was committed to the log meanwhile comes, too.

    Args:
        data: the data directory.
        query: which events; its limit is for the last ones.
        pause: waits for some seconds.
        say: takes news about the node, for a person.
    """

    def __init__(
        self,
        data: DataDir,
        query: LogQuery,
        *,
        pause: Callable[[float], object],
        say: Callable[[str], object],
    ) -> None:
        self._data, self._query, self._pause, self._say = data, query, pause, say
        self._told: dict[str, None] = {}
        self._last = query.after
        self._time: float | None = None
        self._has_begun = self._is_away = False

    def __iter__(self) -> Iterator[Record]:
        """Go on for ever.

        Raises:
            RingleaderError: the node refuses, and says why.
        """
        while True:
            try:
                with Connection(self._data.socket, TIMEOUT) as connection:
                    yield from self._listen(connection)
            except NodeAway as error:
                if not self._has_begun and isinstance(error, NoNode):
                    yield from self._begin_in_file()
                if not self._is_away:
                    self._is_away = True
                    self._say(f"{error}; waiting for a node")
            self._pause(PAUSE)

    def _listen(self, connection: Connection) -> Iterator[Record]:
        attached = connection.ask(Listen(types=self._query.types), Attached)
        if self._is_away:
            self._is_away = False
            self._say("a node runs")
        events = NodeEvents(connection)
        yield from self._new(self._meanwhile(events) if self._has_begun else self._first(events))
        question = Fetch(session=attached.session, limit=PAGE, wait=LONGEST_WAIT)
        while True:
            batch = connection.ask(question, Batch, LONGEST_WAIT + TIMEOUT)
            if batch.missed:
                self._say(f"{batch.missed:,} events were missed: they came faster than read")
            yield from self._new(batch.events)

    def _begin_in_file(self) -> Iterator[Record]:
        with open_events(self._data) as (events, _):
            yield from self._new(self._first(events))

    def _first(self, events: Events) -> list[Record]:
        found = last_of(events, self._query)
        self._last = max(self._last, events.statistics().head)
        self._has_begun = True
        return found

    def _meanwhile(self, events: Events) -> Iterator[Record]:
        """Yield what was logged since, and what the node remembers from after that time."""
        behind = replace(self._query, after=self._last, limit=1 << 62, since=None)
        for page in pages(events, behind):
            yield from page
        if self._time is None:
            return
        asked = replace(self._query, after=0, since=self._time, limit=PAGE)
        yield from last_of(events, asked)

    def _new(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield those that are meant, and were not told yet."""
        for record in records:
            event_id = record.envelope.id
            self._last = max(self._last, record.sequence)
            if event_id in self._told or not matches(record, self._query):
                continue
            self._told[event_id] = None
            self._time = record.envelope.time
            if len(self._told) > REMEMBERED:
                for oldest in list(islice(self._told, REMEMBERED // 2)):
                    del self._told[oldest]
            yield record
