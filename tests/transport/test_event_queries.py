"""Events are looked up by their index, written many at once, and leave room for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.transport.event_queries import Row, insert, wanted
from ringleader.transport.event_store import Reader
from tests.event_logs import PATIENCE, SqliteStand, publication

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[SqliteStand]:
    stand = SqliteStand(tmp_path / "events.db")
    yield stand
    stand.close()


class Noting(Reader):
    """Notes what it is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def rows(self, query: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        self.asked.append((query, bindings))
        return super().rows(query, bindings)

    def plan(self) -> list[str]:
        query, bindings = self.asked[-1]
        return [detail for *_, detail in super().rows(f"EXPLAIN QUERY PLAN {query}", bindings)]


def row(number: int, event_type: str) -> Row:
    event = publication(f"{number}", event_type)
    return Row.of(event.envelope, event.payload)


def test_a_consumer_of_rare_types_does_not_read_through_the_log(stand: SqliteStand) -> None:
    rows = [row(number, "rare" if number == 4_900 else "common") for number in range(5_000)]
    stand.store.writer.call(lambda tables: insert(tables, rows), PATIENCE)
    reader = Noting(stand.path)
    try:
        assert wanted(reader, ("absent", "rare"), 0, 5_000, 10) == [4_901]
        assert len(reader.asked) < 6
        (used,) = [step for step in reader.plan() if step.startswith("SEARCH e ")]
        assert "USING COVERING INDEX events_by_type (event_type=? AND sequence>?" in used
    finally:
        reader.close()


def test_thousands_of_events_are_written_at_once_in_order(stand: SqliteStand) -> None:
    events = [publication(f"{number}") for number in range(3_000)]
    stand.attach(start="first")
    assert stand.append(*events) == list(range(1, 3_001))
    assert stand.all_heard() == [each.id for each in events]
    assert stand.log.statistics().commits < 500
    assert stand.ids(2_000) == [each.id for each in events[:2_000]]


def test_duplicates_are_found_among_thousands(stand: SqliteStand) -> None:
    rows = [row(number % 700, "fact") for number in range(2_000)]
    sequences = stand.store.writer.call(lambda tables: insert(tables, rows), PATIENCE)
    assert sequences[:700] == sorted(sequences[:700])
    assert min(sequences[:700]) == 1
    assert sequences[700:] == [-sequences[number % 700] for number in range(700, 2_000)]


def test_large_events_come_back_whole(stand: SqliteStand) -> None:
    payloads = [bytes([number]) * 1_000_000 for number in range(3)]
    stand.append(*(publication(f"{n}", payload=payload) for n, payload in enumerate(payloads)))
    stand.attach(start="first")
    assert [record.payload for record in stand.fetch().records] == payloads


def test_the_file_does_not_grow_for_ever(stand: SqliteStand) -> None:
    pages: list[int] = []
    for turn in range(6):
        stand.append(*(publication(f"{turn}.{n}", payload=bytes(500)) for n in range(1_000)))
        stand.prune(2 * 86_400.0)
        assert stand.read() == []
        pages += [count for (count,) in stand.store.database.rows("PRAGMA page_count")]
    assert pages[0] > 100
    assert max(pages) < 1.3 * pages[0]
