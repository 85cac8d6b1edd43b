"""Two whole nodes in one process, over real sockets: made of settings, started, stopped."""

from __future__ import annotations

from contextlib import ExitStack
from threading import active_count
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Actor, handles
from ringleader.actors.events.p2p import HostOffline, HostOnline
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.remote_errors import NodeDown
from ringleader.bridging import Bridging, exported
from ringleader.config import load
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System
from ringleader.transport.event_store import EventStore
from ringleader.transport.socket_endpoint import Insecure
from ringleader.transport.sockets import BindError
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.events.base import Event
    from ringleader.config.settings import Settings

QUICK = (
    "bridge.heartbeat=0.05",
    "bridge.sockets.interval=0.01",
    "bridge.sockets.reconnect=0.02",
    "bridge.reading.ack_interval=0.05",
)


class Greeter(Actor):
    """Answers other nodes."""

    exported: ClassVar[bool] = True

    @handles(str)
    def greet(self, message: str) -> str:
        """Greet back."""
        return f"hello, {message}"


class Host:
    """What a node makes of its settings, without its tree.

    Args:
        path: of all files.
        name: of the node.
        peers: that it is told of.
        bind: where it listens; None: a socket in `path`.
    """

    def __init__(self, path: Path, name: str, *peers: str, bind: str | None = None) -> None:
        told = ", ".join(f'{{id="{p}", endpoint="ipc://{path}/{p}.s"}}' for p in peers)
        place = f"ipc://{path}/{name}.s" if bind is None else bind
        overrides = (*QUICK, f"node.bind={place}", f"peers=[{told}]", f"node.id={name}")
        settings = load(environment={}, overrides=overrides).settings
        self.system = System(name)
        self.seen: list[Event] = []
        with ExitStack() as stack:
            self._take(settings, path, name, stack)
            self._stack = stack.pop_all()

    def _take(self, settings: Settings, path: Path, name: str, stack: ExitStack) -> None:
        crosses = exported(settings, self.system)
        assert crosses is not None
        self.store = EventStore(
            path / f"{name}.db",
            clock=self.system.context.clock,
            spawn=self.system.context.spawn,
            epoch=self.system.epoch,
            exports=crosses.exports,
            limits=crosses.limits,
            on_unread=crosses.on_unread,
        )
        stack.callback(self.store.close)
        stack.callback(self.system.stop)
        self.system.keep(self.store.log)
        self.bridging = Bridging(settings, self.system, self.store, crosses, path / f"{name} keys")
        stack.callback(self.bridging.close)

    def start(self) -> None:
        self.system.start()
        for kind in (TrainingCompleted, HostOnline, HostOffline):
            self.system.subscribe(kind, self.seen.append)
        self.bridging.start()

    def stop(self) -> None:
        """Stop as a node does: read no more, end the actors, say goodbye, close the file."""
        self.bridging.stop_reading()
        assert self.system.stop()
        assert self.bridging.close()
        self._stack.close()

    def iterations(self) -> list[int | None]:
        """Return the numbers of the trainings that were seen."""
        return [event.iteration for event in self.seen if isinstance(event, TrainingCompleted)]

    def names(self, kind: type[HostOnline | HostOffline]) -> list[str]:
        return [event.node_id for event in self.seen if isinstance(event, kind)]


def completed(iteration: int) -> TrainingCompleted:
    return TrainingCompleted(config_key="k", iteration=iteration)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def pair(path: Path, stack: ExitStack) -> tuple[Host, Host]:
    a, b = Host(path, "a", "b"), Host(path, "b", "a")
    for host in (a, b):
        stack.callback(host.stop)
        host.start()
    probe(lambda: "b" in a.names(HostOnline) and "a" in b.names(HostOnline))
    return a, b


def test_events_cross_in_order_and_come_once(tmp_path: Path, stack: ExitStack) -> None:
    a, b = pair(tmp_path, stack)
    for number in range(50):
        a.system.publish(completed(number))
    b.system.publish(completed(1_000))
    probe(lambda: len(b.iterations()) == 51)
    assert [n for n in b.iterations() if n != 1_000] == list(range(50))
    probe(lambda: a.iterations()[-1] == 1_000)
    assert len(a.iterations()) == 51, "what was published here does not come back"
    probe(lambda: b.bridging.bridge.statistics().peers[0].sums("in").events == 50)
    (peer,) = b.bridging.bridge.statistics().peers
    assert (peer.node, peer.state, peer.sums("in").lag) == ("a", "online", 0)


def test_actors_answer_other_nodes_until_their_node_is_down(
    tmp_path: Path, stack: ExitStack
) -> None:
    a, b = pair(tmp_path, stack)
    b.system.start_child(ChildSpec("greeter", Greeter))
    far: Any = a.system.ref("ringleader://b/greeter")
    probe(far.is_alive)  # a node may be heard a moment before it has answered the greeting
    assert far.ask("ann", timeout=5.0) == "hello, ann"
    b.stop()
    probe(lambda: "b" in a.names(HostOffline))
    with pytest.raises(NodeDown):
        far.ask("ann", timeout=5.0)


def test_a_node_that_was_stopped_gets_what_it_missed(tmp_path: Path, stack: ExitStack) -> None:
    a, b = pair(tmp_path, stack)
    a.system.publish(completed(1)).get(timeout=5.0)
    probe(lambda: b.iterations() == [1])
    b.stop()
    a.system.publish(completed(2)).get(timeout=5.0)
    again = Host(tmp_path, "b", "a")
    stack.callback(again.stop)
    again.start()
    probe(lambda: again.iterations() == [2])
    a.system.publish(completed(3)).get(timeout=5.0)
    probe(lambda: again.iterations() == [2, 3])


def test_a_stopped_bridge_leaves_no_thread_and_may_be_stopped_again(tmp_path: Path) -> None:
    before = active_count()
    a, b = Host(tmp_path, "a", "b"), Host(tmp_path, "b", "a")
    a.start()
    a.stop()
    a.stop()
    b.stop()  # it was never started
    assert active_count() == before
    assert a.system.remote is None


def test_a_place_that_is_taken_is_an_error_of_the_start(tmp_path: Path, stack: ExitStack) -> None:
    first = Host(tmp_path, "a", bind="tcp://127.0.0.1:0")
    stack.callback(first.stop)
    first.start()
    probe(lambda: first.bridging.bridge.statistics().endpoint)
    taken = first.bridging.bridge.statistics().endpoint
    second = Host(tmp_path, "b", bind=taken)
    stack.callback(second.stop)
    with pytest.raises(BindError, match="can't listen at"):
        second.start()


def test_no_keys_and_an_address_that_others_reach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Insecure):
        Host(tmp_path, "a", bind="tcp://192.0.2.1:7700")
    Host(tmp_path, "a").stop()  # what was opened before was closed


def test_a_node_that_talks_to_nobody_has_no_bridge() -> None:
    system = System("alone")
    assert exported(load(environment={}).settings, system) is None
    system.stop()
