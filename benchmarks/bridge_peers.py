"""What peers cost a node that is idle: memory and CPU, with ten, fifty, a hundred of them."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import psutil

from ringleader import Actor, ChildSpec, handles
from ringleader.transport.bridge_options import BridgeOptions

from .bridge_node import bridged, settings_of
from .bridge_process import ROOT, Far
from .bridge_tally import READY, order_of
from .cases import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .bridge_node import Bridged
    from .measure import Effort

NAME = "peers"
TOPICS = 250
"""Event types that every node subscribes to."""
STEPS = (10, 50, 100)
SETTLE = 3.0
"""Seconds from the last peer's coming until it counts as idle."""
WINDOW = 4.0
"""Seconds in which CPU time is measured."""
EVEN = 1.5
"""How much more each of many peers may take than each of few, and growth still counts as linear."""
TICK = 1e-3
"""Seconds of CPU time a second for a peer, at least, as the system counts in hundredths."""
HUB = "hub"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What so many peers cost, all told and idle.

    Attributes:
        peers: how many.
        hub_bytes: resident memory of the node that has them, beyond that without any.
        hub_cpu: seconds of CPU time a second that it needs.
        peer_bytes: resident memory of the process in which the peers are, beyond that without any.
        peer_cpu: seconds of CPU time a second that this one needs.
    """

    peers: int
    hub_bytes: float
    hub_cpu: float
    peer_bytes: float
    peer_cpu: float


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What came out.

    Attributes:
        topics: event types that every node subscribes to.
        steps: of growth.
        bytes_ratio: what each peer of the last step takes of the node, beside each of the first.
        cpu_ratio: the same of CPU time.
        is_linear: whether neither grows faster than the number of peers.
    """

    topics: int
    steps: list[Step]
    bytes_ratio: float
    cpu_ratio: float
    is_linear: bool


class Everyone(Actor):
    """Is subscribed to much, and gets nothing."""

    @handles(str)
    def take(self, _: str) -> None:
        """Do nothing."""


class _Used(NamedTuple):
    rss: int
    cpu: float


class _Run:
    """A process with nodes in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.far = Far(process)
        self.far.await_ready()
        self._seen = psutil.Process(process.pid)
        self.before = self.used()

    def used(self) -> _Used:
        times = self._seen.cpu_times()
        return _Used(self._seen.memory_info().rss, times.user + times.system)


def measure_peers(effort: Effort, announce: Callable[[str], None]) -> Crowd:
    """Let the number of peers grow, and look each time what they cost."""
    scale = min(1.0, effort.scale)
    numbers = sorted({max(1, round(number * scale)) for number in STEPS})
    # Short names: the path of a socket has a hundred characters at most.
    with TemporaryDirectory(prefix="rl-") as place, ExitStack() as stack:
        hub, crowd = (stack.enter_context(_run(part, place)) for part in (HUB, NAME))
        steps: list[Step] = []
        for number in numbers:
            announce(f"{NAME}: {number} of {numbers[-1]}")
            crowd.far.expect(number)
            steps.append(_step(number, hub, crowd, scale))
    return conclude(steps)


def conclude(steps: list[Step]) -> Crowd:
    """Compare what the peers of the last step cost the node with those of the first."""
    first, last = steps[0], steps[-1]
    size = (last.hub_bytes / last.peers) / max(first.hub_bytes / first.peers, 1.0)
    cpu = (last.hub_cpu / last.peers) / max(first.hub_cpu / first.peers, TICK)
    is_linear = size <= EVEN and cpu <= EVEN
    return Crowd(topics=TOPICS, steps=steps, bytes_ratio=size, cpu_ratio=cpu, is_linear=is_linear)


def _step(number: int, hub: _Run, crowd: _Run, scale: float) -> Step:
    pause = threading.Event()
    pause.wait(SETTLE * scale)
    begin, since = (hub.used(), crowd.used()), perf_counter()
    pause.wait(WINDOW * scale)
    end, seconds = (hub.used(), crowd.used()), perf_counter() - since
    return Step(
        peers=number,
        hub_bytes=end[0].rss - hub.before.rss,
        hub_cpu=(end[0].cpu - begin[0].cpu) / seconds,
        peer_bytes=end[1].rss - crowd.before.rss,
        peer_cpu=(end[1].cpu - begin[1].cpu) / seconds,
    )


@contextmanager
def _run(part: str, place: str) -> Generator[_Run]:
    command = [sys.executable, "-m", "benchmarks.bridge_peers", part, place]
    with subprocess.Popen(  # noqa: S603  # our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield _Run(process)
        finally:
            process.kill()  # a hundred nodes that end in order take their time, and nothing is kept


# ---------------------------------------------------------------- in the processes


def main(part: str, place: str) -> None:
    """Run the node that has peers, or the peers; their number comes in through stdin."""
    path = Path(place)
    with ExitStack() as stack:
        nodes: list[Bridged] = []
        if part == HUB:
            nodes.append(stack.enter_context(_node(HUB, path, {})))
        print(READY, flush=True)
        for line in sys.stdin:
            number = order_of(line).expect
            while len(nodes) < number:
                peers = {HUB: f"ipc://{path / HUB}.sock"}
                node = stack.enter_context(_node(f"peer-{len(nodes)}", path, peers))
                nodes.append(node)
            _await_links(nodes)
            print(READY, flush=True)


@contextmanager
def _node(name: str, path: Path, peers: dict[str, str]) -> Generator[Bridged]:
    """Run a node that wants much, and that knows nobody but its peers."""
    settings = msgspec.structs.replace(
        settings_of(name, bind=f"ipc://{path / name}.sock", peers=peers),
        bridge=BridgeOptions(introductions=False),
    )
    directory = path / name
    directory.mkdir()
    with bridged(settings, directory) as node:
        ref = node.system.start_child(ChildSpec("everyone", Everyone))
        for topic in list(node.system.catalogue)[:TOPICS]:
            node.system.hub.subscribe(ref, topic)
        node.start()
        yield node


def _await_links(nodes: list[Bridged]) -> None:
    """Wait until all are connected both ways, and read all that there is to be read."""
    pause, end = threading.Event(), perf_counter() + PATIENCE
    while not all(_is_linked(node) for node in nodes):
        if perf_counter() > end:
            raise TimeoutError("not all peers were connected")
        pause.wait(0.05)


def _is_linked(node: Bridged) -> bool:
    for peer in node.bridging.bridge.statistics().peers:
        directions = {stream.direction for stream in peer.streams}
        if peer.state != "online" or directions != {"in", "out"}:
            return False
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
