"""What is kept of a death is text of bounded length, whatever the actor had in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.letters import DeathReport
from ringleader.transport.death_records import (
    IN_HAND,
    LINE,
    TRACE,
    DeathArchive,
    DeathRecord,
    Tally,
    record_of,
)
from ringleader.transport.supervision import SupervisionError, own_supervision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.transport.sqlite import Database


@dataclass(frozen=True)
class Ended:
    report: DeathReport
    cause: str = "ValueError: x"
    decision: str = "restarted"
    rule: str = "intensity 1 in 5 s"
    left: int | None = 1


def ended(reason: Any = "killed", in_hand: Any = None, stack: str = "") -> Ended:
    return Ended(DeathReport("/a", 2, reason, 5.0, 1.5, 3, in_hand, stack))


def fail() -> None:
    raise ValueError("x")


def failure() -> ValueError:
    with pytest.raises(ValueError, match="x") as caught:
        fail()
    return caught.value


class Unspeakable:
    def __repr__(self) -> str:
        raise SystemExit(3)


def test_a_record_has_all_that_is_known() -> None:
    record = record_of(ended(failure(), in_hand={"job": 7}))
    assert (record.path, record.number, record.time, record.uptime) == ("/a", 2, 5.0, 1.5)
    assert (record.cause, record.error, record.depth) == ("ValueError: x", "ValueError", 3)
    assert (record.decision, record.rule, record.left) == ("restarted", "intensity 1 in 5 s", 1)
    assert record.in_hand == "{'job': 7}"
    assert record.traceback.startswith("Traceback (most recent call last):\n")
    assert record.traceback.endswith("ValueError: x\n")
    assert record.fingerprint.startswith("ValueError < fail:")


def test_an_end_without_an_exception_has_no_traceback() -> None:
    record = record_of(ended("killed", stack="File x"))
    assert (record.error, record.traceback, record.stack) == ("", "", "File x")
    assert (record.fingerprint, record.in_hand) == ("killed", None)


def test_the_type_of_an_exception_is_named_with_its_module() -> None:
    assert record_of(ended(SupervisionError("x"))).error.endswith("supervision.SupervisionError")


def test_long_texts_are_cut() -> None:
    class LongError(Exception):
        def __str__(self) -> str:
            return "y" * 100_000

    found = Ended(
        DeathReport("/a", 1, LongError(), 0.0, 0.0, 0, ["z" * 9_000] * 90, "s" * 90_000),
        "c" * 9_000,
    )
    record = record_of(found)
    assert len(record.cause) == LINE
    assert len(record.in_hand or "") <= IN_HAND
    assert len(record.traceback) == len(record.stack) == TRACE
    assert record.traceback.startswith("… y")


def test_a_message_that_can_t_be_shown_is_no_obstacle() -> None:
    record = record_of(ended(failure(), in_hand=Unspeakable()))
    assert record.in_hand == "(it can't be shown: SystemExit)"


def test_half_a_character_is_no_obstacle(database: Database) -> None:
    record = record_of(ended(ValueError("\udce9"), in_hand="\udce9"))
    assert "\\udce9" in record.traceback


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = own_supervision(tmp_path / "supervision.db")
    yield database
    database.close()


def keep(database: Database, *deaths: tuple[str, float, str]) -> None:
    with database.transaction() as tables:
        for path, time, fingerprint in deaths:
            tables.write(
                "INSERT INTO deaths (path, time, fingerprint, record) "
                "VALUES (?, ?, ?, json_object('path', ?, 'number', 1, 'time', ?, 'uptime', 0.0, "
                "'cause', 'x', 'fingerprint', ?))",
                (path, time, fingerprint, path, time, fingerprint),
            )


def whose(records: list[DeathRecord]) -> list[tuple[str, float]]:
    return [(record.path, record.time) for record in records]


def test_deaths_are_found_by_place_and_time(database: Database) -> None:
    archive = DeathArchive(database)
    keep(database, ("/a", 1.0, "x"), ("/a/b", 2.0, "x"), ("/a-b", 3.0, "x"), ("/a0", 4.0, "x"))
    keep(database, ("/a/b/c", 5.0, "x"), ("/b", 6.0, "x"))
    assert whose(archive.find("/a")) == [("/a", 1.0), ("/a/b", 2.0), ("/a/b/c", 5.0)]
    assert whose(archive.find("/a", since=2.0)) == [("/a/b", 2.0), ("/a/b/c", 5.0)]
    assert whose(archive.find(limit=2)) == [("/a/b/c", 5.0), ("/b", 6.0)]
    assert archive.find("/nobody") == []
    assert sorted(archive.paths()) == ["/a", "/a-b", "/a/b", "/a/b/c", "/a0", "/b"]


def test_the_latest_death_is_that_of_this_very_place(database: Database) -> None:
    archive = DeathArchive(database)
    keep(database, ("/a", 1.0, "x"), ("/a", 2.0, "y"), ("/a/b", 3.0, "x"))
    latest = archive.latest("/a")
    assert latest is not None
    assert latest.time == 2.0
    assert archive.latest("/b") is None


def test_deaths_are_counted_with_their_kinds(database: Database) -> None:
    archive = DeathArchive(database)
    keep(database, ("/a", 1.0, "x"), ("/a", 2.0, "x"), ("/a", 3.0, "y"), ("/b", 4.0, "z"))
    assert archive.tally("/a", 2.0) == Tally(deaths=2, fingerprints=2)
    assert archive.tally("/a", 9.0) == Tally()


def test_a_record_that_somebody_else_wrote_is_named(database: Database) -> None:
    with database.transaction() as tables:
        tables.write("INSERT INTO deaths VALUES (1, '/a', 1.0, 'x', '{}')")
    with pytest.raises(SupervisionError, match="a death that can't be read"):
        DeathArchive(database).find()
