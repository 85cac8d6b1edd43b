"""The network between bridges of several nodes in one thread: it moves when a test says so.

The bridges are the real ones. Their sockets are queues between them, one for each direction of each
pair, which a test can cut, drop and deliver. `bridge_node` has the nodes.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ringleader.actors.dispatch import here
from ringleader.testing import ManualClock
from ringleader.transport.socket_endpoint import Endpoint
from ringleader.transport.socket_statistics import SocketStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ringleader.transport.socket_handler import Handler

TICK = 0.05
"""Seconds between two ticks of the sockets."""


class Member(Protocol):
    """A node, as the network sees it."""

    sockets: FakeSockets

    def settle(self) -> bool:
        """Commit what waits for the disk; tell whether anything did."""
        ...


# -------------------------------------------------------------------- the network


class Frame(NamedTuple):
    """What is on its way.

    Attributes:
        data: as it was sent.
        arrive: hands it over; does nothing if the connection is gone.
    """

    data: bytes
    arrive: Callable[[], object]


class Net:
    """What lies between nodes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.sockets: dict[str, FakeSockets] = {}
        self.nodes: list[Member] = []
        self._ways: dict[tuple[str, str], deque[Frame]] = {}
        self._cut: set[tuple[str, str]] = set()
        self.lost = 0
        """Frames that were put into a way that is cut."""

    # ---------------------------------------------------------------- faults

    def cut(self, one: str, other: str) -> None:
        """Let what is sent between two nodes vanish, without a word to either."""
        self._cut |= {(one, other), (other, one)}
        self.drop(one, other)
        self.drop(other, one)

    def mend(self, one: str, other: str) -> None:
        """Let frames pass again; connections that could not be made are made now."""
        self._cut -= {(one, other), (other, one)}
        for here_, there in ((one, other), (other, one)):
            for sockets in self._of(here_):
                sockets.dial(only=there)

    def drop(self, sender: str, receiver: str) -> int:
        """Lose what is under way; tell how much that was."""
        way = self._ways.get((sender, receiver), deque())
        number = len(way)
        way.clear()
        return number

    def is_cut(self, sender: str, receiver: str) -> bool:
        return (sender, receiver) in self._cut

    def under_way(self, sender: str, receiver: str) -> list[bytes]:
        """Return the frames that are under way."""
        return [frame.data for frame in self._ways.get((sender, receiver), ())]

    # ---------------------------------------------------------------- time

    def put(self, sender: str, receiver: str, frame: Frame) -> None:
        """Send a frame."""
        if self.is_cut(sender, receiver):
            self.lost += 1
        else:
            self._ways.setdefault((sender, receiver), deque()).append(frame)

    def deliver(self, sender: str, receiver: str) -> int:
        """Hand over what is under way now in one direction; tell how much it was."""
        way = self._ways.get((sender, receiver), deque())
        frames = [way.popleft() for _ in range(len(way))]
        for frame in frames:
            frame.arrive()
        return len(frames)

    def settle(self) -> None:
        """Let everybody do what there is to do, until nothing is under way."""
        while self._turn():
            pass

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.now() + seconds - TICK / 2
        self.settle()
        while self.clock.now() < end:
            self.clock.advance(TICK)
            for node in list(self.nodes):
                node.sockets.tick(self.clock.now())
            self.settle()

    def _turn(self) -> bool:
        did = sum(sockets.make_calls() for sockets in list(self.sockets.values()))
        did += sum(node.settle() for node in self.nodes)
        return did + sum(self.deliver(*way) for way in list(self._ways)) > 0

    # ---------------------------------------------------------------- who is there

    def open(self, sockets: FakeSockets) -> None:
        """Begin to listen; whoever waits for this endpoint is connected."""
        self.sockets[sockets.endpoint] = sockets
        for other in list(self.sockets.values()):
            if other is not sockets:
                other.dial(only=sockets.node)

    def close(self, sockets: FakeSockets) -> None:
        """Listen no more; whoever is connected learns of it."""
        if self.sockets.get(sockets.endpoint) is sockets:
            del self.sockets[sockets.endpoint]
        for other in list(self.sockets.values()):
            other.hang_up(sockets.endpoint)

    def _of(self, node: str) -> list[FakeSockets]:
        return [sockets for sockets in self.sockets.values() if sockets.node == node]


class Line:
    """One node's connection to another: a SUB and a DEALER."""

    def __init__(self, endpoint: str, topics: tuple[bytes, ...], identity: bytes) -> None:
        self.endpoint, self.topics, self.identity = endpoint, set(topics), identity
        self.is_up = False


