"""Holds, in memory and in a file: the same contract."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.dispatch import spawn
from ringleader.actors.holds import Hold, MemoryHolds
from ringleader.transport.holds import SqliteHolds, read_holds
from ringleader.transport.supervision import SupervisionError, own_supervision, read_supervision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.holds import Holds

HELD = Hold("/a", "hold", "ada", "maintenance", 1.0)
PARKED = Hold("/b", "quarantine", "/", "failed too often", 2.0, 3.5, 4)
HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from ringleader.actors.holds import Hold
from ringleader.transport.holds import SqliteHolds
from ringleader.transport.supervision import own_supervision
holds = SqliteHolds(own_supervision(Path(sys.argv[1])))
holds.put(Hold("/a", "hold", "ada", "maintenance", 1.0))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "supervision.db"


@pytest.fixture(params=["memory", "sqlite"])
def holds(request: pytest.FixtureRequest, path: Path) -> Iterator[Holds]:
    if request.param == "memory":
        yield MemoryHolds()
        return
    database = own_supervision(path)
    yield SqliteHolds(database)
    database.close()


def test_a_hold_is_found_by_its_path(holds: Holds) -> None:
    holds.put(PARKED)
    holds.put(HELD)
    assert holds.get("/a") == HELD
    assert holds.get("/c") is None
    assert holds.all() == [HELD, PARKED]


def test_a_later_hold_takes_the_place_of_an_earlier_one(holds: Holds) -> None:
    holds.put(HELD)
    later = Hold("/a", "quarantine", "bob", "", 9.0)
    holds.put(later)
    assert holds.all() == [later]


def test_a_hold_is_forgotten_once(holds: Holds) -> None:
    holds.put(HELD)
    assert holds.remove("/a") == HELD
    assert holds.remove("/a") is None
    assert holds.all() == []


def test_any_thread_may_hold_and_release(holds: Holds) -> None:
    def work(name: str) -> None:
        for number in range(20):
            holds.put(Hold(f"/{name}", "hold", name, "", number))
        holds.put(Hold(f"/{name}-gone", "hold", name, "", 0.0))
        holds.remove(f"/{name}-gone")

    threads = [spawn(name, partial(work, name)) for name in "abcd"]
    for thread in threads:
        thread.join(30)
    assert [(hold.path, hold.since) for hold in holds.all()] == [
        ("/a", 19.0),
        ("/b", 19.0),
        ("/c", 19.0),
        ("/d", 19.0),
    ]


def test_holds_outlive_the_node(path: Path) -> None:
    database = own_supervision(path)
    SqliteHolds(database).put(PARKED)
    SqliteHolds(database).put(HELD)
    SqliteHolds(database).remove("/a")
    database.close()

    database = own_supervision(path)
    assert SqliteHolds(database).all() == [PARKED]
    database.close()


def test_holds_outlive_kill_9(path: Path) -> None:
    died = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", HOLD_AND_DIE, path], check=False, timeout=60
    )
    assert died.returncode == -9
    with read_supervision(path) as file:
        assert read_holds(file) == [HELD]


def test_words_of_any_kind_are_kept(path: Path) -> None:
    database = own_supervision(path)
    SqliteHolds(database).put(Hold("/a", "hold", "ada", "half a pair: \udce9", 1.0))
    assert SqliteHolds(database).all()[0].why == "half a pair: \\udce9"
    database.close()


def test_a_hold_that_the_disk_does_not_take_holds_all_the_same(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = own_supervision(path)
    holds = SqliteHolds(database)
    database.close()
    holds.put(HELD)
    assert holds.get("/a") == HELD
    assert "what holds /a is forgotten when the node ends" in caplog.text


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"x" * 500]
)
def test_a_damaged_file_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(
        SupervisionError, match=r"record of supervision .*supervision\.db is damaged"
    ):
        own_supervision(path)
    with (
        pytest.raises(SupervisionError, match="is damaged"),
        read_supervision(path),
    ):
        pass
