"""The event log of a node that does not run: what is in its file, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.event_log import LogStatistics

from .event_consumers import info, load_all
from .event_pruning import measure
from .event_queries import find, head_of
from .event_store import read_events

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from ringleader.actors.event_log import ConsumerInfo, LogQuery, Record


class EventArchive:
    """Reads the file. Close it, or use `with`.

    Attributes:
        file: the file, for whoever looks for something else in it.

    Args:
        path: of the file.

    Raises:
        EventLogError: it is damaged, not ours, or not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file = read_events(path)

    def __enter__(self) -> Self:
        """Begin to read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.file.close()

    def read(self, query: LogQuery) -> list[Record]:
        """Return the events that match."""
        return find(self.file, query)

    def consumers(self) -> list[ConsumerInfo]:
        """Return all consumers, by name."""
        return [info(self.file, each) for each in load_all(self.file)]

    def statistics(self) -> LogStatistics:
        """Return what is in the log; counts of one process are those of none."""
        ((first,),) = self.file.rows("SELECT coalesce(min(sequence), 0) FROM events")
        return LogStatistics(
            head=head_of(self.file),
            first=first,
            events=measure(self.file)[0],
            bytes=self._path.stat().st_size,
        )