class FakeSockets:
    """What `Bridge` uses of `Sockets`, between nodes of one `Net`."""

    def __init__(self, net: Net, node: str, endpoint: str, handler: Handler, user: str) -> None:
        self.net, self.node, self.endpoint = net, node, endpoint
        self.handler, self.user = handler, user
        self.lines: dict[str, Line] = {}
        self.is_open = False
        self.ended = 0
        self.renewed: list[str] = []
        """Peers that were connected to, in order."""
        self.welcome = b""
        self._calls: deque[Callable[[], object]] = deque()
        self._number = 0

    # ---------------------------------------------------------------- as `Sockets` has it

    def start(self) -> None:
        self.is_open = True
        self.net.open(self)

    def close(self, timeout: float) -> bool:
        del timeout
        self.ended += 1
        if self.is_open:
            self.make_calls()
            self.is_open = False
            self.net.close(self)
        return True

    def call(self, run: Callable[[], object]) -> None:
        self._calls.append(run)

    def statistics(self) -> SocketStatistics:
        return SocketStatistics(endpoint=self.endpoint)

    def set_welcome(self, frame: bytes) -> None:
        self.welcome = frame

    def publish(self, frame: bytes) -> bool:
        for other in list(self.net.sockets.values()):
            for peer, line in other.lines.items():
                if line.is_up and line.endpoint == self.endpoint and other is not self:
                    self._tell(other, peer, line, frame)
        return True

    def reply(self, identity: bytes, frame: bytes) -> bool:
        for other in list(self.net.sockets.values()):
            for peer, line in other.lines.items():
                if line.is_up and line.identity == identity:
                    arrive = other.taking(peer, line, frame)
                    self.net.put(self.node, other.node, Frame(frame, arrive))
                    return True
        return False

    def send(self, peer: str, frame: bytes) -> bool:
        line = self.lines.get(peer)
        there = None if line is None else self.net.sockets.get(line.endpoint)
        if line is None or there is None or not line.is_up:
            return False
        identity = line.identity

        def arrive() -> None:
            if there.is_open:
                there.handler.asked(identity, self.user, frame)

        self.net.put(self.node, there.node, Frame(frame, arrive))
        return True

    def connect(
        self, peer: str, endpoint: str, public_key: str = "", topics: tuple[bytes, ...] = ()
    ) -> None:
        del public_key
        Endpoint.parse(endpoint)  # raises as the real one does
        self.renewed.append(peer)
        self.lines[peer] = Line(endpoint, topics, b"")
        self.dial()

    def disconnect(self, peer: str) -> None:
        self.lines.pop(peer, None)

    def subscribe(self, peer: str, topic: bytes) -> None:
        self.lines[peer].topics.add(topic)

    def unsubscribe(self, peer: str, topic: bytes) -> None:
        self.lines[peer].topics.discard(topic)

    # ---------------------------------------------------------------- what the network does

    def make_calls(self) -> bool:
        """Do what was asked of the sockets' thread; tell whether there was anything."""
        calls = [self._calls.popleft() for _ in range(len(self._calls))]
        with a_thread():
            for run in calls if self.is_open else ():
                run()
        return bool(calls)

    def tick(self, now: float) -> None:
        """Look at the time."""
        if self.is_open:
            with a_thread():
                self.handler.tick(now)

    def dial(self, only: str = "") -> None:
        """Make connections that are not there yet, to nodes that can be reached."""
        for peer, line in list(self.lines.items()):
            there = self.net.sockets.get(line.endpoint)
            if line.is_up or there is None or only not in ("", there.node):
                continue
            if self.net.is_cut(self.node, there.node):
                continue
            self._number += 1
            line.identity = f"{self.node} {id(self)} {self._number}".encode()
            line.is_up = True
            self.call(partial(self.handler.linked, peer, is_up=True))
            if there.welcome:
                there._tell(self, peer, line, there.welcome)

    def hang_up(self, endpoint: str) -> None:
        """Lose the connections to an endpoint."""
        for peer, line in list(self.lines.items()):
            if line.is_up and line.endpoint == endpoint:
                line.is_up = False
                self.call(partial(self.handler.linked, peer, is_up=False))

    def _tell(self, other: FakeSockets, peer: str, line: Line, frame: bytes) -> None:
        if any(frame.startswith(topic) for topic in line.topics):
            arrive = other.hearing(peer, line, frame)
            self.net.put(self.node, other.node, Frame(frame, arrive))

    def hearing(self, peer: str, line: Line, frame: bytes) -> Callable[[], object]:
        """Return what takes a publication, if the connection is still there then."""

        def hear() -> None:
            if self._is_there(peer, line):
                self.handler.heard(peer, frame)

        return hear

    def taking(self, peer: str, line: Line, frame: bytes) -> Callable[[], object]:
        """Return what takes an answer."""

        def take() -> None:
            if self._is_there(peer, line):
                self.handler.answered(peer, frame)

        return take

    def _is_there(self, peer: str, line: Line) -> bool:
        return self.is_open and self.lines.get(peer) is line


@contextmanager
def a_thread() -> Generator[None]:
    """Let what is done meanwhile change nothing in the thread of the tests."""
    before = here.is_loop
    try:
        yield
    finally:
        here.is_loop = before
