"""Handing out events with the commit that brings them, to consumers whose fetches wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ringleader.actors.open_fetches import OpenFetches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ringleader.actors.event_log import Fetched

    from .event_consumers import Consumers
    from .sqlite import Tables

AT_ONCE: Final = 8
"""Consumers that are served by the commit that brings an event, at most: who has published it waits
meanwhile. The others are served behind it."""


class Handed(NamedTuple):
    """What a transaction has handed out.

    Attributes:
        found: by consumer.
        left: names of those that must be looked after behind it.
    """

    found: dict[str, Fetched]
    left: list[str]


class Handout:
    """Serves fetches that wait. Only the writer's thread uses it.

    Within a transaction nothing is answered, so that one that fails changes nothing here.

    Args:
        consumers: returns the consumers within a transaction.

    Attributes:
        open: the fetches that wait.
    """

    def __init__(self, consumers: Callable[[Tables], Consumers]) -> None:
        self.open = OpenFetches()
        self._consumers = consumers
        self._tables: Tables | None = None
        self._touched: dict[str, None] = {}

    def touch(self, tables: Tables, name: str) -> None:
        """Take note that a transaction is about a consumer.

        It may end the fetch that waits, which must get nothing of this transaction then; or it is a
        fetch itself that will wait.
        """
        if self._tables is not tables:  # another transaction: none is left to be concluded
            self._tables, self._touched = tables, {}
        self._touched[name] = None

    def conclude(self, tables: Tables, types: Collection[str]) -> Handed:
        """Hand out events of these types that the transaction has written."""
        if not types:
            return Handed({}, [])
        return self.serve(
            tables, list(dict.fromkeys([*self._touched_in(tables), *self.open.wanting(types)]))
        )

    def serve(self, tables: Tables, names: Sequence[str]) -> Handed:
        """Hand out what there is to those whose fetches wait, `AT_ONCE` of them."""
        touched = self._touched_in(tables)
        left = [name for name in names if name in touched]  # before any is touched here
        free = [name for name in names if name not in touched]
        consumers = self._consumers(tables)
        found: dict[str, Fetched] = {}
        for name in free[:AT_ONCE]:
            fetch = self.open.get(name)
            fetched = fetch and consumers.hand_out(name, fetch.owner, fetch.limit)
            if fetched and fetched.records:
                found[name] = fetched
                self.touch(tables, name)  # it is answered once
        return Handed(found, left + free[AT_ONCE:])

    def _touched_in(self, tables: Tables) -> dict[str, None]:
        return self._touched if self._tables is tables else {}

    def answer(self, found: dict[str, Fetched]) -> None:
        """Tell what was handed out, when it is committed."""
        for name, fetched in found.items():
            self.open.answer(name, fetched)
