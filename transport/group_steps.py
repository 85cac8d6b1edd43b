"""What the one thread that writes has to do: operations, and items of streams, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.event_log import Then

    from .sqlite import Tables


class Stream(Protocol):
    """Takes items that are written many at once, in the order in which they were submitted."""

    def is_stored(self, item: Any, /) -> bool:
        """Tell whether an item is to be written, or only passed on in its turn."""
        ...

    def store(self, tables: Tables, items: Sequence[Any], /) -> None:
        """Write items; may be asked again for the same ones, if a transaction failed."""
        ...

    def is_one_statement(self, items: Sequence[Any], /) -> bool:
        """Tell whether items are written by a single statement, with nothing to `conclude`."""
        ...

    def conclude(self, tables: Tables, items: Sequence[Any], /) -> Any:
        """Do what is due when items are written, at the end of the same transaction."""
        ...

    def concluded(self, result: Any, /) -> None:
        """Hear, behind `passed`, that what `conclude` did is committed.

        `result` is None if it was not asked, because something in the group had failed.
        """
        ...

    def passed(self, items: Sequence[Any], /) -> None:
        """Hear of items that are committed, or not to be written, in order."""
        ...

    def told(self, items: Sequence[Any], /) -> None:
        """Hear, behind `passed` and `concluded`, that all was said about items."""
        ...

    def refused(self, item: Any, error: RingleaderError, /) -> None:
        """Hear of an item that can't be written, whatever the disk does."""
        ...


class Item(NamedTuple):
    """What a stream is to take."""

    stream: Stream
    item: Any


class Asked(NamedTuple):
    """An operation, and who hears of its result."""

    operation: Callable[[Tables], Any]
    then: Then[Any] | None


class Run:
    """Items of one stream, one after the other."""

    def __init__(self, stream: Stream, items: list[Any]) -> None:
        self.stream, self.items = stream, items

    @property
    def is_one_statement(self) -> bool:
        """Whether it needs no transaction around it."""
        return self.stream.is_one_statement(self.items)

    def run(self, tables: Tables) -> None:
        """Write those that are to be written."""
        is_stored = self.stream.is_stored
        stored = [item for item in self.items if is_stored(item)]
        if stored:
            self.stream.store(tables, stored)


class Step:
    """One operation."""

    def __init__(self, asked: Asked) -> None:
        self._operation, self.then = asked

    def run(self, tables: Tables) -> Any:
        """Return the result; the error of an operation that has changed nothing is one."""
        before = tables.changed
        try:
            return self._operation(tables)
        except RingleaderError as error:
            if tables.changed != before:
                raise  # only a rollback undoes it
            return error


def steps_of(group: Iterable[Item | Asked]) -> list[Run | Step]:
    """Put items together that follow one another."""
    steps: list[Run | Step] = []
    run: Run | None = None
    for entry in group:
        if isinstance(entry, Asked):
            steps.append(Step(entry))
            run = None
        elif run is not None and run.stream is entry.stream:
            run.items.append(entry.item)
        else:
            run = Run(entry.stream, [entry.item])
            steps.append(run)
    return steps


def is_one_statement(steps: list[Run | Step]) -> bool:
    """Tell what needs no BEGIN: between statements Python's lock may go to who computes, 5 ms."""
    match steps:
        case [Run(is_one_statement=True)]:
            return True
        case _:
            return False


def is_stored(entry: Item) -> bool:
    """Tell whether an item is to be written."""
    return entry.stream.is_stored(entry.item)


def by_stream(runs: Iterable[tuple[Stream, list[Any]]]) -> list[tuple[Stream, list[Any]]]:
    """Return the items of each stream, in order."""
    found: dict[int, tuple[Stream, list[Any]]] = {}
    for stream, items in runs:
        if id(stream) in found:
            found[id(stream)][1].extend(items)
        else:
            found[id(stream)] = stream, [*items]
    return list(found.values())
