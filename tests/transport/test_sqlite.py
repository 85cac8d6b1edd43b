from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.transport import sqlite
from ringleader.transport.sqlite import Database, ReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = "CREATE TABLE facts (fact TEXT NOT NULL) STRICT"
SECOND = "ALTER TABLE facts ADD COLUMN origin TEXT NOT NULL DEFAULT 'unknown'"


class StoreError(RingleaderError):
    pass


def opened(path: Path, *schema: str) -> Database:
    return Database(path, "the store", schema or (FIRST,), StoreError)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    made = opened(path)
    yield made
    made.close()


def test_the_file_is_in_wal_mode_and_written_through(database: Database) -> None:
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]


def test_a_transaction_is_kept_as_a_whole(database: Database) -> None:
    with database.transaction() as tables:
        tables.write("INSERT INTO facts VALUES ('a'), ('b')")
    assert database.rows("SELECT fact FROM facts WHERE fact > ?", ("a",)) == [("b",)]


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.transaction() as tables:
            assert tables.write("INSERT INTO facts VALUES ('a')") == 1
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert database.rows("SELECT * FROM facts") == []


def test_an_older_file_is_brought_up_to_date(path: Path) -> None:
    old = opened(path)
    with old.transaction() as tables:
        tables.write("INSERT INTO facts VALUES ('a')")
    old.close()
    new = opened(path, FIRST, SECOND)
    assert new.rows("SELECT * FROM facts") == [("a", "unknown")]
    assert new.rows("PRAGMA user_version") == [(2,)]
    new.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    opened(path).close()
    with pytest.raises(StoreError, match="failed"):
        opened(path, FIRST, SECOND, "no sql")
    again = opened(path)
    assert again.rows("PRAGMA user_version") == [(1,)]
    again.close()


def test_a_newer_file_is_refused(path: Path) -> None:
    opened(path, FIRST, SECOND).close()
    with pytest.raises(StoreError, match=r"store\.db was written by a newer Ringleader .* is 2"):
        opened(path)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere is not a directory"):
        opened(tmp_path / "nowhere" / "store.db")


def test_a_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"the store .*store\.db can't be opened; it must be a"):
        opened(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"nothing that SQLite wrote, and long enough to be read as a header" * 20)
    with pytest.raises(StoreError, match="is damaged, or no SQLite file; move it away"):
        opened(path)


def test_a_damaged_file_is_refused(path: Path) -> None:
    database = opened(path)
    with database.transaction() as tables:
        tables.write("CREATE INDEX by_fact ON facts (fact)")
        for number in range(500):
            tables.write("INSERT INTO facts VALUES (?)", (f"{number:0100}",))
    database.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        opened(path)


def test_a_locked_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 1)
    opened(path).close()
    other: Any = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreError, match="is locked by another process; end that one"):
            opened(path)
    finally:
        other.close()


def test_a_file_that_can_not_be_written_to_is_named(database: Database) -> None:
    with database.transaction() as tables:
        tables.write("PRAGMA query_only = 1")

    def write() -> None:
        with database.transaction() as tables:
            tables.write("INSERT INTO facts VALUES ('a')")

    with pytest.raises(StoreError, match="can't be written to; check its owner and mode"):
        write()


def test_a_closed_database_says_so(path: Path) -> None:
    database = opened(path)
    database.close()
    database.close()
    with pytest.raises(StoreError, match=r"the store .* is closed"):
        database.rows("SELECT 1")


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    other: Any = apsw.Connection(str(path))
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="belongs to another program; move it away"):
        opened(path)
    with pytest.raises(StoreError, match="belongs to another program"):
        look(path)
    other = apsw.Connection(str(path))
    assert list(other.execute("SELECT name FROM sqlite_schema")) == [("theirs",)]
    other.close()


def look(path: Path, version: int = 1) -> ReadOnly:
    return ReadOnly(path, "the store", version, StoreError)


def test_a_look_leaves_nothing_and_changes_nothing(path: Path) -> None:
    database = opened(path)
    with database.transaction() as tables:
        tables.write("INSERT INTO facts VALUES ('a')")
    database.close()
    before = path.read_bytes()
    with look(path) as file:
        assert file.rows("SELECT * FROM facts") == [("a",)]
        with pytest.raises(StoreError, match="can't be written to"):
            file.rows("DELETE FROM facts")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_look_sees_what_a_killed_owner_wrote(path: Path) -> None:
    database = opened(path)
    with database.transaction() as tables:
        tables.write("INSERT INTO facts VALUES ('a')")
    with look(path) as file:  # the log is still there, as after a kill
        assert file.rows("SELECT * FROM facts") == [("a",)]
    database.close()


def test_a_look_at_what_is_not_there_or_not_understood_says_so(path: Path) -> None:
    with pytest.raises(StoreError, match="can't be opened"):
        look(path)
    opened(path, FIRST, SECOND).close()
    with pytest.raises(StoreError, match="newer Ringleader"):
        look(path)
