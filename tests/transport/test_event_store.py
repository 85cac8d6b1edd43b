"""The file of the event log: one owner, over many starts, whatever the disk does."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import EventLogError, LogQuery
from ringleader.testing import ManualClock
from ringleader.transport.event_queries import find
from ringleader.transport.event_schema import SCHEMA
from ringleader.transport.event_store import EventStore, read_events
from ringleader.transport.owner_lock import OwnerLock
from tests.event_logs import PATIENCE, Letter, SqliteStand, publication
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

BIG = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@contextmanager
def opened(path: Path) -> Generator[SqliteStand]:
    stand = SqliteStand(path)
    try:
        yield stand
    finally:
        stand.store.close()


@contextmanager
def look(path: Path) -> Generator[list[str]]:
    with read_events(path) as file:
        yield [record.envelope.id for record in find(file, LogQuery())]


# ---------------------------------------------------------------- starts


def test_each_start_is_a_segment_that_begins_behind_the_head(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a", "b")
        stand.kill_the_node()
        stand.append("c")
        stand.kill_the_node()
        rows = stand.store.database.rows("SELECT epoch, first_sequence FROM segments")
    assert rows == [(1, 1), (2, 3), (3, 4)]


def test_a_known_id_is_known_over_starts(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a", "b")
        stand.kill_the_node()
        assert stand.append("b", "c") == [-2, stand.log.statistics().head]
        assert stand.read() == ["a", "b", "c"]


def test_sequences_are_not_used_again_over_starts(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a", "b")
        stand.prune(10 * 86_400.0)
        stand.kill_the_node()
        assert stand.log.statistics().head == 2
        assert stand.append("c") == [3]


def test_what_is_kept_is_counted_again_at_a_start(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a", "b", "c")
        stand.kill_the_node()
        assert stand.log.statistics().events == 3
        assert stand.log.statistics().bytes > 4096


def test_the_end_leaves_one_file_and_its_lock(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["events.db", "events.db.lock"]
    assert stand.store.close()


def test_dead_letters_of_one_event_and_consumer_are_one(path: Path) -> None:
    with opened(path) as stand:
        for number in (1, 2):
            stand.attach("c", f"o{number}", start="first")
            stand.rewind(0)
            if number == 1:
                stand.append("a")
            stand.fetch(owner=f"o{number}")
            stand.detach(owner=f"o{number}")
            stand.clock.advance(5.0)
            stand.store.writer.call(
                lambda t: (
                    t.write("UPDATE dead_letters SET retry_count = 3, status = 'recovered'")
                    if number == 1  # noqa: B023  # called at once
                    else 0
                ),
                PATIENCE,
            )
        rows = stand.store.database.rows(
            "SELECT event_id, event_type, payload, handler_name, error, retry_count, "
            "created_at, source, status, reason, consumer, event_time, updated_at FROM dead_letters"
        )
        start = ManualClock().time()
    assert stand.letters == [Letter("a", "c", "interrupted")] * 2
    ((*told, created, source, status, reason, consumer, event_time, updated),) = rows
    assert told == ["a", "fact", b"\x80", "c", "o2 was gone with it in hand", 3]
    assert (source, status, reason, consumer) == ("/a", "pending", "interrupted", "c")
    assert (created, event_time, updated) == (start, start, start + 5.0)


# ---------------------------------------------------------------- one owner, many readers


def test_a_second_owner_in_the_same_process_is_refused(path: Path) -> None:
    with opened(path) as stand:
        with pytest.raises(EventLogError, match=f"is in use by process {os.getpid()}; stop that"):
            EventStore(path, clock=ManualClock(), spawn=spawn, epoch=2)
        assert stand.append("a") == [1]
    with opened(path) as stand:
        assert stand.read() == ["a"]


def test_a_second_owner_in_another_process_is_refused(path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        "from ringleader.actors.dispatch import spawn\n"
        "from ringleader.testing import ManualClock\n"
        "from ringleader.transport.event_store import EventStore\n"
        "EventStore(pathlib.Path(sys.argv[1]), clock=ManualClock(), spawn=spawn, epoch=2)\n"
    )
    with opened(path) as stand:
        run = subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 1
        assert "is in use by process" in run.stderr
        assert stand.append("a") == [1]


def test_somebody_may_read_meanwhile(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a")
        with look(path) as ids:
            assert ids == ["a"]
        assert stand.append("b") == [2]


def test_a_look_at_a_closed_log_leaves_nothing(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a")
    before = path.read_bytes()
    with look(path) as ids:
        assert ids == ["a"]
    assert path.read_bytes() == before


def test_readers_do_not_wait_for_a_commit(path: Path) -> None:
    with opened(path) as stand:
        stand.append("a")
        seen: list[list[str]] = []

        def in_a_transaction(tables: object) -> None:
            seen.append(stand.read())
            assert stand.log.consumers() == []
            assert stand.log.statistics().head == 1

        stand.store.writer.call(in_a_transaction, PATIENCE)
    assert seen == [["a"]]
    with pytest.raises(EventLogError, match="is closed"):
        stand.read()


def test_a_lock_says_who_holds_it_if_that_is_known(path: Path) -> None:
    lock = OwnerLock(path, "the log")
    path.with_name("events.db.lock").write_bytes(b"")
    with pytest.raises(EventLogError, match=r"the log .* is in use by a node"):
        OwnerLock(path, "the log")
    lock.release()
    lock.release()
    OwnerLock(path, "the log").release()


# ---------------------------------------------------------------- files that can't be used


def test_a_file_that_can_not_be_used_is_named_with_what_would_be_right(path: Path) -> None:
    with pytest.raises(EventLogError, match="not a directory"):
        SqliteStand(path / "deeper")
    path.with_name("events.db.lock").mkdir()
    with pytest.raises(EventLogError, match=r"events\.db\.lock beside it can't be written"):
        SqliteStand(path)


def test_a_damaged_file_is_refused_as_it_is(path: Path) -> None:
    with opened(path) as stand:
        stand.append(*(publication(f"{n}", payload=bytes(1000)) for n in range(100)))
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 20] = os.urandom(4096 * 17)
    path.write_bytes(data)
    with pytest.raises(EventLogError, match="is damaged, or no SQLite file; move it away"):
        SqliteStand(path)
    assert path.read_bytes() == data
    path.unlink()
    with opened(path) as stand:
        assert stand.append("a") == [1]


def test_a_file_that_is_none_of_ours_is_refused_as_it_is(path: Path) -> None:
    path.write_text("dear diary " * 1000)
    with pytest.raises(EventLogError, match="is damaged, or no SQLite file"):
        SqliteStand(path)
    assert path.read_text().startswith("dear diary")


def test_a_newer_schema_is_refused(path: Path) -> None:
    with opened(path):
        pass
    connection: Any = apsw.Connection(str(path))  # its types are partly unknown
    connection.pragma("user_version", len(SCHEMA) + 1)
    connection.close()
    with pytest.raises(EventLogError, match="newer Ringleader"):
        SqliteStand(path)
    with pytest.raises(EventLogError, match="newer Ringleader"):
        read_events(path)


@contextmanager
def mounted(directory: Path, *options: str) -> Generator[Path]:
    """Mount a small file system; skip where that is not allowed, but not in CI."""
    directory.mkdir()
    run = subprocess.run(  # noqa: S603  # our own words
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(directory)],  # noqa: S607  # the system's
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"no file system can be mounted here: {run.stderr}")
        pytest.skip(f"no file system can be mounted here: {run.stderr}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)  # noqa: S603, S607  # the system's


def remount(directory: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(directory)], check=True)  # noqa: S603, S607  # the system's


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_full_disk_loses_nothing_and_the_log_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m") as directory:
        stand = SqliteStand(directory / "events.db")
        first = [publication(f"{n}", payload=bytes(BIG)) for n in range(30)]
        for event in first:
            stand.log.append(event)
        stand.log.append(publication("passed", logged=False))
        probe(lambda: "the disk is full; make room" in stand.log.trouble)
        probe(lambda: ["passed"] in stand.heard)
        assert stand.log.statistics().waiting > 0
        assert stand.log.statistics().trouble == stand.log.trouble
        assert stand.read() == [each.id for each in first if each.sequence]
        remount(directory, "size=64m")
        probe(lambda: stand.clock.next_time() is not None)
        stand.clock.advance(60.0)
        assert stand.all_heard() == ["passed", *(each.id for each in first)]
        assert stand.log.trouble == ""
        assert [each.sequence for each in first] == list(range(1, 31))
        stand.close()
        with look(directory / "events.db") as ids:
            assert ids == [each.id for each in first]


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_disk_that_turns_read_only_is_named_and_waited_for(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=8m") as directory:
        stand = SqliteStand(directory / "events.db")
        stand.append("a")
        stand.store.database.rows("SELECT 1")
        connection = stand.store.database._connection
        connection.pragma("query_only", 1)  # a mount with open files can't be made read-only
        stand.log.append(publication("b"))
        probe(lambda: "can't be written to; check its owner and mode" in stand.log.trouble)
        connection.pragma("query_only", 0)
        stand.clock.advance(60.0)
        assert stand.append("c") == [3]
        stand.close()
        remount(directory, "ro")
        with pytest.raises(EventLogError, match="can't be"):
            SqliteStand(directory / "events.db")
        with look(directory / "events.db") as ids:
            assert ids == ["a", "b", "c"]


def test_a_file_at_its_largest_size_loses_nothing(path: Path) -> None:
    with opened(path) as stand:
        connection = stand.store.database._connection
        pages = connection.pragma("page_count")
        connection.pragma("max_page_count", pages + 20)
        assert stand.append("a") == [1]
        events = [publication(f"{n}", payload=bytes(BIG)) for n in range(5)]
        for event in events:
            stand.log.append(event)
        probe(lambda: "the disk is full" in stand.log.trouble)
        with pytest.raises(EventLogError, match="the disk is full"):
            stand.store.writer.call(lambda _: None, 0.01)
        connection.pragma("max_page_count", 1_000_000)
        stand.clock.advance(60.0)
        assert stand.append("z") == [7]
        assert stand.all_heard() == ["a", "0", "1", "2", "3", "4", "z"]


def test_what_is_not_written_at_the_end_is_said(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stand = SqliteStand(path)
    connection = stand.store.database._connection
    connection.pragma("max_page_count", connection.pragma("page_count"))
    event = publication("lost", payload=bytes(BIG))
    stand.log.append(event)
    probe(lambda: stand.log.trouble)
    assert not stand.store.close()
    assert "fact lost is lost: not written" in caplog.text
    assert event.sequence is None
    assert stand.heard == []


def test_an_event_that_no_file_takes_is_passed_on_all_the_same(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(path) as stand:
        odd = publication("odd")
        odd.payload = "text"  # type: ignore[assignment]  # what a caller without types may do
        assert stand.append("a", odd, "b") == [1, None, 2]
        assert stand.all_heard() == ["a", "odd", "b"]
        assert stand.read() == ["a", "b"]
    assert "fact odd is not in the event log" in caplog.text
