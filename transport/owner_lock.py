"""The lock beside a database that says: one process owns it."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from ringleader.actors.event_log import EventLogError

if TYPE_CHECKING:
    from pathlib import Path


class OwnerLock:
    """Held while a database is open for writing; those who only read do not ask for it.

    It is a file of its own: to close any descriptor of the database itself would end the locks
    that SQLite holds there. The file stays; what counts is the lock (`flock`), which the operating
    system frees when its process ends, however that happens.

    Args:
        database: the file that is owned; the lock's has its name and `.lock`.
        what: the database is, for messages.

    Raises:
        EventLogError: somebody holds it, in this process or another; or it can't be made.
    """

    def __init__(self, database: Path, what: str) -> None:
        path = database.with_name(f"{database.name}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EventLogError(
                f"{what} {database} can't be opened: {path.name} beside it can't be written "
                f"({error.strerror}); it must be in a directory that can be written to"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise EventLogError(
                f"{what} {database} is in use by {f'process {holder}' if holder else 'a node'}; "
                "stop that one, or use another data directory"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise EventLogError(
                f"{what} {database} can't be locked ({error.strerror}); its file system must have "
                "locks"
            ) from error
        self._descriptor: int | None = descriptor
        self._note(f"{os.getpid()}\n".encode())

    def _note(self, text: bytes) -> None:
        """Say who holds it, for whoever asks; a full disk is no obstacle."""
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, text, 0)
            except OSError:
                return

    def release(self) -> None:
        """Let go; may be repeated."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
