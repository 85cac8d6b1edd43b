"""What a node keeps of its supervision, over all its runs: holds and deaths, in one file."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ringleader.transport.death_records import DeathArchive
from ringleader.transport.deaths import SqliteDeaths
from ringleader.transport.holds import SqliteHolds, read_holds
from ringleader.transport.supervision import own_supervision, read_supervision

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ringleader.actors.holds import Hold

    from .system import System


class Record:
    """The file of a node that runs, which is its owner; `close` it after the system has stopped.

    Attributes:
        archive: looks up deaths, once they are written.

    Args:
        path: of the file.
        system: whose holds are found there, and whose deaths are kept.

    Raises:
        SupervisionError: the file is damaged, or not ours.
    """

    def __init__(self, path: Path, system: System) -> None:
        context = system.context
        with ExitStack() as stack:
            database = own_supervision(path)
            stack.callback(database.close)
            context.holds = self._holds = SqliteHolds(database)
            self._deaths = SqliteDeaths(database, context.clock.time, context.spawn)
            stack.callback(self._deaths.close)
            self.archive = DeathArchive(database)
            self._open = stack.pop_all()
        system.deaths.store = self._deaths

    def hold(self, path: str) -> Hold | None:
        """Return the hold on a path, if there is one."""
        return self._holds.get(path)

    def up_to_date(self, timeout: float = 1.0) -> DeathArchive:
        """Return the archive, once what is known by now is in it, or `timeout` seconds later."""
        self._deaths.flush(timeout)
        return self.archive

    def close(self) -> None:
        """Write what is not written yet, and let go of the file; may be repeated."""
        self._open.close()


@contextmanager
def look_into(path: Path) -> Generator[tuple[DeathArchive, list[Hold]]]:
    """Give the deaths and the holds of a node that does not run.

    Raises:
        SupervisionError: the file is damaged, or not ours.
    """
    with read_supervision(path) as file:
        yield DeathArchive(file), read_holds(file)
