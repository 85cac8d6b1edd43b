"""Two nodes over a link: tell, ask, call, exceptions, refs; and what the link does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.errors import (
    CannotCross,
    RemoteError,
)
from ringleader.actors.letters import Outcome
from ringleader.actors.packing import pack
from ringleader.transport.remote_messages import Answer, Frame, Unheard, encode
from tests.transport.remote_stage import (
    Greeter,
    Hidden,
    Meet,
    Net,
    Onlooker,
    Point,
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


# ---------------------------------------------------------------- what crosses


def test_a_message_reaches_an_actor_of_another_node(two: Net) -> None:
    two.nodes["node-a"].far(GREETER).tell("ann")
    two.settle()
    assert two.nodes["node-b"].actor("/greeter").heard == ["ann"]


def test_messages_of_one_sender_keep_their_order(two: Net) -> None:
    for number in range(50):
        two.nodes["node-a"].far(GREETER).tell(number)
    two.settle()
    assert two.nodes["node-b"].actor("/greeter").heard == list(range(50))


def test_an_ask_gets_its_answer(two: Net) -> None:
    reply = two.nodes["node-a"].far(GREETER).ask("ann", block=False)
    assert not reply.done
    assert answer(two, reply) == "hello, ann"


def test_a_typed_call_is_made_by_the_method_of_the_class(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER).of(Greeter)
    reply = ref.call(Greeter.add, 2, other=3)
    assert answer(two, reply) == 5


def test_what_a_handler_takes_and_returns_is_known_with_its_fields(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    reply = ref.call(Greeter.move, Point(1, (Point(2),)))
    assert answer(two, reply) == Point(2, (Point(2),))


def test_the_same_address_is_the_same_ref(two: Net) -> None:
    node = two.nodes["node-a"]
    ref = node.far(GREETER)
    assert ref == node.far(GREETER) == ref.within(2.0) == ref.of(Greeter)
    assert ref != node.far("node-b/other")
    assert len({ref, node.far(GREETER)}) == 1
    assert (ref.path, ref.actor_urn, ref.node) == (str(ref.address),) * 2 + ("node-b",)


def test_a_ref_of_this_node_goes_as_an_address_and_comes_back_as_itself(two: Net) -> None:
    node = two.nodes["node-a"]
    listener = node.start("listener", Onlooker)
    reply = node.far(GREETER).ask(Meet(listener), block=False)
    assert answer(two, reply) == "ringleader://node-a/listener"
    two.settle()
    assert node.actor("/listener").heard == ["from far away"]
    twice = node.far(GREETER).ask(Meet(node.far(GREETER)), block=False)
    assert answer(two, twice).startswith("Greeter")  # its own ref, as it is there
    two.settle()
    assert "from far away" in two.nodes["node-b"].actor("/greeter").heard


def test_a_ref_that_is_sent_leads_to_a_third_node(two: Net) -> None:
    two.node("node-c").start("ear", Onlooker)
    two.nodes["node-a"].far(GREETER).tell(Meet(two.nodes["node-a"].far("node-c/ear")))
    two.settle()
    assert two.nodes["node-c"].actor("/ear").heard == ["from far away"]


# ---------------------------------------------------------------- errors


def test_an_error_comes_back_as_itself_with_the_remote_traceback(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    with pytest.raises(ValueError, match="no such game") as caught:
        answer(two, ref.call(Greeter.fail, "value"))
    error: Any = caught.value
    assert "in fail" in error.remote_traceback
    assert "node 'node-b'" in error.__notes__[0]


def test_an_os_error_keeps_its_number_and_its_file(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    with pytest.raises(FileNotFoundError) as caught:
        answer(two, ref.call(Greeter.fail, "file"))
    assert (caught.value.errno, caught.value.filename) == (2, "/tmp/x")  # noqa: S108  # a name only


def test_an_error_of_an_unknown_class_tells_its_name_text_and_traceback(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    with pytest.raises(RemoteError, match="odd") as caught:
        answer(two, ref.call(Greeter.fail, "odd"))
    assert caught.value.kind == "Oops"
    assert "raise Oops" in caught.value.remote_traceback


def test_what_cannot_cross_is_told_to_the_sender_at_once(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    sent = len(two.sent)
    for send in (ref.tell, ref.tell_durably, ref.ask):
        with pytest.raises(CannotCross, match="the message to ringleader://node-b/greeter"):
            send(object())
    hidden = two.nodes["node-a"].start("hidden", Hidden)
    with pytest.raises(CannotCross, match="name its path in the bridge's `exports`"):
        ref.tell(Meet(hidden))
    assert len(two.sent) == sent


def test_an_answer_that_cannot_cross_is_told_to_the_asker(two: Net) -> None:
    ref = two.nodes["node-a"].far(GREETER)
    with pytest.raises(CannotCross, match="the answer: "):
        answer(two, ref.call(Greeter.stream))


def test_a_message_that_is_too_large_is_told_to_the_sender_at_once() -> None:
    with net() as made:
        made.node("node-a", max_bytes=2_000)
        made.node("node-b").start("greeter")
        ref = made.nodes["node-a"].far(GREETER)
        with pytest.raises(CannotCross, match="at most 2000"):
            ref.tell(b"x" * 3_000)


def test_a_message_that_is_too_large_for_the_other_node_is_not_read() -> None:
    with net() as made:
        made.node("node-a")
        made.node("node-b", max_bytes=2_000).start("greeter")
        reply = made.nodes["node-a"].far(GREETER).ask(b"x" * 20_000, block=False, timeout=1.0)
        made.advance(2.0)
        with pytest.raises(pykka.Timeout):
            reply.get(timeout=0)
        assert made.nodes["node-b"].desk.statistics().counts["unreadable"] == 1


# ---------------------------------------------------------------- faults


def test_a_message_that_arrives_many_times_is_handled_once(two: Net) -> None:
    two.copies = lambda: 3
    ref = two.nodes["node-a"].far(GREETER)
    for number in range(20):
        ref.tell(number)
    reply = ref.ask("x", block=False)
    assert answer(two, reply) == "hello, x"
    assert two.nodes["node-b"].actor("/greeter").heard == [*range(20), "x"]
    assert two.nodes["node-b"].desk.statistics().counts["duplicates"] == 63


def test_messages_are_handled_at_most_once_whatever_the_link_does(two: Net) -> None:
    two.loses = lambda _from, _to: two.random.random() < 0.3
    two.copies = lambda: two.random.randrange(3)
    two.delay = two.random.random
    ref = two.nodes["node-a"].far(GREETER)
    for number in range(200):
        ref.tell(number)
        two.advance(0.1)
    two.advance(2.0)
    heard = two.nodes["node-b"].actor("/greeter").heard
    assert len(heard) == len(set(heard))
    assert 100 < len(heard) < 180


def test_nonsense_is_counted_and_logged_once_a_minute(
    two: Net, caplog: pytest.LogCaptureFixture
) -> None:
    desk = two.nodes["node-a"].desk
    for number in range(200):
        desk.received("node-b", two.random.randbytes(number))
    assert desk.statistics().counts["unreadable"] == 200
    assert len(caplog.records) == 1


def test_what_others_make_this_node_log_is_bounded_and_on_one_line(
    two: Net, caplog: pytest.LogCaptureFixture
) -> None:
    desk = two.nodes["node-a"].desk
    for number in range(1, 300):
        path = f"/{number}\nERROR all is lost"
        desk.received("node-c", encode(Frame(5, 0, number, Unheard(path, "full"))))
    assert desk.statistics().counts["unheard"] == 299
    assert len(caplog.records) == 100
    assert not any("\n" in record.getMessage() for record in caplog.records)


def test_a_message_to_a_deleted_actor_is_no_dead_letter_of_the_sender(two: Net) -> None:
    two.nodes["node-a"].far("node-b/nobody").tell("x")
    two.settle()
    assert two.nodes["node-a"].system.dead_letters.counts().get(Outcome.UNDELIVERABLE, 0) == 0


def test_another_node_cannot_answer(two: Net) -> None:
    a, b = two.nodes["node-a"], two.nodes["node-b"]
    with b.system.stepper.hold(b.system.ref("/greeter").cell):
        reply = a.far(GREETER).ask("x", block=False)
        two.settle()
        a.desk.received("node-c", encode(Frame(5, 0, 1, Answer(1, pack("made up")))))
        assert not reply.done
    assert answer(two, reply) == "hello, x"
