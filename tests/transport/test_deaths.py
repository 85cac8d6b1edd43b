"""Deaths reach the disk in a thread of their own, many at once, and old ones go."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.dispatch import spawn
from ringleader.actors.letters import DeathReport
from ringleader.transport import deaths
from ringleader.transport.death_records import DeathArchive
from ringleader.transport.deaths import DeathStatistics, SqliteDeaths
from ringleader.transport.supervision import own_supervision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.transport.sqlite import Database

NOW = 1_000_000.0


@dataclass(frozen=True)
class Ended:
    report: DeathReport
    decision: str = ""
    cause: str = "killed"
    rule: str = ""
    left: int | None = None


def ended(path: str, decision: str = "", *, time: float = NOW, in_hand: Any = None) -> Ended:
    return Ended(DeathReport(path, 1, "killed", time, 1.0, 0, in_hand), decision)


class Gate:
    """A message whose repr waits."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __repr__(self) -> str:
        self.reached.set()
        assert self.opened.wait(30)
        return "gate"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = own_supervision(tmp_path / "supervision.db")
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> Iterator[SqliteDeaths]:
    store = SqliteDeaths(database, lambda: NOW, spawn)
    yield store
    assert store.close()


def found(database: Database) -> list[tuple[str, str]]:
    return [(death.path, death.decision) for death in DeathArchive(database).find()]


def test_a_death_is_kept_and_then_what_was_decided(store: SqliteDeaths, database: Database) -> None:
    store.put(1, ended("/a"))
    store.put(2, ended("/b"))
    assert store.flush()
    assert found(database) == [("/a", ""), ("/b", "")]
    store.put(1, ended("/a", "restarted"))
    assert store.flush()
    assert found(database) == [("/a", "restarted"), ("/b", "")]
    assert store.statistics() == DeathStatistics(written=3, lost=0, waiting=0)


def test_a_later_run_adds_to_what_is_there(database: Database) -> None:
    for decision in ("one", "two"):
        store = SqliteDeaths(database, lambda: NOW, spawn)
        store.put(1, ended("/a", decision))
        assert store.close()
    assert found(database) == [("/a", "one"), ("/a", "two")]


def test_nobody_waits_for_the_disk_and_what_waits_is_written_at_once(
    store: SqliteDeaths, database: Database
) -> None:
    gate = Gate()
    store.put(1, ended("/slow", in_hand=gate))
    assert gate.reached.wait(30)
    for number in range(2, 400):
        store.put(number, ended("/a"))
        store.put(number, ended("/a", "restarted"))
    assert store.statistics().waiting == 398
    assert not store.flush(0.01)
    gate.opened.set()
    assert store.flush(30)
    assert store.statistics() == DeathStatistics(written=399, lost=0, waiting=0)
    assert len(DeathArchive(database).find(limit=1000)) == 399


def test_of_too_many_that_wait_the_oldest_are_lost_and_counted(
    store: SqliteDeaths, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "WAITING", 2)
    gate = Gate()
    store.put(1, ended("/slow", in_hand=gate))
    assert gate.reached.wait(30)
    for number, path in enumerate(("/a", "/b", "/c"), start=2):
        store.put(number, ended(path))
    gate.opened.set()
    assert store.flush(30)
    assert [path for path, _ in found(database)] == ["/slow", "/b", "/c"]
    assert store.statistics() == DeathStatistics(written=3, lost=1, waiting=0)


def test_the_end_has_a_deadline_and_what_comes_later_is_lost(database: Database) -> None:
    store = SqliteDeaths(database, lambda: NOW, spawn)
    gate = Gate()
    store.put(1, ended("/slow", in_hand=gate))
    assert gate.reached.wait(30)
    assert not store.close(0.01)
    store.put(2, ended("/late"))
    gate.opened.set()
    assert store.close()
    assert found(database) == [("/slow", "")]
    assert store.statistics().lost == 1


def test_old_deaths_and_those_beyond_the_number_go(database: Database) -> None:
    store = SqliteDeaths(database, lambda: NOW, spawn)
    store.put(1, ended("/old", time=NOW - 100.0))
    for number in range(2, 6):
        store.put(number, ended(f"/{number}"))
    assert store.close()
    store = SqliteDeaths(database, lambda: NOW, spawn, kept=3, max_age=50.0)
    assert [path for path, _ in found(database)] == ["/3", "/4", "/5"]
    assert store.close()


def test_while_a_node_runs_old_deaths_go_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "PRUNE", 4)
    store = SqliteDeaths(database, lambda: NOW, spawn, kept=1)
    for number in range(1, 5):
        store.put(number, ended(f"/{number}"))
    assert store.close()
    assert [path for path, _ in found(database)] == ["/4"]


def test_a_disk_that_takes_nothing_is_told_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = own_supervision(tmp_path / "closed.db")
    store = SqliteDeaths(database, lambda: NOW, spawn)
    database.close()
    store.put(1, ended("/a"))
    assert store.flush()
    assert store.statistics() == DeathStatistics(written=0, lost=1, waiting=0)
    assert "1 deaths are not stored" in caplog.text
    assert store.close()
