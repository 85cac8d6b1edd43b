"""Fetches of the event log that wait until there is something to hand out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from .event_log import ConsumerTaken, Fetched, NoSuchConsumer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .errors import RingleaderError
    from .event_log import Then

logger = logging.getLogger("ringleader.events")

NOTHING: Final = Fetched((), more=False)


class OpenFetch(NamedTuple):
    """A fetch that has no answer yet.

    Attributes:
        owner: who fetches.
        limit: events at most.
        types: wire values of what its consumer wants; None: all.
        then: hears the answer, once.
    """

    owner: str
    limit: int
    types: tuple[str, ...] | None
    then: Then[Fetched]


class OpenFetches:
    """The fetches that wait, one for a consumer. Only the thread whose turn it is uses it."""

    def __init__(self) -> None:
        self._open: dict[str, OpenFetch] = {}

    def add(self, name: str, fetch: OpenFetch) -> None:
        """Let a fetch wait; the one before it must have been ended."""
        self._open[name] = fetch

    def get(self, name: str) -> OpenFetch | None:
        """Return the fetch of a consumer that waits."""
        return self._open.get(name)

    def names(self) -> list[str]:
        """Return the consumers whose fetches wait; who waits for longest comes first."""
        return list(self._open)

    def wanting(self, types: Collection[str]) -> list[str]:
        """Return those that want an event of one of these types; the same order."""
        return [
            name
            for name, fetch in self._open.items()
            if types and (fetch.types is None or any(each in types for each in fetch.types))
        ]

    # ---------------------------------------------------------------- answers

    def answer(self, name: str, result: Fetched | RingleaderError = NOTHING) -> None:
        """Answer a fetch, if one waits."""
        fetch = self._open.pop(name, None)
        if fetch is not None:
            try:
                fetch.then(result)
            except Exception:
                logger.exception("who was told of the event log's work failed; the log goes on")

    def end(self, name: str, owner: str) -> None:
        """Answer the fetch of this owner with nothing: it has done something else meanwhile."""
        fetch = self._open.get(name)
        if fetch is not None and fetch.owner == owner:
            self.answer(name)

    def attached(self, name: str, owner: str) -> None:
        """Take note that a consumer has this holder now."""
        fetch = self._open.get(name)
        if fetch is not None and fetch.owner != owner:
            self.taken([name])
        self.end(name, owner)

    def taken(self, names: Iterable[str]) -> None:
        """Tell those who hold their consumers no more."""
        for name in names:
            fetch = self._open.get(name)
            if fetch is not None:
                error = ConsumerTaken(
                    f"the consumer {name!r} is not held by {fetch.owner!r} any more, its lease ran "
                    "out while it waited for events: attach it again"
                )
                self.answer(name, error)

    def forgotten(self, name: str) -> None:
        """Tell who waits that there is no such consumer any more."""
        self.answer(name, NoSuchConsumer(f"the consumer {name!r} was deleted; attach makes one"))

    def close(self, error: RingleaderError) -> None:
        """Answer all with an error."""
        for name in self.names():
            self.answer(name, error)
