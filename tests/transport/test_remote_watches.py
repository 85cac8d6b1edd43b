"""Watching an actor of another node: its end, the node's, and lost words about both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.errors import MailboxFull
from ringleader.actors.remote_errors import NodeDown, NotExported
from ringleader.actors.values import Codec
from ringleader.transport.remote_failures import write
from ringleader.transport.remote_messages import Ended, Frame, encode
from tests.transport.remote_stage import Hidden, Net, Onlooker, net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.lifecycle import Terminated

GREETER = "node-b/greeter"
EPOCH = 7
LINK = frozenset(("node-a", "node-b"))


@pytest.fixture
def two() -> Iterator[Net]:
    """`node-a` with an onlooker, and `node-b` with a greeter."""
    with net() as made:
        made.node("node-a").start("onlooker", Onlooker)
        made.node("node-b").start("greeter")
        yield made


def look(net: Net, address: str = GREETER) -> None:
    node = net.nodes["node-a"]
    node.system.ref("/onlooker").tell(node.far(address))
    net.settle()


def ends(net: Net) -> list[Terminated]:
    found: list[Terminated] = net.nodes["node-a"].actor("/onlooker").ends
    return found


def delete(net: Net, name: str = "greeter") -> None:
    net.nodes["node-b"].system.root.close_child(name)
    net.settle()


def counts(net: Net) -> tuple[int, int]:
    a, b = (net.nodes[n].desk.statistics() for n in ("node-a", "node-b"))
    return a.watches, b.watched


def test_who_watches_is_told_once_when_the_actor_is_gone_for_good(two: Net) -> None:
    look(two)
    look(two)
    assert counts(two) == (1, 1)
    delete(two)
    two.advance(100.0)
    assert [(end.ref, end.reason) for end in ends(two)] == [
        (two.nodes["node-a"].far(GREETER), None)
    ]
    assert counts(two) == (0, 0)


def test_a_restart_of_the_actor_is_no_end(two: Net) -> None:
    two.nodes["node-b"].start("crasher", Crasher, restart="permanent")
    look(two, "node-b/crasher")
    two.nodes["node-b"].system.ref("/crasher").tell("crash")
    two.settle()
    assert ends(two) == []
    assert counts(two) == (1, 1)


def test_the_reason_of_the_end_crosses(two: Net) -> None:
    two.nodes["node-b"].start("crasher", Crasher, restart="temporary")
    look(two, "node-b/crasher")
    two.nodes["node-b"].system.ref("/crasher").tell("crash")
    two.settle()
    (end,) = ends(two)
    assert isinstance(end.reason, ValueError)
    error: Any = end.reason
    assert "in on_receive" in error.remote_traceback


class Crasher(Hidden):
    exported = True

    def on_receive(self, message: Any) -> Any:
        raise ValueError(message)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Crashes are expected."""
    caplog.set_level("CRITICAL")


@pytest.mark.parametrize("path", ["hidden", "nobody"])
def test_who_is_not_exported_is_as_good_as_gone(two: Net, path: str) -> None:
    two.nodes["node-b"].start("hidden", Hidden)
    look(two, f"node-b/{path}")
    (end,) = ends(two)
    assert isinstance(end.reason, NotExported)
    assert counts(two) == (0, 0)


def test_who_watches_is_told_when_the_node_goes_down(two: Net) -> None:
    look(two)
    two.nodes["node-a"].desk.lost("node-b", "no sign of life for 10 s")
    two.settle()
    (end,) = ends(two)
    assert isinstance(end.reason, NodeDown)
    assert (end.reason.node, end.reason.why) == ("node-b", "no sign of life for 10 s")
    delete(two)
    two.advance(60.0)
    assert len(ends(two)) == 1
    assert counts(two) == (0, 0)


def test_who_watches_is_told_when_the_node_was_started_anew(two: Net) -> None:
    look(two)
    two.cut.add(LINK)
    two.end("node-b")
    two.cut.clear()
    two.node("node-b").start("greeter")
    two.nodes["node-a"].desk.met("node-b", 99)
    two.settle()
    (end,) = ends(two)
    assert "started anew" in str(end.reason)


