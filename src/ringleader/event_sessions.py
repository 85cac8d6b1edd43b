"""What a node keeps for a consumer in another process, as long as its connection lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from .event_questions import Batch

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.event_log import Record

    from .event_questions import Fetch, Settle

Done: TypeAlias = "Callable[[Any], object]"
"""Takes an answer, or the error in its place."""

MOST_BYTES: Final = 16 * 1024 * 1024
"""Payload in one answer, and what is kept for a listener; one event may be larger."""

NOTHING: Final = Batch()


class Waiting(NamedTuple):
    """A fetch that has no answer yet."""

    limit: int
    until: float
    done: Done


class Session(Protocol):
    """What a client has fetched from, by name."""

    def fetch(self, asked: Fetch, done: Done) -> None:
        """Answer with the next events, as soon as there are any."""
        ...

    def settle(self, asked: Settle, done: Done) -> None:
        """Note outcomes; answer with how many were in hand."""
        ...

    def wake(self, answer: Batch | RingleaderError = NOTHING) -> None:
        """Answer the fetch that waits, if one does."""
        ...

    def look(self, now: float) -> None:
        """Do what time asks for."""
        ...

    def end(self) -> None:
        """Take note that the connection has ended."""
        ...


def some_of(records: deque[Record], limit: int) -> tuple[Record, ...]:
    """Take out at most so many, and so many bytes; one, if there is one, whatever its size."""
    taken: list[Record] = []
    size = 0
    while records and len(taken) < limit:
        size += len(records[0].payload)
        if taken and size > MOST_BYTES:
            break
        taken.append(records.popleft())
    return tuple(taken)
