"""Whatever is wrong with the disk: a clear error, a node that works on, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader import Event, System
from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters import LetterQuery
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import PublishRefused, RingleaderError
from ringleader.actors.event_log import EventLogError, LogQuery
from ringleader.actors.options import EventOptions
from ringleader.actors.publication import Routing
from ringleader.config import load
from ringleader.datadir import DataDir
from ringleader.lockfile import LockTaken
from ringleader.node import Node
from ringleader.runs import Arguments
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.events.places import TYPES, Fleeting, Kept, Said
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from ringleader.actors.publication import Publication

PATIENCE = 20.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # our words


class Disk:
    """A small file system."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.path / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                return

    def free(self) -> None:
        (self.path / "ballast").unlink()

    def remount(self, how: str) -> None:
        assert command("mount", "-o", f"remount,{how}", str(self.path)).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount one; skip where that is not allowed, but not in CI."""
    path = tmp_path / "small"
    path.mkdir()
    run = command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(path))
    if run.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"no file system can be mounted here: {run.stderr}")
        pytest.skip(f"no file system can be mounted here: {run.stderr}")
    yield Disk(path)
    assert command("umount", str(path)).returncode == 0


class Life:
    """A system on an event log in a file."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.system = System(
            event_types=TYPES, intensity=1000, events=EventOptions(**options) if options else None
        )
        self.clock = RealClock(spawn)
        epoch = self.system.epoch
        self.store = EventStore(path, clock=self.clock, spawn=spawn, epoch=epoch)
        encode, time = self.system.catalogue.encode, self.clock.time
        letters = SqliteLetters(self.store.reader, self.store.writer, encode, time)
        self.system.keep(self.store.log, letters)
        self.system.start()
        self.kept: list[int] = []
        self.fleeting: list[int] = []
        self.durable: list[int] = []
        self.system.subscribe(Kept, lambda e: self.kept.append(e.number))
        self.system.subscribe(Fleeting, lambda e: self.fleeting.append(e.number))
        self.system.subscribe(Kept, lambda e: self.durable.append(e.number), durable="mine")
        self.store.log.flush(PATIENCE)

    def publish(self, *numbers: int) -> list[Publication]:
        return [self.system.publish(Kept(number=n, who="x" * 20_000), source="/p") for n in numbers]

    def works(self, number: int) -> None:
        """Assert that events which are not logged go through."""
        receipt = self.system.publish(Fleeting(number=number), source="/q").get(timeout=PATIENCE)
        assert receipt.routing is Routing.ROUTED
        probe(lambda: number in self.fleeting)

    def close(self) -> bool:
        assert self.system.stop()
        done = self.store.close(5)
        assert self.clock.close()
        return done


