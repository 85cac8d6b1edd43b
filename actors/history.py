"""The last events and what became of their deliveries, in memory."""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .events.base import Envelope, Event
    from .message import Note, Routed

NOTES: Final = 10
"""Deliveries for each event of which it is kept how they ended."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What became of one delivery.

    Attributes:
        path: the subscriber's.
        outcome: how it ended; empty while it has not.
        seconds: how long the handler took; 0.0 if it was never called.
    """

    path: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Past:
    """One event of the history.

    Attributes:
        event: as subscribers got it.
        envelope: who said it, when and why.
        handlings: what became of its deliveries, in order of subscription.
    """

    event: Event
    envelope: Envelope
    handlings: tuple[Handling, ...]


class Given(NamedTuple):
    """An event that was given to its subscribers one by one.

    Attributes:
        event: as subscribers got it.
        envelope: who said it, when and why.
        paths: who got it at once; durable consumers get it from the log.
    """

    event: Event
    envelope: Envelope
    paths: tuple[str, ...]


class Notes:
    """The last notes, of at most `most` deliveries together."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._notes: deque[Note] = deque()
        self._lock = allocate_lock()

    def append(self, note: Note) -> None:
        """Keep a note; called from any thread."""
        with self._lock:
            self._notes.append(note)
            self._held += len(note.items)
            while self._held > self._most:
                self._held -= len(self._notes.popleft().items)

    def all(self) -> list[Note]:
        """Return the notes, oldest first."""
        with self._lock:
            return list(self._notes)


class History:
    """The last `capacity` events that were no duplicates.

    Args:
        capacity: events; 0 keeps none.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: deque[Routed | Given] = deque(maxlen=capacity)
        """Written by the registry alone."""
        self.notes = Notes(capacity * NOTES)
        """How deliveries ended, a turn at a time; written by cells."""

    def find(
        self,
        *,
        types: frozenset[str] | None = None,
        source: str | None = None,
        since: float | None = None,
        event_id: str | None = None,
        limit: int = 100,
    ) -> list[Past]:
        """Return the newest events that match, oldest first.

        Args:
            types: wire values; None: all.
            source: who published it: this path, or below it.
            since: seconds UTC, from when on.
            event_id: its id.
            limit: how many at most.
        """
        found: list[Routed | Given] = []
        for item in list(self.entries)[::-1]:  # a copy: the registry goes on
            envelope = item.envelope
            if (
                (since is None or envelope.time >= since)
                and (types is None or envelope.type in types)
                and (event_id is None or envelope.id == event_id)
                and (source is None or _is_at_or_below(envelope.source, source))
            ):
                found.append(item)
                if len(found) == limit:
                    break
        return self._pasts(found[::-1])

    def undertaking(self, event_id: str) -> list[Past]:
        """Return the events of one chain of causes, oldest first: all that share its first one.

        Args:
            event_id: of any event in it.
        """
        entries = list(self.entries)
        chains = {i.envelope.id: i.envelope.correlationid or i.envelope.id for i in entries}
        chain = chains.get(event_id)
        if chain is None:
            return []
        return self._pasts([item for item in entries if chains[item.envelope.id] == chain])

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self.entries)

    def _pasts(self, found: list[Routed | Given]) -> list[Past]:
        """Look up how the deliveries ended; of several ends of one, the last one counts."""
        ends: dict[str, dict[str, Handling]] = {item.envelope.id: {} for item in found}
        for note in self.notes.all():
            for item in note.items:
                mine = ends.get(item.envelope.id)
                if mine is not None:
                    mine[note.path] = Handling(note.path, str(note.outcome), note.seconds)
        return [
            Past(
                item.event,
                item.envelope,
                (
                    *(ends[item.envelope.id].pop(p, Handling(p, "", 0.0)) for p in _paths(item)),
                    *ends[item.envelope.id].values(),  # durable consumers, and later tries
                ),
            )
            for item in found
        ]


def _paths(item: Routed | Given) -> tuple[str, ...]:
    paths: tuple[str, ...] = item.paths if isinstance(item, Given) else item.route.paths
    return paths


def _is_at_or_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above.rstrip('/')}/")
