"""What a registry has counted."""

from __future__ import annotations

from dataclasses import dataclass

from .letters import Outcome  # noqa: TC001  # for msgspec


@dataclass(frozen=True, slots=True)
class EventStatistics:
    """What became of events so far.

    Attributes:
        published: events taken from publishers.
        deduplicated: of these, suppressed as duplicates.
        unrouted: of these, wanted by nobody.
        deliveries: one for each event and subscriber.
        outcomes: of deliveries; their sum is `deliveries` when nothing is under way.
        by_type: events by name.
        subscriptions: how many there are.
        looped: events refused because too many caused one another.
        unknown: events dropped because nobody knows their name, by name.
        renamed: old spellings of names and fields that were met.
        shed: events dropped to the dead letters under pressure; not among `published`.
        refused: events that their publishers got back under pressure.
        expired: events that were older than their type's `max_age` when they came.
        taken_in: events of other nodes that came over the bridge; not among `published`.
        level: how far behind the registry is.
    """

    published: int
    deduplicated: int
    unrouted: int
    deliveries: int
    outcomes: dict[Outcome, int]
    by_type: dict[str, int]
    subscriptions: int
    looped: int
    unknown: dict[str, int]
    renamed: dict[str, int]
    shed: int = 0
    refused: int = 0
    expired: int = 0
    taken_in: int = 0
    level: str = "none"
