"""Nodes in one process that talk over a link which loses, copies, delays and is cut at will."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator  # noqa: TC003  # of an actor's method
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ringleader.actors.base import Actor
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import Terminated
from ringleader.actors.ref import Ref
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem
from ringleader.transport.remote_desk import RemoteDesk
from ringleader.transport.remote_options import RemoteOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringleader.actors.remote_ref import NodeRef

STEP = 0.1
"""Seconds between two ticks of a desk."""


@dataclass(frozen=True)
class Point:
    x: int
    more: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Meet:
    """A message with a ref in it."""

    who: Any


@dataclass(frozen=True)
class Unknown:
    """A message that nobody handles, so that no node knows its class."""

    x: int = 0


class Oops(Exception):  # noqa: N818  # as short as can be
    """An error that the other node does not know."""


class Greeter(Actor):
    """Does as it is told, for other nodes too."""

    exported = True

    def __init__(self) -> None:
        super().__init__()
        self.greeting = "hello"
        self.heard: list[Any] = []
        self._secret = "not yours"  # noqa: S105  # nobody's password

    @handles(str)
    def greet(self, name: str) -> str:
        self.heard.append(name)
        return f"{self.greeting}, {name}"

    @handles(int)
    def count(self, number: int) -> int:
        self.heard.append(number)
        return len(self.heard)

    @handles(Point)
    def move(self, point: Point) -> Point:
        return Point(point.x + 1, point.more)

    @handles(Meet)
    def meet(self, meet: Meet) -> str:
        meet.who.tell("from far away")
        return str(meet.who)

    @handles(bytes)
    def weigh(self, load: bytes) -> int:
        return len(load)

    @handles(list)
    def sum(self, numbers: list[int]) -> int:
        return sum(numbers)

    def add(self, one: int, other: int = 1) -> int:
        return one + other

    def fail(self, kind: str) -> None:
        match kind:
            case "value":
                raise ValueError("no such game")
            case "file":
                raise FileNotFoundError(2, "there is none", "/tmp/x")  # noqa: S108  # a name only
            case _:
                raise Oops(kind)

    def stream(self) -> Iterator[int]:
        return iter([1])

    def everything(self) -> list[Any]:
        return self.heard


class Hidden(Actor):
    """Is not exported."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        self.heard.append(message)


class Onlooker(Actor):
    """Watches whom it is told to."""

    exported = True

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[Terminated] = []
        self.heard: list[str] = []

    @handles(Ref)
    def look_at(self, ref: Ref[Any]) -> None:
        self.watch(ref)

    @handles(tuple)
    def look_away(self, one: tuple[Ref[Any]]) -> None:
        self.unwatch(one[0])

    @handles(Terminated)
    def gone(self, end: Terminated) -> None:
        self.ends.append(end)

    @handles(str)
    def listen(self, text: str) -> None:
        self.heard.append(text)


@dataclass
class Node:
    """A node of the stage."""

    system: TestSystem
    desk: RemoteDesk
    epoch: int

    def start(self, name: str, kind: type[Any] = Greeter, **options: Any) -> Ref[Any]:
        return self.system.start_child(ChildSpec(name, kind, **options))

    def far(self, address: str) -> NodeRef[Any]:
        ref: Any = self.system.ref(f"ringleader://{address}")
        return ref  # type: ignore[no-any-return]  # of another node

    def actor(self, path: str) -> Any:
        return self.system.ref(path).cell.instance


@dataclass
class Net:
    """Nodes, and the frames on their way between them.

    Attributes:
        loses: tells whether a frame is lost.
        copies: how often a frame arrives beside the first time.
        delay: seconds that it takes.
        cut: pairs of nodes without a link, that do not know it.
        down: the same, known to who sends.
    """

    seed: int = 1
    nodes: dict[str, Node] = field(default_factory=dict)
    loses: Callable[[str, str], bool] = lambda _from, _to: False
    copies: Callable[[], int] = lambda: 0
    delay: Callable[[], float] = lambda: 0.0
    cut: set[frozenset[str]] = field(default_factory=set)
    down: set[frozenset[str]] = field(default_factory=set)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  # faults, no secrets
        self.time = 0.0
        self._flying: list[tuple[float, int, str, str, bytes]] = []
        self._lives = 0

    def node(
        self,
        name: str,
        exports: Iterable[str] = (),
        classes: Iterable[type[Any]] = (),
        **options: Any,
    ) -> Node:
        """Start a node; a second time: after it was ended."""
        system = TestSystem(node_id=name).start()
        system.manual.advance_to(self.time)
        self._lives += 1
        desk = RemoteDesk(
            system.context,
            system.root,
            lambda to, data: self._send(name, to, data),
            epoch=self._lives,
            exports=exports,
            classes=classes,
            options=RemoteOptions(**options),
        )
        system.remote = desk
        node = self.nodes[name] = Node(system, desk, self._lives)
        self.greet()
        return node

    def greet(self) -> None:
        """Let all who have a link know that the others are there, as heartbeats do."""
        for one, node in self.nodes.items():
            for other, far in self.nodes.items():
                if one != other and frozenset((one, other)) not in self.cut | self.down:
                    node.desk.met(other, far.epoch)

    def end(self, name: str) -> None:
        """End a node in order."""
        node = self.nodes.pop(name)
        node.desk.close()
        node.system.stop()

    def close(self) -> None:
        """End all."""
        self.settle()
        for name in list(self.nodes):
            self.end(name)

    def _send(self, sender: str, to: str, data: bytes) -> bool:
        pair = frozenset((sender, to))
        if pair in self.down or to not in self.nodes:
            return False
        self.sent.append((sender, to, data))
        if pair in self.cut:
            return True
        if not self.loses(sender, to):
            for _ in range(1 + self.copies()):
                when = round(self.time + self.delay(), 6)
                self._flying.append((when, len(self.sent), sender, to, data))
        return True

    def settle(self) -> None:
        """Let everything happen that takes no time."""
        is_busy = True
        while is_busy:
            for node in list(self.nodes.values()):
                node.system.run()
            here = sorted(f for f in self._flying if f[0] <= self.time)
            self._flying = [f for f in self._flying if f[0] > self.time]
            for _, _, sender, to, data in here:
                if to in self.nodes and frozenset((sender, to)) not in self.cut | self.down:
                    self.nodes[to].desk.received(sender, data)
            is_busy = bool(here)

    def advance(self, seconds: float) -> None:
        """Let time pass on all nodes."""
        end = round(self.time + seconds, 6)
        self.settle()
        while self.time < end - 1e-9:
            self.time = round(min(self.time + STEP, end), 6)
            self.greet()
            for node in self.nodes.values():
                node.system.manual.advance_to(self.time)
                node.desk.tick(self.time)
            self.settle()


@contextmanager
def net(seed: int = 1) -> Generator[Net]:
    """Make a net, and end its nodes."""
    made = Net(seed)
    try:
        yield made
    finally:
        made.close()
