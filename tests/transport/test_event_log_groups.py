"""What a commit hands out reaches the fetch that waits, and no other, whatever is in its group."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.event_log import (
    ConsumerSpec,
    EventLogError,
    Fetched,
)
from ringleader.transport import event_consumers, event_queries
from ringleader.transport.event_store import read_events
from ringleader.transport.group_writer import FIRST_RETRY
from tests.event_logs import PATIENCE, SqliteStand, Waiting, publication
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ringleader.actors.publication import Publication
    from ringleader.transport.event_store import EventStore
    from ringleader.transport.sqlite import Tables


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStand]:
    made = SqliteStand(tmp_path / "events.db")
    yield made
    made.close()


def hold(store: EventStore) -> threading.Event:
    """Keep the writer busy until the event is set; what is asked for meanwhile is one group."""
    gate, reached = threading.Event(), threading.Event()

    def wait(_: Tables) -> None:
        reached.set()
        assert gate.wait(PATIENCE)

    store.writer.submit(wait)
    assert reached.wait(PATIENCE)
    return gate


def ignore(_: object) -> None:
    """Take no notice."""


def test_the_commit_that_brings_an_event_hands_it_out(file: SqliteStand) -> None:
    file.attach()
    waiting = file.wait()
    assert waiting.waits
    before = file.store.writer.commits
    file.log.append(publication("a"))
    probe(lambda: waiting.answers)
    assert file.store.writer.commits == before + 1
    with read_events(file.path) as other:
        assert other.rows("SELECT consumer, sequence FROM in_hand") == [("c", 1)]


def test_what_is_asked_for_together_with_an_event_comes_to_the_right_one(
    file: SqliteStand,
) -> None:
    def together(*asked: Callable[[], object]) -> None:
        gate = hold(file.store)
        for ask in asked:
            ask()
        gate.set()

    log = file.log
    append = [partial(log.append, publication(event_id)) for event_id in "abcde"]
    second: list[Waiting] = []
    file.attach()
    first = file.wait()
    together(lambda: second.append(file.ask_and_wait()), append[0])  # it waits in the same group
    assert (first.ids, second[0].ids) == ([], ["a"])
    first = file.wait()
    together(lambda: log.hand_back("c", "o", ()), append[1])
    assert first.ids == []
    assert file.ids() == ["b"]
    first = file.wait()
    together(
        lambda: log.detach("c", "o"),
        lambda: log.attach(ConsumerSpec(name="c"), "o", ignore),
        append[2],
        lambda: second.append(file.ask_and_wait()),
    )
    assert (first.ids, second[1].ids) == ([], ["c"])
    first = file.wait()
    together(append[3], lambda: log.rewind("c", 2, ignore))
    assert first.ids == []
    assert file.ids() == ["c", "d"]
    first = file.wait()
    together(lambda: log.fetch("c", "p", 1, ignore), append[4])  # a stranger's, which fails
    assert first.ids == ["e"]


def test_what_is_served_behind_its_commit_is_not_served_twice_in_one(file: SqliteStand) -> None:
    def listen(publications: Sequence[Publication]) -> None:
        if publications[0].id == "a":
            file.log.append(publication("b"))  # in one group with what serves the fetch that waits

    file.attach()
    file.log.listener = listen
    gate = hold(file.store)
    waiting = file.ask_and_wait(1)
    file.log.append(publication("a"))
    gate.set()
    assert waiting.ids == ["a"]
    assert file.consumer().in_hand == 1
    assert file.wait(1).ids == ["b"]


def test_of_an_operation_that_fails_in_its_group_it_hears_nothing(file: SqliteStand) -> None:
    def spoil(tables: Tables) -> None:
        tables.write("DELETE FROM events")
        raise EventLogError("no")

    file.attach()
    file.attach("d")
    waiting, other = file.wait(), file.wait(name="d")
    gate = hold(file.store)
    file.log.append(publication("a"))
    file.store.writer.submit(spoil)
    file.log.append(publication("b"))
    file.log.detach("d", "o")
    gate.set()
    assert (waiting.ids, other.ids) == (["a", "b"], [])
    assert [record.in_hand for record in file.consumers()] == [2, 0]


def test_it_waits_for_a_disk_that_refuses_and_is_answered_once(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise apsw.FullError("full")

    file.attach()
    waiting = file.wait()
    with monkeypatch.context() as patched:
        patched.setattr(event_consumers.Consumers, "_save", refuse)
        file.log.append(publication("a"))
        probe(lambda: file.log.trouble)
    assert (waiting.answers, file.heard, file.read()) == ([], [], [])
    file.clock.advance(FIRST_RETRY)
    assert waiting.ids == ["a"]
    assert file.all_heard() == ["a"]
    assert file.consumer().in_hand == 1


def test_an_event_that_can_t_be_handed_out_is_kept_and_told_all_the_same(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = event_consumers.Consumers.hand_out

    def fail(consumers: Any, name: str, owner: str, limit: int, news: Any) -> Fetched | None:
        if name == "c":
            raise ValueError("a bug")
        return real(consumers, name, owner, limit, news)

    monkeypatch.setattr(event_consumers.Consumers, "hand_out", fail)
    for name in ("c", "d"):
        file.attach(name)
    failed, other = file.wait(), file.wait(name="d")
    file.append("a")
    assert "a bug" in str(failed.error)
    assert other.ids == ["a"]
    assert file.all_heard() == ["a"]


def test_a_record_that_can_t_be_read_does_harm_to_nobody_else(file: SqliteStand) -> None:
    file.append("a", "b")
    file.attach(start="first")
    with file.store.database.transaction() as tables:
        tables.write("UPDATE events SET envelope = x'00' WHERE sequence = 1")
    assert "failed" in str(file.wait(1).error)
    assert file.append("c") == [3]
    info = file.consumer()
    assert (info.in_hand, info.cursor) == (0, 0)


def test_what_is_written_but_could_not_be_read_back_is_new_at_the_next_try(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise apsw.IOError("disk I/O error")

    file.append("old")
    gate = hold(file.store)
    events = [publication(event_id) for event_id in ("a", "old", "b", "a")]
    with monkeypatch.context() as patched:
        patched.setattr(event_queries, "_with_duplicates", fail)
        for event in events:
            file.log.append(event)
        gate.set()
        probe(lambda: file.log.trouble)
    later = publication("b")
    file.log.append(publication("bulk", logged=False))
    file.log.append(later)
    file.clock.advance(FIRST_RETRY)
    file.append("c")
    first, known, second, again = (event.sequence or 0 for event in events)
    assert 1 < first < second
    assert (known, again, later.sequence) == (-1, -first, -second)
    assert file.read() == ["old", "a", "b", "c"]
    assert file.log.statistics().events == 4
