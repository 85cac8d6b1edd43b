"""The data directory of a node: what lies where in it, and whether it can be used."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, ClassVar

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from pathlib import Path


class DataDirError(RingleaderError):
    """The data directory can't be used.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"node.data_dir: {path} can't be used: {reason}; choose another: --data-dir"
        )


class DataDir:
    """Where a node keeps everything.

    Attributes:
        path: absolute.
        lock: held while a node runs.
        socket: the control socket of a running node.
        log: the log, with tracebacks.
        supervision: who died and who is held, of all runs.
        events: the event log, with consumers and dead letters, of all runs.
        spool: a directory for events that clients leave while no node runs.
        runs: a directory for each run.
        keys: a directory for the key of the node, and for those of its peers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.lock = self.path / "lock"
        self.socket = self.path / "control.sock"
        self.log = self.path / "ringleader.log"
        self.supervision = self.path / "supervision.db"
        self.events = self.path / "events.db"
        self.spool = self.path / "spool"
        self.runs = self.path / "runs"
        self.keys = self.path / "keys"

    def make(self) -> None:
        """Make it, for its owner alone, if it is not there; try to write into it.

        Raises:
            DataDirError: it can't be made, or can't be written to.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _try(self.path)
        except OSError as error:
            raise self._unusable(error) from error

    def check(self) -> None:
        """Raise what `make` would raise, as far as one can tell without making it."""
        try:
            _try(self._nearest())
        except OSError as error:
            raise self._unusable(error) from error

    def _nearest(self) -> Path:
        """Return the directory itself, or the nearest one above it that there is."""
        there = self.path
        while not os.path.lexists(there):
            there = there.parent
        return there

    def _unusable(self, error: OSError) -> DataDirError:
        nearest = self._nearest()
        if not nearest.is_dir():
            return DataDirError(self.path, f"{nearest} is not a directory")
        return DataDirError(self.path, error.strerror or str(error))


def _try(directory: Path) -> None:
    """Write into a directory: permissions alone don't tell, it may be full or read-only."""
    with tempfile.TemporaryFile(dir=directory):
        pass
