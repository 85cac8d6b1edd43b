"""What holds for messages between nodes whatever happens to the links and to the nodes."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.remote_errors import NodeDown
from ringleader.supervisors.spec import ChildSpec
from tests.transport.remote_stage import Net, net

if TYPE_CHECKING:
    from ringleader.actors.future import Reply
    from ringleader.actors.lifecycle import Terminated

NAMES = ("node-a", "node-b", "node-c")
TIMES: dict[str, Any] = {
    "resend": 0.5,
    "max_resend": 2.0,
    "ask_timeout": 10.0,
    "durable_timeout": 400.0,
}


class Ear(Actor):
    """Notes what it hears, and in which life of its node."""

    exported = True

    def __init__(self, heard: list[tuple[int, Any]], life: int) -> None:
        super().__init__()
        self._heard, self._life = heard, life

    def on_receive(self, message: Any) -> Any:
        self._heard.append((self._life, message))
        return message


class World:
    """Three nodes that talk at random while links and nodes fail at random."""

    def __init__(self, net: Net) -> None:
        self.net, self.rng = net, net.random
        self.heard: list[tuple[int, Any]] = []
        self.asks: dict[str, Reply[Any]] = {}
        self.parcels: dict[str, Reply[None]] = {}
        self.watches: list[Reply[Terminated]] = []
        self.told: set[str] = set()
        for name in NAMES:
            self.begin(name)

    def begin(self, name: str) -> None:
        node = self.net.node(name, **TIMES)
        node.system.start_child(ChildSpec("ear", Ear, (self.heard, node.epoch)))

    def act(self, number: int) -> None:
        """Do one thing, or break one."""
        rng = self.rng
        if rng.random() < 0.15:
            self.net.cut.clear()
            self.net.down.clear()
        one, other = rng.sample(NAMES, 2)
        far = self.net.nodes[one].far(f"{other}/ear")
        pair = frozenset((one, other))
        text = str(number)
        match rng.choices(range(7), (20, 20, 20, 6, 4, 2, 2))[0]:
            case 0:
                self.told.add(text)
                with suppress(NodeDown):
                    far.tell(text)
            case 1:
                self.asks[text] = far.ask(text, block=False)
            case 2:
                self.parcels[text] = far.tell_durably(text)
            case 3:
                self.watches.append(far.watch())
            case 4:
                self.net.cut.symmetric_difference_update({pair})
            case 5:
                self.net.down.symmetric_difference_update({pair})
                if pair in self.net.down and rng.random() < 0.7:
                    self.net.nodes[one].desk.lost(other, "no sign of life")
            case _:
                self.net.end(one)
                self.net.advance(rng.random())
                self.begin(one)
        self.net.advance(rng.choice((0.1, 0.5, 2.0)))

    def heal(self) -> None:
        self.net.cut.clear()
        self.net.down.clear()
        self.net.loses = lambda _from, _to: False
        self.net.advance(60.0)


@pytest.mark.parametrize("seed", range(12))
def test_no_message_is_handled_twice_in_a_life_and_all_that_was_begun_ends(seed: int) -> None:
    with net(seed) as made:
        made.loses = lambda _from, _to: made.random.random() < 0.15
        made.copies = lambda: int(made.random.random() < 0.2)
        made.delay = lambda: made.random.random() * made.random.choice((0.0, 0.5, 3.0))
        world = World(made)
        for number in range(120):
            world.act(number)
        world.heal()

        heard = Counter(world.heard)
        texts = Counter(text for _, text in world.heard)
        assert not [item for item, times in heard.items() if times > 1]
        once = world.told | world.asks.keys()
        assert not [text for text in once if texts[text] > 1]
        assert all(reply.done for reply in world.asks.values())
        assert all(reply.done for reply in world.parcels.values())
        acknowledged = {text for text, reply in world.parcels.items() if _succeeded(reply)}
        assert acknowledged <= texts.keys()
        answered = {text for text, reply in world.asks.items() if _succeeded(reply)}
        assert answered <= texts.keys()
        assert len(acknowledged) > 15
        assert len(answered) > 4

        for name in NAMES:
            for watched in NAMES:
                made.nodes[name].desk.lost(watched, "the end")
        made.settle()
        for name in NAMES:
            statistics = made.nodes[name].desk.statistics()
            assert (statistics.asks, statistics.durable, statistics.serving) == (0, 0, 0)
            assert statistics.watches == 0


def _succeeded(reply: Reply[Any]) -> bool:
    return reply.done and reply._results[0][1] is None
