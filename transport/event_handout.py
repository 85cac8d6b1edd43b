"""Handing out events with the commit that brings them, to consumers whose fetches wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ringleader.actors.open_fetches import OpenFetches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.event_log import Fetched, Record

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
        self._behind: set[str] = set()

    def touch(self, tables: Tables, name: str) -> None:
        """Take note that a transaction is about a consumer.

        It may end the fetch that waits, which must get nothing of this transaction then; or it is a
        fetch itself that will wait.
        """
        if self._tables is not tables:  # another transaction: none is left to be concluded
            self._tables, self._touched = tables, {}
        self._touched[name] = None

    def is_wanted(self, tables: Tables, types: set[str]) -> bool:
        """Tell whether events of these types, written now, are for anybody whose fetch waits."""
        return bool(self._touched_in(tables) or self.open.wanting(types))

    def conclude(self, tables: Tables, news: Sequence[Record]) -> Handed:
        """Hand out the events that the transaction has written."""
        if not news:
            return Handed({}, [])
        types = {record.envelope.type for record in news}
        names = dict.fromkeys([*self._touched_in(tables), *self.open.wanting(types)])
        return self.serve(tables, list(names), news)

    def serve(self, tables: Tables, names: Sequence[str], news: Sequence[Record] = ()) -> Handed:
        """Hand out what there is to those whose fetches wait, `AT_ONCE` of them.

        What waits has seen all that was there before it, so that nothing but `news` can be there
        for it; unless it was to be looked after behind the transaction, and was not yet.
        """
        touched = self._touched_in(tables)
        left = [name for name in names if name in touched]  # before any is touched here
        free = [name for name in names if name not in touched]
        consumers = self._consumers(tables)
        found: dict[str, Fetched] = {}
        for name in free[:AT_ONCE]:
            fetch = self.open.get(name)
            known = () if name in self._behind else news
            fetched = fetch and consumers.hand_out(name, fetch.owner, fetch.limit, known)
            if fetched and fetched.records:
                found[name] = fetched
                self.touch(tables, name)  # it is answered once
        return Handed(found, left + free[AT_ONCE:])

    def _touched_in(self, tables: Tables) -> dict[str, None]:
        return self._touched if self._tables is tables else {}

    def leave(self, names: Iterable[str]) -> None:
        """Take note of who must be looked after, and is behind until that is done."""
        self._behind.update(names)

    def served(self, names: Iterable[str]) -> None:
        """Take note of who was looked after."""
        self._behind.difference_update(names)

    def answer(self, found: dict[str, Fetched]) -> None:
        """Tell what was handed out, when it is committed."""
        for name, fetched in found.items():
            self.open.answer(name, fetched)
