"""What a node has counted."""

from __future__ import annotations

from dataclasses import dataclass

from ringleader.actors.event_statistics import EventStatistics  # noqa: TC001  # for msgspec
from ringleader.actors.letters import Outcome  # noqa: TC001  # for msgspec


@dataclass(frozen=True, slots=True)
class SystemStatistics:
    """Counters of a node.

    Attributes:
        messages: outcomes of all messages to all actors.
        events: what became of events.
        dead_letters: by reason.
        actors: incarnations alive.
        starts: starts ever tried.
        restarts: starts at a path where somebody had lived before.
        stuck_threads: threads that were given up in a handler and are still alive.
        watched: incarnations whose progress or health is looked after.
    """

    messages: dict[Outcome, int]
    events: EventStatistics
    dead_letters: dict[Outcome, int]
    actors: int
    starts: int
    restarts: int
    stuck_threads: int
    watched: int