@contextmanager
def living(path: Path, **options: Any) -> Generator[Life]:
    life = Life(path, **options)
    try:
        yield life
    finally:
        life.close()


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of what is kept in a file."""
    with living(path) as life:
        decode = life.system.catalogue.decode
        records = life.store.log.read(LogQuery(types=("kept",), limit=100_000))
        return [decode("kept", r.payload).number for r in records]  # type: ignore[attr-defined]  # they have one


# --- while a node runs


@linux
def test_a_full_disk_delays_what_is_logged_and_nothing_else(disk: Disk) -> None:
    path = disk.path / "events.db"
    with living(path) as life:
        for publication in life.publish(1, 2):
            publication.get(timeout=PATIENCE)
        disk.fill()
        delayed(life, "the disk is full", disk.free)
    assert numbers_in(path) == list(range(1, 103))


def test_a_file_that_turns_read_only_delays_what_is_logged_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.db"
    with living(path) as life:
        for publication in life.publish(1, 2):
            publication.get(timeout=PATIENCE)
        life.store.database.rows("SELECT 1")
        connection = life.store.database._connection  # a mount in use can't be made read-only
        connection.pragma("query_only", 1)
        delayed(life, "can't be written to", lambda: connection.pragma("query_only", 0))
    assert numbers_in(path) == list(range(1, 103))


def delayed(life: Life, trouble: str, heal: Callable[[], object]) -> None:
    """Assert what holds while a disk refuses, and what when it does so no more."""
    late = life.publish(*range(3, 103))
    probe(lambda: trouble in life.store.log.trouble)
    for number in range(10):
        life.works(number)
    assert late[-1].receipt is None
    assert life.store.log.statistics().trouble == life.store.log.trouble

    heal()
    receipts = [publication.get(timeout=PATIENCE) for publication in late]
    assert all(r.sequence and r.routing is Routing.ROUTED for r in receipts)
    assert life.store.log.trouble == ""
    everything = list(range(1, 103))
    probe(lambda: life.kept == everything, PATIENCE)
    probe(lambda: life.durable == everything, PATIENCE)


@linux
def test_on_a_read_only_disk_nothing_starts_and_the_reason_is_told(disk: Disk) -> None:
    path = disk.path / "events.db"
    a_file(path)
    disk.remount("ro")
    clock = RealClock(spawn)
    with pytest.raises(EventLogError, match="can't be (written|opened).*written"):
        EventStore(path, clock=clock, spawn=spawn, epoch=1)
    assert clock.close()
    disk.remount("rw")
    assert numbers_in(path) == list(range(20))


@linux
def test_dead_letters_wait_for_the_disk_and_are_kept_in_the_end(disk: Disk) -> None:
    with living(disk.path / "events.db") as life:

        def refuse(event: Event) -> None:
            raise ValueError(event)

        life.system.subscribe(Fleeting, refuse)
        disk.fill()
        life.publish(*range(100))
        probe(lambda: life.store.log.trouble)
        life.works(1)
        assert life.system.dead_letters.counts()
        disk.free()
        probe(lambda: life.store.log.trouble == "", PATIENCE)
        found = life.system.dlq.find(LetterQuery(types=("fleeting",)))
        assert [letter.path for letter in found] != []


@linux
def test_a_publisher_is_refused_when_too_much_waits_and_told_why(disk: Disk) -> None:
    with living(disk.path / "events.db", backlog=50) as life:
        disk.fill()
        accepted: list[Publication] = []

        def fill_up() -> bool:
            try:
                accepted.extend(life.publish(len(accepted)))
            except PublishRefused as error:
                return "full" in str(error)
            return False

        probe(fill_up, PATIENCE)
        life.works(1)
        disk.free()
        for publication in accepted:
            assert publication.get(timeout=PATIENCE).sequence
        probe(lambda: life.durable == list(range(len(accepted))), PATIENCE)
        life.publish(1000)[0].get(timeout=PATIENCE)


@linux
@pytest.mark.parametrize("again", ["same id", "same content"])
def test_a_duplicate_of_what_is_not_kept_yet_is_not_acknowledged(disk: Disk, again: str) -> None:
    """Its publisher would count on an event that a kill of the node takes away."""
    with living(disk.path / "events.db") as life:
        disk.fill()
        life.publish(*range(100))
        probe(lambda: life.store.log.trouble)
        named = life.system.hub.publish_named
        if again == "same id":
            first, second = [named("KEPT", {}, source="/s", id="same") for _ in range(2)]
        else:
            first, second = [life.system.publish(Said(what="x"), source="/s") for _ in range(2)]
        life.works(1)
        assert first.receipt is None
        assert second.receipt is None
        disk.free()
        assert first.get(timeout=PATIENCE).routing is not Routing.DUPLICATE
        receipt = second.get(timeout=PATIENCE)
        assert (receipt.routing, receipt.duplicate_of) == (Routing.DUPLICATE, first.id)


@linux
def test_who_waits_is_told_when_the_node_ends_with_a_full_disk(disk: Disk) -> None:
    """The event is lost, and its publisher is told so, not left alone."""
    path = disk.path / "events.db"
    life = Life(path)
    disk.fill()
    late = life.publish(*range(100))
    probe(lambda: life.store.log.trouble)
    assert not life.close()
    waiting = [publication for publication in late if publication.receipt is None]
    assert waiting
    for publication in waiting:
        with pytest.raises(RingleaderError, match="full|closed|stopped|not written"):
            publication.get(timeout=2)
    disk.free()
    assert numbers_in(path) == list(range(100 - len(waiting)))


# --- a file that can't be opened


def a_file(path: Path) -> None:
    """Make one with events in it."""
    with living(path) as life:
        for publication in life.publish(*range(20)):
            publication.get(timeout=PATIENCE)


def spoil(path: Path, how: str) -> None:
    match how:
        case "corrupt":
            data = bytearray(path.read_bytes())
            data[16:4096] = b"\xa5" * 4080
            path.write_bytes(data)
        case "not a database":
            path.write_bytes(b"hello, world\n" * 1000)
        case "newer":
            connection: Any = apsw.Connection(str(path))
            connection.execute("PRAGMA user_version = 999")
            connection.close()
        case "a directory":
            path.unlink()
            path.mkdir()
        case _:
            path.write_bytes(path.read_bytes()[:5000])


BAD = {
    "corrupt": "damaged",
    "not a database": "not a|none of",
    "newer": "newer Ringleader",
    "a directory": "can't be opened|directory",
    "cut off": "damaged",
}


@pytest.mark.parametrize("how", BAD)
def test_a_file_that_can_not_be_used_is_named_with_the_reason_and_left_alone(
    tmp_path: Path, how: str
) -> None:
    path = tmp_path / "events.db"
    a_file(path)
    spoil(path, how)
    before = path.read_bytes() if path.is_file() else b""
    clock = RealClock(spawn)
    with pytest.raises(EventLogError, match=BAD[how]) as error:
        EventStore(path, clock=clock, spawn=spawn, epoch=1)
    assert str(path) in str(error.value)
    assert before == (path.read_bytes() if path.is_file() else b"")
    assert clock.close()


def test_a_second_owner_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with living(path) as life:
        with pytest.raises(EventLogError, match=f"in use by process {os.getpid()}"):
            Life(path)
        life.publish(1)[0].get(timeout=PATIENCE)
        probe(lambda: life.durable == [1])


# --- a whole node


class Bench:
    """Makes nodes on one data directory."""

    def __init__(self, path: Path) -> None:
        self.data = DataDir(path)
        self.lines: list[str] = []

    def node(self) -> Node:
        tree = (
            "tree.coordination.enabled=false",
            "tree.jobs.enabled=false",
            'workload.config_keys=["tiny"]',
            "tree.a.actor=tests.cli.tiny_actors:Idle",
        )
        return Node(
            load(environment={}, overrides=tree),
            self.data,
            arguments=Arguments(seed=7),
            write=self.lines.append,
            on_stop=lambda: None,
        )

    def left(self) -> list[str]:
        return [name for name in ("lock", "control.sock") if (self.data.path / name).exists()]


@pytest.mark.parametrize("how", BAD)
def test_a_node_does_not_start_on_such_a_file_says_so_and_leaves_nothing(
    tmp_path: Path, how: str
) -> None:
    bench = Bench(tmp_path / "data")
    node = bench.node()
    node.open()
    node.start()
    assert node.stop()
    node.close()
    spoil(bench.data.events, how)
    node = bench.node()
    with pytest.raises(RingleaderError, match=BAD[how]):
        node.open()
    assert bench.left() == []


def test_two_nodes_on_one_file_are_one_too_many(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data")
    first, second = bench.node(), bench.node()
    first.open()
    first.start()
    with pytest.raises(LockTaken):
        second.open()
    clock = RealClock(spawn)
    with pytest.raises(EventLogError, match="in use by process"):
        EventStore(bench.data.events, clock=clock, spawn=spawn, epoch=1)
    assert clock.close()
    first.system.publish("TRAINING_COMPLETED", {"config_key": "x"}).get(timeout=PATIENCE)
    assert first.stop()
    first.close()


@linux
def test_a_node_whose_disk_is_full_works_on_and_keeps_everything_in_the_end(disk: Disk) -> None:
    bench = Bench(disk.path / "data")
    node = bench.node()
    node.open()
    node.start()
    disk.fill()
    late = [
        node.system.publish("TRAINING_COMPLETED", {"config_key": "x" * 9000, "model_path": f"{n}"})
        for n in range(50)
    ]
    log = node.system.hub.log
    assert log is not None
    probe(lambda: log.trouble)
    fleeting = node.system.publish("IDLE_STATE_BROADCAST", {"node_id": "a", "is_idle": True}, source="/q")
    assert fleeting.get(timeout=PATIENCE).sequence is None
    disk.free()
    sequences = [publication.get(timeout=PATIENCE).sequence for publication in late]
    assert sequences == sorted(sequences, key=lambda s: s or 0)
    assert None not in sequences
    assert node.stop()
    node.close()
