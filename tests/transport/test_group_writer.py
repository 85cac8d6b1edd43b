"""What is asked for while the disk is busy goes there as one transaction, in order."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import EventLogError
from ringleader.testing import ManualClock
from ringleader.transport import group_writer
from ringleader.transport.group_writer import FIRST_RETRY, LAST_RETRY, GroupWriter
from ringleader.transport.sqlite import Database
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ringleader.actors.errors import RingleaderError
    from ringleader.transport.sqlite import Tables

SCHEMA = ("CREATE TABLE facts (name TEXT UNIQUE) STRICT",)
LONG = 20.0


class Disk:
    """A database whose transactions can be held up, and refused.

    Attributes:
        refuses: raised by every transaction at its end.
        groups: how much each transaction wrote.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path, "the facts", SCHEMA, EventLogError)
        self.clock = ManualClock()
        self.refuses: apsw.Error | None = None
        self.tries = 0
        self.writer = GroupWriter(self.database, clock=self.clock, spawn=spawn)

    def write(self, name: str) -> Callable[[Tables], str]:
        def operation(tables: Tables) -> str:
            self.tries += 1
            tables.write("INSERT INTO facts VALUES (?)", (name,))
            if self.refuses is not None:
                raise self.refuses
            return name

        return operation

    def names(self) -> list[str]:
        return [name for (name,) in self.database.rows("SELECT name FROM facts ORDER BY rowid")]

    def hold(self) -> threading.Event:
        """Keep the writer busy until the event is set."""
        gate, reached = threading.Event(), threading.Event()

        def wait(_: Tables) -> None:
            reached.set()
            assert gate.wait(LONG)

        self.writer.submit(wait)
        assert reached.wait(LONG)
        return gate


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "facts.db")
    yield disk
    disk.refuses = None
    disk.writer.close(LONG)
    disk.database.close()


class Numbers:
    """A stream of numbers; even ones are written.

    Attributes:
        groups: what was passed on, one list for each call.
        ends: what was concluded, and told so; None: it was not asked.
        fails: raised by the next conclusions.
    """

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.ends: list[list[int] | None] = []
        self.untold = 0
        self.fails: Exception | None = None
        self.refused_ones: list[tuple[int, str]] = []

    def is_stored(self, item: int, /) -> bool:
        return item % 2 == 0

    def store(self, tables: Tables, items: Sequence[int], /) -> None:
        for item in items:
            tables.write("INSERT INTO facts VALUES (?)", (str(item),))

    def is_one_statement(self, items: Sequence[int], /) -> bool:
        return items in ([100], [200])

    def conclude(self, tables: Tables, items: Sequence[int], /) -> list[int]:
        tables.write("INSERT INTO facts VALUES (?)", (f"end of {items[0]}",))
        if self.fails is not None:
            raise self.fails
        return list(items)

    def concluded(self, result: list[int] | None, /) -> None:
        assert self.groups
        self.ends.append(result)

    def passed(self, items: Sequence[int], /) -> None:
        self.groups.append(list(items))
        self.untold += 1

    def told(self, items: Sequence[int], /) -> None:
        assert self.groups[-1] == list(items)
        self.untold -= 1
        assert not self.untold

    def refused(self, item: int, error: RingleaderError, /) -> None:
        self.refused_ones.append((item, str(error)))


# ---------------------------------------------------------------- groups


def test_what_waits_goes_as_one_transaction_in_order(disk: Disk) -> None:
    results: list[Any] = []
    gate = disk.hold()
    for name in "abc":
        disk.writer.submit(disk.write(name), results.append)
    assert disk.writer.waiting == 4
    gate.set()
    assert disk.writer.flush(LONG)
    assert results == ["a", "b", "c"]
    assert disk.names() == ["a", "b", "c"]
    assert disk.writer.commits <= 3
    assert disk.writer.waiting == 0


def test_a_result_can_be_waited_for(disk: Disk) -> None:
    assert disk.writer.call(disk.write("a"), LONG) == "a"


