"""A node's side of events, without the rest of a node: system, event log, desk, control socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events.base import Dedup, Event, EventType
from ringleader.control import ControlServer
from ringleader.event_desk import EventDesk
from ringleader.events_client import Client
from ringleader.system import System
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator

    from ringleader.actors.consumer_rules import SetAside
    from ringleader.actors.event_log import ConsumerInfo, EventLog
    from ringleader.actors.events.base import Envelope

CHILD = Path(__file__).with_name("event_child.py")
ROOT = CHILD.parents[1]


class Happened(Event, frozen=True, kw_only=True):
    """Something that is kept in the event log."""

    EVENT: ClassVar[EventType] = EventType.custom("HAPPENED", durable=True, dedup=Dedup.id())

    number: int = 0
    names: tuple[str, ...] = ()


class Passed(Event, frozen=True, kw_only=True):
    """Something that is not kept."""

    EVENT: ClassVar[EventType] = EventType.custom("PASSED", dedup=Dedup.id())

    number: int = 0


class Lived(Event, frozen=True, kw_only=True):
    """A type of clients that nodes here do not have."""

    EVENT: ClassVar[EventType] = EventType.custom("LIVED")


TYPES = (Happened, Passed)


class Bench:
    """Runs the events' side of a node on a data directory; `stop` and `start` are its restarts.

    Attributes:
        system: of the present run.
        letters: what the event log in memory has set aside, in all runs.
        seen: the envelopes of all that was routed, in all runs.
    """

    system: System
    desk: EventDesk

    def __init__(
        self, path: Path, log: EventLog | None = None, *, is_kept: bool = True, **kwargs: Any
    ) -> None:
        self.path, self._kwargs, self._is_kept = path, kwargs, is_kept
        self.letters: list[SetAside] = []
        self.seen: list[Envelope] = []
        self._clock = RealClock(spawn)
        self.log: EventLog = log or MemoryEventLog(self._clock, aside=self.letters.append)
        self.runs = False

    def start(self, *, is_open: bool = True) -> None:
        log = self.log if self._is_kept else None
        self.system = System(
            node_id="bench", seed=1, event_types=TYPES, event_log=log, **self._kwargs
        ).start()
        self.system.hub.taps.append(lambda _, envelope: self.seen.append(envelope))
        self.desk = EventDesk(self.system)
        if is_open:
            self.desk.open()
        self._server = ControlServer(self.path / "control.sock", self.desk.answer, spawn)
        self._server.start()
        self.runs = True

    def stop(self) -> None:
        """End in order, as a node does."""
        if self.runs:
            self.runs = False
            self.desk.close()
            assert self.system.stop()
            assert self._server.close(10)

    def close(self) -> None:
        self.stop()
        assert self._clock.close()

    def client(self, **kwargs: Any) -> Client:
        return Client(self.path, event_types=TYPES, source="test", timeout=10.0, **kwargs)

    def happen(self, *numbers: int) -> None:
        """Publish in the node."""
        for number in numbers:
            self.system.publish(Happened(number=number)).get(timeout=10)

    def saw(self, count: int) -> list[Envelope]:
        """Wait until so many events were routed, in all runs; return their envelopes."""
        probe(lambda: len(self.seen) >= count)
        return self.seen

    def consumer(self, name: str) -> ConsumerInfo:
        return next(info for info in self.log.consumers() if info.name == name)


@contextmanager
def running(path: Path, log: EventLog | None = None, **kwargs: Any) -> Generator[Bench]:
    bench = Bench(path, log, **kwargs)
    bench.start()
    try:
        yield bench
    finally:
        bench.close()


class Child:
    """A process that consumes or publishes, as `event_child.py` says; read line by line."""

    def __init__(self, *arguments: object) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(  # noqa: S603  # our own code
            [sys.executable, str(CHILD), *map(str, arguments)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Wait for the next line; empty at its end. The test's time-out is the deadline."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> int:
        self.process.communicate(timeout=20)
        return self.process.returncode


@contextmanager
def child(*arguments: object) -> Generator[Child]:
    process = Child(*arguments)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.kill()
        for stream in (process.process.stdin, process.process.stdout):
            if stream is not None:
                stream.close()
