"""Durable messages: acknowledged, sent again, taken once, given up aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.errors import BadValue, MailboxFull, StoppedError
from ringleader.actors.letters import Outcome
from ringleader.actors.remote_errors import NotAcknowledged
from ringleader.transport.remote_parcels import Taken
from tests.transport.remote_stage import Hidden, Net, Unknown, net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.future import Reply

GREETER = "node-b/greeter"
LINK = frozenset(("node-a", "node-b"))


@pytest.fixture
def two() -> Iterator[Net]:
    """`node-a`, and `node-b` with a greeter."""
    with net() as made:
        made.node("node-a")
        made.node("node-b").start("greeter")
        yield made


def letters(net: Net, node: str) -> int:
    return net.nodes[node].system.dead_letters.counts().get(Outcome.UNDELIVERABLE, 0)


def test_a_durable_message_is_acknowledged_when_it_is_in_the_mailbox(two: Net) -> None:
    b = two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
        assert not reply.done
        two.settle()
        assert reply.get(timeout=0) is None
    two.settle()
    assert b.actor("/greeter").heard == ["x"]
    assert two.nodes["node-a"].desk.statistics().durable == 0


def test_a_durable_message_survives_a_cut_link(two: Net) -> None:
    two.cut.add(LINK)
    reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
    two.advance(100.0)
    assert not reply.done
    two.cut.clear()
    two.advance(40.0)
    assert reply.done
    assert two.nodes["node-b"].actor("/greeter").heard == ["x"]


def test_what_waits_for_a_node_is_sent_when_there_is_a_link_again(two: Net) -> None:
    two.down.add(LINK)
    reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
    two.advance(100.0)
    two.down.clear()
    two.nodes["node-a"].desk.back("node-b")
    two.advance(0.2)
    assert reply.done


def test_the_waits_between_two_tries_double_up_to_a_limit(two: Net) -> None:
    two.cut.add(LINK)
    two.nodes["node-a"].far(GREETER).tell_durably("x")
    tries: list[int] = []
    for _ in range(29):
        before = len(two.sent)
        two.advance(10.0)
        tries.append(len(two.sent) - before)
    assert tries[0] in (3, 4)
    assert sum(tries) <= 16
    assert max(tries[5:]) == 1


def test_a_lost_receipt_is_made_up_for_and_the_message_is_handled_once(two: Net) -> None:
    two.loses = lambda sender, _to: sender == "node-b"
    reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
    two.advance(5.0)
    assert not reply.done
    two.loses = lambda _from, _to: False
    two.advance(10.0)
    assert reply.done
    assert two.nodes["node-b"].actor("/greeter").heard == ["x"]


def test_durable_messages_survive_a_restart_of_the_other_node(two: Net) -> None:
    a = two.nodes["node-a"]
    a.far(GREETER).tell_durably("before")
    two.settle()
    two.cut.add(LINK)
    replies = [a.far(GREETER).tell_durably(str(n)) for n in range(5)]
    two.end("node-b")
    two.advance(20.0)
    two.cut.clear()
    b = two.node("node-b")
    two.advance(40.0)  # it answers, but the actor is not there yet
    assert not any(reply.done for reply in replies)
    b.start("greeter")
    two.advance(60.0)
    assert all(reply.done for reply in replies)
    assert sorted(two.nodes["node-b"].actor("/greeter").heard) == list("01234")


def test_durable_messages_of_a_new_life_are_not_taken_for_those_of_the_one_before(
    two: Net,
) -> None:
    for _ in range(3):
        reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
        two.settle()
        assert reply.done
        two.end("node-a")
        two.node("node-a")
    assert two.nodes["node-b"].actor("/greeter").heard == ["x"] * 3


def test_a_durable_message_without_a_receipt_becomes_a_dead_letter(
    two: Net, caplog: pytest.LogCaptureFixture
) -> None:
    two.nodes["node-b"].start("hidden", Hidden)
    reply = two.nodes["node-a"].far("node-b/hidden").tell_durably("x", timeout=10.0)
    two.advance(9.5)
    assert not reply.done
    two.advance(1.0)
    with pytest.raises(NotAcknowledged, match="within 10 s; the last answer was: not exported"):
        reply.get(timeout=0)
    assert letters(two, "node-a") == 1
    assert len(caplog.records) == 1


def test_a_full_mailbox_takes_a_durable_message_later(two: Net) -> None:
    class Narrow(Hidden):
        exported = True
        mailbox_capacity = 1

    b = two.nodes["node-b"]
    far = two.nodes["node-a"].far("node-b/narrow")
    with b.system.stepper.hold(b.start("narrow", Narrow).cell):
        replies = [far.tell_durably(n) for n in range(3)]
        two.settle()
        assert [reply.done for reply in replies] == [True, False, False]
    two.advance(10.0)
    assert all(reply.done for reply in replies)
    assert sorted(b.actor("/narrow").heard) == [0, 1, 2]


def test_a_durable_message_that_cannot_be_read_there_is_given_up_at_once(two: Net) -> None:
    reply = two.nodes["node-a"].far(GREETER).tell_durably(Unknown())
    two.settle()
    with pytest.raises(BadValue, match="Unknown' is not known here"):
        reply.get(timeout=0)
    assert letters(two, "node-a") == 1


def test_durable_messages_without_a_receipt_are_bounded() -> None:
    with net() as made:
        made.node("node-a", max_durable=3)
        made.node("node-b").start("greeter")
        made.cut.add(LINK)
        far = made.nodes["node-a"].far(GREETER)
        for _ in range(3):
            far.tell_durably("x")
        with pytest.raises(MailboxFull, match="so many wait to be acknowledged"):
            far.tell_durably("x")


def test_what_is_left_when_a_node_stops_becomes_dead_letters(two: Net) -> None:
    two.cut.add(LINK)
    a = two.nodes["node-a"]
    replies = [a.far(GREETER).tell_durably(n) for n in range(3)]
    a.desk.close()
    assert letters(two, "node-a") == 3
    for reply in replies:
        with pytest.raises(StoppedError):
            reply.get(timeout=0)


@pytest.mark.parametrize("seed", range(20))
def test_each_durable_message_is_handled_once_whatever_the_link_does(seed: int) -> None:
    with net(seed) as made:
        a = made.node("node-a", resend=0.5, max_resend=2.0)
        made.node("node-b", max_durable=40).start("greeter")
        made.loses = lambda _from, _to: made.random.random() < 0.4
        made.copies = lambda: made.random.randrange(3)
        made.delay = lambda: made.random.random() * 3
        replies: list[Reply[None]] = []
        for number in range(60):
            replies.append(a.far(GREETER).tell_durably(number))
            if made.random.random() < 0.1:
                made.cut.symmetric_difference_update({LINK})
            made.advance(0.2)
        made.cut.clear()
        made.advance(60.0)
        assert all(reply.done for reply in replies)
        b = made.nodes["node-b"]
        assert sorted(b.actor("/greeter").heard) == list(range(60))


@given(st.lists(st.integers(0, 5), max_size=80))
def test_what_is_kept_to_know_copies_is_bounded_and_exact(gaps: list[int]) -> None:
    taken, handled = Taken(50), set[int]()
    low = 1
    for high, gap in enumerate(gaps, 1):
        low = max(low, high - gap)
        taken.settle(low)
        for number in range(low, high + 1):
            assert taken.has(number) == (number in handled)
            if gap % 2:
                handled.add(number)
                taken.add(number)
        assert all(taken.has(number) for number in range(1, low))
        assert len(taken) <= 6


def test_what_waits_for_a_node_is_sent_at_once_when_it_begins_a_new_life(two: Net) -> None:
    two.cut.add(LINK)
    reply = two.nodes["node-a"].far(GREETER).tell_durably("x")
    two.advance(100.0)
    two.end("node-b")
    two.cut.clear()
    two.node("node-b").start("greeter")
    two.advance(0.2)
    assert reply.done
