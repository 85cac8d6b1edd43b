"""Deadlines, full mailboxes, and the lives of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.errors import (
    MailboxFull,
    StoppedError,
)
from ringleader.actors.remote_errors import NodeDown
from tests.transport.remote_stage import (
    Greeter,
    Hidden,
    Net,
    net,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.future import Reply

GREETER = "node-b/greeter"


@pytest.fixture
def two() -> Iterator[Net]:
    """`node-a`, and `node-b` with a greeter."""
    with net() as made:
        made.node("node-a")
        made.node("node-b").start("greeter")
        yield made


def answer(net: Net, reply: Reply[Any]) -> Any:
    net.settle()
    return reply.get(timeout=0)


# ---------------------------------------------------------------- time and room


def test_an_ask_is_given_up_at_its_deadline_on_both_sides(two: Net) -> None:
    b = two.nodes["node-b"]
    ref = two.nodes["node-a"].far(GREETER)
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = ref.ask("late", block=False, timeout=2.0)
        two.advance(1.0)
        assert b.desk.statistics().serving == 1
        two.advance(1.5)
        assert b.desk.statistics().serving == 0
        with pytest.raises(pykka.Timeout, match=r"2\.0 seconds"):
            reply.get(timeout=0)
    two.settle()
    assert b.actor("/greeter").heard == []
    assert b.desk.statistics().counts["expired"] == 1


def test_a_deadline_may_belong_to_a_ref_or_to_the_settings() -> None:
    with net() as made:
        made.node("node-a", ask_timeout=3.0)
        made.node("node-b").start("greeter")
        made.cut.add(frozenset(("node-a", "node-b")))
        ref = made.nodes["node-a"].far(GREETER)
        soon, late = ref.within(1.0).call(Greeter.add, 1), ref.ask("x", block=False)
        made.advance(1.2)
        assert (soon.done, late.done) == (True, False)
        made.advance(2.0)
        assert late.done


def test_who_waits_no_longer_says_so_to_the_other_node(two: Net) -> None:
    b = two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = two.nodes["node-a"].far(GREETER).ask("x", block=False)
        two.settle()
        with pytest.raises(pykka.Timeout):
            reply.get(timeout=0)
        two.settle()
        assert b.desk.statistics().serving == two.nodes["node-a"].desk.statistics().asks == 0
    two.settle()
    assert b.actor("/greeter").heard == []


class Narrow(Hidden):
    """Has room for two."""

    exported = True
    mailbox_capacity = 2


def test_a_full_mailbox_refuses_and_never_blocks(two: Net) -> None:
    b = two.nodes["node-b"]
    ref = two.nodes["node-a"].far("node-b/narrow")
    with b.system.stepper.hold(b.start("narrow", Narrow).cell):
        for _ in range(2):
            ref.tell("x")
        reply = ref.ask("y", block=False)
        with pytest.raises(MailboxFull, match="/narrow is full"):
            answer(two, reply)
        ref.tell("z")
        two.settle()
        assert two.nodes["node-a"].desk.statistics().counts["unheard"] == 1
    two.settle()
    assert b.actor("/narrow").heard == ["x", "x"]


def test_asks_without_an_answer_are_bounded_on_both_sides() -> None:
    with net() as made:
        made.node("node-a", max_asks=5)
        b = made.node("node-b", max_asks=3)
        with b.system.stepper.hold(b.start("greeter").cell):
            ref = made.nodes["node-a"].far(GREETER)
            replies = [ref.ask(str(n), block=False) for n in range(5)]
            with pytest.raises(MailboxFull, match="so many asks wait for that node"):
                ref.ask("x", block=False)
            made.settle()
            assert b.desk.statistics().serving == 3
            with pytest.raises(MailboxFull, match="so many asks of 'node-a' wait here"):
                replies[4].get(timeout=0)
        made.settle()
        assert [r.done for r in replies] == [True] * 5


# ---------------------------------------------------------------- lives of nodes


def test_a_node_without_a_link_is_told_at_once(two: Net) -> None:
    two.down.add(frozenset(("node-a", "node-b")))
    ref = two.nodes["node-a"].far(GREETER)
    with pytest.raises(NodeDown, match="there is no link to it"):
        ref.tell("x")
    with pytest.raises(NodeDown, match="there is no link to it"):
        ref.ask("x", block=False).get(timeout=0)


def test_asks_to_a_node_that_goes_down_fail(two: Net) -> None:
    b = two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = two.nodes["node-a"].far(GREETER).ask("x", block=False)
        two.settle()
        two.nodes["node-a"].desk.lost("node-b", "no sign of life for 10 s")
        with pytest.raises(NodeDown, match="no sign of life"):
            reply.get(timeout=0)
        b.desk.lost("node-a", "no sign of life for 10 s")
    two.settle()
    assert b.actor("/greeter").heard == []


def test_asks_to_a_node_that_was_started_anew_fail(two: Net) -> None:
    a, b = two.nodes["node-a"], two.nodes["node-b"]
    a.far(GREETER).ask("first", block=False)
    two.settle()
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = a.far(GREETER).ask("x", block=False)
        two.settle()
    two.cut.add(frozenset(("node-a", "node-b")))
    two.end("node-b")
    assert not reply.done
    two.cut.clear()
    two.node("node-b").start("greeter")
    with pytest.raises(NodeDown, match="started anew"):
        reply.get(timeout=0)


def test_asks_of_a_node_that_is_stopped_fail(two: Net) -> None:
    b = two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        ref = two.nodes["node-a"].far(GREETER)
        reply = ref.ask("x", block=False)
        two.settle()
        two.end("node-a")
        with pytest.raises(StoppedError, match="was stopped"):
            reply.get(timeout=0)
        with pytest.raises(StoppedError):
            ref.tell("x")


def test_asks_whose_actor_is_deleted_fail(two: Net) -> None:
    b = two.nodes["node-b"]
    cell = b.system.ref("/greeter").cell
    with b.system.stepper.hold(cell):
        reply = two.nodes["node-a"].far(GREETER).ask("x", block=False)
        two.settle()
        b.system.root.close_child("greeter")
    with pytest.raises(pykka.ActorDeadError, match="stopped before handling"):
        answer(two, reply)


def test_an_answer_for_an_earlier_life_of_the_asker_is_dropped(two: Net) -> None:
    a, b = two.nodes["node-a"], two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        a.far(GREETER).ask("old", block=False)
        two.settle()
        two.delay = lambda: 5.0
    two.settle()  # the answer is on its way
    two.delay = lambda: 0.0
    two.end("node-a")
    a = two.node("node-a")
    two.cut.add(frozenset(("node-a", "node-b")))
    reply = a.far(GREETER).ask("new", block=False)
    two.cut.clear()
    two.advance(6.0)
    assert not reply.done
    assert a.desk.statistics().counts["stale"] == 1