def test_of_many_threads_each_gets_its_answer(disk: Disk) -> None:
    def run(who: int) -> None:
        for number in range(20):
            assert disk.writer.call(disk.write(f"{who}.{number}"), LONG) == f"{who}.{number}"

    threads = [threading.Thread(target=run, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    names = disk.names()
    assert len(names) == 160
    assert [n for n in names if n.startswith("3.")] == [f"3.{number}" for number in range(20)]
    assert disk.writer.commits < 160


def test_a_wait_that_is_too_long_is_an_error(disk: Disk) -> None:
    gate = disk.hold()
    with pytest.raises(EventLogError, match=r"did not answer within 0\.01 s: the disk is slow"):
        disk.writer.call(disk.write("a"), 0.01)
    assert not disk.writer.flush(0.01)
    gate.set()
    probe(lambda: disk.names() == ["a"])


def test_its_own_thread_can_not_wait_for_it(disk: Disk) -> None:
    errors: queue.SimpleQueue[object] = queue.SimpleQueue()

    def ask(_: Tables) -> None:
        disk.writer.call(disk.write("a"), LONG)

    disk.writer.submit(ask, errors.put)
    assert "can't wait for itself" in str(errors.get(timeout=LONG))


def test_a_group_has_a_limit(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_writer, "GROUP", 10)
    gate = disk.hold()
    for number in range(35):
        disk.writer.submit(disk.write(str(number)))
    before = disk.writer.commits
    gate.set()
    assert disk.writer.flush(LONG)
    assert disk.names() == [str(number) for number in range(35)]
    assert disk.writer.commits - before >= 5


# ---------------------------------------------------------------- operations that fail


def test_an_operation_that_raises_spoils_nothing_else(disk: Disk) -> None:
    results: list[Any] = []

    def refuse(_: Tables) -> None:
        raise EventLogError("no")

    gate = disk.hold()
    disk.writer.submit(disk.write("a"), results.append)
    disk.writer.submit(refuse, results.append)
    disk.writer.submit(disk.write("b"), results.append)
    gate.set()
    assert disk.writer.flush(LONG)
    assert [str(result) for result in results] == ["a", "no", "b"]
    assert isinstance(results[1], EventLogError)
    assert disk.names() == ["a", "b"]


@pytest.mark.parametrize("error", [EventLogError("no"), ValueError("a bug")])
def test_what_an_operation_did_before_it_raised_is_undone(disk: Disk, error: Exception) -> None:
    results: list[Any] = []

    def spoil(tables: Tables) -> None:
        tables.write("INSERT INTO facts VALUES ('half')")
        raise error

    gate = disk.hold()
    for number in range(9):
        disk.writer.submit(disk.write(f"a{number}"), results.append)
    disk.writer.submit(spoil, results.append)
    disk.writer.submit(disk.write("b"), results.append)
    gate.set()
    assert disk.writer.flush(LONG)
    assert disk.names() == [*(f"a{number}" for number in range(9)), "b"]
    assert [type(result) for result in results] == [str] * 9 + [EventLogError, str]
    assert str(error) in str(results[9])
    assert disk.writer.trouble == ""


def test_a_broken_rule_of_the_tables_is_the_fault_of_the_operation(disk: Disk) -> None:
    disk.writer.call(disk.write("a"), LONG)
    with pytest.raises(EventLogError, match="UNIQUE"):
        disk.writer.call(disk.write("a"), LONG)
    assert disk.writer.call(disk.write("b"), LONG) == "b"


def test_who_fails_to_hear_of_the_result_stops_nothing(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    disk.writer.submit(disk.write("a"), fail)
    assert disk.writer.call(disk.write("b"), LONG) == "b"
    assert "the log goes on" in caplog.text


# ---------------------------------------------------------------- streams


def test_items_of_a_stream_are_passed_on_in_order_with_each_commit(disk: Disk) -> None:
    numbers = Numbers()
    results: list[Any] = []
    gate = disk.hold()
    for number in (1, 3, 2, 5, 4):
        disk.writer.submit_item(numbers, number)
    disk.writer.submit(lambda _: list(numbers.groups), results.append)
    disk.writer.submit_item(numbers, 6)
    gate.set()
    assert disk.writer.flush(LONG)
    assert numbers.groups == [[1, 3], [2, 5, 4, 6]]  # those without need of the disk went first
    assert results == [[[1, 3]]]
    assert disk.names() == ["2", "4", "6", "end of 2"]
    assert numbers.ends == [[2, 5, 4, 6]]


def test_an_item_that_can_not_be_written_is_told_so_alone(disk: Disk) -> None:
    numbers = Numbers()
    gate = disk.hold()
    for number in (2, 4, 4, 5, 6):
        disk.writer.submit_item(numbers, number)
    gate.set()
    assert disk.writer.flush(LONG)
    assert disk.names() == ["2", "4", "6"]
    assert [n for group in numbers.groups for n in group] == [2, 4, 5, 6]
    assert [item for item, _ in numbers.refused_ones] == [4]


def test_what_is_written_with_one_statement_has_no_end(disk: Disk) -> None:
    numbers = Numbers()
    disk.writer.submit_item(numbers, 100)
    probe(lambda: numbers.groups)
    disk.writer.submit_item(numbers, 4)
    assert disk.writer.flush(LONG)
    assert disk.names() == ["100", "4", "end of 4"]
    assert numbers.ends == [[4]]


@pytest.mark.parametrize("error", [EventLogError("no"), ValueError("a bug")])
def test_an_end_that_fails_costs_no_item(disk: Disk, error: Exception) -> None:
    numbers = Numbers()
    numbers.fails = error
    gate = disk.hold()
    disk.writer.submit_item(numbers, 2)
    disk.writer.submit(disk.write("a"))
    disk.writer.submit_item(numbers, 4)
    gate.set()
    assert disk.writer.flush(LONG)
    assert disk.names() == ["2", "a", "4"]
    assert numbers.groups == [[2, 4]]
    assert numbers.ends == [None]
    assert numbers.refused_ones == []


def test_an_end_that_the_disk_refuses_is_tried_again_with_all_of_it(disk: Disk) -> None:
    numbers = Numbers()
    numbers.fails = apsw.FullError("full")
    disk.writer.submit_item(numbers, 2)
    probe(lambda: disk.writer.trouble)
    assert (disk.names(), numbers.groups) == ([], [])
    numbers.fails = None
    disk.clock.advance(FIRST_RETRY)
    assert disk.writer.flush(LONG)
    assert (disk.names(), numbers.ends) == (["2", "end of 2"], [[2]])


def test_streams_do_not_mix(disk: Disk) -> None:
    one, two = Numbers(), Numbers()
    gate = disk.hold()
    for number in range(2, 6):
        disk.writer.submit_item(one, number)
        disk.writer.submit_item(two, -number)
    gate.set()
    assert disk.writer.flush(LONG)
    assert [n for group in one.groups for n in group] == [2, 3, 4, 5]
    assert [n for group in two.groups for n in group] == [-2, -3, -4, -5]


# ---------------------------------------------------------------- a disk that refuses


def test_what_the_disk_refuses_is_kept_and_tried_again_in_order(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    results: list[Any] = []
    disk.refuses = apsw.FullError("database or disk is full")
    for name in "abc":
        disk.writer.submit(disk.write(name), results.append)
    probe(lambda: "the disk is full; make room" in disk.writer.trouble)
    probe(lambda: disk.clock.next_time() is not None)
    assert caplog.text.count("tried again until it can be written") == 1
    tries = disk.tries
    disk.clock.advance(FIRST_RETRY)
    probe(lambda: disk.tries > tries)
    assert results == []
    disk.refuses = None
    probe(lambda: disk.clock.next_time() is not None)
    disk.clock.advance(LAST_RETRY)
    assert disk.writer.flush(LONG)
    assert results == ["a", "b", "c"]
    assert disk.names() == ["a", "b", "c"]
    assert disk.writer.trouble == ""
    assert caplog.text.count("tried again until") == 1


def test_tries_are_ever_less_frequent(disk: Disk) -> None:
    disk.refuses = apsw.IOError("disk I/O error")
    disk.writer.submit(disk.write("a"))
    waits: list[float] = []
    for _ in range(8):
        probe(lambda: disk.clock.next_time() is not None)
        due = disk.clock.next_time()
        assert due is not None
        waits.append(due - disk.clock.now())
        disk.clock.advance_to(due)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_what_needs_no_disk_does_not_wait_for_it(disk: Disk) -> None:
    numbers = Numbers()
    disk.refuses = apsw.FullError("full")
    gate = disk.hold()
    disk.writer.submit(disk.write("a"))
    for number in (2, 3, 4):
        disk.writer.submit_item(numbers, number)
    gate.set()
    probe(lambda: numbers.groups == [[3]])
    disk.writer.submit_item(numbers, 6)
    disk.writer.submit_item(numbers, 5)
    probe(lambda: numbers.groups == [[3], [5]])
    assert not disk.writer.flush(0.01)
    disk.refuses = None
    disk.clock.advance(FIRST_RETRY)
    assert disk.writer.flush(LONG)
    assert numbers.groups[2:] == [[2, 4, 6]]


def test_what_waits_says_why(disk: Disk) -> None:
    disk.refuses = apsw.ReadOnlyError("attempt to write a readonly database")
    disk.writer.submit(disk.write("a"))
    probe(lambda: disk.writer.trouble)
    with pytest.raises(EventLogError, match="can't be written to; check its owner and mode"):
        disk.writer.call(disk.write("b"), 0.01)


# ---------------------------------------------------------------- the end


def test_at_the_end_everything_is_written(disk: Disk) -> None:
    gate = disk.hold()
    for name in "abc":
        disk.writer.submit(disk.write(name))
    gate.set()
    assert disk.writer.close(LONG)
    assert disk.names() == ["a", "b", "c"]
    assert disk.writer.close(LONG)
    assert disk.writer.flush(LONG)


def test_who_asks_for_it_is_told_of_the_end_last_of_all(disk: Disk) -> None:
    told: list[object] = []
    disk.writer.on_end(told.append)
    gate = disk.hold()
    disk.writer.submit(disk.write("a"), told.append)
    gate.set()
    assert disk.writer.close(LONG)
    assert disk.writer.close(LONG)
    (first, second) = told
    assert first == "a"
    assert "is closed; nothing more is written" in str(second)


def test_after_the_end_everything_is_refused(disk: Disk) -> None:
    results: list[Any] = []
    assert disk.writer.close(LONG)
    disk.writer.submit(disk.write("a"))
    disk.writer.submit(disk.write("a"), results.append)
    assert "is closed; nothing more is written" in str(results[0])
    with pytest.raises(EventLogError, match="is closed"):
        disk.writer.submit_item(Numbers(), 1)
    with pytest.raises(EventLogError, match="is closed"):
        disk.writer.call(disk.write("a"), LONG)


def test_the_end_does_not_wait_for_a_disk_that_hangs(disk: Disk) -> None:
    gate = disk.hold()
    assert not disk.writer.close(0.01)
    gate.set()
    assert disk.writer.close(LONG)


def test_what_the_disk_refuses_to_the_end_is_told_so(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = Numbers()
    results: list[Any] = []
    disk.refuses = apsw.FullError("full")
    disk.writer.submit(disk.write("a"), results.append)
    probe(lambda: disk.writer.trouble)
    disk.writer.submit(disk.write("b"), results.append)
    disk.writer.submit_item(numbers, 2)
    disk.writer.submit_item(numbers, 3)
    assert not disk.writer.close(LONG)
    assert [str(result)[:11] for result in results] == ["not written"] * 2
    assert [item for item, _ in numbers.refused_ones] == [2]
    assert numbers.groups == [[3]]
    assert "3 operations were not written" in caplog.text
    assert not disk.writer.flush(LONG)
    assert disk.clock.next_time() is None


def test_the_end_is_one_more_try(disk: Disk) -> None:
    results: list[Any] = []
    disk.refuses = apsw.BusyError("database is locked")
    disk.writer.submit(disk.write("a"), results.append)
    probe(lambda: disk.writer.trouble)
    disk.refuses = None
    assert disk.writer.close(LONG)
    assert results == ["a"]
