"""Small disks, and lives of systems whose event log is a file."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import System
from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import LogQuery
from ringleader.actors.options import EventOptions
from ringleader.actors.publication import Routing
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.events.places import TYPES, Fleeting, Kept
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ringleader.actors.publication import Publication

PATIENCE = 20.0
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")


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


def a_file(path: Path) -> None:
    """Make one with events in it."""
    with living(path) as life:
        for publication in life.publish(*range(20)):
            publication.get(timeout=PATIENCE)
