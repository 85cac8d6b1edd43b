"""The last events and what became of their deliveries, in memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .events.base import Envelope, Event
    from .message import Delivery
    from .publication import Publication


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


class History:
    """The last `capacity` events that were no duplicates.

    Args:
        capacity: events; 0 keeps none.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: deque[tuple[Publication, Sequence[Delivery]]] = deque(maxlen=capacity)
        """Written by the registry alone."""

    def add(self, delivery: Delivery) -> None:
        """Note a later delivery of an event that may be in the history."""
        for place in range(len(self.entries) - 1, -1, -1):
            publication, deliveries = self.entries[place]
            if publication.envelope.id == delivery.envelope.id:
                self.entries[place] = (publication, (*deliveries, delivery))
                return

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
        found: list[Past] = []
        for publication, deliveries in self._newest_first():
            envelope = publication.envelope
            if since is not None and envelope.time < since:
                continue
            if (
                (types is None or envelope.type in types)
                and (event_id is None or envelope.id == event_id)
                and (source is None or _is_at_or_below(envelope.source, source))
            ):
                found.append(Past(publication.event, envelope, _handlings(deliveries)))
                if len(found) == limit:
                    break
        return found[::-1]

    def undertaking(self, event_id: str) -> list[Past]:
        """Return the events of one chain of causes, oldest first: all that share its first one.

        Args:
            event_id: of any event in it.
        """
        chains = {p.id: p.envelope.correlationid or p.id for p, _ in self._newest_first()}
        chain = chains.get(event_id)
        if chain is None:
            return []
        return [
            Past(p.event, p.envelope, _handlings(deliveries))
            for p, deliveries in reversed(list(self._newest_first()))
            if chains.get(p.id) == chain
        ]

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self.entries)

    def _newest_first(self) -> Iterator[tuple[Publication, Sequence[Delivery]]]:
        return iter(list(self.entries)[::-1])  # a copy: the registry goes on


def _is_at_or_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above.rstrip('/')}/")


def _handlings(deliveries: Sequence[Delivery]) -> tuple[Handling, ...]:
    return tuple(
        Handling(
            path=d.subscription.path,
            outcome="" if d.outcome is None else str(d.outcome),
            seconds=d.seconds,
        )
        for d in deliveries
    )
