"""Files that can not be used: a clear error, a file that is left as it is, nothing left open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError
from ringleader.config import load
from ringleader.datadir import DataDir
from ringleader.lockfile import LockTaken
from ringleader.node import Node
from ringleader.runs import Arguments
from ringleader.transport.event_store import EventStore
from tests.events.disks import LINUX, PATIENCE, Disk, Life, a_file, living
from tests.probe import probe

if TYPE_CHECKING:
    from pathlib import Path


# --- a file that can't be opened


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


@LINUX
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
    fleeting = node.system.publish(
        "IDLE_STATE_BROADCAST", {"node_id": "a", "is_idle": True}, source="/q"
    )
    assert fleeting.get(timeout=PATIENCE).sequence is None
    disk.free()
    sequences = [publication.get(timeout=PATIENCE).sequence for publication in late]
    assert sequences == sorted(sequences, key=lambda s: s or 0)
    assert None not in sequences
    assert node.stop()
    node.close()
