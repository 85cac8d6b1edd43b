"""One SQLite file with one owner: opened safely, migrated, locked for each short transaction."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import apsw

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path
    from typing import Self

    from ringleader.actors.errors import RingleaderError

BUSY_MS: Final = 2_000
"""Milliseconds to wait for somebody else's lock: nobody should hold one, a backup may."""


class Readable(Protocol):
    """Answers queries."""

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        ...


class Tables:
    """What is in the file, within one transaction."""

    def __init__(self, connection: Any) -> None:  # apsw's own types are partly unknown
        self._connection = connection

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return list(self._connection.execute(query, bindings))

    def write(self, statement: str, bindings: tuple[Any, ...] = ()) -> int:
        """Change something; return how many rows were."""
        self._connection.execute(statement, bindings)
        changes: int = self._connection.changes()
        return changes

    def write_many(self, statement: str, bindings: Iterable[tuple[Any, ...]]) -> int:
        """Change something once for each of `bindings`; return how many rows were."""
        before = self.changed
        self._connection.executemany(statement, bindings)
        return self.changed - before

    @property
    def changed(self) -> int:
        """How many rows this connection ever inserted, updated or deleted, kept or not."""
        changes: int = self._connection.total_changes()
        return changes

    @property
    def is_lasting(self) -> bool:
        """Whether each statement is a transaction of its own, and kept when it has returned."""
        return not self._connection.in_transaction

    @property
    def last_row(self) -> int:
        """The row id of the last row that was inserted."""
        row: int = self._connection.last_insert_rowid()
        return row


class Database:
    """A connection that several threads share, one transaction at a time.

    The file is in WAL mode with `synchronous=FULL`: what a transaction wrote is kept once it has
    returned, whatever happens to the process or the machine.

    Args:
        path: the file; made if it is missing, its directory must exist.
        what: it is, for messages: "the stage journal".
        schema: one script for each version, from an empty file on; only ever append.
        error: raised for all that goes wrong, with the path and what would be right.
    """

    def __init__(
        self, path: Path, what: str, schema: Sequence[str], error: type[RingleaderError]
    ) -> None:
        self.path = path
        self._what, self._error = what, error
        self._lock = threading.RLock()
        self._connection: Any = None  # apsw's own types are partly unknown
        if not path.parent.is_dir():
            raise error(f"{what} {path} can't be opened: {path.parent} is not a directory")
        with self._explained():
            connection = apsw.Connection(str(path))
            try:
                self._prepare(connection, schema)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    def _prepare(self, connection: Any, schema: Sequence[str]) -> None:
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        found = str(connection.pragma("quick_check", 1))
        if found != "ok":
            raise apsw.CorruptError(found)
        with _immediate(connection):
            version = int(connection.pragma("user_version"))
            wrong = _wrong_version(connection, version, len(schema))
            if wrong:
                raise self._error(f"{self._what} {self.path} {wrong}")
            for script in schema[version:]:
                connection.execute(script)
            connection.pragma("user_version", len(schema))

    @contextmanager
    def transaction(self) -> Generator[Tables]:
        """Read and write as one: all of it is kept, or nothing if it raises."""
        with self._lock, self._explained(), _immediate(self._open) as connection:
            yield Tables(connection)

    @contextmanager
    def statement(self) -> Generator[Tables]:
        """Write with one statement, which is a transaction of its own; reads may follow it."""
        with self._lock, self._explained():
            yield Tables(self._open)

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self._lock, self._explained():
            return Tables(self._open).rows(query, bindings)

    def close(self) -> None:
        """Let go of the file; may be repeated. Every later call raises."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @property
    def _open(self) -> Any:
        if self._connection is None:
            raise self._error(f"{self._what} {self.path} is closed")
        return self._connection

    @contextmanager
    def _explained(self) -> Generator[None]:
        with _explained(self.path, self._what, self._error):
            yield


class ReadOnly:
    """A look into a file that nobody owns at the moment; changes nothing. Close it, or use `with`.

    A process that opens it as its own meanwhile is not disturbed.

    Args:
        path: the file.
        what: it is, for messages.
        version: the latest that is understood.
        error: raised for all that goes wrong, with the path and what would be right.
    """

    def __init__(self, path: Path, what: str, version: int, error: type[RingleaderError]) -> None:
        self._path, self._what, self._error = path, what, error
        with _explained(path, what, error):
            self._connection: Any = self._open()  # apsw's own types are partly unknown
            try:
                self._connection.set_busy_timeout(BUSY_MS)
                found = int(self._connection.pragma("user_version"))
                wrong = _wrong_version(self._connection, found, version)
            except BaseException:
                self._connection.close()
                raise
        if wrong:
            self._connection.close()
            raise error(f"{what} {path} {wrong}")

    def _open(self) -> Any:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        # Without a log beside it nothing is unwritten, and nobody has it open: then it is read as
        # it stands, which makes no files beside it and works in a directory that is read-only.
        is_closed = not self._path.with_name(f"{self._path.name}-wal").exists()
        query = "mode=ro&immutable=1" if is_closed else "mode=ro"
        return apsw.Connection(f"{self._path.absolute().as_uri()}?{query}", flags=flags)

    def __enter__(self) -> Self:
        """Begin to read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file; may be repeated."""
        self._connection.close()

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with _explained(self._path, self._what, self._error):
            return Tables(self._connection).rows(query, bindings)


def _wrong_version(connection: Any, version: int, known: int) -> str:
    """Say what is wrong with a file of this version; nothing if we can go on with it."""
    if version > known:
        return (
            f"was written by a newer Ringleader (its version is {version}, this one reads up to "
            f"{known}); use that one, or move the file away to start afresh"
        )
    if version == 0 and list(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")):
        return "belongs to another program; move it away to start afresh"
    return ""


@contextmanager
def _explained(path: Path, what: str, error: type[RingleaderError]) -> Generator[None]:
    try:
        yield
    except apsw.Error as cause:
        raise error(f"{what} {path} {_explain(cause)}") from cause


@contextmanager
def _immediate(connection: Any) -> Generator[Any]:
    """Take the write lock at once: a transaction that reads first could fail when it writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _explain(error: apsw.Error) -> str:
    match error:
        case apsw.NotADBError() | apsw.CorruptError():
            advice = "is damaged, or no SQLite file; move it away to start afresh"
        case apsw.BusyError() | apsw.LockedError():
            advice = "is locked by another process; end that one, or use another data directory"
        case apsw.CantOpenError():
            advice = "can't be opened; it must be a file in a directory that can be written to"
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            advice = "can't be written to; check its owner and mode, and those of its directory"
        case apsw.FullError():
            advice = "can't grow: the disk is full; make room"
        case _:
            advice = "failed"
    return f"{advice} ({error})"
