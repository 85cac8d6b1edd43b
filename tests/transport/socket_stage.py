"""Nodes of real sockets for tests: what they have heard, and what they leave behind."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.transport.keys import KeyRing
from ringleader.transport.socket_options import SocketOptions
from ringleader.transport.sockets import Sockets
from tests.leaks import LINUX
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringleader.actors.clock import Clock

    Make = Callable[..., "SocketNode"]

R = TypeVar("R")

QUICK = SocketOptions(interval=0.01, reconnect=0.02, retry=0.2, refresh=0.02)
"""Nobody waits for long in tests."""
LOOPBACK = "tcp://127.0.0.1:0"
ALL = b""


@dataclass
class Recorder:
    """Keeps what came in."""

    sockets: Sockets | None = None
    echo: bool = False
    asked_: list[tuple[bytes, str, bytes]] = field(default_factory=list[tuple[bytes, str, bytes]])
    answered_: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    heard_: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    links: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    refusals: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ticks: list[float] = field(default_factory=list[float])

    def asked(self, identity: bytes, user: str, frame: bytes) -> None:
        self.asked_.append((identity, user, frame))
        if self.echo and self.sockets is not None:
            self.sockets.reply(identity, b"re: " + frame)

    def answered(self, peer: str, frame: bytes) -> None:
        self.answered_.append((peer, frame))

    def heard(self, peer: str, frame: bytes) -> None:
        self.heard_.append((peer, frame))

    def linked(self, peer: str, is_up: bool) -> None:  # noqa: FBT001  # as the protocol has it
        self.links.append((peer, is_up))

    def refused(self, peer: str, why: str) -> None:
        self.refusals.append((peer, why))

    def tick(self, now: float) -> None:
        self.ticks.append(now)


class SocketNode:
    """One node's sockets, with a recorder; everything may be called from the test's thread."""

    def __init__(
        self,
        bind: str = LOOPBACK,
        *,
        keys: KeyRing | None = None,
        clock: Clock | None = None,
        options: SocketOptions = QUICK,
        welcome: bytes = b"welcome",
        echo: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        self.recorder = Recorder(echo=echo) if recorder is None else recorder
        self.sockets = Sockets(
            bind=bind,
            welcome=welcome,
            keys=keys,
            clock=RealClock(spawn) if clock is None else clock,
            spawn=spawn,
            handler=self.recorder,
            options=options,
        )
        self.recorder.sockets = self.sockets

    def start(self) -> SocketNode:
        self.sockets.start()
        return self

    def do(self, run: Callable[[], R]) -> R:
        """Run something on the socket thread; wait for its result, or for what it raised."""
        done, found = Event(), list[R]()
        errors: list[Exception] = []

        def there() -> None:
            try:
                found.append(run())
            except Exception as error:  # noqa: BLE001  # it is raised below
                errors.append(error)
            done.set()

        self.sockets.call(there)
        assert done.wait(10)
        if errors:
            raise errors[0]
        return found[0]

    def connect(
        self, other: SocketNode, name: str = "b", key: str = "", topics: tuple[bytes, ...] = (ALL,)
    ) -> None:
        """Connect to another node; do not wait for it."""
        self.do(partial(self.sockets.connect, name, other.sockets.endpoint, key, topics))

    def join(self, other: SocketNode, name: str = "b", key: str = "") -> None:
        """Connect to another node and wait until that is done."""
        self.connect(other, name, key)
        self.wait_for_link(name)

    def wait_for_link(self, name: str = "b", *, is_up: bool = True) -> None:
        probe(lambda: self.recorder.links and self.recorder.links[-1] == (name, is_up))

    def publish(self, frame: bytes) -> bool:
        return self.do(partial(self.sockets.publish, frame))

    def send(self, peer: str, frame: bytes) -> bool:
        return self.do(partial(self.sockets.send, peer, frame))

    def frames(self) -> list[bytes]:
        """What was heard, whoever said it."""
        return [frame for _, frame in self.recorder.heard_]


def started() -> Iterator[Make]:
    """Start nodes for a test; close them after it, and see that nothing of the library's is left.

    Sockets and contexts are no objects of Python's that `tests.leaks` could find.
    """
    before = zmq_things()
    nodes: list[SocketNode] = []

    def start(*args: Any, **named: Any) -> SocketNode:
        nodes.append(SocketNode(*args, **named))
        return nodes[-1].start()

    yield start
    closed = [node.sockets.close() for node in nodes]
    assert all(closed), closed
    assert nothing_more_than(before), zmq_things()


def ring(directory: Path, *, now: Callable[[], float] | None = None) -> KeyRing:
    """A key ring of a node that has a pair."""
    made = KeyRing(directory, RealClock(spawn).time if now is None else now)
    made.generate()
    return made


def introduce(**rings: KeyRing) -> None:
    """Let all let in each other, by name."""
    for name, one in rings.items():
        for other in rings.values():
            if other is not one:
                other.allow(name, one.pair.public)


def zmq_things() -> tuple[int, int]:
    """Count the library's threads, and the descriptors that its sockets wake each other with."""
    if not LINUX:
        return 0, 0
    threads = sum(_name(task).startswith("ZMQ") for task in Path("/proc/self/task").iterdir())
    wakers = sum("eventfd" in _target(fd) for fd in Path("/proc/self/fd").iterdir())
    return threads, wakers


def nothing_more_than(before: tuple[int, int]) -> bool:
    """Tell whether no socket and no context is left that was not there before."""
    gc.collect()
    return holds(lambda: zmq_things() <= before)


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text()
    except OSError:  # the thread has ended
        return ""


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # closed meanwhile
        return ""
