"""The tables of the stage journal, and records in them.

Columns are what is looked up or sorted by; the whole record is JSON beside them, so that a person
with `sqlite3` can read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from ringleader.actors import journal_rules as rules
from ringleader.actors.events.readonly import freeze
from ringleader.actors.journal import JournalError, ModelRecord, StageRecord, WorkItem

if TYPE_CHECKING:
    from ringleader.actors.journal import Stage

    from .sqlite import Tables

R = TypeVar("R", StageRecord, WorkItem, ModelRecord)

SCHEMA: Final = (
    """
    CREATE TABLE iterations (
        config_key TEXT NOT NULL,
        iteration INTEGER NOT NULL,
        began_at REAL NOT NULL,
        PRIMARY KEY (config_key, iteration)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE stages (
        config_key TEXT NOT NULL,
        iteration INTEGER NOT NULL,
        stage TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (config_key, iteration, stage)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE work (
        number INTEGER PRIMARY KEY,
        work_id TEXT NOT NULL UNIQUE,
        config_key TEXT NOT NULL,
        iteration INTEGER NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        priority INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX work_by_status ON work (status, config_key, iteration, kind);
    CREATE INDEX work_by_iteration ON work (config_key, iteration, kind);
    CREATE TABLE models (
        number INTEGER PRIMARY KEY,
        model_id TEXT NOT NULL UNIQUE,
        config_key TEXT NOT NULL,
        iteration INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE TABLE production (
        config_key TEXT PRIMARY KEY,
        model_id TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE notes (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
TABLES: Final = ("iterations", "stages", "work", "models", "production", "notes")


def as_text(record: StageRecord | WorkItem | ModelRecord, what: str) -> str:
    """Return a record as JSON.

    Raises:
        JournalError: something in it is not JSON.
    """
    return rules.kept(record, what).decode()


def read_record(kind: type[R], text: str) -> R:
    """Return the record that `as_text` wrote, read-only.

    Raises:
        JournalError: it is none: somebody else wrote it.
    """
    try:
        record = msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise JournalError(
            f"the journal has a {kind.__name__} that can't be read: {error}; move the file away "
            "to start afresh"
        ) from error
    freeze(record, kind.__struct_fields__, rules.MAX_DEPTH)
    return record


def finished_at(record: str | None) -> float | None:
    """Return when an iteration was finished, from the record of its last stage."""
    if record is None:
        return None
    last = read_record(StageRecord, record)
    return last.finished_at if last.status == "done" else None


def begin(tables: Tables, config_key: str, iteration: int, now: float) -> None:
    """Record that an iteration began, unless it did before."""
    rules.check_iteration(iteration)
    tables.write(
        "INSERT INTO iterations VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (config_key, iteration, now),
    )


def stage_in(tables: Tables, key: tuple[str, int, Stage]) -> StageRecord | None:
    """Return what is known of a stage."""
    found = tables.rows(
        "SELECT record FROM stages WHERE config_key = ? AND iteration = ? AND stage = ?", key
    )
    return read_record(StageRecord, found[0][0]) if found else None


def keep_stage(tables: Tables, record: StageRecord | None) -> bool:
    """Write a stage, if there is anything to write; tell whether there was."""
    if record is not None:
        tables.write(
            "INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?)",
            (
                record.config_key,
                record.iteration,
                record.stage,
                as_text(record, f"stage {record.stage}"),
            ),
        )
    return record is not None
