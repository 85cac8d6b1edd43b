"""Remote refs between real systems: blocking asks, proxies, actors in processes of their own."""

from __future__ import annotations

import random
import secrets
import threading
from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader import System
from ringleader.actors.base import Actor
from ringleader.actors.handlers import handles
from ringleader.actors.ref import Ref
from ringleader.actors.remote_errors import NodeDown, NotExported
from ringleader.supervisors.spec import ChildSpec
from ringleader.transport.remote_desk import RemoteDesk
from tests.probe import holds
from tests.transport.remote_stage import Greeter, Hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.remote_ref import NodeRef

ADDRESS = "ringleader://node-b/greeter"


class Pair:
    """Two systems; what one sends the other has at once."""

    def __init__(self) -> None:
        self.is_linked = True
        self.desks: dict[str, RemoteDesk] = {}
        self.systems = {name: System(node_id=name).start() for name in ("node-a", "node-b")}
        epochs = {name: secrets.randbits(62) + 1 for name in self.systems}
        for name, system in self.systems.items():
            desk = RemoteDesk(system.context, system.root, self._sender(name), epoch=epochs[name])
            system.remote = self.desks[name] = desk
        for name, other in (("node-a", "node-b"), ("node-b", "node-a")):
            self.desks[name].met(other, epochs[other])
        self._locks = {name: threading.Lock() for name in self.systems}

    def _sender(self, name: str) -> Any:
        def send(to: str, data: bytes) -> bool:
            if self.is_linked and to in self.desks:
                with self._locks[to]:  # a real one has one thread that receives
                    self.desks[to].received(name, data)
            return self.is_linked

        return send

    def far(self, address: str = ADDRESS) -> NodeRef[Any]:
        ref: Any = self.systems["node-a"].ref(address)
        return ref  # type: ignore[no-any-return]  # of another node

    def close(self) -> None:
        for name, system in self.systems.items():
            self.desks[name].close()
            assert system.stop()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    made.systems["node-b"].start_child(ChildSpec("greeter", Greeter))
    yield made
    made.close()


def test_an_ask_blocks_until_the_answer_is_there(pair: Pair) -> None:
    assert pair.far().ask("ann", timeout=5.0) == "hello, ann"


def test_a_proxy_knows_what_the_actor_has(pair: Pair) -> None:
    proxy: Any = pair.far().proxy()
    assert proxy.greeting.get(timeout=5.0) == "hello"
    assert proxy.add(1, other=2).get(timeout=5.0) == 3
    assert not {"context", "publish", "stop", "_secret"} & set(dir(proxy))
    with pytest.raises(AttributeError):
        _ = proxy.nothing
    with pytest.raises(ValueError, match="no such game"):
        proxy.fail("value").get(timeout=5.0)


def test_a_typed_proxy_is_one_of_the_class(pair: Pair) -> None:
    proxy = pair.far().of(Greeter).within(5.0).proxy()
    assert proxy.everything().get() == []


def test_a_deferred_call_is_made_and_not_answered(pair: Pair) -> None:
    proxy: Any = pair.far().proxy()
    proxy.greet.defer("ann")
    assert proxy.everything().get(timeout=5.0) == ["ann"]


def test_who_is_not_exported_has_no_proxy(pair: Pair) -> None:
    pair.systems["node-b"].start_child(ChildSpec("hidden", Hidden))
    far = pair.far("ringleader://node-b/hidden")
    assert not far.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        far.proxy()


def test_is_alive_asks_the_node(pair: Pair) -> None:
    assert pair.far().is_alive()
    assert not pair.far().actor_stopped.wait(timeout=0)
    pair.systems["node-b"].ref("/greeter").stop(timeout=5.0)
    pair.is_linked = False
    assert not pair.far().is_alive()


def test_asks_to_a_node_that_goes_down_wake_those_who_wait(pair: Pair) -> None:
    class Slow(Actor):
        exported = True

        @handles(str)
        def wait(self, message: str) -> bool:
            return release.wait(float(message))

    release = threading.Event()
    pair.systems["node-b"].start_child(ChildSpec("slow", Slow))
    far = pair.far("ringleader://node-b/slow")
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            far.ask("10")
        except NodeDown as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert holds(lambda: pair.desks["node-b"].statistics().serving == 1)
    pair.desks["node-a"].lost("node-b", "gone")
    thread.join(5.0)
    release.set()
    assert len(caught) == 1


def test_every_ask_of_many_threads_ends_whatever_happens_to_the_link(pair: Pair) -> None:
    far, ends = pair.far(), list[str]()

    def ask(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311  # the order of things
        for number in range(150):
            try:
                if rng.random() < 0.5:
                    far.ask(f"{seed}-{number}", timeout=20.0)
                else:
                    far.tell_durably(f"{seed}-{number}").get(timeout=20.0)
            except (NodeDown, pykka.ActorDeadError) as error:
                ends.append(type(error).__name__)
            else:
                ends.append("answered")

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        pair.is_linked = not pair.is_linked
        for desk in pair.desks.values():
            desk.tick(pair.systems["node-a"].context.clock.now())
        if not pair.is_linked:
            pair.desks["node-a"].lost("node-b", "cut")
            pair.desks["node-b"].lost("node-a", "cut")
        else:
            pair.desks["node-a"].back("node-b")
        threads[0].join(0.002)
    assert len(ends) == 600
    assert "answered" in ends
    statistics = [desk.statistics() for desk in pair.desks.values()]
    assert [(s.asks, s.durable) for s in statistics] == [(0, 0), (0, 0)]
    heard = pair.systems["node-b"].ref("/greeter").cell.instance.heard
    assert len(heard) == len(set(heard))


class Asker(Actor):
    """In a process of its own: asks whom it is given."""

    exported = True

    @handles(Ref)
    def ask(self, ref: Ref[Any]) -> Any:
        return [ref.ask("ann", timeout=5.0), ref.path]

    def double(self, number: int) -> int:
        return 2 * number


def test_an_actor_in_a_process_of_its_own_is_reached_and_reaches_others(pair: Pair) -> None:
    pair.systems["node-b"].start_child(ChildSpec("asker", Asker, dispatcher="process"))
    local = pair.systems["node-a"].start_child(ChildSpec("local", Greeter))
    far = pair.far("ringleader://node-b/asker").of(Asker)
    assert far.call(Asker.double, 4).get(timeout=10.0) == 8
    assert far.ask(local, timeout=10.0) == ["hello, ann", "ringleader://node-a/local"]
    hidden = pair.systems["node-a"].start_child(ChildSpec("hidden", Hidden))
    del hidden
    with pytest.raises(NotExported):
        far.ask(pair.far("ringleader://node-b/hidden"), timeout=10.0)