def test_who_watches_an_actor_of_a_node_without_a_link_is_told_at_once(two: Net) -> None:
    two.down.add(LINK)
    look(two)
    assert [type(end.reason) for end in ends(two)] == [NodeDown]


def test_a_node_that_does_not_answer_counts_as_down(two: Net) -> None:
    two.cut.add(LINK)
    look(two)
    two.advance(29.0)
    assert ends(two) == []
    two.advance(2.0)
    (end,) = ends(two)
    assert "has not answered for 30" in str(end.reason)


def test_a_link_that_is_cut_in_silence_is_found_out(two: Net) -> None:
    look(two)
    two.cut.add(LINK)
    two.advance(62.0)
    assert len(ends(two)) == 1


def test_a_watch_that_the_other_node_has_forgotten_is_renewed(two: Net) -> None:
    look(two)
    two.nodes["node-b"].desk.lost("node-a", "it seemed so")
    assert counts(two) == (1, 0)
    two.advance(31.0)
    assert counts(two) == (1, 1)
    delete(two)
    assert len(ends(two)) == 1


def test_a_lost_end_is_told_again(two: Net) -> None:
    look(two)
    two.cut.add(LINK)
    delete(two)
    two.advance(3.0)
    assert ends(two) == []
    two.cut.clear()
    two.advance(2.0)
    assert [end.reason for end in ends(two)] == [None]
    assert counts(two) == (0, 0)


def test_who_does_not_watch_any_more_is_not_told(two: Net) -> None:
    look(two)
    node = two.nodes["node-a"]
    node.system.ref("/onlooker").tell((node.far(GREETER),))
    two.settle()
    assert counts(two) == (0, 0)
    delete(two)
    assert ends(two) == []


def test_a_watch_of_nobody_in_particular_is_a_future(two: Net) -> None:
    end = two.nodes["node-a"].far(GREETER).watch()
    two.settle()
    with pytest.raises(pykka.Timeout):
        end.get(timeout=0)
    delete(two)
    assert end.get(timeout=0).reason is None


def test_watches_are_bounded_on_both_sides() -> None:
    with net() as made:
        a = made.node("node-a", max_watches=3)
        b = made.node("node-b", max_watches=1)
        for number in range(3):
            b.start(f"hidden{number}", Crasher)
        futures = [a.far(f"node-b/hidden{number}").watch() for number in range(3)]
        with pytest.raises(MailboxFull, match="so many are watched elsewhere"):
            a.far("node-b/more").watch()
        made.settle()
        assert [future.done for future in futures] == [False, True, True]
        assert isinstance(futures[1].get(timeout=0).reason, MailboxFull)


@pytest.mark.parametrize("seed", range(20))
def test_an_end_is_heard_once_whatever_the_link_does(seed: int) -> None:
    with net(seed) as made:
        made.node("node-a").start("onlooker", Onlooker)
        b = made.node("node-b")
        for number in range(10):
            b.start(f"one{number}", Crasher)
        made.loses = lambda _from, _to: made.random.random() < 0.4
        made.copies = lambda: made.random.randrange(3)
        made.delay = lambda: made.random.random() * 3
        for number in range(10):
            look(made, f"node-b/one{number}")
            made.advance(0.5)
        for number in range(10):
            delete(made, f"one{number}")
            made.advance(0.5)
        made.advance(100.0)
        heard = [end.ref.path for end in ends(made)]
        assert sorted(heard) == [f"ringleader://node-b/one{number}" for number in range(10)]
        made.loses = lambda _from, _to: False
        made.advance(100.0)
        assert counts(made) == (0, 0)


def test_a_watch_that_holds_costs_two_frames_in_half_a_minute(two: Net) -> None:
    look(two)
    before = len(two.sent)
    two.advance(300.0)
    assert len(two.sent) - before in range(16, 22)


def test_another_node_cannot_end_a_watch(two: Net) -> None:
    look(two)
    two.nodes["node-a"].desk.met("node-c", EPOCH)
    end = encode(Frame(EPOCH, 0, 1, Ended(1, write("made up", Codec()))))
    two.nodes["node-a"].desk.received("node-c", end)
    two.settle()
    assert ends(two) == []
