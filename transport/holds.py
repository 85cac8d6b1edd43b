"""Holds in a SQLite file: they outlive the node, and `kill -9`."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from ringleader.actors.holds import Hold

from .supervision import SupervisionError

if TYPE_CHECKING:
    from .sqlite import Database, Readable

logger = logging.getLogger("ringleader.node")


def read_holds(source: Readable) -> list[Hold]:
    """Return all holds of a file, by path."""
    found = source.rows("SELECT path, kind, who, why, since, until, times FROM holds ORDER BY path")
    return [Hold(*row) for row in found]


class SqliteHolds:
    """The `Holds` of a node: looked up in memory, kept in its file when a call returns.

    A hold that the disk does not take holds nevertheless, until the node ends, and the log says
    so: whoever asked for it is a supervisor in its turn, which a full disk must not end.

    Args:
        database: the file, which whoever opened it closes.

    Raises:
        SupervisionError: what is in the file can't be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._holds = {hold.path: hold for hold in read_holds(database)}

    def get(self, path: str) -> Hold | None:
        """Return the hold on a path, if there is one."""
        return self._holds.get(path)

    def put(self, hold: Hold) -> None:
        """Keep a hold, in place of an earlier one on the same path."""
        with self._lock:
            self._holds[hold.path] = hold
            self._write(
                hold.path,
                "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    hold.path,
                    hold.kind,
                    _plain(hold.by),
                    _plain(hold.why),
                    hold.since,
                    hold.until,
                    hold.times,
                ),
            )

    def remove(self, path: str) -> Hold | None:
        """Forget the hold on a path; return what it was."""
        with self._lock:
            was = self._holds.pop(path, None)
            if was is not None:
                self._write(path, "DELETE FROM holds WHERE path = ?", (path,))
            return was

    def all(self) -> list[Hold]:
        """Return all holds, by path."""
        with self._lock:
            return [self._holds[path] for path in sorted(self._holds)]

    def _write(self, path: str, statement: str, bindings: tuple[object, ...]) -> None:
        try:
            with self._database.transaction() as tables:
                tables.write(statement, bindings)
        except SupervisionError as error:
            logger.error("what holds %s is forgotten when the node ends: %s", path, error)  # noqa: TRY400  # the error says it all


def _plain(text: str) -> str:
    """Return a text that SQLite takes: one half of a surrogate pair is no character."""
    return text.encode("utf-8", "backslashreplace").decode()
