"""What supervision leaves behind in a file: who must not run, and who died.

One file for a node, across all its runs; the node's process owns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ringleader.actors.errors import RingleaderError

from .sqlite import Database, ReadOnly

if TYPE_CHECKING:
    from pathlib import Path

WHAT: Final = "the record of supervision"

SCHEMA: Final = (
    """
    CREATE TABLE holds (
        path TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('hold', 'quarantine')),
        who TEXT NOT NULL,
        why TEXT NOT NULL,
        since REAL NOT NULL,
        until REAL,
        times INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deaths (
        number INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        time REAL NOT NULL,
        fingerprint TEXT NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX deaths_by_path ON deaths (path, time);
    CREATE INDEX deaths_by_time ON deaths (time);
    """,
)


class SupervisionError(RingleaderError):
    """The record of supervision can't be read or written; says why, and what would be right.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 1


def own_supervision(path: Path) -> Database:
    """Open the file as the one process that writes it; made if it is missing.

    Raises:
        SupervisionError: it is damaged, or not ours.
    """
    return Database(path, WHAT, SCHEMA, SupervisionError)


def read_supervision(path: Path) -> ReadOnly:
    """Open the file while no node runs, to look.

    Raises:
        SupervisionError: it is damaged, not ours, or not there.
    """
    return ReadOnly(path, WHAT, len(SCHEMA), SupervisionError)
