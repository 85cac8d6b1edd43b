"""An actor for a process of its own that notes when it handles what."""

from __future__ import annotations

from time import perf_counter

from ringleader import Actor, handles
from ringleader.events import TrainingCompleted, TrainingTimeoutReached


class Far(Actor):
    """Notes the number of each event, and when it was handled."""

    dispatcher = "process"

    def __init__(self) -> None:
        super().__init__()
        self._taken: list[tuple[int | None, float]] = []

    @handles(TrainingCompleted, TrainingTimeoutReached)
    def take(self, event: TrainingCompleted | TrainingTimeoutReached) -> None:
        """Note an event."""
        self._taken.append((event.iteration, perf_counter()))

    @handles(int)
    def notes(self, expected: int) -> list[tuple[int | None, float]] | None:
        """Return what was noted, if it is so much."""
        return self._taken if len(self._taken) == expected else None
